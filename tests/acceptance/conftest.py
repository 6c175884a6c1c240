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
from tests.acceptance.scene_cancel import Cancelled
from tests.acceptance.scene_delivery import Delivery
from tests.acceptance.scene_doubt import Doubted
from tests.acceptance.scene_expiry import Expiry
from tests.acceptance.scene_quorum import Quorum
from tests.acceptance.scene_race import Race
from tests.acceptance.scene_reap import Reaped
from tests.acceptance.scene_refusal import Refusal
from tests.acceptance.scene_repairs import Repairs
from tests.acceptance.scene_retries import Retries
from tests.acceptance.scene_rollback import RolledBackScene
from tests.acceptance.scene_signature import Signature
from tests.acceptance.scene_soak import Soaked
from tests.acceptance.scene_timed import Timed

# The longest first.
SCENES: dict[str, Callable[[Installation], object]] = {
    "timed": scene_timed.play,
    "doubted": scene_doubt.play,
    "soaked": scene_soak.play,
    "repairs": scene_repairs.play,
    "retries": scene_retries.play,
    "rolled_back": scene_rollback.play,
    "reaped": scene_reap.play,
    "quorum": scene_quorum.play,
    "race": scene_race.play,
    "refusal": scene_refusal.play,
    "signature": scene_signature.play,
    "expiry": scene_expiry.play,
    "cancelled": scene_cancel.play,
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


@pytest.fixture(scope="session")
def repairs(scenes: dict[str, Future[Any]]) -> Repairs:
    found: Repairs = scenes["repairs"].result()
    return found


@pytest.fixture(scope="session")
def retries(scenes: dict[str, Future[Any]]) -> Retries:
    found: Retries = scenes["retries"].result()
    return found


@pytest.fixture(scope="session")
def rolled_back(scenes: dict[str, Future[Any]]) -> RolledBackScene:
    found: RolledBackScene = scenes["rolled_back"].result()
    return found


@pytest.fixture(scope="session")
def doubted(scenes: dict[str, Future[Any]]) -> Doubted:
    found: Doubted = scenes["doubted"].result()
    return found


@pytest.fixture(scope="session")
def soaked(scenes: dict[str, Future[Any]]) -> Soaked:
    found: Soaked = scenes["soaked"].result()
    return found


@pytest.fixture(scope="session")
def race(scenes: dict[str, Future[Any]]) -> Race:
    found: Race = scenes["race"].result()
    return found


@pytest.fixture(scope="session")
def timed(scenes: dict[str, Future[Any]]) -> Timed:
    found: Timed = scenes["timed"].result()
    return found


@pytest.fixture(scope="session")
def reaped(scenes: dict[str, Future[Any]]) -> Reaped:
    found: Reaped = scenes["reaped"].result()
    return found


@pytest.fixture(scope="session")
def quorum(scenes: dict[str, Future[Any]]) -> Quorum:
    found: Quorum = scenes["quorum"].result()
    return found


@pytest.fixture(scope="session")
def refusal(scenes: dict[str, Future[Any]]) -> Refusal:
    found: Refusal = scenes["refusal"].result()
    return found


@pytest.fixture(scope="session")
def signature(scenes: dict[str, Future[Any]]) -> Signature:
    found: Signature = scenes["signature"].result()
    return found


@pytest.fixture(scope="session")
def expiry(scenes: dict[str, Future[Any]]) -> Expiry:
    found: Expiry = scenes["expiry"].result()
    return found


@pytest.fixture(scope="session")
def cancelled(scenes: dict[str, Future[Any]]) -> Cancelled:
    found: Cancelled = scenes["cancelled"].result()
    return found
