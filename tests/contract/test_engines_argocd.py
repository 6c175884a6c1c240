"""What only Argo CD has, through its API server and through its cluster alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.serving import Fault
from slipway.errors import NotFound, NotProven
from tests.contract.argocd_world import running
from tests.contract.engine_places import ARGO_CD, Place
from tests.contract.sample_image import Pushed

MANUAL = {"sync": "manual"}
ALWAYS = {"kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["*"]}


@pytest.fixture(params=ARGO_CD)
def place(request: pytest.FixtureRequest, tmp_path: Path, sync_images: Pushed) -> Iterator[Place]:
    with running(tmp_path, sync_images) as world:
        yield ARGO_CD[request.param](request.param, world, tmp_path)


def test_S21_S35_a_manual_sync_is_started_once_at_what_was_observed(place: Place) -> None:
    first = place.live(automatic=False)
    revision = place.push("1.1.0")
    assert place.wait(revision, "1.1.0", application=MANUAL)().observed == revision
    assert place.history() == [first, revision]
    asked = place.world.get()["status"]["operationState"]["operation"]["sync"]
    assert asked.get("prune") is None
    assert asked["revision"] == revision


def test_S21_S35_with_nobody_to_start_it_it_waits_for_a_person(place: Place) -> None:
    place.live(automatic=False)

    def person(sentence: str) -> None:
        if "waiting for a person" in sentence:
            place.world.sync().raise_for_status()

    revision = place.push("1.1.0")
    assert place.wait(revision, "1.1.0", on_report=person)().observed == revision


def test_S12_S35_a_rerun_starts_a_failed_manual_sync_again(place: Place) -> None:
    first = place.live(automatic=False)
    revision = place.push("1.1.0")
    place.refuse("exceeded quota: pods")
    with pytest.raises(NotProven, match="exceeded quota: pods"):
        place.wait(revision, "1.1.0", application=MANUAL)()
    place.world.cluster.refusals.clear()
    place.wait(revision, "1.1.0", application=MANUAL)()
    assert place.history() == [first, revision]


def test_S31_S35_an_answer_lost_after_the_start_does_not_start_twice(place: Place) -> None:
    first = place.live(automatic=False)
    revision = place.push("1.1.0")
    with place.opened() as (engine, application):
        engine.refresh(application)  # the next write is the start
    method = "POST" if place.engine == "argocd" else "PATCH"
    path = "/sync" if place.engine == "argocd" else "/applications/books"
    place.traffic.faults.append(Fault(method=method, path=path, lose_answer=True))
    place.wait(revision, "1.1.0", application=MANUAL)()
    assert place.history() == [first, revision]


def test_S11_S18_S35_S68_a_foreign_operation_is_waited_for_and_never_replaced(
    place: Place,
) -> None:
    first = place.live(automatic=False)
    place.world.cluster.refusals["books"] = "quota exceeded"
    retry = {"limit": 5, "backoff": {"duration": "1s", "factor": 1}}
    place.world.sync(retryStrategy=retry).raise_for_status()
    revision = place.push("1.1.0")

    def quota(sentence: str) -> None:
        if "retry" in sentence:
            place.world.cluster.refusals.clear()

    place.wait(revision, "1.1.0", application=MANUAL, on_report=quota)()
    assert place.history() == [first, first, revision]


def test_S16_S35_a_sync_that_retries_an_older_commit_is_ended_where_that_is_wanted(
    place: Place,
) -> None:
    first = place.live(syncPolicy={"automated": {}, "retry": {"limit": 9}})
    place.world.argocd.delays.retry = 60
    place.world.cluster.refusals["books"] = "quota exceeded"
    place.push("1.1.0")
    place.world.refresh()
    place.world.until(lambda each: each["status"].get("operationState", {}).get("retryCount"))
    place.world.cluster.refusals.clear()
    newer = place.push("1.2.0")
    waiting = place.wait(newer, "1.2.0", application={"terminate": True})
    assert waiting().observed == newer
    assert any("was ended" in sentence for sentence in waiting.said)
    assert place.history() == [first, newer]


def test_S20_S35_S69_a_wait_is_blocked_by_a_window_and_goes_on_when_it_is_gone(
    place: Place,
) -> None:
    place.live(automatic=False)
    place.world.argocd.set_windows(ALWAYS)
    revision = place.push("1.1.0")

    def opened(sentence: str) -> None:
        if sentence.startswith("blocked:"):
            place.world.argocd.set_windows()

    waiting = place.wait(revision, "1.1.0", application=MANUAL, on_report=opened)
    assert waiting().observed == revision
    assert any("a deny window is open" in sentence for sentence in waiting.said)


def test_S20_S35_S69_a_window_for_automated_syncs_does_not_stop_one_by_hand(place: Place) -> None:
    place.live(automatic=False)
    place.world.argocd.set_windows({**ALWAYS, "manualSync": True})
    revision = place.push("1.1.0")
    assert place.wait(revision, "1.1.0", application=MANUAL)().observed == revision


def test_S35_S42_reconciliation_that_is_switched_off_is_told_at_once(place: Place) -> None:
    revision = place.live()
    mark = {"argocd.argoproj.io/skip-reconcile": "true"}
    place.world.argocd.store.patch(
        "books", lambda each: each["metadata"].setdefault("annotations", {}).update(mark)
    )
    with pytest.raises(NotProven, match="switched off"):
        place.wait(revision, "1.0.0")()


def test_S09_S35_an_application_of_another_project_is_told_at_once(place: Place) -> None:
    revision = place.live()
    with pytest.raises(NotFound, match="'default'"):
        place.wait(revision, "1.0.0", application={"project": "other"})()
