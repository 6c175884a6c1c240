"""Whatever a server answers, the GitHub client returns a value or raises one of our errors."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from sandbox.serving import Receive, Scope, Send, served
from slipway.clients.github import GitHub, Page, Pull
from slipway.errors import Final, Retryable

TOKEN = "ghp_" + "a1B2" * 9
SHA = "c" * 40
ASSET = {"id": 1, "name": "a.json", "size": 2, "state": "uploaded", "digest": None}
RELEASE = {"id": 1, "tag_name": "v1.0.0", "html_url": "https://x/1", "draft": True,
           "prerelease": False, "body": None, "upload_url": "https://x/1{?name}",
           "assets": [ASSET]}  # fmt: skip
PULL = {"number": 1, "html_url": "https://x/1", "title": "t", "body": None, "state": "open",
        "merged_at": None, "head": {"ref": "release", "sha": SHA,
        "label": "acme:release"}, "labels": [{"name": "a"}]}  # fmt: skip
RUN = {"id": 1, "name": "build", "status": "completed", "conclusion": "success", "html_url": "x",
       "app": {"slug": "ci"}, "check_suite": {"id": 1}}  # fmt: skip
STATUS = {"context": "build", "state": "success", "target_url": None}
ERRORS = [{"code": "already_exists", "message": "A pull request already exists"}]
SHAPES: list[Any] = [
    RELEASE, PULL, ASSET, [RELEASE], [PULL], [ASSET], {"check_runs": [RUN]},
    {"workflow_runs": [RUN]}, {"statuses": [STATUS]},
    {"message": f"no, Bearer {TOKEN}", "errors": ERRORS}, {"message": "rate limit"},
]  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@st.composite
def nearly(draw: st.DrawFn) -> Any:
    """A shape that GitHub sends, with one place replaced."""
    value = json.loads(json.dumps(draw(st.sampled_from(SHAPES))))
    place, key = None, None
    inner = value
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
NUMBERS = st.sampled_from([b"0", b"17", b"-1", b"1e9", b"\xb2", b"9" * 400, b"soon", b""])
HEADERS = st.lists(
    st.tuples(st.sampled_from([b"retry-after", b"x-ratelimit-remaining", b"x-ratelimit-reset"]), NUMBERS)
    | st.tuples(
        st.just(b"link"),
        st.sampled_from(
            [b'<http://[>; rel="next"', b'<//evil/2>; rel="next"', b"; rel=next", b'<?page=2>; rel="next"',
             b'<https://evil.example/2>; rel="next"'],
        ),
    )
    | st.tuples(st.just(b"x-accepted-github-permissions"), st.just(b"contents=\xffwrite")),
    max_size=3,
)  # fmt: skip
STATUSES = st.sampled_from([200, 201, 204, 301, 304, 400, 401, 403, 404, 409, 422, 429, 500, 503])
ANSWERS = st.lists(st.tuples(STATUSES, HEADERS, BODIES), min_size=1, max_size=4)

PAGE = Page.model_validate(RELEASE | {"upload_url": ""})
OPEN = Pull(number=1, html_url="", title="", body="", open=True, merged=False, head_sha=SHA)
CALLS: dict[str, Callable[[GitHub, Page], object]] = {
    "release": lambda github, page: github.release("v1.0.0"),
    "create": lambda github, page: github.create("v1.0.0", SHA, "notes", draft=True),
    "publish": lambda github, page: github.publish(page),
    "rewrite": lambda github, page: github.rewrite(page, "notes"),
    "attach": lambda github, page: github.attach(page, "a.json", b"{}", "application/json"),
    "open_pull": lambda github, page: github.open_pull("release", "main"),
    "newest_pull": lambda github, page: github.newest_pull("release", "main"),
    "create_pull": lambda github, page: github.create_pull("release", "main", "title", "body"),
    "change_pull": lambda github, page: github.change_pull(OPEN, title="title", body="body"),
    "close_pull": lambda github, page: github.close_pull(OPEN),
    "label": lambda github, page: github.label(OPEN, ("a",)),
    "checks": lambda github, page: github.checks(SHA),
}


@dataclass
class Anything:
    """Gives its answers in turn, and then again."""

    answers: list[tuple[int, list[tuple[bytes, bytes]], bytes]] = field(default_factory=list)
    given: int = 0

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, headers, body = self.answers[self.given % len(self.answers)]
        self.given += 1
        body = b"" if status in (204, 304) else body
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Anything, GitHub, Page]]:
    anything = Anything()
    with (
        served(anything.app) as server,
        GitHub(server.url, "https://x/acme/shop", SecretStr(TOKEN)) as github,
    ):
        yield anything, github, PAGE.model_copy(update={"upload_url": f"{server.url}/up{{?name}}"})


@pytest.mark.parametrize("call", CALLS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(answers=ANSWERS)
def test_R54_X13_any_answer_is_a_value_or_one_of_our_errors(
    place: tuple[Anything, GitHub, Page], call: str, answers: Any
) -> None:
    anything, github, page = place
    anything.answers, anything.given = answers, 0
    error: Retryable | Final | None = None
    try:
        CALLS[call](github, page)
    except (Retryable, Final) as raised:
        error = raised
    assert TOKEN not in repr(error)
    assert error is None or error.hint
    assert len(str(error)) < 3000
