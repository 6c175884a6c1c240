"""A pull request's step killed at any moment and run again, and several runs at once."""

import random
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from sandbox.serving import Fault
from slipway import gitops
from slipway.errors import Retryable
from slipway.settings import Settings
from slipway.timing import Stopwatch
from tests.contract.killing import child, killed_at, request
from tests.contract.pull_place import (
    BRANCH,
    NAME,
    TOKEN,
    VALUES,
    Place,
    a_place,
    a_service,
    image,
    in_processes,
)

_RUN = """
import sys
from tests.contract.test_gitops_pull_killed import run
run(*sys.argv[1:])
"""
_MOMENTS = {
    "the branch": request("POST", "git-receive-pack"),
    "the pull request": request("POST", "/pulls"),
    "the labels": request("POST", "/labels"),
    "the merge": request("PUT", "/merge"),
}
_POINTS = {
    f"{moment} {name}": (moment, when)
    for name, when in _MOMENTS.items()
    for moment in ("before", "after")
}


def run(url: str, merge: str, name: str = "run-1") -> None:
    """The step in a process of its own, with short sleeps."""
    service = a_service(f"{url}/{NAME}", merge=merge, labels=["slipway"])
    settings = Settings(github_api_url=f"{url}/api/v3", gitops_token=SecretStr(TOKEN))
    watch = Stopwatch(sleep=lambda seconds: time.sleep(seconds / 50))
    where = service.environment("production")
    began = datetime.now(UTC)
    gitops.write(
        service, where, image(), settings, run=name, began=began, approvals=(), watch=watch
    )


def one_of_several(number: int, url: str) -> None:
    run(url, "automatic", f"run-{number}")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with a_place(tmp_path, merge="automatic", labels=["slipway"]) as place:
        place.guard()
        yield place


def started(place: Place, merge: str = "automatic") -> "subprocess.Popen[str]":
    return child(_RUN, [place.server.url, merge], {})


@pytest.mark.parametrize("point", _POINTS)
def test_G09_G10_a_killed_run_is_completed_by_the_next(place: Place, point: str) -> None:
    moment, when = _POINTS[point]
    killed_at(place.gate, moment, when, partial(started, place))
    promotion = place.write(lambda: None)
    assert promotion.revision == place.head()
    assert promotion.url.endswith("/pull/1")
    assert place.pull()["labels"] == ["slipway"]
    assert place.is_one()


def test_G10_a_run_that_is_killed_while_it_waits_goes_on_waiting(place: Place) -> None:
    looks: list[int] = []

    def later(scope: dict[str, str]) -> bool:
        looks.append("/api/graphql" in scope["path"])
        return sum(looks) > 2

    killed_at(place.gate, "before", later, partial(started, place, "person"))
    place.rules = {"merge": "person", "labels": ["slipway"]}
    head = place.head(BRANCH)
    assert place.write(place.merge).revision == place.head()
    assert place.pull()["head_sha"] == head
    assert place.is_one()


def test_G09_a_run_that_is_killed_finds_the_merge_that_came_meanwhile(place: Place) -> None:
    place.rules = {"merge": "person"}
    place.waits()
    merged = place.merge()
    place.commit(VALUES)  # and somebody undid it
    promotion = place.write()
    assert (promotion.revision, promotion.committed) == (merged, False)
    assert len(place.pulls()) == 1
    assert "pull request #2" in place.waits(run="run-2")  # another run means it anew


def test_G64_several_runs_at_once_are_one_pull_request_and_one_merge(place: Place) -> None:
    in_processes(4, one_of_several, place.server.url)
    assert place.is_one()


@pytest.mark.parametrize("seed", range(3))
def test_G10_G57_G61_bad_weather_is_one_pull_request_and_one_merge(place: Place, seed: int) -> None:
    """Every twelfth request fails in one of four ways, until there is one success."""
    weather = random.Random(seed)
    ways: list[dict[str, Any]] = [
        {"status": 503}, {"drop": True}, {"lose_answer": True},
        {"status": 429, "headers": (("Retry-After", "3"),)},
    ]  # fmt: skip

    def storm() -> None:
        place.server.traffic.faults[:] = [
            Fault(**way, times=-1, chance=0.02) for way in weather.sample(ways, len(ways))
        ]

    place.guard(reviews=1)
    storm()
    looks = count()

    def happens() -> None:
        if next(looks) == 1:
            place.host.approve(NAME, 1)

    for _ in range(40):
        try:
            promotion = place.write(*[happens] * 40)
            break
        except Retryable:
            storm()
    else:
        pytest.fail("forty attempts, each of some thirty requests, and no success")
    place.server.traffic.reset()
    assert promotion.revision == place.head()
    assert place.is_one()
