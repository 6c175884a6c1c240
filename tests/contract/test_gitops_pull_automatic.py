"""A pull request that the step merges itself: green checks, the expected head, the merge queue."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.serving import Fault, Scope
from slipway.errors import Conflict, Final, Unauthorized
from tests.contract.pull_place import BRANCH, NAME, VALUES, Place, a_place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with a_place(tmp_path, merge="automatic") as place:
        place.guard()
        yield place


def nothing() -> None:
    """Time passes."""


def ends(place: Place, conclusion: str, name: str = "ci") -> Callable[[], None]:
    return lambda: place.host.check(NAME, place.head(BRANCH), name, conclusion)


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_G10_it_is_merged_with_the_expected_head(place: Place, method: str) -> None:
    place.rules |= {"method": method}
    promotion = place.write(nothing)
    assert promotion.revision == place.head() == place.pull()["merge_commit_sha"]
    assert promotion.reason.startswith("pull request #1 was merged by acme as")
    assert promotion.committed
    parents = place.git("log", "-1", "--format=%P", "main").split()
    assert len(parents) == (2 if method == "merge" else 1)
    message = place.git("log", "-1", "--format=%B", "main")
    assert "Slipway-Version: 1.1.0" in message.splitlines()  # whatever the form
    assert place.is_one()


def test_it_waits_for_the_named_checks(place: Place) -> None:
    place.rules |= {"checks": ["ci", "lint"]}
    promotion = place.write(
        nothing, ends(place, ""), ends(place, "success"), ends(place, "success", "lint")
    )
    assert promotion.revision == place.head()
    assert place.said[:3] == [
        "pull request #1 waits: check 'ci' did not report; check 'lint' did not report yet",
        "pull request #1 waits: check 'ci' did not finish; check 'lint' did not report yet",
        "pull request #1 waits: check 'lint' did not report yet",
    ]


def test_a_red_check_ends_it(place: Place) -> None:
    place.rules |= {"checks": ["ci"]}
    with pytest.raises(Final, match="#1 is not merged: check 'ci' is red"):
        place.write(ends(place, "failure"))
    assert place.read() == VALUES
    assert place.pull()["state"] == "open"
    place.host.check(NAME, place.head(BRANCH), "ci", "success")  # tried again there
    assert place.write().revision == place.head()


def test_missing_reviews_are_told_and_waited_for(place: Place) -> None:
    place.guard(reviews=1)
    promotion = place.write(nothing, nothing, lambda: place.host.approve(NAME, 1))
    assert promotion.revision == place.head()
    words = "At least 1 approving review is required by reviewers with write access."
    assert place.said[0].startswith(f"pull request #1 is not merged yet: {words}")
    assert sum("/merge" in line for line in place.writes()) == 2  # not at every look


def test_checks_that_only_the_branch_asks_for_are_waited_for(place: Place) -> None:
    place.guard(checks=("ci",))
    promotion = place.write(nothing, ends(place, "success"))
    assert promotion.revision == place.head()
    assert 'Required status check "ci" is expected.' in place.said[0]


def test_a_method_that_is_switched_off_is_named(place: Place) -> None:
    place.guard(methods=("rebase",))
    with pytest.raises(Final, match="Squash merges are not allowed on this repository") as problem:
        place.write()
    assert "pull_request.method" in problem.value.hint


@pytest.mark.parametrize("what", ["head", "base"])
def test_G10_what_moves_during_the_merge_is_looked_at_again(place: Place, what: str) -> None:
    moved: list[str] = []

    def move(scope: Scope) -> bool:
        if scope["method"] == "PUT" and not moved:
            content, path = (
                (b"b: 1\n", "more.yaml") if what == "head" else (b"a: 2\n", "other.yaml")
            )
            moved.append(place.commit(content, BRANCH if what == "head" else "main", path))
        return False

    place.gate.before = move
    if what == "base":
        assert place.write(nothing).revision == place.head()
        assert len(place.subjects()) == 3
        return
    with pytest.raises(Final, match="was changed"):
        place.write(nothing)
    assert place.read() == VALUES


def test_a_lost_answer_to_the_merge_is_one_merge(place: Place) -> None:
    place.server.traffic.faults.append(Fault("PUT", "/merge", lose_answer=True))
    promotion = place.write(nothing)
    assert promotion.revision == place.head()
    assert place.is_one()


def test_a_server_in_trouble_says_nothing_about_the_merge(place: Place) -> None:
    def down() -> None:
        place.fails("", 503, times=7)

    place.guard(reviews=1)
    promotion = place.write(down, *[nothing] * 8, lambda: place.host.approve(NAME, 1), nothing)
    assert promotion.revision == place.head()
    assert any("how the pull request stands is unknown" in sentence for sentence in place.said)


@pytest.mark.parametrize(("status", "remaining"), [(429, "7"), (403, "0")])
def test_G61_a_rate_limit_is_honoured(place: Place, status: int, remaining: str) -> None:
    headers = (("Retry-After", "77"), ("X-RateLimit-Remaining", remaining))
    place.guard(reviews=1)

    def limited() -> None:
        place.host.approve(NAME, 1)
        place.fails("/pulls", status, *headers)

    assert place.write(limited, nothing).revision == place.head()
    assert 77 in place.slept


def test_G61_a_rate_limit_never_outlasts_the_timeout(place: Place) -> None:
    place.rules |= {"timeout": "2m"}
    place.guard(reviews=1)

    def limited() -> None:
        place.fails("/pulls", 429, ("Retry-After", "86400"), times=-1)

    with pytest.raises(Exception, match="not merged within 120 s"):
        place.write(limited, nothing)
    assert sum(place.slept) == pytest.approx(120)


def test_a_persons_value_is_not_overwritten_without_a_person(place: Place) -> None:
    place.guard(reviews=1)
    theirs = VALUES.replace(b"1.0.0", b"1.0.7")
    with pytest.raises(Conflict, match=r"was changed from '1\.0\.0' to '1\.0\.7' by Mia Torres"):
        place.write(lambda: place.commit(theirs))
    assert place.read() == theirs


def test_G05_a_person_between_two_attempts_is_not_overwritten(place: Place) -> None:
    """The first attempt died before it had proposed anything."""
    began = datetime.now(UTC) - timedelta(seconds=5)
    theirs = place.commit(VALUES.replace(b"1.0.0", b"hotfix-7"))
    with pytest.raises(Conflict, match=rf"to 'hotfix-7' by Mia Torres .* in {theirs}"):
        place.write(began=began)
    assert place.pulls() == []


def test_a_token_without_the_permission_is_named(place: Place) -> None:
    place.fails("/merge", 403, ("X-Accepted-GitHub-Permissions", "contents=write"))
    with pytest.raises(Unauthorized) as problem:
        place.write()
    assert "contents=write" in problem.value.hint


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_G10_a_branch_with_a_merge_queue_is_merged_by_it(place: Place, method: str) -> None:
    place.guard(queue=method, queue_seconds=0.3)
    other = beside(place)

    place.host.enqueue(NAME, other)
    promotion = place.write(*[lambda: time.sleep(0.2)] * 10)
    assert promotion.revision == place.pull()["merge_commit_sha"]
    assert "merged by github-merge-queue[bot]" in promotion.reason
    assert "was put into the merge queue" in place.said[0]
    assert place.read(promotion.revision) == VALUES.replace(b"1.0.0", b'"1.1.0"')
    assert not any("/merge" in line for line in place.writes())


def beside(place: Place) -> int:
    """Another pull request, of somebody else; its number."""
    place.git("update-ref", "refs/heads/theirs", "main")
    place.commit(b"a: 3\n", branch="theirs", path="other.yaml")
    given = {"title": "theirs", "head": "theirs", "base": "main"}
    return int(place.host.github.pulls(NAME).open(given)["number"])


def test_G10_an_older_server_shows_its_queue_by_refusing(place: Place) -> None:
    place.guard(queue="squash")
    place.fails("/graphql", 404)
    promotion = place.write(nothing, nothing)
    assert promotion.revision == place.head()
    assert sum("/merge" in line for line in place.writes()) == 1


def test_G10_thrown_out_of_the_queue_is_told(place: Place) -> None:
    place.guard(queue="squash", queue_checks="failure")
    with pytest.raises(Final, match="#1 was taken out of the merge queue") as problem:
        place.write(nothing, nothing)
    assert "puts it back" in problem.value.hint
    place.guard(queue="squash")
    assert place.write(nothing, nothing).revision == place.head()


def test_G10_a_person_may_queue_it(place: Place) -> None:
    place.rules = {"merge": "person"}
    place.guard(queue="squash", queue_seconds=3600)

    def lands() -> None:
        place.guard(queue="squash")

    out: list[Any] = []

    def removed() -> None:
        pulls = place.host.github.pulls(NAME)
        out.append(pulls.queue.remove(place.pull()))

    queued = lambda: place.host.enqueue(NAME, 1)  # noqa: E731
    promotion = place.write(queued, nothing, removed, nothing, queued, lands)
    assert promotion.revision == place.head()
    said = [sentence.partition(": http")[0] for sentence in place.said]
    assert said == [
        "pull request #1 waits for a person to merge it",
        "pull request #1 is in the merge queue, at position 1",
        "pull request #1 has left the merge queue",
        "pull request #1 was taken out of the merge queue",
        "pull request #1 is in the merge queue, at position 1",
    ]


def test_a_base_that_moves_does_not_throw_it_out_of_the_queue(place: Place) -> None:
    place.guard(queue="squash", queue_seconds=3600)

    def lands() -> None:
        place.guard(queue="squash")

    head: list[str] = []
    place.write(
        lambda: head.append(place.head(BRANCH)),
        lambda: place.commit(b"# note\n" + VALUES),
        lands,
    )
    assert place.pull()["head_sha"] == head[0]
    assert place.read() == b"# note\n" + VALUES.replace(b"1.0.0", b'"1.1.0"')
