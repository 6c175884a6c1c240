"""Waits that meet: one that dies and is taken up again, an older one that a newer one overtakes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from slipway.errors import NotProven, Superseded
from tests.contract.argocd_world import World
from tests.contract.sync_wait import MANUAL, history, live, wait


class Killed(BaseException):
    """The process ended here."""


@pytest.mark.parametrize("moment", ["starting the sync", "is running", "not compared", "sure that"])
def test_S33_a_wait_that_died_is_taken_up_without_a_second_sync(argo: World, moment: str) -> None:
    first = live(argo, automatic=False)
    delays = argo.argocd.delays
    delays.compare = delays.apply = delays.finish = 0.4  # each moment is there to be seen
    revision = argo.push_image("1.1.0")

    def die(sentence: str) -> None:
        if moment in sentence:
            raise Killed

    with pytest.raises(Killed):
        wait(argo, revision, "1.1.0", application=MANUAL, on_report=die)()
    again = wait(argo, revision, "1.1.0", application=MANUAL, since=datetime.now(UTC))
    assert again().observed == revision
    assert [request.status for request in argo.server.traffic.writes()] == [200]
    assert history(argo) == [first, revision]


def test_S33_what_is_left_of_the_time_is_all_there_is(argo: World) -> None:
    live(argo)
    argo.argocd.freeze()
    revision = argo.push_image("1.1.0")
    since = datetime.now(UTC) - timedelta(seconds=597)
    late = wait(argo, revision, "1.1.0", since=since, timeout=600, speed=1)
    began = datetime.now(UTC)
    with pytest.raises(NotProven, match="not live after 600 s"):
        late()
    assert datetime.now(UTC) - began < timedelta(seconds=30)


def test_S32_the_older_of_two_waits_is_superseded_and_changes_nothing(argo: World) -> None:
    first = live(argo, automatic=False)
    older, newer = argo.push_image("1.1.0"), argo.push_image("1.2.0")
    overtaken = wait(argo, older, "1.1.0", application=MANUAL, lineage={newer: "changed"})
    winning = wait(argo, newer, "1.2.0", application=MANUAL, lineage={older: "without"})
    with ThreadPoolExecutor() as pool:
        lost, won = pool.submit(overtaken), pool.submit(winning)
        with pytest.raises(Superseded, match=newer[:7]):
            lost.result()
        assert won.result().observed == newer
    assert history(argo) == [first, newer]
    assert [request.status for request in argo.server.traffic.writes()] == [200]


def test_S19_the_proof_is_the_state_that_was_proven_not_a_later_one(argo: World) -> None:
    live(argo)
    revision = argo.push_image("1.1.0")
    proof = wait(argo, revision, "1.1.0")()
    asked = len(argo.server.traffic.requests)
    later = argo.push_image("1.2.0")
    argo.refresh()
    argo.until_live(later)
    assert (proof.revision, proof.observed) == (revision, revision)
    last = argo.server.traffic.requests[asked - 1]
    assert "refresh" not in last.query  # nothing is started after the proof
