"""The GitHub REST stand-in over HTTP: shapes and refusals as GitHub documents them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.forge.githost import GitHost, Token
from sandbox.serving import Receive, Scope, Send, Server, served
from tests.contract.github_description import checked

NAME = "parraletz/books-api"
TOKENS = [
    Token("writer-token", (NAME,), write=True),
    Token("reader-token", (NAME,), write=False),
    Token("outsider-token", ("parraletz/other",), write=True),
]


@dataclass
class Forge:
    host: GitHost
    server: Server
    root: Path
    client: httpx.Client

    def call(
        self, method: str, path: str, token: str = "writer-token", **more: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{self.server.url}/api/v3/repos/{NAME}{path}"
        return checked(self.client.request(method, url, headers=headers, **more))

    def get(self, path: str, token: str = "writer-token") -> httpx.Response:
        return self.call("GET", path, token)

    def release(self, tag: str, **fields: Any) -> httpx.Response:
        return self.call("POST", "/releases", json={"tag_name": tag, **fields})


class _Current:
    """The host of the running test, behind a server that lives as long as the module."""

    host: GitHost

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.host.app(scope, receive, send)


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[_Current, Server, httpx.Client]]:
    current = _Current()
    with served(current.app) as server, httpx.Client() as client:
        yield current, server, client


@pytest.fixture
def forge(tmp_path: Path, shared: tuple[_Current, Server, httpx.Client]) -> Forge:
    host = GitHost(tmp_path, TOKENS)
    host.create(NAME)
    host.commit(NAME, "main", {"a.txt": b"a\n"}, "feat: <first>\n\nBody.\n")
    current, server, client = shared
    current.host = host
    return Forge(host, server, tmp_path, client)


def test_the_repository_has_its_shape_and_limits(forge: Forge) -> None:
    answer = forge.get("")
    body = answer.json()
    assert answer.status_code == 200
    assert (body["full_name"], body["default_branch"]) == (NAME, "main")
    assert body["html_url"] == f"{forge.server.url}/{NAME}"
    assert body["permissions"]["pull"] is True
    assert answer.headers["x-ratelimit-limit"] == "5000"
    again = forge.get("")
    left = int(answer.headers["x-ratelimit-remaining"])
    assert int(again.headers["x-ratelimit-remaining"]) == left - 1


@pytest.mark.parametrize(
    ("token", "method", "path", "status", "message"),
    [
        ("wrong", "GET", "", 401, "Bad credentials"),
        ("", "GET", "", 404, "Not Found"),
        ("outsider-token", "GET", "", 404, "Not Found"),
        ("writer-token", "GET", "/nothing/here", 404, "Not Found"),
        ("writer-token", "DELETE", "/releases", 404, "Not Found"),
        ("writer-token", "GET", "/releases/tags/v9.9.9", 404, "Not Found"),
        ("writer-token", "GET", "/git/ref/tags/v9.9.9", 404, "Not Found"),
        ("writer-token", "PATCH", "/releases/99", 404, "Not Found"),
        (
            "reader-token",
            "POST",
            "/releases",
            403,
            "Resource not accessible by personal access token",
        ),
        (
            "reader-token",
            "POST",
            f"/statuses/{'a' * 40}",
            403,
            "Resource not accessible by personal access token",
        ),
        ("writer-token", "POST", f"/statuses/{'a' * 40}", 422, "No commit found for SHA"),
        ("writer-token", "GET", f"/commits/{'a' * 40}", 422, "No commit found for SHA"),
        ("writer-token", "GET", "/commits/--help", 422, "No commit found for SHA"),
        ("writer-token", "POST", "/releases", 400, "Problems parsing JSON"),
    ],
)
def test_refusals_are_json_with_githubs_words(
    forge: Forge, token: str, method: str, path: str, status: int, message: str
) -> None:
    answer = forge.call(method, path, token)
    assert answer.status_code == status
    assert message in answer.json()["message"]
    assert str(forge.root) not in answer.text
    assert "x-ratelimit-remaining" in answer.headers


def test_a_release_is_created_and_found_by_its_tag(forge: Forge) -> None:
    made = forge.release("v1.0.0", name="1.0.0", body="notes")
    assert made.status_code == 201
    found = forge.get("/releases/tags/v1.0.0").json()
    assert found == made.json()
    assert (found["name"], found["body"], found["draft"]) == ("1.0.0", "notes", False)
    assert found["published_at"]
    assert found["html_url"] == f"{forge.server.url}/{NAME}/releases/tag/v1.0.0"


def test_a_missing_tag_is_made_at_the_target(forge: Forge) -> None:
    first = forge.host.head(NAME)
    forge.host.commit(NAME, "main", {"b.txt": b"b\n"}, "feat: second\n")
    assert forge.release("v1.0.0", target_commitish=first).status_code == 201
    target = forge.get("/git/ref/tags/v1.0.0").json()["object"]
    assert (target["type"], target["sha"]) == ("commit", first)


def test_an_annotated_tag_answers_with_its_own_object(forge: Forge) -> None:
    head = forge.host.head(NAME)
    identity = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com"]
    forge.host.repositories.git(NAME, *identity, "tag", "-a", "-m", "v2", "v2.0.0", "main")
    target = forge.get("/git/ref/tags/v2.0.0").json()["object"]
    assert target["type"] == "tag"
    assert target["sha"] != head
    assert forge.get("/commits/v2.0.0").json()["sha"] == head


def test_a_second_release_of_a_tag_already_exists(forge: Forge) -> None:
    forge.release("v1.0.0")
    again = forge.release("v1.0.0")
    assert again.status_code == 422
    assert again.json()["message"] == "Validation Failed"
    error = {"resource": "Release", "code": "already_exists", "field": "tag_name"}
    assert again.json()["errors"] == [error]
    assert len(forge.get("/releases").json()) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"body": "x" * 125_001},
        {"target_commitish": "no-such-branch"},
        {"tag_name": ""},
        {"tag_name": "bad..name"},
        {"draft": "yes"},
    ],
)
def test_a_bad_release_is_refused_and_leaves_nothing(forge: Forge, fields: dict[str, Any]) -> None:
    answer = forge.call("POST", "/releases", json={"tag_name": "v1.0.0", **fields})
    assert answer.status_code == 422
    assert forge.get("/releases").json() == []
    assert forge.get("/git/ref/tags/v1.0.0").status_code == 404


def test_the_longest_body_is_accepted(forge: Forge) -> None:
    assert forge.release("v1.0.0", body="ñ" * 125_000).status_code == 201


def test_a_protected_tag_is_not_made_by_a_release(forge: Forge) -> None:
    forge.host.protect(NAME, "refs/tags/v*")
    assert forge.release("v1.0.0").status_code == 422
    assert forge.get("/git/ref/tags/v1.0.0").status_code == 404


def test_a_draft_is_listed_for_writers_and_found_by_tag_only_when_published(forge: Forge) -> None:
    draft = forge.release("v1.0.0", draft=True).json()
    assert forge.get("/releases/tags/v1.0.0").status_code == 404
    assert forge.get("/git/ref/tags/v1.0.0").status_code == 404
    assert [r["id"] for r in forge.get("/releases").json()] == [draft["id"]]
    assert forge.get("/releases", "reader-token").json() == []
    published = forge.call("PATCH", f"/releases/{draft['id']}", json={"draft": False})
    assert published.status_code == 200
    assert forge.get("/releases/tags/v1.0.0").json()["id"] == draft["id"]
    assert forge.get("/git/ref/tags/v1.0.0").status_code == 200


def test_releases_come_in_pages_that_link_to_each_other(forge: Forge) -> None:
    for number in range(5):
        forge.release(f"v1.{number}.0")
    first = forge.get("/releases?per_page=2")
    assert [r["tag_name"] for r in first.json()] == ["v1.4.0", "v1.3.0"]
    assert set(first.links) == {"next", "last"}
    seen, page = first.json(), first
    while "next" in page.links:
        page = forge.client.get(page.links["next"]["url"], headers=page.request.headers)
        seen += page.json()
    assert [r["tag_name"] for r in seen] == [f"v1.{n}.0" for n in (4, 3, 2, 1, 0)]
    assert set(page.links) == {"prev", "first"}


def test_a_commit_has_its_shape(forge: Forge) -> None:
    sha = forge.host.head(NAME)
    body = forge.get(f"/commits/{sha}").json()
    assert body["sha"] == sha
    assert body["commit"]["message"] == "feat: <first>\n\nBody."
    assert body["commit"]["author"]["email"] == "mia@example.com"
    assert body["parents"] == []
    assert body["html_url"] == f"{forge.server.url}/{NAME}/commit/{sha}"


def test_the_combined_status_takes_the_newest_of_each_context(forge: Forge) -> None:
    sha = forge.host.head(NAME)
    empty = forge.get(f"/commits/{sha}/status").json()
    assert (empty["state"], empty["total_count"]) == ("pending", 0)

    def post(state: str, context: str) -> None:
        made = forge.call("POST", f"/statuses/{sha}", json={"state": state, "context": context})
        assert made.status_code == 201
        assert made.json()["state"] == state

    post("pending", "slip/staging")
    post("success", "tests")
    assert forge.get(f"/commits/{sha}/status").json()["state"] == "pending"
    post("success", "slip/staging")
    combined = forge.get(f"/commits/{sha}/status").json()
    assert (combined["state"], combined["total_count"]) == ("success", 2)
    post("failure", "slip/staging")
    assert forge.get(f"/commits/{sha}/status").json()["state"] == "failure"
    listed = forge.get(f"/commits/{sha}/statuses").json()
    assert [s["state"] for s in listed] == ["failure", "success", "success", "pending"]


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "done"},
        {"state": "success", "description": "x" * 141},
        {"state": "success", "target_url": "javascript:alert(1)"},
    ],
)
def test_a_bad_status_is_refused(forge: Forge, fields: dict[str, str]) -> None:
    sha = forge.host.head(NAME)
    assert forge.call("POST", f"/statuses/{sha}", json=fields).status_code == 422
    assert forge.get(f"/commits/{sha}/statuses").json() == []


def test_a_restart_forgets_nothing(forge: Forge) -> None:
    made = forge.release("v1.0.0", body="notes").json()
    sha = forge.host.head(NAME)
    forge.call("POST", f"/statuses/{sha}", json={"state": "success"})
    with served(GitHost(forge.root, TOKENS).app) as server:
        again = Forge(forge.host, server, forge.root, forge.client)
        assert again.get("/releases/tags/v1.0.0").json()["id"] == made["id"]
        assert again.get(f"/commits/{sha}/status").json()["state"] == "success"
        assert again.release("v1.1.0").json()["id"] > made["id"]


def test_the_links_of_a_report_open_and_escape_what_people_wrote(forge: Forge) -> None:
    release = forge.release("v1.0.0", name="<b>1</b>", body="<script>x</script>").json()
    sha = forge.host.head(NAME)
    for url in (release["html_url"], f"{forge.server.url}/{NAME}/commit/{sha}"):
        answer = forge.client.get(url)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
        assert "<script>" not in answer.text
        assert "<b>" not in answer.text
        assert "<first>" not in answer.text
    assert "&lt;first&gt;" in answer.text
    listed = forge.client.get(f"{forge.server.url}/{NAME}")
    assert sha is not None
    assert sha in listed.text


def test_a_page_of_nothing_is_not_found(forge: Forge) -> None:
    for path in (f"{NAME}/commit/{'a' * 40}", f"{NAME}/releases/tag/v9", "no/where"):
        assert forge.client.get(f"{forge.server.url}/{path}").status_code == 404
