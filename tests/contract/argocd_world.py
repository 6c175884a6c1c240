"""A git repository, a cluster and the Argo CD stand-in, with every answer checked by its schema."""

import copy
import functools
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from sandbox.argocd import Account, ArgoCD, Delays
from sandbox.argocd.accounts import api_key
from sandbox.cluster.controller import Cluster
from sandbox.cluster.pod import Pace
from sandbox.kubernetes.access import ADMIN
from sandbox.kubernetes.kind import FLUX
from sandbox.kubernetes.server import Kubernetes
from sandbox.kubernetes.store import Objects
from sandbox.serving import Server
from tests.contract.argocd_answers import check_answer
from tests.contract.sample_image import Pushed

Json = dict[str, Any]
GITOPS = "http://git.example.com/team/gitops.git"
DELAYS = Delays(compare=0.05, operation_set=0.05, apply=0.1, finish=0.05, after_sync=0.15)
WATCHER = Account(
    "proj:default:watcher", token=api_key("watcher"), policies=("applications, get, default/*",)
)
ROBOT = Account("robot", token=api_key("robot"), policies=("applications, *, */*",))
HUMAN = Account("ana", password="correct-horse", policies=("applications, *, default/*",))
STRANGER = Account("stranger", token=api_key("stranger"), policies=())


