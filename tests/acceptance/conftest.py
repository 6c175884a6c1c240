"""One installation for the folder; its scenes play at the same time, the tests look at them.

A scene is one run from its start to its end with everything that is done to it. Only the scenes
that the collected tests ask for are played.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance import (
    scene_cancel,
    scene_delivery,
    scene_doubt,
    scene_expiry,
    scene_quorum,
    scene_race,
    scene_reap,
    scene_refusal,
    scene_repairs,
    scene_retries,
    scene_rollback,
    scene_signature,
    scene_soak,
    scene_timed,
)
from tests.acceptance.installation import Installation
from tests.acceptance.scene_delivery import Delivery

# The longest first.
SCENES: dict[str, Callable[[Installation], object]] = {
    "timed": scene_timed.play,
    "doubted": scene_doubt.play,
    "soaked": scene_soak.play,
    "retries": scene_retries.play,  # the engine refuses everybody for a while: far from "quorum"
    "repairs": scene_repairs.play,
    "rolled_back": scene_rollback.play,
    "reaped": scene_reap.play,
    "race": scene_race.play,
    "refusal": scene_refusal.play,
    "signature": scene_signature.play,
    "expiry": scene_expiry.play,
    "cancelled": scene_cancel.play,
    "quorum": scene_quorum.play,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test of the folder waits for its scene, on a busy machine for minutes."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.acceptance)
            item.add_marker(pytest.mark.timeout(1200))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("installation")) as installation:
        yield installation


@pytest.fixture(scope="session")
def delivery(site: Installation) -> Delivery:
    """Played alone: it kills the runner and the server."""
    return scene_delivery.play(site)


@pytest.fixture(scope="session")
def scenes(
    request: pytest.FixtureRequest, site: Installation, delivery: Delivery
) -> Iterator[dict[str, Future[Any]]]:
    wanted = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    with ThreadPoolExecutor(max_workers=4) as pool:  # more at once only make each other late
        yield {name: pool.submit(play, site) for name, play in SCENES.items() if name in wanted}


def _scene(scene: str) -> Any:
    """The fixture of one scene: what was seen of it, once it is over."""

    @pytest.fixture(scope="session", name=scene)
    def seen(scenes: dict[str, Future[Any]]) -> object:
        return scenes[scene].result()

    return seen


globals().update({scene: _scene(scene) for scene in SCENES})  # pytest finds them by their names
