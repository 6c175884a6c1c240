"""Whatever a server answers, the Kubernetes client returns a value or raises one of our errors."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slipway.clients.kubernetes import Client
from slipway.clients.kubernetes_resources import APPLICATION, POD
from slipway.errors import Final, Retryable
from tests.contract.kubernetes_place import TOKEN, Said, saying, status

BOOKS = {"metadata": {"name": "books", "resourceVersion": "7"}, "spec": {}, "status": {}}
SHAPES: list[Any] = [
    BOOKS, {"metadata": {"continue": ""}, "items": [BOOKS]}, {"status": {"allowed": True}},
    {"versions": [{"version": "v1"}]}, {"type": "MODIFIED", "object": BOOKS},
    status(404, "NotFound", "not found", name="books"), status(403, "Forbidden", f"Bearer {TOKEN}"),
    {"type": "ERROR", "object": status(410, "Expired", "too old")},
    status(429, "TooManyRequests", "slow down", retryAfterSeconds=1),
]  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@st.composite
def nearly(draw: st.DrawFn) -> Any:
    """A shape that the API sends, with one place replaced."""
    value = json.loads(json.dumps(draw(st.sampled_from(SHAPES))))
    place, key, inner = None, None, value
    while isinstance(inner, dict | list) and inner and (place is None or draw(st.booleans())):
        place, key = inner, draw(st.sampled_from(list(inner) if isinstance(inner, dict) else [0]))
        inner = inner[key]
    if place is not None and draw(st.booleans()):
        place[key] = draw(JSON)
    return value


BODIES = (
    (nearly() | JSON).map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=50)
    | st.just(f"<html>Bearer {TOKEN}</html>".encode())
)
NUMBERS = st.sampled_from(["0", "17", "-1", "1e9", "9" * 400, "soon", ""])
HEADERS = st.fixed_dictionaries(
    {}, optional={"retry-after": NUMBERS, "content-type": st.sampled_from(["text/html", ""])}
)
STATUSES = st.sampled_from([200, 201, 204, 301, 400, 401, 403, 404, 409, 410, 415, 422, 429, 500])
ANSWERS = st.lists(st.tuples(STATUSES, HEADERS, BODIES), min_size=1, max_size=4)
CALLS: dict[str, Callable[[Client], object]] = {
    "get": lambda client: client.get(APPLICATION, "argocd", "books", 5),
    "list": lambda client: client.list(POD, "argocd", 5),
    "patch": lambda client: client.patch(APPLICATION, "argocd", "books", {}, 5, version="7"),
    "watch": lambda client: [c.version for c in client.watch(APPLICATION, "argocd", "7", 1)],
    "log": lambda client: client.log("argocd", "books-1", "", 5, 5),
    "events": lambda client: client.events("argocd", "Pod", "books-1", 5),
    "may": lambda client: client.may("get", POD, "argocd", "", 5),
    "versions": lambda client: client.versions("argoproj.io", 5),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Said, Client]]:
    folder: Path = tmp_path_factory.mktemp("kube")
    with saying(folder) as both:
        yield both


@pytest.mark.parametrize("call", CALLS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(answers=ANSWERS)
def test_S31_X13_any_answer_is_a_value_or_one_of_our_errors(
    place: tuple[Said, Client], call: str, answers: Any
) -> None:
    said, client = place
    empty = [(s, h, b"" if s == 204 else body) for s, h, body in answers]
    said.answers = [*empty, (500, {}, b"")]  # a list that never ends ends here
    error: Retryable | Final | None = None
    try:
        CALLS[call](client)
    except (Retryable, Final) as raised:
        error = raised
    assert TOKEN not in repr(error)
    assert error is None or error.hint
    assert len(str(error)) < 3000
