"""The git client against a host that refuses, breaks off or is overtaken."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from sandbox.serving import Fault
from slipway.clients.git import NotPermitted, Protected, PushRace, Refused, cloned
from slipway.clients.git_failures import failure, push_failure
from slipway.errors import (
    Final,
    InvalidInput,
    NotFound,
    Retryable,
    SlipwayError,
    Unauthorized,
)
from tests.contract.git_place import MAIN, NAME, READER, TOKEN, Desk, a_desk, change


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("token", "said"),
    [("wrong-token-000", "Invalid username or token"), (None, "could not read Username")],
    ids=["G48", "G49"],
)
def test_G48_G49_bad_or_missing_credentials(desk: Desk, token: str | None, said: str) -> None:
    with pytest.raises(Unauthorized, match=said) as refused, desk.cloned(token):
        pass
    assert "wrong-token-000" not in str(refused.value)


@pytest.mark.parametrize("name", ["acme/none", "acme/out-of-scope"])
def test_G50_a_repository_is_missing_or_out_of_scope(desk: Desk, name: str) -> None:
    desk.host.create("acme/out-of-scope")
    with (
        pytest.raises(NotFound) as refused,
        cloned(f"{desk.server.url}/{name}.git", "main", SecretStr(TOKEN)),
    ):
        pass
    assert "no such repository, or the token has no access" in refused.value.hint


def test_G51_a_read_only_token_cannot_push(desk: Desk) -> None:
    with desk.cloned(READER) as clone, pytest.raises(NotPermitted, match="not granted") as refused:
        clone.push({MAIN: change(clone)})
    assert isinstance(refused.value, Unauthorized)
    assert "accepted" in refused.value.hint


@pytest.mark.parametrize("leased", [True, False])
def test_G52_someone_else_was_faster(desk: Desk, leased: bool) -> None:
    with desk.cloned() as clone:
        sha, base = change(clone), clone.head
        other = desk.commit()
        with pytest.raises(PushRace):
            clone.push({MAIN: sha}, expect={MAIN: base} if leased else {})
        assert desk.host.head(NAME) == other
        assert clone.refetch() == clone.head == other
        clone.push({MAIN: change(clone)}, expect={MAIN: other})


def test_G53_a_protected_branch_is_final_and_quotes_the_server(desk: Desk) -> None:
    desk.host.protect(NAME, "main")
    with desk.cloned() as clone, pytest.raises(Protected) as refused:
        clone.push({MAIN: change(clone)})
    assert isinstance(refused.value, Final)
    assert "GH006" in refused.value.message
    assert "pull request" in refused.value.message


def test_G53_a_hook_that_is_no_protection_is_refused_in_its_own_words(desk: Desk) -> None:
    hook = desk.host.path(NAME) / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'error: every subject names a ticket' >&2\nexit 1\n")
    with desk.cloned() as clone, pytest.raises(Refused, match="names a ticket") as refused:
        clone.push({MAIN: change(clone)})
    assert isinstance(refused.value, Final)
    assert "gitops.message" in refused.value.hint


@pytest.mark.parametrize(("told", "expected"), [("17", 17.0), ("", 60.0), ("soon", 60.0)])
def test_G61_the_pause_that_a_server_asks_for_is_handed_on(
    desk: Desk, told: str, expected: float
) -> None:
    headers = (("Retry-After", told),) if told else ()
    with desk.cloned() as clone:
        sha = change(clone)
        fault = Fault("POST", "git-receive-pack", status=429, headers=headers)
        desk.server.traffic.faults.append(fault)
        with pytest.raises(Retryable) as refused:
            clone.push({MAIN: sha})
        assert refused.value.retry_after == expected
        desk.server.traffic.faults.append(Fault(status=503, headers=headers))
        with pytest.raises(Retryable) as refused:
            clone.refetch()
        assert refused.value.retry_after == (17.0 if told == "17" else None)
        clone.push({MAIN: sha})


@pytest.mark.parametrize("status", [429, 500, 503], ids=["G61", "500", "G54"])
def test_G54_G58_G61_a_server_error_is_never_a_success(desk: Desk, status: int) -> None:
    with desk.cloned() as clone:
        sha, base = change(clone), clone.head
        desk.server.traffic.faults.append(Fault("POST", "git-receive-pack", status=status))
        with pytest.raises(Retryable, match=str(status)):
            clone.push({MAIN: sha})
        assert desk.host.head(NAME) == base
        clone.push({MAIN: sha})


def test_G56_a_connection_that_breaks_is_retryable(desk: Desk) -> None:
    with desk.cloned() as clone:
        sha, base = change(clone), clone.head
        desk.server.traffic.faults.append(Fault(path="git-receive-pack", drop=True, times=-1))
        with pytest.raises(Retryable):
            clone.push({MAIN: sha})
        assert desk.host.head(NAME) == base
    desk.server.traffic.faults[:] = [Fault(drop=True, times=-1)]
    with pytest.raises(Retryable), desk.cloned():
        pass


def test_G57_a_push_whose_answer_was_lost_is_a_success(desk: Desk) -> None:
    with desk.cloned() as clone:
        sha = change(clone)
        desk.server.traffic.faults.append(Fault("POST", "git-receive-pack", lose_answer=True))
        clone.push({MAIN: sha}, expect={MAIN: clone.head})
        assert clone.head == sha == desk.host.head(NAME)


def test_G59_a_branch_that_is_missing_or_goes_away(desk: Desk) -> None:
    with pytest.raises(InvalidInput), cloned(desk.url, "gone", SecretStr(TOKEN)):
        pass
    desk.git("tag", "v1", "main")
    with (
        pytest.raises(InvalidInput, match="no branch v1"),
        cloned(desk.url, "v1", SecretStr(TOKEN)),
    ):
        pass
    with desk.cloned() as clone:
        desk.git("update-ref", "-d", MAIN)
        with pytest.raises(InvalidInput, match="branch in the service file"):
            clone.refetch()


def test_G60_a_locked_ref_is_a_race(desk: Desk) -> None:
    lock = desk.host.path(NAME) / "refs" / "heads" / "main.lock"
    with desk.cloned() as clone:
        lock.touch()
        with pytest.raises(PushRace):
            clone.push({MAIN: change(clone)})
        lock.unlink()
        clone.push({MAIN: change(clone)})


SPOKEN = {
    "G55": ("error: RPC failed; curl 28 Operation too slow. Less than 1 bytes/sec", Retryable),
    "G54": ("error: RPC failed; HTTP 503\nEverything up-to-date", Retryable),
    "G65": ("fatal: write error: No space left on device", Retryable),
    "name": ("fatal: unable to access 'x': Could not resolve host: y", Retryable),
    "certificate": ("fatal: unable to access 'x': SSL certificate problem: expired", Final),
    "quoted": ("remote: Authentication failed for x\nfatal: early EOF", Retryable),
    "silent": ("", Retryable),
}


@pytest.mark.parametrize(("text", "kind"), SPOKEN.values(), ids=SPOKEN.keys())
def test_G54_G55_G65_what_git_says_decides_the_family(text: str, kind: type[SlipwayError]) -> None:
    found = failure("clone x", text)
    assert isinstance(found, kind)
    assert not isinstance(found, Unauthorized)
    assert "up-to-date" not in found.message


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("cannot lock ref 'refs/heads/main': is at 1 but expected 2", PushRace),
        ("incorrect old value provided", PushRace),
        ("Internal Server Error", Retryable),
        ("protected branch hook declined", Protected),
        ("pre-receive hook declined", Refused),
        ("push declined due to repository rule violations", Protected),
        ("shallow update not allowed", Refused),
    ],
)
def test_G60_refusals_of_the_remote(reason: str, kind: type[SlipwayError]) -> None:
    text = f"To x\n!\tabc:refs/heads/main\t[remote rejected] ({reason})\nDone\nerror: failed"
    assert type(push_failure("push to x", text)) is kind


def test_G66_the_clone_catches_up_with_a_remote_that_ran_away(desk: Desk) -> None:
    with desk.cloned() as clone:
        for number in range(25):
            desk.commit({"values.yaml": b"n: %d\n" % number})
        assert clone.refetch() == desk.host.head(NAME)
        assert clone.read("values.yaml") == b"n: 24\n"
        clone.push({MAIN: change(clone)}, expect={MAIN: clone.head})
    assert desk.git("rev-list", "--count", "main") == "27"
