"""One installation with bad weather on its lines: Git host, registry, Argo CD, cluster."""

import copy
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from pydantic import SecretStr

from sandbox.argocd import ArgoCD
from sandbox.cluster.controller import Cluster
from sandbox.cluster.pod import Pace
from sandbox.flux import Flux
from sandbox.forge.githost import GitHost, Token
from sandbox.kubernetes.kind import GIT_REPOSITORY, HELM_RELEASE
from sandbox.kubernetes.server import Kubernetes
from sandbox.serving import served
from slipway.model import Image
from slipway.service import Environment, Service
from slipway.settings import Settings
from slipway.value import Timing
from tests.contract.argocd_world import DELAYS, ROBOT
from tests.contract.flux_world import DELAYS as FLUX_DELAYS
from tests.contract.sample_image import CRASHING, Pushed, image_registry, layer
from tests.proof.truth import Repository, Sight
from tests.proof.weather import CALM, Climate, Weather

NAME = "team/gitops"
TOKEN = "tok-proof-writer"
ENGINES = {  # environment: the engines that can be asked about it
    "staging": ("argocd", "argocd-core"),
    "production": ("argocd", "argocd-core"),
    "edge": ("flux",),
}
ENVIRONMENTS = tuple(ENGINES)
RIVALS = ("sidecar", "s0", "s1", "s2")
ALLOWED = (("image", "tag"), ("image", "digest"), ("sidecar", "tag"), *((s, "tag") for s in RIVALS))
_STAGING = (
    "\ufeff# Staging of books.\r\nimage:\r\n  repository: {0}   # the registry\r\n"
    "  tag: \"1.0.0\"  # moved by deliveries\r\n  digest: '{1}'\r\n\r\n"
    "sidecar: {{name: log,  tag: '1.0.0'}}\r\nreplicaCount: 1\r\nlong: {2}\r\n# no newline follows"
)
_PRODUCTION = (
    '---\nimage: {{repository: {0},   tag: 1.0.0 , "digest": "{1}"}}   # one line\n'
    "sidecar:\n    tag:   1.0.0\nreplicaCount: 1   \n\t\nlong: {2}\n".replace("\t", "  ")
)
_EDGE = (
    "# Edge: a Helm release of Flux.\nimage:\n    repository: {0}\n    tag: '1.0.0'\n"
    "    digest: {1} # by digest\nsidecar:   {{tag: 1.0.0}}\nreplicaCount: 1\n"
    "text: |\n  tag: not this one\nlong: {2}\n"
)
_LEDGER = "".join(f"{name}: {{tag: 1.0.0}}  # {name}\n" for name in RIVALS)


@dataclass
class Place:
    """What a run works with, and what shows afterwards whether it told the truth."""

    host: GitHost
    argocd: ArgoCD
    cluster: Cluster
    images: Pushed
    repository: Repository
    sights: dict[str, Sight]
    git: Weather
    api: Weather
    kubernetes: Weather
    flux: Flux
    settings: Settings
    services: dict[str, Service]
    random: Random
    version: int = 0
    notes: list[str] = field(default_factory=list)  # texts that people have added
    replicas: int = 1

    def next_image(self, broken: bool) -> Image:
        """A new version in the registry."""
        self.version += 1
        tag = f"1.1.{self.version}"
        pushed = (
            self.images.push(tag, layer({"app/server.py": f"# {tag}\n{CRASHING}"}))
            if broken
            else self.images.push_server(tag)
        )
        return image(self.images.repository, tag, pushed.partition("@")[2])

    def storm(self, git: Climate = CALM, api: Climate = CALM) -> None:
        self.git.climate, self.api.climate, self.kubernetes.climate = git, api, api

    def service_through(self, engine: str) -> Service:
        """Books, with every application asked about through this engine."""
        books = self.services["books"]
        environments = tuple(_through(engine, each) for each in books.environments)
        return books.model_copy(update={"environments": environments})


def image(repository: str, version: str, digest: str) -> Image:
    now = datetime.now(UTC)
    return Image(
        repository=repository, version=version, digest=digest, revision="b" * 40, builder="layer",
        created=True, timing=Timing(started=now),
    )  # fmt: skip


