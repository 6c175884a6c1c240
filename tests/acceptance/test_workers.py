"""Two workers on PostgreSQL: who writes to an environment, and in which order."""

import itertools
from collections.abc import Iterator

import pytest

from sandbox import seed
from sandbox.prefect_api import Json, ended, state_of
from tests.acceptance.postgres import postgres
from tests.acceptance.runs import PATIENCE
from tests.acceptance.workers import PLACE, SERVICE, Workers

STEPS = ("update ", "sync ", "smoke ")


@pytest.fixture(scope="module", params=["process", "warm"])
def workers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workers]:
    home = tmp_path_factory.mktemp("workers")
    with postgres() as database, Workers(home, database, kind=request.param) as ready:
        yield ready


@pytest.fixture(scope="module")
def first(workers: Workers) -> Json:
    """A delivery of 1.1.0 by a worker of the pool."""
    seed.next_change(workers.world.git, 1)
    return workers.ended(workers.deliver(SERVICE))


def test_A01_a_worker_of_a_work_pool_delivers(first: Json) -> None:
    assert state_of(first) == f"Completed {SERVICE} 1.1.0 is proven in {PLACE}"
    assert first["work_pool_name"] == "slipway"


@pytest.mark.usefixtures("first")
def test_A61_two_runs_at_once_change_the_environment_one_after_the_other(workers: Workers) -> None:
    workers.ask_for("0.1.0")
    runs = [workers.promote(SERVICE, version, PLACE) for version in ("1.0.0", "1.1.0")]
    older, newer = (workers.ended(run) for run in runs)
    assert state_of(newer) == f"Completed {SERVICE} 1.1.0 is proven in {PLACE}"
    assert older["state_name"] in ("Completed", "Superseded"), state_of(older)
    assert workers.outside.version(PLACE) == "1.1.0"
    spans = [workers.spans(run, STEPS) for run in runs]
    assert spans[1]
    if spans[0]:
        (one_start, one_end), (two_start, two_end) = (
            (min(start for start, _ in each), max(end for _, end in each)) for each in spans
        )
        assert one_end <= two_start or two_end <= one_start


@pytest.mark.usefixtures("first")
def test_A61_of_several_runs_of_one_version_each_waits_for_its_turn(workers: Workers) -> None:
    runs = [workers.promote(SERVICE, "1.1.0", PLACE) for _ in range(3)]
    assert {workers.ended(run)["state_name"] for run in runs} == {"Completed"}
    spans = sorted(
        (min(start for start, _ in each), max(end for _, end in each))
        for each in (workers.spans(run, STEPS) for run in runs)
    )
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("first")
def test_A63_fifty_runs_at_once_complete_with_the_documented_limit(workers: Workers) -> None:
    runs = [workers.deliver(SERVICE) for _ in range(50)]
    ends = [workers.api.wait(run, ended, 5 * PATIENCE) for run in runs]
    assert {end["state_name"] for end in ends} == {"Completed"}
