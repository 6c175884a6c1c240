"""The release step in races, and when Git or GitHub fail on the way."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox.forge.githost import Token
from sandbox.serving import Fault
from slipway.clients.git import Protected, PushRace
from slipway.errors import Conflict, Final, NotFound, Retryable, Unauthorized
from slipway.model import NothingToRelease, Release
from slipway.release.converge import release
from tests.contract.release_place import NAME, READER, WRITER, Place, a_place, a_service, void


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with a_place(tmp_path) as place:
        yield place


def test_R33_a_push_in_between_is_planned_again(place: Place) -> None:
    place.commit("fix: a price")
    place.host.before_push = lambda _name: void(place.commit("feat: gift cards"))
    made = place.made()
    assert (made.version, len(made.commits)) == ("1.1.0", 2)
    assert place.is_finished("1.1.0")


def test_R33_the_tries_are_bounded(place: Place) -> None:
    place.commit("fix: a price")
    pushes = []

    def again(_name: str) -> None:
        pushes.append(place.commit("docs: a page"))
        place.host.before_push = again

    place.host.before_push = again
    with pytest.raises(PushRace):
        place.release()
    assert len(pushes) == 4
    assert place.pages() == ["v1.0.0"]


def test_R34_R35_two_runners_make_one_release(place: Place) -> None:
    place.commit("feat: gift cards")
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(place.made, ["run-1", "run-2"])
    assert (one.sha, one.version, one.url, one.notes) == (
        other.sha,
        other.version,
        other.url,
        other.notes,
    )
    assert place.is_finished("1.1.0")


def test_R34_the_loser_of_a_race_reports_the_winners_release(place: Place) -> None:
    place.commit("feat: gift cards")
    winner: list[Release] = []
    place.host.before_push = lambda _name: winner.append(place.made("winner"))
    loser = place.made("loser")
    assert winner[0].created
    assert not loser.created
    assert loser.sha == winner[0].sha
    assert place.is_finished("1.1.0")


def test_R36_a_foreign_tag_in_between_stops_the_release(place: Place) -> None:
    base = place.commit("feat: gift cards")
    place.host.before_push = lambda _name: void(place.git("tag", "v1.1.0", base))
    with pytest.raises(Conflict, match=r"v1\.1\.0"):
        place.release()
    assert place.head() == base
    assert place.pages() == ["v1.0.0"]


def test_R38_a_protected_branch_is_final_and_leaves_nothing(place: Place) -> None:
    place.commit("feat: gift cards")
    refs = place.refs()
    place.host.protect(NAME, "main")
    with pytest.raises(Protected, match="GH006") as caught:
        place.release()
    assert caught.value.hint
    assert place.refs() == refs


def test_R39_a_tag_rule_is_final_and_leaves_nothing(place: Place) -> None:
    place.commit("feat: gift cards")
    refs = place.refs()
    place.host.protect(NAME, "refs/tags/v*")
    with pytest.raises(Final, match="GH013"):
        place.release()
    assert place.refs() == refs
    assert place.pages() == ["v1.0.0"]


@pytest.mark.parametrize(
    "fault", [Fault(status=503), Fault(drop=True, times=-1)], ids=["R40", "R42"]
)
def test_R40_R42_a_push_that_failed_is_not_a_success(place: Place, fault: Fault) -> None:
    place.commit("feat: gift cards")
    refs = place.refs()
    fault.method, fault.path = "POST", "git-receive-pack"
    place.server.traffic.faults.append(fault)
    with pytest.raises(Retryable):
        place.release()
    assert place.refs() == refs
    place.server.traffic.reset()
    place.made()
    assert place.is_finished("1.1.0")


def test_R41_a_lost_answer_is_found_at_the_remote(place: Place) -> None:
    place.commit("feat: gift cards")
    place.server.traffic.faults.append(
        Fault(method="POST", path="git-receive-pack", lose_answer=True)
    )
    assert place.made().version == "1.1.0"
    assert place.is_finished("1.1.0")


def test_R44_a_bad_credential_and_a_missing_repository_are_told_apart(place: Place) -> None:
    place.commit("feat: gift cards")
    place.token = READER
    with pytest.raises(Unauthorized, match=r"[Ww]rite access"):
        place.release()
    place.token = Token("unknown-token", (), write=False)
    with pytest.raises(Unauthorized) as caught:
        place.release()
    assert "unknown-token" not in str(caught.value)
    place.token = WRITER
    nowhere = a_service(f"{place.server.url}/acme/nowhere")
    with pytest.raises(NotFound, match="no access"):
        release(nowhere, place.settings, "run-1")


@pytest.mark.parametrize(
    "fault", [Fault(lose_answer=True), Fault(status=500)], ids=["R45-lost", "R46-500"]
)
def test_R45_R46_a_failed_page_is_completed_by_the_next_attempt(place: Place, fault: Fault) -> None:
    place.commit("feat: gift cards")
    fault.method, fault.path = "POST", "/releases"
    place.server.traffic.faults.append(fault)
    with pytest.raises(Retryable):
        place.release("run-1")
    made = place.made("run-1")
    assert (made.version, made.sha) == ("1.1.0", place.head())
    assert place.is_finished("1.1.0")


def test_R47_a_page_made_by_somebody_else_is_taken(place: Place) -> None:
    place.bump("1.1.0", tag="v1.1.0")

    def somebody() -> None:
        place.gate.after = lambda _scope: False
        place.page("v1.1.0")

    place.gate.after = lambda scope: scope["path"].endswith("/releases")
    place.gate.act = somebody
    assert isinstance(place.release(), NothingToRelease)
    assert [write for write in place.writes() if "POST" in write] == [
        f"POST /api/v3/repos/{NAME}/releases"
    ]
    assert place.is_finished("1.1.0")


def test_R47_a_page_whose_tag_was_moved_is_a_conflict(place: Place) -> None:
    first = place.head()
    place.bump("1.1.0", tag="v1.1.0")

    def somebody() -> None:
        place.gate.after = lambda _scope: False
        place.page("v1.1.0")
        place.git("tag", "--force", "v1.1.0", first)

    place.gate.after = lambda scope: scope["path"].endswith("/releases")
    place.gate.act = somebody
    with pytest.raises(Conflict, match=rf"v1\.1\.0.*{first}"):
        place.release()


@pytest.mark.parametrize("status", [403, 500])
def test_R51_no_answer_about_the_page_is_not_no_page(place: Place, status: int) -> None:
    place.commit("feat: gift cards")
    place.server.traffic.faults.append(
        Fault(method="GET", path="/releases/tags", status=status, times=-1)
    )
    with pytest.raises((Unauthorized, Retryable)):
        place.release()
    assert place.writes() == []