@contextmanager
def a_place(root: Path, seed: int) -> Iterator[Place]:
    """Two environments that run 1.0.0; everything ends with the block."""
    with ExitStack() as stack:
        chance = Random(seed)
        images = stack.enter_context(image_registry(root / "registry"))
        host = GitHost(root / "git", [Token(TOKEN, (NAME,), write=True)])
        host.create(NAME)
        first = images.push_server("1.0.0").partition("@")[2]
        host.commit(NAME, "main", _files(images.repository, first), "feat: first")
        git = Weather(host.app, random=Random(seed + 1))
        git_server = stack.enter_context(served(git.app))
        url = f"{git_server.url}/{NAME}.git"
        pace = Pace(first_backoff=0.2, longest_backoff=0.5, drain=0.02, grace=1.0)
        cluster = Cluster(root / "cluster", images.credentials, pace=pace)
        stack.callback(cluster.stop)
        argocd = ArgoCD(cluster, {url: host.path(NAME)}, [ROBOT], delays=copy.copy(DELAYS))
        api = Weather(argocd.app, random=Random(seed + 2))
        api_server = stack.enter_context(served(api.app))
        stack.callback(argocd.stop)
        for environment in ("staging", "production"):
            argocd.add(_application(environment, url))
        flux = Flux(cluster, {url: host.path(NAME)}, images.credentials, FLUX_DELAYS)
        stack.callback(flux.stop)
        for manifest in _release("edge", url):
            flux.add(manifest)
        kubernetes = Kubernetes(cluster, flux.objects, argocd)
        watched = Weather(kubernetes.app, random=Random(seed + 3))
        kubernetes_server = stack.enter_context(served(watched.app))
        kubeconfig = root / "kubeconfig"
        kubeconfig.write_text(json.dumps(kubernetes.kubeconfig(kubernetes_server.url)))
        sights = {each: Sight(cluster, each) for each in ENVIRONMENTS}
        for sight in sights.values():
            stack.callback(sight.stop)
        yield Place(
            host, argocd, cluster, images, Repository(host.path(NAME)), sights, git, api,
            watched, flux,
            Settings(
                gitops_token=SecretStr(TOKEN),
                argocd_url=api_server.url,
                argocd_token=SecretStr(ROBOT.token),
                kubeconfig=str(kubeconfig),
                plain_http_registries=(images.host,),
                registry_username="robot",
                registry_password=SecretStr("secret"),
            ),
            {name: _service(name, url, images.repository) for name in ("books", *RIVALS)},
            chance,
        )  # fmt: skip


def _files(repository: str, digest: str) -> dict[str, bytes]:
    long = "x" * 300
    return {
        "books/values.yaml": b"replicaCount: 1\n",
        "books/Chart.yaml": b"apiVersion: v2\nname: books\nversion: 0.1.0\n",
        "books/values-staging.yaml": _STAGING.format(repository, digest, long).encode(),
        "books/values-production.yaml": _PRODUCTION.format(repository, digest, long).encode(),
        "books/values-edge.yaml": _EDGE.format(repository, digest, long).encode(),
        "other/ledger.yaml": _LEDGER.encode(),
    }


def _application(environment: str, url: str) -> dict[str, Any]:
    """Staging syncs by itself, production by hand."""
    automated = {"automated": {"prune": True}, "retry": {"limit": 1, "backoff": {"duration": "1s"}}}
    return {
        "metadata": {"name": environment},
        "spec": {
            "project": "default",
            "source": {
                "repoURL": url,
                "targetRevision": "main",
                "path": "books",
                "helm": {"releaseName": "books", "valueFiles": [f"values-{environment}.yaml"]},
            },
            "destination": {"server": "https://kubernetes.default.svc", "namespace": environment},
            **({"syncPolicy": automated} if environment == "staging" else {}),
        },
    }


def _release(environment: str, url: str) -> Iterator[dict[str, Any]]:
    """A Git source and the Helm release that follows it."""
    source = {"interval": "1m", "url": url, "ref": {"branch": "main"}}
    chart = {
        "chart": "./books",
        "reconcileStrategy": "Revision",
        "valuesFiles": [f"./books/values-{environment}.yaml"],
        "sourceRef": {"kind": "GitRepository", "name": "gitops"},
    }
    release = {"interval": "5m", "timeout": "20s", "chart": {"spec": chart},
               "targetNamespace": environment}  # fmt: skip
    for kind, name, spec in (
        (GIT_REPOSITORY, "gitops", source),
        (HELM_RELEASE, environment, release),
    ):
        yield {
            "apiVersion": kind.api_version,
            "kind": kind.kind,
            "metadata": {"name": name, "namespace": "flux-system"},
            "spec": spec,
        }


def _through(engine: str, environment: Environment) -> Environment:
    if engine not in ENGINES[environment.name]:
        return environment
    application = environment.application.model_copy(update={"engine": engine})
    return environment.model_copy(update={"application": application})


def _service(name: str, url: str, repository: str) -> Service:
    """Books itself, or a rival that writes one key beside it."""
    environments = [_environment(name, each) for each in ENVIRONMENTS]
    return Service.model_validate({
        "service": name,
        "source": {"repository": "https://github.com/team/app"},
        "image": {"repository": repository},
        "gitops": {"repository": url},
        "environments": environments,
    })  # fmt: skip


def _environment(name: str, environment: str) -> dict[str, Any]:
    file = f"books/values-{environment}.yaml"
    updates: list[dict[str, Any]] = [{"file": "other/ledger.yaml", "key": f"{name}.tag"}]
    if name == "books":
        updates = [
            {"file": file, "key": "image.tag", "value": "{version}"},
            {"file": file, "key": "image.digest", "value": "{digest}"},
        ]
    elif name == "sidecar":
        updates.append({"file": file, "key": "sidecar.tag"})
    return {
        "name": environment,
        "updates": updates,
        "application": {
            "name": environment,
            "engine": ENGINES[environment][0],
            "sync": "manual" if environment == "production" else "automatic",
            "settle": timedelta(seconds=2),
            "grace": timedelta(seconds=10),
            "timeout": timedelta(seconds=90),
        },
        "smoke": {"url": "https://books.example.com/books"},
    }
