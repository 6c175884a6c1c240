"""The receiver over a real connection: what it takes, what it refuses, what it keeps."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.serving import Server, served
from slipway.triggers import receiver as receiving
from slipway.triggers.inbox import Inbox
from slipway.triggers.receiver import receiver
from tests.contract.webhooks import deliver, push, signature

SECRETS = ("first-secret", "second-secret")
ID = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
PUSH = push("https://github.com/acme/shop.git", "a" * 40)


@dataclass
class Door:
    """A running receiver and its folder."""

    server: Server
    folder: Path
    arrived: list[bool] = field(default_factory=list)

    def send(
        self, payload: Any = PUSH, *, delivery: str = ID, secret: str = SECRETS[0], **changed: Any
    ) -> httpx.Response:
        """Send an event as GitHub does, with what is changed about its headers."""
        return deliver(self.server.url, payload, secret, delivery=delivery, **changed)

    def kept(self) -> list[str]:
        return [kept.delivery for kept in Inbox(self.folder).waiting()]


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    arrived: list[bool] = []
    app = receiver(Inbox(tmp_path), SECRETS, lambda: arrived.append(True))
    with served(app) as server:
        yield Door(server, tmp_path, arrived)


def test_a_signed_event_is_kept_and_told_of(door: Door) -> None:
    reply = door.send()
    assert (reply.status_code, reply.json()) == (202, {"kept": True})
    assert door.kept() == [ID]
    assert door.arrived == [True]


@pytest.mark.parametrize(
    "changed",
    [
        {"X_Hub_Signature_256": None},
        {"X_Hub_Signature_256": ""},
        {"X_Hub_Signature_256": "sha256="},
        {"X_Hub_Signature_256": f"sha256={'0' * 64}"},
        {"X_Hub_Signature_256": signature(json.dumps(PUSH).encode(), SECRETS[0])[:-1]},
        {"X_Hub_Signature_256": signature(json.dumps(PUSH).encode() + b" ", SECRETS[0])},
        {"X_Hub_Signature_256": "sha1=" + "0" * 40},
        {"X_Hub_Signature_256": None, "X_Hub_Signature": "sha1=" + "0" * 40},
        {"secret": "another"},
        {"secret": ""},
    ],
)
def test_X53_a_forged_event_is_refused_and_nothing_is_kept(
    door: Door, changed: dict[str, Any]
) -> None:
    reply = door.send(**changed)
    assert reply.status_code == 401
    assert (door.kept(), door.arrived) == ([], [])


def test_X53_two_signatures_are_no_signature(door: Door) -> None:
    body = json.dumps(PUSH).encode()
    right = signature(body, SECRETS[0])
    headers = [
        ("Content-Type", "application/json"),
        ("X-GitHub-Event", "push"),
        ("X-GitHub-Delivery", "72d3162e-cc78-11e3"),
        ("X-Hub-Signature-256", right),
        ("X-Hub-Signature-256", right),
    ]
    reply = httpx.post(f"{door.server.url}/github", content=body, headers=headers)
    assert reply.status_code == 401


def test_X53_the_bytes_are_signed_and_not_what_they_mean(door: Door) -> None:
    spaced = json.dumps(PUSH, indent=2).encode()
    assert door.send(spaced).status_code == 202
    other = {"X_Hub_Signature_256": signature(spaced, SECRETS[0])}
    assert door.send(PUSH, delivery="another-0001", **other).status_code == 401


def test_X59_two_secrets_are_valid_at_once_and_an_empty_one_never(tmp_path: Path) -> None:
    with served(receiver(Inbox(tmp_path), ("", *SECRETS), lambda: None)) as server:
        door = Door(server, tmp_path)
        for number, secret in enumerate(SECRETS):
            sent = door.send(secret=secret, delivery=f"delivery-{number}")
            assert sent.status_code == 202
        assert door.send(secret="", delivery="delivery-9").status_code == 401


def test_X54_a_body_that_says_it_is_too_large_is_not_read(door: Door) -> None:
    with socket.create_connection(("127.0.0.1", door.server.port), timeout=10) as raw:
        raw.sendall(
            b"POST /github HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n"
        )  # and not one byte of it
        assert raw.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_X54_a_body_without_a_length_is_cut_off_at_the_limit(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "LARGEST", 1000)
    parts = (b"x" * 600 for _ in range(1000))
    reply = httpx.post(f"{door.server.url}/github", content=parts)
    assert reply.status_code == 413


def test_X54_a_slow_sender_is_cut_off(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "PATIENCE", 0.3)
    with socket.create_connection(("127.0.0.1", door.server.port), timeout=10) as raw:
        raw.sendall(b"POST /github HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
        assert raw.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_X55_a_delivery_that_has_come_before_is_a_success_and_nothing_more(door: Door) -> None:
    door.send()
    again = door.send()
    assert (again.status_code, again.json()["kept"]) == (200, False)
    assert len(door.arrived) == 1


def test_X55_it_is_known_after_a_restart_and_after_it_was_settled(
    door: Door, tmp_path: Path
) -> None:
    door.send()
    inbox = Inbox(tmp_path)
    (kept,) = inbox.waiting()
    inbox.settle(kept, ("shop: started",))
    assert inbox.waiting() == []
    with served(receiver(Inbox(tmp_path), SECRETS, lambda: None)) as server:
        assert Door(server, tmp_path).send().json()["kept"] is False
    assert door.kept() == []


@pytest.mark.parametrize(
    ("payload", "changed", "status", "said"),
    [
        (b"{", {}, 400, "not JSON"),
        (b"[" * 100_000, {}, 400, "not JSON"),
        (b"\xff\xfe", {}, 400, "not JSON"),
        (b"[]", {}, 422, "event push"),
        (b"null", {}, 422, "event push"),
        (PUSH | {"ref": "refs/heads/../../x y"}, {}, 422, "ref"),
        (PUSH | {"ref": "refs/heads/--upload-pack=x"}, {}, 422, "ref"),
        (PUSH | {"after": "a" * 39}, {}, 422, "after"),
        (PUSH | {"repository": {"clone_url": 7}}, {}, 422, "clone_url"),
        (PUSH, {"Content_Type": "application/x-www-form-urlencoded"}, 415, "application/json"),
        (PUSH, {"Content_Type": None}, 400, "content-type"),
        (PUSH, {"X_GitHub_Event": "issues"}, 422, "issues starts nothing"),
        (PUSH, {"X_GitHub_Event": None}, 400, "x-github-event"),
        (PUSH, {"X_GitHub_Delivery": None}, 400, "x-github-delivery"),
        (PUSH, {"X_GitHub_Delivery": "../../etc/passwd"}, 422, "X-GitHub-Delivery"),
    ],
)
def test_X60_what_is_malformed_is_refused_without_a_traceback(
    door: Door, payload: Any, changed: dict[str, Any], status: int, said: str
) -> None:
    reply = door.send(payload, **changed)
    assert reply.status_code == status
    assert said in reply.json()["error"]
    assert door.kept() == []


def test_X60_a_header_that_is_there_twice_is_refused(door: Door) -> None:
    body = json.dumps(PUSH).encode()
    headers = [
        ("Content-Type", "application/json"),
        ("X-GitHub-Event", "push"),
        ("X-GitHub-Event", "release"),
        ("X-GitHub-Delivery", "72d3162e-cc78-11e3"),
        ("X-Hub-Signature-256", signature(body, SECRETS[0])),
    ]
    reply = httpx.post(f"{door.server.url}/github", content=body, headers=headers)
    assert (reply.status_code, door.kept()) == (400, [])


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("ping", {"zen": "Design for failure."}),
        ("push", PUSH | {"deleted": True, "after": "0" * 40}),
        ("pull_request", {"action": "closed", "pull_request": {"base": {"ref": "main"}}}),
        ("release", {"action": "created", "release": {"tag_name": "v1.0.0", "draft": True}}),
    ],
)
def test_an_event_that_moves_nothing_is_a_success_and_not_kept(
    door: Door, name: str, payload: dict[str, Any]
) -> None:
    reply = door.send(PUSH | payload, X_GitHub_Event=name)
    assert (reply.status_code, door.kept()) == (200, [])


def test_X61_an_event_that_cannot_be_kept_is_an_error_so_that_the_forge_shows_it(
    door: Door,
) -> None:
    (door.folder / "waiting").rmdir()
    (door.folder / "waiting").write_text("no folder")
    assert door.send().status_code == 503
    assert door.arrived == []


def test_X62_there_is_nothing_to_approve_with(door: Door) -> None:
    for path in ("/", "/api/flow_runs/x/resume", "/github/../resume", "/approve"):
        for method in ("GET", "POST", "PUT"):
            reply = httpx.request(method, f"{door.server.url}{path}")
            assert reply.status_code in (404, 405)
    assert httpx.get(f"{door.server.url}/health").json() == {"waiting": 0}


def test_many_senders_at_once_are_all_kept(door: Door) -> None:
    def send(number: int) -> None:
        assert door.send(delivery=f"delivery-{number:04}").status_code == 202

    threads = [threading.Thread(target=send, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(door.kept()) == [f"delivery-{number:04}" for number in range(30)]
