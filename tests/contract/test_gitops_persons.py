"""What a person has done to our values while a run was on its way is never overwritten."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox.serving import Fault
from slipway.errors import Conflict, Retryable
from slipway.timing import Stopwatch
from tests.contract.gitops_place import FILES, VALUES, Desk, a_desk

BEGAN = datetime.now(UTC) + timedelta(hours=1)
BEFORE, LATER = BEGAN - timedelta(minutes=30), BEGAN + timedelta(minutes=5)
HOTFIX = VALUES.replace(b"1.0.0", b"hotfix-7")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        yield made


def ours(desk: Desk) -> list[str]:
    return [message for message in desk.messages() if "Slipway-Run" in message]


def test_G05_a_person_between_two_attempts_of_a_step_is_not_overwritten(desk: Desk) -> None:
    desk.server.traffic.faults.append(Fault("POST", "git-receive-pack", status=503))
    with pytest.raises(Retryable):
        desk.write(began=BEGAN)
    theirs = desk.commit({"staging.yaml": HOTFIX}, date=LATER)
    with pytest.raises(Conflict) as refused:
        desk.write(began=BEGAN)
    for part in ("staging.yaml: image.tag", "'hotfix-7'", "Mia Torres", theirs):
        assert part in refused.value.message
    assert desk.read("staging.yaml") == HOTFIX
    assert desk.write(run="run-2", began=LATER).committed  # who starts it again has decided


def test_what_a_person_did_before_the_run_began_is_what_it_starts_from(desk: Desk) -> None:
    desk.commit({"staging.yaml": HOTFIX}, date=BEFORE)
    desk.commit({"other": b"x"}, date=LATER)
    assert desk.write(began=BEGAN).change.edits[0].old == "hotfix-7"


@pytest.mark.parametrize(
    "files",
    [
        {"production.yaml": HOTFIX},
        {"staging.yaml": VALUES.replace(b"replicas: 2", b"replicas: 3")},
        {"staging.yaml": b"# moved\n" + VALUES},
    ],
    ids=["another file", "another value", "another place"],
)
def test_a_person_beside_our_values_is_in_nobodys_way(desk: Desk, files: dict[str, bytes]) -> None:
    desk.commit(files, date=LATER)
    assert desk.write(began=BEGAN).committed


def test_an_approver_has_seen_what_was_there_before(desk: Desk) -> None:
    desk.commit({"production.yaml": HOTFIX}, date=LATER)
    approval = desk.approved(at=LATER + timedelta(minutes=1))
    promotion = desk.write("production", began=BEGAN, approvals=(approval,))
    assert promotion.change.edits[0].old == "hotfix-7"


def test_another_deliverys_change_that_a_person_took_back_stays_taken_back(desk: Desk) -> None:
    desk.delivered("1.0.7", date=LATER)
    theirs = desk.commit({"staging.yaml": VALUES}, date=LATER)
    with pytest.raises(Conflict, match=rf"changed back to '1\.0\.0' by Mia .* in {theirs}"):
        desk.write(began=BEGAN)


def test_the_older_value_of_another_delivery_gives_way(desk: Desk) -> None:
    desk.delivered("1.0.7", date=LATER)
    assert desk.write(began=BEGAN).committed


@pytest.mark.parametrize(
    "undone",
    [
        lambda desk: desk.commit(FILES, "revert: bad version"),
        lambda desk: desk.commit({"staging.yaml": HOTFIX}),
    ],
    ids=["reverted", "replaced"],
)
def test_G09_one_run_has_one_commit_even_if_a_person_took_it_back(
    desk: Desk, undone: Callable[[Desk], str]
) -> None:
    began = datetime.now(UTC)
    first = desk.write(began=began)  # its result is lost
    undone(desk)
    desk.commit({"other": b"x"})
    head, files = desk.head(), desk.read("staging.yaml")
    again = desk.write(began=began)
    assert (again.revision, again.committed) == (first.revision, False)
    assert "changed again since" in again.reason
    assert (desk.head(), desk.read("staging.yaml"), len(ours(desk))) == (head, files, 1)
    assert desk.lineage(again.revision, head) == "changed"  # the wait ends as superseded
    assert desk.write(run="run-2").committed  # another run means it anew


def test_G09_its_commit_is_found_where_the_clocks_differ(desk: Desk) -> None:
    began = datetime.now(UTC) + timedelta(minutes=3)  # by the server's clock
    first = desk.write(began=began)
    desk.commit(FILES, "revert: bad version")
    assert desk.write(began=began).revision == first.revision


def test_G09_its_commit_is_found_below_many_others(desk: Desk) -> None:
    began = datetime.now(UTC) - timedelta(seconds=2)
    first = desk.write(began=began)
    for number in range(120):
        desk.commit({"other": b"%d" % number})
    desk.commit(FILES, "revert: bad version")
    assert desk.write(began=began).revision == first.revision


def test_G07_values_that_were_restored_are_held_by_the_commit_that_did_it(desk: Desk) -> None:
    first = desk.write().revision
    new = {name: desk.read(name) for name in FILES}
    reverted = desk.commit(FILES, "revert")
    restored = desk.commit(new, "revert the revert")
    desk.commit({"other": b"x"})
    promotion = desk.write(run="run-2")
    assert (promotion.revision, promotion.committed) == (restored, False)
    assert promotion.reason == f"the values were there already, by {restored[:10]}"
    assert desk.lineage(restored, reverted) == "without"  # an engine still there is waited for
    assert desk.lineage(first, reverted) == "changed"


def test_G05_the_first_head_of_a_call_counts_whatever_the_dates_say(desk: Desk) -> None:
    desk.host.before_push = lambda name: desk.commit({"staging.yaml": HOTFIX}, date=BEFORE)
    with pytest.raises(Conflict, match="hotfix-7"):
        desk.write(began=BEGAN, watch=Stopwatch(sleep=lambda seconds: None))
