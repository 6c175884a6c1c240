"""The ledger in a real repository over HTTP: whole entries, races, lost answers, damage."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox.serving import Fault
from slipway import ledger
from slipway.clients.git import Author
from slipway.clients.git_files import opened
from slipway.errors import Final, Retryable, Unauthorized
from slipway.ledger.entries import Decided, Failed, Hold, Proven, RolledBack
from slipway.ledger.holds import hold_on
from slipway.ledger.store import REF
from slipway.settings import Settings
from tests.answers import approval
from tests.contract.gitops_place import NAME, Desk, a_desk, image
from tests.releases import bare_release

BEGAN = datetime(2026, 11, 26, 9, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        yield made


def hold(environment: str | None = "production", version: str | None = None) -> Hold:
    return Hold(
        service="books-api", environment=environment, version=version, reason="fair day",
        by="ana@example.com", at=BEGAN,
    )  # fmt: skip


def proven(number: int, environment: str = "staging") -> Proven:
    version = f"1.{number}.0"
    release = bare_release("books-api", version, url="https://forge.example.com/r")
    return Proven(
        service="books-api", environment=environment, release=release, image=image(version),
        revision="c" * 40, at=BEGAN + timedelta(minutes=number), run=f"run-{number}",
    )  # fmt: skip


def commits(desk: Desk) -> list[str]:
    """What the ledger's commits say, newest first; none where there is no ledger."""
    refs = desk.host.repositories.git(NAME, "for-each-ref", "--format=%(refname)", REF)
    if not refs.strip():
        return []
    log = desk.host.repositories.git(NAME, "log", "--format=%s", REF)
    return log.decode().splitlines()


def record(desk: Desk, *entries: ledger.entries.Entry) -> None:
    ledger.record(desk.service, desk.settings, *entries)


def read(desk: Desk) -> ledger.entries.Ledger:
    return ledger.read(desk.service, desk.settings)


def test_without_a_ledger_nothing_is_held_and_nothing_written(desk: Desk) -> None:
    assert read(desk) == ledger.entries.Ledger(service="books-api")
    assert commits(desk) == []


def test_every_kind_of_entry_comes_back_as_it_was_written(desk: Desk) -> None:
    decided = Decided(approval=approval(reason="ok"), counts=False, why_not="not on the list")
    back = RolledBack(
        service="books-api", environment="production", version="1.2.0", digest="sha256:a",
        to="1.1.0", to_digest="sha256:b", reason="smoke", at=BEGAN, run="run-2",
    )  # fmt: skip
    failed = Failed(
        service="books-api", environment="production", version="1.2.0", digest="sha256:a",
        reason="smoke", at=BEGAN, run="run-2",
    )  # fmt: skip
    head = desk.head()
    record(desk, hold(), hold(None, "1.2.0"), proven(1), proven(2), failed, decided, back)
    whole = read(desk)
    assert set(whole.holds) == {hold(), hold(None, "1.2.0")}
    assert whole.proven == (proven(2), proven(1))  # newest first
    assert (whole.failures, whole.decisions, whole.rollbacks) == ((failed,), (decided,), (back,))
    assert desk.head() == head  # the branch was not touched
    assert len(commits(desk)) == 1


def test_the_same_entry_twice_is_one_commit(desk: Desk) -> None:
    record(desk, proven(1))
    record(desk, proven(1))
    assert commits(desk) == ["books-api 1.1.0 proven in staging"]


def test_an_answer_that_is_lost_after_the_push_is_found_again(desk: Desk) -> None:
    desk.server.traffic.faults.append(
        Fault(method="POST", path="/git-receive-pack", lose_answer=True)
    )
    record(desk, proven(1))
    assert read(desk).proven == (proven(1),)
    assert len(commits(desk)) == 1


def test_several_writers_at_once_lose_nothing(desk: Desk) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: record(desk, proven(number)), range(8)))
    assert {entry.run for entry in read(desk).proven} == {f"run-{n}" for n in range(8)}
    assert len(commits(desk)) == 8


def test_the_newest_two_hundred_of_each_environment_are_kept_and_every_hold(desk: Desk) -> None:
    record(desk, proven(500, "production"), hold(), *(proven(number) for number in range(210)))
    record(desk, proven(210))
    whole = read(desk)
    assert [e.image.version for e in whole.proven if e.environment == "staging"] == [
        f"1.{number}.0" for number in range(210, 10, -1)
    ]
    assert proven(500, "production") in whole.proven
    assert whole.holds == (hold(),)


def test_a_released_hold_is_gone_and_the_history_says_who_and_why(desk: Desk) -> None:
    record(desk, hold(), hold(None))
    gone = ledger.release_hold(
        desk.service, desk.settings, "production", None, "mia@example.com", "the fair\nis over"
    )
    assert gone == (hold(),)
    assert read(desk).holds == (hold(None),)
    assert commits(desk)[0] == (
        "books-api in production released by mia@example.com: the fair is over"
    )
    again = ledger.release_hold(desk.service, desk.settings, "production", None, "mia", "again")
    assert again == ()
    assert len(commits(desk)) == 2


@pytest.mark.parametrize(
    ("environment", "version", "held"),
    [
        ("production", "1.2.0", True),
        ("staging", "1.2.0", False),
        ("production", "1.3.0", False),
    ],
)
def test_a_hold_of_a_version_forbids_that_version_there_alone(
    desk: Desk, environment: str, version: str, held: bool
) -> None:
    record(desk, hold("production", "1.2.0"))
    assert bool(hold_on(read(desk), environment, version)) == held


def test_a_hold_of_everything_comes_before_that_of_a_version(desk: Desk) -> None:
    record(desk, hold("production", "1.2.0"), hold(None))
    assert hold_on(read(desk), "production", "1.2.0") == hold(None)


def _write(desk: Desk, path: str, text: bytes) -> None:
    gitops = desk.service.gitops.repository
    with opened(gitops, REF, desk.settings.secret("gitops_token")) as ref:
        files = ref.read("books-api")
        ref.change(files.head, {path: text}, "by hand", Author("A", "a@example.com"))


@pytest.mark.parametrize("path", ["books-api/holds/_/_.json", "books-api/notes/x.json"])
def test_a_file_that_is_no_entry_is_named_and_nothing_is_guessed(desk: Desk, path: str) -> None:
    record(desk, hold())
    _write(desk, path, b'{"service": "books-api"}\n')
    with pytest.raises(Final, match=path) as damaged:
        read(desk)
    assert REF in damaged.value.hint


def test_another_service_has_its_own_folder(desk: Desk) -> None:
    _write(desk, "other/holds/_/_.json", b"not ours")
    record(desk, hold())
    assert read(desk).holds == (hold(),)


def unreachable(desk: Desk) -> None:
    desk.server.traffic.faults.append(Fault(status=503, times=-1))


def no_token(desk: Desk) -> None:
    desk.settings = Settings(gitops_token="wrong")


@pytest.mark.parametrize(("trouble", "error"), [(unreachable, Retryable), (no_token, Unauthorized)])
def test_what_git_says_is_told(
    desk: Desk, trouble: Callable[[Desk], None], error: type[Exception]
) -> None:
    trouble(desk)
    with pytest.raises(error):
        record(desk, hold())
