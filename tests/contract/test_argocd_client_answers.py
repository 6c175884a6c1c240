"""The Argo CD client against single answers, also such that do not come from Argo CD."""

import json

import pytest

from sandbox.serving import Asgi, served
from slipway.errors import (
    Closed,
    Conflict,
    Final,
    InvalidInput,
    NotFound,
    Retryable,
    SlipwayError,
    Unauthorized,
)
from slipway.service import Application
from tests.contract.argocd_client import canned, client

BOOKS = Application(name="books")


def error(code: int, message: str) -> str:
    return json.dumps({"error": message, "code": code, "message": message})


def sync_refusal(app: Asgi) -> SlipwayError:
    with (
        served(app) as server,
        client(server.url) as argocd,
        pytest.raises(SlipwayError) as refused,
    ):
        argocd.sync(BOOKS, "f" * 40, None, 5)
    return refused.value


def test_S46_lists_that_are_null_or_absent_are_empty() -> None:
    for body in ('{"items":null,"nodes":null}', "{}"):
        with served(canned(200, body)) as server, client(server.url) as argocd:
            assert argocd.live.nodes(BOOKS, 5) == []
            assert argocd.live.events(BOOKS, None, 5) == []


@pytest.mark.parametrize(
    ("status", "body", "kind", "expected", "said"),
    [
        (415, "Invalid content type", "text/plain", Final, "Invalid content type"),
        (404, "Not Found", "text/plain; charset=utf-8", Final, "Not Found"),
        (405, "Method Not Allowed", "text/plain", Final, "Method Not Allowed"),
        (200, "<html>Please log in</html>", "text/html", Final, "an HTML page"),
        (403, "<html>Forbidden</html>", "text/html", Unauthorized, "an HTML page"),
        (502, "<html>Bad gateway</html>", "text/html", Retryable, "an HTML page"),
        (307, "", "text/html", Final, "an HTML page"),
        (200, '{"metadata": {', "application/json", Retryable, "cut off"),
        (200, "[]", "application/json", Retryable, "no object"),
    ],
)
def test_S47_an_answer_that_is_not_argo_cds_is_readable(
    status: int, body: str, kind: str, expected: type[SlipwayError], said: str
) -> None:
    with (
        served(canned(status, body, kind)) as server,
        client(server.url) as argocd,
        pytest.raises(expected) as refused,
    ):
        argocd.application(BOOKS, 5)
    assert said in refused.value.message
    assert "<html>" not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "code", "message", "expected"),
    [
        (400, 9, "another operation is already in progress", Retryable),
        (400, 9, "Cannot sync to abc: auto-sync currently set to main", Conflict),
        (400, 9, "application is deleting", Conflict),
        (400, 9, "error resolving repo revision: unable to resolve 'x'", NotFound),
        (400, 3, "invalid character", InvalidInput),
        (401, 16, "invalid session: token is expired", Unauthorized),
        (403, 7, "permission denied: applications, sync, default/books", Unauthorized),
        (403, 7, "cannot sync: blocked by sync window", Closed),
        (404, 5, 'applications.argoproj.io "books" not found', NotFound),
        (409, 10, "the object has been modified", Retryable),
        (429, 8, "throttled", Retryable),
        (500, 2, "revision main must be resolved", Retryable),
        (503, 14, "connection refused", Retryable),
        (504, 4, "context deadline exceeded", Retryable),
    ],
)
def test_S48_the_error_comes_from_status_and_code(
    status: int, code: int, message: str, expected: type[SlipwayError]
) -> None:
    refused = sync_refusal(canned(status, error(code, message)))
    assert type(refused) is expected
    assert message in refused.message


def test_a_server_that_is_too_busy_says_when_to_come_back() -> None:
    headers = {"retry-after": "7"}
    refused = sync_refusal(canned(429, error(8, "throttled"), "application/json", **headers))
    assert isinstance(refused, Retryable)
    assert refused.retry_after == 7


def test_S52_ending_a_sync_that_has_not_begun_yet_is_worth_another_try() -> None:
    text = "Unable to terminate operation. No operation is in progress"
    with served(canned(400, error(3, text))) as server, client(server.url) as argocd:
        with pytest.raises(Retryable, match="No operation is in progress"):
            argocd.terminate(BOOKS, 5)
        [request] = server.traffic.requests
        assert (request.method, request.path) == (
            "DELETE",
            "/api/v1/applications/books/operation",
        )


def test_S52_a_start_is_accepted_although_its_answer_has_no_state() -> None:
    answer = json.dumps({"metadata": {"name": "books"}, "operation": {}, "status": {}})
    with served(canned(200, answer)) as server, client(server.url) as argocd:
        argocd.sync(BOOKS, "f" * 40, None, 5)


def test_the_end_of_a_log_is_read_line_by_line() -> None:
    lines = [{"result": {"content": "one"}}, {"result": {"content": "two"}}, {"result": {}}]
    body = "".join(json.dumps(line) + "\n" for line in lines)
    pod = {"name": "books-1", "namespace": "books"}
    with served(canned(200, body)) as server, client(server.url) as argocd:
        assert argocd.live.log(BOOKS, pod, "", 10, 5) == ["one", "two"]


def test_S31_a_connection_without_working_tls_is_retryable_and_says_nothing_more() -> None:
    with (
        served(canned(200, "{}")) as server,
        client(server.url.replace("http:", "https:")) as argocd,
        pytest.raises(Retryable) as refused,
    ):
        argocd.application(BOOKS, 5)
    assert "SSL" in refused.value.message
    assert "nothing is known about the outcome" in refused.value.hint
