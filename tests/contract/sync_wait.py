"""How the tests of the sync wait start one, and a clock that makes them short."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from slipway.model import Image, Lineage, SyncProof, Timing
from slipway.service import Application, GitOps
from slipway.settings import Settings
from slipway.sync import wait_until_live
from slipway.timing import Stopwatch
from tests.contract.argocd_world import GITOPS, ROBOT

DIGEST = "sha256:" + "d1" * 32
FAST = 10  # seconds of the wait's clock in one real second


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
    settle: float = 2.0
    grace: float = 20.0
    timeout: float = 200.0
    speed: float = FAST
    application: dict[str, Any] = field(default_factory=dict)
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
            Settings(argocd_url=self.url, argocd_token=SecretStr(self.token)),
            self._lineage,
            stopwatch(self.speed),
            report=self._report,
            gitops=GitOps(repository=GITOPS),
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
