"""The suite over all engines, through Flux: one HelmRelease `books`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from sandbox.kubernetes.access import ADMIN
from sandbox.kubernetes.kind import HELM_RELEASE
from sandbox.serving import Traffic
from slipway.settings import Settings
from tests.contract.engine_places import Place
from tests.contract.flux_world import NOBODY, World, running
from tests.contract.sample_image import Pushed


@dataclass
class FluxPlace(Place):
    """Through the Kubernetes API, with Flux's controllers behind it."""

    world: World  # type: ignore[assignment]  # the others have Argo CD
    pushed: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def begun(cls, engine: str, folder: Path, images: Pushed) -> Iterator[Self]:
        with running(folder, images) as world:
            yield cls(engine, world, folder)

    def settings(self, *, stranger: bool = False) -> Settings:
        return self.world.settings(NOBODY if stranger else ADMIN)

    @property
    def traffic(self) -> Traffic:
        return self.world.server.traffic

    def live(self, automatic: bool = True, **spec: Any) -> str:
        first = self.push("1.0.0")
        self.world.add_source()
        self.world.add_release(**spec)
        self.world.until_released(first)
        self.traffic.reset()
        return first

    def push(self, version: str) -> str:
        self.pushed.append(super().push(version))
        return self.pushed[-1]

    def push_values(self, version: str, note: str = "") -> str:
        self.pushed.append(super().push_values(version, note))
        return self.pushed[-1]

    def refuse(self, why: str) -> None:
        self.world.cluster.refusals["books"] = why

    def freeze(self) -> None:
        self.world.flux.take_down("source-controller")

    def history(self) -> list[str]:
        entries = reversed(self.world.release["status"]["history"])
        ran = [e["chartVersion"] for e in entries if e["status"] in ("deployed", "superseded")]
        return [each for version in ran for each in self.pushed if each[:12] in version]

    def delete(self) -> None:
        at = {"deletionTimestamp": "2026-08-22T10:00:00Z"}
        self.world.patch(HELM_RELEASE, "books", at, "metadata")
