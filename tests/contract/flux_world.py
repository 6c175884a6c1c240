"""A git repository, a cluster and Flux's controllers behind a Kubernetes API."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.cluster.controller import Cluster
from sandbox.cluster.pod import Pace
from sandbox.flux import Delays, Flux
from sandbox.kubernetes.access import ADMIN, Account, Rule
from sandbox.kubernetes.kind import (
    GIT_REPOSITORY,
    HELM_CHART,
    HELM_RELEASE,
    KUSTOMIZATION,
    OCI_REPOSITORY,
    Kind,
)
from sandbox.kubernetes.server import Kubernetes
from sandbox.serving import Server
from slipway.settings import Settings
from tests.contract.argocd_world import GITOPS, Git
from tests.contract.sample_image import Pushed

Json = dict[str, Any]
SYSTEM = "flux-system"
READER = Account("reader", "reader-not-a-real-token", (Rule(("get", "list", "watch"), ("*",)),))
NOBODY = Account("nobody", "nobody-not-a-real-token")
DELAYS = Delays(fetch=0.05, build=0.03, action=0.05, poll=0.05, retry=0.3)


class World:
    """Everything one test needs; the workload runs in the namespace `books`."""

    def __init__(self, root: Path, images: Pushed) -> None:
        self.images, self.root = images, root
        self.git = Git(root / "gitops.git")
        pace = Pace(first_backoff=0.2, longest_backoff=0.5, drain=0.02, grace=1.0)
        self.cluster = Cluster(root / "cluster", images.credentials, pace=pace)
        repositories = {GITOPS: self.git.path}
        self.flux = Flux(self.cluster, repositories, images.credentials, DELAYS)
        accounts = [ADMIN, READER, NOBODY]
        self.kubernetes = Kubernetes(self.cluster, self.flux.objects, accounts=accounts)
        self.server = Server(self.kubernetes.app).start()

    def settings(self, account: Account = ADMIN) -> Settings:
        path = self.root / f"kubeconfig-{account.name}"
        path.write_text(json.dumps(self.kubernetes.kubeconfig(self.server.url, account.token)))
        return Settings(kubeconfig=str(path))

    def stop(self) -> None:
        self.flux.stop()
        self.server.stop()
        self.cluster.stop()

    def push_image(self, tag: str, **values: Any) -> str:
        """A commit that asks for this image, pushed to the registry before."""
        self.images.push_server(tag)
        return self.push_values(tag, **values)

    def push_values(self, tag: str, note: str = "", replicas: int = 1) -> str:
        text = f"image:\n  repository: {self.images.repository}\n  tag: {tag!r}\n"
        files = {
            "books/Chart.yaml": "apiVersion: v2\nname: books\nversion: 0.1.0\n",
            "books/values.yaml": "image: {tag: never}\n",
            "books/values-staging.yaml": f"{text}replicaCount: {replicas}\n",
        }
        return self.git.push({**files, "NOTE.md": note})

    def push_manifest(self, tag: str, note: str = "") -> str:
        """A commit that asks for this image in a plain Deployment of a kustomization."""
        kustomization = (
            "resources: [deployment.yaml]\n"
            f"images:\n- name: app\n  newName: {self.images.repository}\n  newTag: {tag!r}\n"
        )
        files = {"apps/kustomization.yaml": kustomization, "apps/deployment.yaml": DEPLOYMENT}
        return self.git.push({**files, "NOTE.md": note})

    def add_source(self, **spec: Any) -> None:
        self._add("GitRepository", GIT_REPOSITORY, "gitops", {"interval": "1m", "url": GITOPS, "ref": {"branch": "main"}, **spec})  # fmt: skip

    def add_release(self, **spec: Any) -> None:
        chart = {
            "chart": "./books",
            "reconcileStrategy": "Revision",
            "valuesFiles": ["./books/values-staging.yaml"],
            "sourceRef": {"kind": "GitRepository", "name": "gitops"},
        }
        body = {"interval": "5m", "timeout": "20s", "chart": {"spec": chart}}
        self._add(
            "HelmRelease", HELM_RELEASE, "books", {**body, "targetNamespace": "books", **spec}
        )

    def add_kustomization(self, name: str = "books", **spec: Any) -> None:
        reference = {"kind": "GitRepository", "name": "gitops"}
        body = {"interval": "5m", "retryInterval": "1s", "timeout": "20s", "path": "./apps"}
        wanted = {**body, "prune": True, "wait": True, "sourceRef": reference, **spec}
        self._add("Kustomization", KUSTOMIZATION, name, wanted)

    def _add(self, name: str, kind: Kind, object_name: str, spec: Json) -> None:
        metadata = {"name": object_name, "namespace": SYSTEM}
        wanted = {key: value for key, value in spec.items() if value is not None}
        manifest = {"apiVersion": kind.api_version, "kind": name}
        self.flux.add({**manifest, "metadata": metadata, "spec": wanted})

    @property
    def source(self) -> Json:
        return self.get(GIT_REPOSITORY, "gitops")

    @property
    def chart(self) -> Json:
        return self.get(HELM_CHART, f"{SYSTEM}-books")

    @property
    def release(self) -> Json:
        return self.get(HELM_RELEASE, "books")

    @property
    def kustomization(self) -> Json:
        return self.get(KUSTOMIZATION, "books")

    def get(self, kind: Kind, name: str) -> Json:
        """An object, with its kind; empty when there is none."""
        found = self.flux.objects.get(kind, SYSTEM, name)
        return {"kind": kind.kind, "status": {}, **found} if found else {}

    def patch(self, kind: Kind, name: str, change: Json, field: str = "spec") -> None:
        """As a person would: some keys of the spec, or another part."""
        self.flux.objects.patch(kind, SYSTEM, name, lambda each: each[field].update(change))

    def look(self, token: str = "look", kind: Kind = GIT_REPOSITORY, name: str = "gitops") -> None:
        """Ask an object to be reconciled."""
        annotation = {"reconcile.fluxcd.io/requestedAt": token}
        self.patch(kind, name, {"annotations": annotation}, "metadata")

    def until(self, true: Callable[[], object]) -> None:
        """Until something holds."""
        end = time.monotonic() + 30
        while not true():
            assert time.monotonic() < end, json.dumps(self.everything(), indent=1)
            time.sleep(0.02)

    def until_released(self, revision: str) -> None:
        self.until(lambda: released(self.release, revision))

    def until_applied(self, revision: str) -> None:
        self.until(lambda: applied(self.kustomization, revision))

    def everything(self) -> list[Any]:
        kinds = (GIT_REPOSITORY, OCI_REPOSITORY, HELM_CHART, HELM_RELEASE, KUSTOMIZATION)
        return [each.get("status") for kind in kinds for each in self.flux.objects.all(kind)]

    def image(self) -> str:
        """What the live Deployment asks for."""
        live = [each for each in self.cluster.objects("books") if each["kind"] == "Deployment"]
        return str(live[0]["spec"]["template"]["spec"]["containers"][0]["image"]) if live else ""


DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: books
  namespace: books
spec:
  replicas: 1
  template:
    spec:
      containers:
      - name: books
        image: app:never
"""


def condition(found: Json, kind: str) -> Json:
    """A condition; empty when it is not there."""
    conditions = found.get("status", {}).get("conditions") or ()
    return next((each for each in conditions if each["type"] == kind), {})


def ready(found: Json) -> str:
    return str(condition(found, "Ready").get("status", ""))


def revision_of(found: Json) -> str:
    """The revision of a source's or chart's artifact."""
    return str(found.get("status", {}).get("artifact", {}).get("revision", ""))


def released(found: Json, revision: str) -> bool:
    """The release of that commit is deployed and Ready."""
    history = found.get("status", {}).get("history") or [{}]
    version, status = history[0].get("chartVersion", ""), history[0].get("status")
    return ready(found) == "True" and status == "deployed" and revision[:12] in version


def applied(found: Json, revision: str) -> bool:
    """A Kustomization has applied that commit and is Ready."""
    last = found.get("status", {}).get("lastAppliedRevision")
    return ready(found) == "True" and last == f"main@sha1:{revision}"


@contextmanager
def running(root: Path, images: Pushed) -> Iterator[World]:
    world = World(root, images)
    try:
        yield world
    finally:
        world.stop()
