"""How the tests of the sync wait start one: a world, a wait, and a clock that makes them short."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from slipway.model import Image, Lineage, SyncProof
from slipway.service import Application, GitOps
from slipway.settings import Settings
from slipway.sync import wait_until_live
from slipway.timing import Stopwatch
from slipway.value import Timing
from tests.contract.argocd_world import GITOPS, ROBOT, World, running
from tests.contract.sample_image import Pushed, image_registry

DIGEST = "sha256:" + "d1" * 32
FAST = 10  # seconds of the wait's clock in one real second
MANUAL = {"sync": "manual"}


@pytest.fixture(scope="session")
def sync_images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    """A registry with images, for all tests of one process."""
    with image_registry(tmp_path_factory.mktemp("registry")) as pushed:
        yield pushed


@pytest.fixture
def argo(tmp_path: Path, sync_images: Pushed) -> Iterator[World]:
    """A repository, a cluster and Argo CD, with nothing in them."""
    with running(tmp_path, sync_images) as ready:
        yield ready


def live(world: World, automatic: bool = True) -> str:
    """An application that is Synced and Healthy at its first revision."""
    first = world.push_image("1.0.0")
    world.add(automatic=automatic)
    if not automatic:
        world.until(lambda each: each["status"]["sync"]["status"] == "OutOfSync")
        world.sync().raise_for_status()
    world.until_live(first)
    world.server.traffic.reset()
    return first


def wait(world: World, revision: str, version: str, **fields: Any) -> "Wait":
    """A wait for that commit, not begun yet."""
    return Wait(world.server.url, world.images.repository, revision, version, **fields)


def history(world: World) -> list[str]:
    """The revisions that were synced, oldest first."""
    return [entry["revision"] for entry in world.get()["status"]["history"]]


def stopwatch(speed: float = FAST) -> Stopwatch:
    """A clock that runs faster than the real one."""
    return Stopwatch(
        clock=lambda: time.monotonic() * speed,
        sleep=lambda seconds: time.sleep(seconds / speed),
        real=lambda seconds: seconds / speed,
    )


@dataclass
class Wait:
    """One wait, with everything a test may want to change or to see."""

    url: str
    repository: str
    revision: str
    version: str
    token: str = ROBOT.token
    settings: Settings | None = None  # of another engine than the API server at `url`
    settle: float = 2.0
    grace: float = 20.0
    timeout: float = 200.0
    speed: float = FAST
    application: dict[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    since: datetime | None = None
    lineage: dict[str, Lineage] = field(default_factory=dict)
    on_report: Callable[[str], None] = lambda sentence: None
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __call__(self) -> SyncProof:
        return wait_until_live(
            Application(
                **{"name": "books"} | self.application,
                settle=timedelta(seconds=self.settle),
                grace=timedelta(seconds=self.grace),
                timeout=timedelta(seconds=self.timeout),
            ),
            "staging",
            self._image(),
            self.revision,
            self.settings or Settings(argocd_url=self.url, argocd_token=SecretStr(self.token)),
            self._lineage,
            stopwatch(self.speed),
            report=self._report,
            gitops=GitOps(repository=GITOPS),
            files=self.files,
            since=self.since,
        )

    def _image(self) -> Image:
        return Image(
            repository=self.repository,
            version=self.version,
            digest=DIGEST,
            revision="a" * 40,
            builder="layer",
            created=True,
            timing=Timing(started=stopwatch().now()),
        )

    def _lineage(self, revision: str) -> Lineage:
        self.asked.append(revision)
        return self.lineage.get(revision, "without")

    def _report(self, sentence: str) -> None:
        self.said.append(sentence)
        self.on_report(sentence)