class Git:
    """A bare repository and the commits a delivery would push."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._work = path.with_suffix(".work")
        self._run("init", "-q", "--bare", "-b", "main", str(path), where=path.parent)
        self._run("clone", "-q", str(path), str(self._work), where=path.parent)

    def push(self, files: dict[str, str], message: str = "chore: update") -> str:
        """Commit these files on main; the new revision."""
        for name, text in files.items():
            (self._work / name).parent.mkdir(parents=True, exist_ok=True)
            (self._work / name).write_text(text)
        self._run("add", "-A")
        self._run("commit", "-q", "--allow-empty", "-m", message)
        self._run("push", "-q", "origin", "HEAD:main")
        return self._run("rev-parse", "HEAD").strip()

    def _run(self, *arguments: str, where: Path | None = None) -> str:
        identity = ["-c", "user.name=Robot", "-c", "user.email=robot@example.com"]
        command = ["git", *identity, *arguments]
        done = subprocess.run(
            command, cwd=where or self._work, capture_output=True, text=True, check=True
        )
        return done.stdout


class World:
    """Everything one test needs."""

    def __init__(self, root: Path, images: Pushed) -> None:
        self.images = images
        self.git = Git(root / "gitops.git")
        pace = Pace(first_backoff=0.2, longest_backoff=0.5, drain=0.02, grace=1.0)
        self.cluster = Cluster(root / "cluster", images.credentials, pace=pace)
        self.argocd = ArgoCD(
            self.cluster,
            {GITOPS: self.git.path},
            [ROBOT, WATCHER, HUMAN, STRANGER],
            delays=copy.copy(DELAYS),
            webhook_secret="hook-secret",
        )
        self._checked: set[bytes] = set()
        self._recorders: list[Recorder] = []
        self.kubernetes = Kubernetes(self.cluster, Objects(FLUX), self.argocd)
        self.server = Server(self.argocd.app).start()
        self.api = self.client(ROBOT.token)

    def client(self, token: str = "") -> httpx.Client:
        """Every answer it gets is checked by its schema."""

        def checked(response: httpx.Response) -> None:
            content = response.read()
            if content not in self._checked:  # a poll reads the same again and again
                check_answer(response)
                self._checked.add(content)

        headers = {"Authorization": f"Bearer {token}"} if token else {}
        hooks = {"response": [checked]}
        return httpx.Client(
            base_url=self.server.url, headers=headers, event_hooks=hooks, verify=False, timeout=20
        )

    def record(self, accept: str = "text/event-stream", **query: str) -> "Recorder":
        """A stream, read until the world stops."""
        self._recorders.append(Recorder(self, accept, **query))
        return self._recorders[-1]

    @functools.cached_property
    def kubernetes_server(self) -> Server:
        """The Kubernetes API over the same objects, served from its first use on."""
        return Server(self.kubernetes.app).start()

    @functools.cached_property
    def kube(self) -> httpx.Client:
        """A client of the Kubernetes API that may do everything."""
        headers = {"Authorization": f"Bearer {ADMIN.token}"}
        url = self.kubernetes_server.url
        return httpx.Client(base_url=url, headers=headers, verify=False, timeout=20)

    def stop(self) -> None:
        self.api.close()
        self.argocd.stop()
        self.kubernetes.restart()
        self.server.stop()
        if "kube" in self.__dict__:
            self.kube.close()
        if "kubernetes_server" in self.__dict__:
            self.kubernetes_server.stop()
        for recorder in self._recorders:
            recorder.close()
        self.cluster.stop()

    def push_image(self, tag: str, **values: Any) -> str:
        """A commit that asks for this image, pushed to the registry before."""
        self.images.push_server(tag)
        return self.push_values(tag=tag, **values)

    def push_values(self, tag: str, note: str = "", replicas: int = 1, extra: str = "") -> str:
        """A commit of values; `extra` is YAML for what the chart can do beside."""
        text = f"image:\n  repository: {self.images.repository}\n  tag: {tag!r}\n{extra}"
        files = {"books/values.yaml": f"replicaCount: {replicas}\nimage: {{tag: never}}\n"}
        return self.git.push({**files, "books/values-staging.yaml": text, "NOTE.md": note})

    def add(self, name: str = "books", automatic: bool = True, **spec: Any) -> None:
        """Manage an application, in a namespace of the same name."""
        self.argocd.add(manifest(name, automatic, **spec))

    def get(self, name: str = "books", **query: str) -> Json:
        answer = self.api.get(f"/api/v1/applications/{name}", params=query)
        answer.raise_for_status()
        return dict(answer.json())

    def refresh(self, name: str = "books") -> Json:
        return self.get(name, refresh="normal")

    def sync(self, name: str = "books", **body: Any) -> httpx.Response:
        return self.api.post(f"/api/v1/applications/{name}/sync", json=body)

    def patch(self, changes: Json, name: str = "books") -> httpx.Response:
        """A merge patch of an Application through the Kubernetes API."""
        headers = {"Content-Type": "application/merge-patch+json"}
        url = f"/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/{name}"
        return self.kube.patch(url, json=changes, headers=headers)

    def ended(self, name: str = "books") -> Json:
        """The first reading after the operation has ended."""
        return self.until(
            lambda each: (
                "operation" not in each
                and each["status"].get("operationState", {}).get("finishedAt")
            ),
            name,
        )

    def until(self, true: Callable[[Json], object], name: str = "books") -> Json:
        """The first reading for which `true` holds."""
        end = time.monotonic() + 40
        while not true(application := self.get(name)):
            assert time.monotonic() < end, json.dumps(application.get("status"), indent=1)
            time.sleep(0.03)
        return application

    def until_live(self, revision: str, name: str = "books") -> Json:
        return self.until(lambda each: states(each) == ("Synced", revision, "Healthy"), name)


def manifest(name: str, automatic: bool = True, **spec: Any) -> Json:
    source = {
        "repoURL": GITOPS,
        "targetRevision": "main",
        "path": "books",
        "helm": {"releaseName": "books", "valueFiles": ["values-staging.yaml"]},
    }
    policy = {"automated": {"prune": True}, "retry": {"limit": 2, "backoff": {"duration": "1s"}}}
    return {
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "project": "default",
            "source": source,
            "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
            **({"syncPolicy": policy} if automatic else {}),
            **spec,
        },
    }


def quickly_live(world: World, replicas: int = 0, **application: Any) -> str:
    """An application that is Synced and Healthy at its first revision; without pods it is quick."""
    first = world.push_image("1.0.0", replicas=replicas)
    world.add(**application)
    if not application.get("automatic", True):
        world.until(lambda each: states(each)[0] == "OutOfSync")
        assert world.sync().status_code == 200
    world.until_live(first)
    return first


def states(application: Json) -> tuple[str, str, str]:
    """Sync status, revision, health."""
    sync, health = application["status"]["sync"], application["status"]["health"]
    return sync["status"], sync.get("revision", ""), health.get("status", "")


class Recorder:
    """Everything a stream says, in order."""

    def __init__(self, world: World, accept: str, **query: str) -> None:
        self.lines: list[str] = []
        self.status = 0
        self.content_type = ""
        self._client = httpx.Client(base_url=world.server.url, verify=False, timeout=30)
        self._headers = {"Authorization": f"Bearer {ROBOT.token}", "Accept": accept}
        self._query = query
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def events(self) -> list[Json]:
        texts = [line.removeprefix("data: ") for line in self.lines]
        return [json.loads(text)["result"] for text in texts if text.startswith("{")]

    def applications(self) -> list[Json]:
        return [event["application"] for event in self.events()]

    def _read(self) -> None:
        path = "/api/v1/stream/applications"
        try:
            with self._client.stream("GET", path, params=self._query, headers=self._headers) as got:
                self.status, self.content_type = got.status_code, got.headers["content-type"]
                for line in got.iter_lines():
                    self.lines.append(line)
        except (httpx.TransportError, RuntimeError):
            pass  # the server ended, or the test did

    def close(self) -> None:
        """Once the server has stopped."""
        self._thread.join(timeout=5)
        self._client.close()


@contextmanager
def running(root: Path, images: Pushed) -> Iterator[World]:
    world = World(root, images)
    try:
        yield world
    finally:
        world.stop()
