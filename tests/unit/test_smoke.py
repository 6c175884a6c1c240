"""What passes as a good answer, and when the smoke test gives up."""

import ipaddress
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.serving import Asgi, Fault, Receive, Scope, Send, free_port, served
from slipway.clients.probe import Answer
from slipway.errors import InvalidInput, NotProven
from slipway.service import Expectation, Smoke, VersionProbe
from slipway.settings import Settings
from slipway.smoke import Failed, Passed, check, check_version, shown, smoke_test
from slipway.timing import Stopwatch

LIST = Expectation.model_validate({"json": "non-empty-list"})
LOOPBACK = Settings(private_networks=(ipaddress.ip_network("127.0.0.0/8"),))
ASKED = VersionProbe(url="/", field="version")


def answer(body: Any, status: int = 200, defect: str = "", location: str = "") -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, raw, 0.1, location, defect)


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.time = 0.0
        self.watch = Stopwatch(clock=lambda: self.time, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def books(version: Callable[[], str], bodies: dict[str, bytes] | None = None) -> Asgi:
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        default = json.dumps({"version": version()} if scope["path"] == "/" else [{"id": 1}])
        body = (bodies or {}).get(scope["path"], default.encode())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return serve


def smoke(url: str, **changes: Any) -> Smoke:
    values = {"expect": LIST, "version": ASKED, "timeout": timedelta(seconds=20)}
    return Smoke(url=f"{url}/books", **{**values, **changes})


def test_a_good_answer_passes() -> None:
    assert check(answer([{"id": 1}]), LIST) == Passed('[{"id": 1}]', 0.1)


@pytest.mark.parametrize(
    ("shape", "body", "good"),
    [
        ("any", 0, True),
        ("any", b"<html>", False),
        ("list", [], True),
        ("list", {}, False),
        ("non-empty-list", [], False),
        ("non-empty-list", {"a": 1}, False),
        ("object", {}, True),
        ("object", [], False),
        ("object", b"", False),
        ("any", b"NaN", False),
        ("any", b"\xff\xfe", False),
    ],
)
def test_X51_the_shape_of_the_body_is_required(shape: str, body: Any, good: bool) -> None:
    expect = Expectation.model_validate({"json": shape})
    assert isinstance(check(answer(body), expect), Passed) == good


def test_X51_an_error_page_with_status_200_does_not_pass() -> None:
    verdict = check(answer(b"<html>Service unavailable</html>"), LIST)
    assert isinstance(verdict, Failed)
    assert "not JSON" in verdict.reason


def test_a_body_is_free_where_nothing_is_expected_of_it() -> None:
    assert isinstance(check(answer(b"<html>"), Expectation()), Passed)


def test_X45_a_redirect_is_named_and_does_not_pass() -> None:
    verdict = check(answer(b"", status=302, location="https://login.example/"), Expectation())
    assert isinstance(verdict, Failed)
    assert "HTTP 302 to https://login.example/, not followed" in verdict.reason


@pytest.mark.parametrize("defect", ["the body is larger than 1024 KiB", "the body is compressed"])
def test_X46_a_body_that_cannot_be_used_does_not_pass(defect: str) -> None:
    verdict = check(answer([1], defect=defect), LIST)
    assert isinstance(verdict, Failed)
    assert verdict.reason == defect


@pytest.mark.parametrize(
    "body", [b"[" * 200_000, b'{"a":' * 100_000, b"1" * 10_000, b"[" * 50_000 + b"]" * 50_000]
)
def test_X48_json_is_parsed_with_limits(body: bytes) -> None:
    verdict = check(answer(body), LIST)
    assert isinstance(verdict, Failed)
    assert len(verdict.excerpt) <= 200


@pytest.mark.parametrize("version", ["2.0.9", "v2.1.0", "2.1.0 ", "2.1", "2.1.0-rc.1", ""])
def test_X51_another_version_does_not_pass(version: str) -> None:
    verdict = check_version(answer({"version": version}), ASKED, "2.1.0")
    assert isinstance(verdict, Failed)
    assert "not 2.1.0" in verdict.reason


def test_X51_the_wanted_version_passes() -> None:
    verdict = check_version(answer({"version": "2.1.0", "name": "books"}), ASKED, "2.1.0")
    assert isinstance(verdict, Passed)
    assert verdict.version == "2.1.0"


@pytest.mark.parametrize(
    "got",
    [
        answer(["2.1.0"]),
        answer({"version": 2}),
        answer({"version": ["2.1.0"]}),
        answer({}),
        answer({"version": "2.1.0"}, status=503),
        answer({"version": "2.1.0"}, defect="cut"),
        answer(b"2.1.0"),
    ],
)
def test_X51_an_answer_without_the_version_does_not_pass(got: Answer) -> None:
    assert isinstance(check_version(got, ASKED, "2.1.0"), Failed)


@settings(deadline=None)
@given(st.binary(max_size=3000), st.integers(100, 599))
def test_X48_no_body_breaks_the_check(body: bytes, status: int) -> None:
    verdict = check(Answer(status, body, 0.0), LIST)
    assert verdict.excerpt.isprintable()
    assert len(verdict.excerpt) <= 200
    assert isinstance(check_version(Answer(status, body, 0.0), ASKED, "2.1.0"), Failed)


def test_X48_the_excerpt_is_one_printable_line_without_credentials() -> None:
    text = shown(b"\x1b[31mred\r\nBearer s3cret-marker \xe2\x80\xae" + b"x" * 10_000)
    assert text.isprintable()
    assert "s3cret-marker" not in text


def test_passes_after_consecutive_good_answers_by_the_new_version() -> None:
    clock, said = Clock(), list[str]()
    with served(books(lambda: "2.1.0")) as server:
        proof = smoke_test(
            smoke(server.url), "staging", "2.1.0", LOOPBACK, clock.watch, said.append
        )
        paths = [request.path for request in server.traffic.requests]
    assert paths == ["/books", "/"] * 3
    assert (proof.passes, proof.version, proof.environment) == (3, "2.1.0", "staging")
    assert proof.url == f"{server.url}/books"
    assert proof.excerpt == '[{"id": 1}]'
    assert proof.timing.waited == 2
    assert said == ["1 of 3 good answers in a row", "2 of 3 good answers in a row"]


def test_a_bad_answer_starts_the_count_again() -> None:
    clock, said = Clock(), list[str]()
    with served(books(lambda: "2.1.0")) as server:
        # the third GET of /books fails: two good answers before it do not count
        server.traffic.faults.append(Fault(path="/books", status=503, times=0))

        def report(sentence: str) -> None:
            said.append(sentence)
            server.traffic.faults[0].times = int(sentence.startswith("2 of 3") and len(said) == 2)

        smoke_test(smoke(server.url), "staging", "2.1.0", LOOPBACK, clock.watch, report)
        good = [r for r in server.traffic.requests if r.path == "/books" and r.status == 200]
    assert said[2].startswith("not yet: HTTP 503")
    assert len(good) == 5


def test_X51_waits_while_the_old_version_answers_then_passes() -> None:
    clock = Clock()
    with served(books(lambda: "2.1.0" if clock.time >= 5 else "2.0.0")) as server:
        proof = smoke_test(
            smoke(server.url), "staging", "2.1.0", LOOPBACK, clock.watch, lambda _: None
        )
    assert proof.timing.waited == 7


def test_X51_old_version_until_the_limit_is_not_proven() -> None:
    clock = Clock()
    with served(books(lambda: "2.0.0")) as server, pytest.raises(NotProven) as caught:
        smoke_test(smoke(server.url), "staging", "2.1.0", LOOPBACK, clock.watch, lambda _: None)
    assert f"{server.url}/books" in caught.value.message
    assert "version 2.0.0 answers, not 2.1.0" in caught.value.message
    assert "older instance" in caught.value.hint
    assert clock.time < 20


def test_X48_the_last_body_is_shown_shortened_and_escaped() -> None:
    body = b"<html>\x1b[31m\r\noops " + b"x" * 5000
    with (
        served(books(lambda: "2.1.0", {"/books": body})) as server,
        pytest.raises(NotProven) as caught,
    ):
        smoke_test(smoke(server.url), "staging", "2.1.0", LOOPBACK, Clock().watch, lambda _: None)
    assert "the body begins: <html> [31m oops xxx" in caught.value.message
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 500


@pytest.mark.parametrize("fault", [Fault(status=503, times=4), Fault(drop=True, times=4)])
def test_5xx_and_broken_connections_are_tried_again(fault: Fault) -> None:
    clock = Clock()
    with served(books(lambda: "2.1.0")) as server:
        server.traffic.faults.append(fault)
        proof = smoke_test(
            smoke(server.url), "staging", "2.1.0", LOOPBACK, clock.watch, lambda _: None
        )
    assert proof.passes == 3
    assert clock.time == 6


def test_never_an_answer_is_not_proven_and_says_so() -> None:
    clock, said = Clock(), list[str]()
    wanted = smoke(f"http://127.0.0.1:{free_port()}", timeout=timedelta(seconds=5))
    with pytest.raises(NotProven, match="no answer at all"):
        smoke_test(wanted, "staging", "2.1.0", LOOPBACK, clock.watch, said.append)
    assert len(said) == 1  # the same trouble is told once
    assert clock.time == 4


def test_X43_a_refused_address_ends_it_at_once() -> None:
    clock = Clock()
    with served(books(lambda: "2.1.0")) as server:
        with pytest.raises(InvalidInput, match="SLIPWAY_PRIVATE_NETWORKS"):
            smoke_test(
                smoke(server.url), "staging", "2.1.0", Settings(), clock.watch, lambda _: None
            )
        assert server.traffic.requests == []
    assert clock.time == 0


def test_X42_the_version_path_cannot_lead_to_another_host() -> None:
    asked = VersionProbe(url="//127.0.0.2:1/version")
    with served(books(lambda: "2.1.0", {asked.url: b'{"version": "2.1.0"}'})) as server:
        proof = smoke_test(
            smoke(server.url, version=asked, passes=1),
            "staging",
            "2.1.0",
            LOOPBACK,
            Clock().watch,
            lambda _: None,
        )
        assert [r.path for r in server.traffic.requests] == ["/books", asked.url]
    assert proof.version == "2.1.0"


def test_without_a_version_path_only_the_url_is_asked() -> None:
    with served(books(lambda: "2.1.0")) as server:
        proof = smoke_test(
            smoke(server.url, version=None, passes=1),
            "staging",
            "2.1.0",
            LOOPBACK,
            Clock().watch,
            lambda _: None,
        )
        assert [r.path for r in server.traffic.requests] == ["/books"]
    assert proof.version is None


def test_too_few_good_answers_before_the_limit_are_no_proof() -> None:
    wanted_passes = {"passes": 10, "timeout": timedelta(seconds=3)}
    with (
        served(books(lambda: "2.1.0")) as server,
        pytest.raises(NotProven, match="only 3 of 10 good answers"),
    ):
        smoke_test(
            smoke(server.url, **wanted_passes),
            "staging",
            "2.1.0",
            LOOPBACK,
            Clock().watch,
            lambda _: None,
        )
