"""Attaching files and settling drafts: Slipway's client against the forge's stand-in."""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from sandbox.serving import Fault, Scope, served
from slipway.clients.github import GitHub, Page
from slipway.clients.github.assets import takes_uploads
from slipway.errors import Conflict, Final, InvalidInput, Retryable, Unauthorized
from tests.contract.forge_place import READER, Forge, a_forge

TAG = "v1.1.0"
SBOM = b'{"bomFormat": "CycloneDX"}'
JSON = "application/json"


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    with a_forge(tmp_path) as forge:
        yield forge


@pytest.fixture
def github(forge: Forge) -> Iterator[GitHub]:
    with forge.client() as github:
        yield github


@pytest.fixture
def draft(forge: Forge, github: GitHub) -> Page:
    page = github.create(TAG, forge.head(), "notes", draft=True)
    assert page
    assert page.draft
    forge.server.traffic.reset()
    return page


def files(forge: Forge, page: Page) -> dict[str, tuple[str, int]]:
    listed = forge.call("GET", f"/releases/{page.id}/assets").json()
    return {asset["name"]: (asset["state"], asset["size"]) for asset in listed}


def test_a_draft_gets_its_files_and_is_published(forge: Forge, github: GitHub, draft: Page) -> None:
    github.attach(draft, "sbom.json", SBOM, JSON)
    page = github.publish(draft)
    assert (page.id, page.draft, page.prerelease, page.body) == (draft.id, False, False, "notes")
    assert [(asset.name, asset.digest) for asset in page.assets] == [
        ("sbom.json", f"sha256:{hashlib.sha256(SBOM).hexdigest()}")
    ]
    got = httpx.get(
        f"{forge.api}/repos/{github.name}/releases/assets/{page.assets[0].id}",
        headers={"Authorization": "Bearer writer-token", "Accept": "application/octet-stream"},
    )
    assert got.content == SBOM


def test_R55_the_same_file_again_writes_nothing(forge: Forge, github: GitHub, draft: Page) -> None:
    github.attach(draft, "sbom.json", SBOM, JSON)
    forge.server.traffic.reset()
    github.attach(draft, "sbom.json", SBOM, JSON)
    assert forge.writes() == []


@pytest.mark.parametrize("other", [SBOM[:-1], SBOM.replace(b"C", b"K")], ids=["size", "digest"])
def test_R55_another_content_under_the_name_is_a_conflict(
    forge: Forge, github: GitHub, draft: Page, other: bytes
) -> None:
    github.attach(draft, "sbom.json", other, JSON)
    with pytest.raises(Conflict, match=r"sbom\.json.*other content"):
        github.attach(draft, "sbom.json", SBOM, JSON)
    assert files(forge, draft) == {"sbom.json": ("uploaded", len(other))}


def test_R55_an_upload_that_broke_off_is_replaced(
    forge: Forge, github: GitHub, draft: Page
) -> None:
    forge.host.github.rules.broken_uploads = 1
    with pytest.raises(Retryable, match="502"):
        github.attach(draft, "sbom.json", SBOM, JSON)
    assert files(forge, draft) == {"sbom.json": ("starter", 0)}
    github.attach(draft, "sbom.json", SBOM, JSON)
    assert files(forge, draft) == {"sbom.json": ("uploaded", len(SBOM))}


def test_R55_an_upload_whose_answer_was_lost_is_found(
    forge: Forge, github: GitHub, draft: Page
) -> None:
    forge.server.traffic.faults.append(Fault(method="POST", path="/assets", lose_answer=True))
    with pytest.raises(Retryable):
        github.attach(draft, "sbom.json", SBOM, JSON)
    forge.server.traffic.reset()
    github.attach(draft, "sbom.json", SBOM, JSON)
    assert forge.writes() == []


@pytest.mark.parametrize("theirs", [SBOM, b"{}"], ids=["equal", "other"])
def test_R55_already_exists_is_judged_by_what_is_there(
    forge: Forge, github: GitHub, draft: Page, theirs: bytes
) -> None:
    forge.before = between("POST", "/assets", lambda: forge.attached(draft.id, "sbom.json", theirs))
    if theirs == SBOM:
        github.attach(draft, "sbom.json", SBOM, JSON)
    else:
        with pytest.raises(Conflict, match="other content"):
            github.attach(draft, "sbom.json", SBOM, JSON)
    assert files(forge, draft) == {"sbom.json": ("uploaded", len(theirs))}


def test_R55_two_runners_attach_one_file(forge: Forge, draft: Page) -> None:
    def attach(_runner: int) -> None:
        with forge.client() as github:
            github.attach(draft, "sbom.json", SBOM, JSON)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(attach, range(3)))
    assert files(forge, draft) == {"sbom.json": ("uploaded", len(SBOM))}


def test_R48_R55_an_immutable_release_takes_no_file(
    forge: Forge, github: GitHub, draft: Page
) -> None:
    forge.host.github.rules.immutable_releases = True
    page = github.publish(draft)
    with pytest.raises(Final, match="immutable release") as caught:
        github.attach(page, "sbom.json", SBOM, JSON)
    assert "draft" in caught.value.hint
    assert github.rewrite(page, "more notes").body == "more notes"


@pytest.mark.parametrize("name", ["", "a b.json", "../a", ".hidden", "a.", "ä.json", "a/b"])
def test_a_name_that_github_would_change_is_refused(
    forge: Forge, github: GitHub, draft: Page, name: str
) -> None:
    with pytest.raises(InvalidInput, match="rename"):
        github.attach(draft, name, SBOM, JSON)
    assert forge.server.traffic.requests == []


def test_X9_a_file_goes_to_no_other_host(forge: Forge, github: GitHub, draft: Page) -> None:
    with served(forge.host.app) as other:
        moved = draft.upload_url.replace(forge.server.url, other.url)
        with pytest.raises(Final, match="another host"):
            github.attach(draft.model_copy(update={"upload_url": moved}), "a.json", SBOM, JSON)
        assert other.traffic.requests == []


@pytest.mark.parametrize(
    ("api", "url", "fits"),
    [
        ("https://api.github.com", "https://uploads.github.com/repos/a/b", True),
        ("https://api.acme.ghe.com", "https://uploads.acme.ghe.com/repos/a/b", True),
        ("https://git.acme.com/api/v3", "https://git.acme.com/api/uploads/repos/a/b", True),
        ("https://api.github.com", "https://uploads.github.com.evil.com/repos/a/b", False),
        ("https://api.github.com", "https://uploads.evil.com/repos/a/b", False),
        ("https://api.github.com", "http://uploads.github.com/repos/a/b", False),
        ("https://api.github.com", "https://uploads.github.com:8443/repos/a/b", False),
        ("https://api.github.com", "https://x@evil.com/uploads.github.com", False),
        ("https://git.acme.com/api/v3", "https://uploads.git.acme.com/repos/a/b", False),
    ],
)
def test_X9_where_the_credential_may_go_with_a_file(api: str, url: str, fits: bool) -> None:
    assert takes_uploads(httpx.URL(url), httpx.URL(api)) is fits


def test_a_reader_attaches_nothing(forge: Forge, github: GitHub, draft: Page) -> None:
    page = github.publish(draft)
    with forge.client(READER) as reader, pytest.raises(Unauthorized, match="not accessible"):
        reader.attach(page, "sbom.json", SBOM, JSON)
    assert files(forge, page) == {}


def test_R35_of_two_drafts_made_at_once_one_stays(forge: Forge) -> None:
    def create(_runner: int) -> Page | None:
        with forge.client() as github:
            return github.create(TAG, forge.head(), "notes", draft=True)

    with ThreadPoolExecutor(3) as pool:
        pages = list(pool.map(create, range(3)))
    assert len({page.id for page in pages if page}) == 1
    assert len(forge.host.github.ledger.releases("acme/shop")) == 1


@pytest.mark.parametrize("notes", ["notes", "notes\n\nscanned", "not"])
def test_R35_a_twin_left_by_a_killed_runner_goes_when_the_draft_is_published(
    forge: Forge, github: GitHub, draft: Page, notes: str
) -> None:
    twin = forge.call("POST", "/releases", {"tag_name": TAG, "body": notes, "draft": True})
    person = forge.call("POST", "/releases", {"tag_name": TAG, "body": "mine", "draft": True})
    assert github.publish(draft).id == draft.id
    left = [entry["id"] for entry in forge.host.github.ledger.releases("acme/shop")]
    assert left == [draft.id, person.json()["id"]]
    assert twin.json()["id"] not in left


def test_R35_a_draft_gives_way_to_the_release_that_was_published_first(
    forge: Forge, github: GitHub, draft: Page
) -> None:
    def publish_another() -> None:
        forge.released(TAG, "theirs")

    forge.before = between("PATCH", "/releases/", publish_another)
    page = github.publish(draft)
    assert (page.draft, page.body) == (False, "theirs")
    assert len(forge.host.github.ledger.releases("acme/shop")) == 1


def test_R35_a_draft_that_another_runner_removed_is_looked_for_again(
    forge: Forge, github: GitHub, draft: Page
) -> None:
    forge.call("DELETE", f"/releases/{draft.id}")
    for attempt in (
        lambda: github.attach(draft, "sbom.json", SBOM, JSON),
        lambda: github.publish(draft),
        lambda: github.rewrite(draft, "more"),
    ):
        with pytest.raises(Retryable, match="Not Found"):
            attempt()
    assert github.release(TAG) is None


def test_a_draft_is_found_by_its_tag(github: GitHub, draft: Page) -> None:
    found = github.release(TAG)
    assert found
    assert (found.id, found.draft) == (draft.id, True)


def test_a_prerelease_is_one(forge: Forge, github: GitHub) -> None:
    page = github.create("v2.0.0-rc.1", forge.head(), "notes", prerelease=True)
    assert page
    assert page.prerelease


def between(method: str, path: str, act: Callable[[], None]) -> Callable[[Scope], None]:
    """Do something once, just before a request is served."""
    waiting = [act]

    def before(scope: Scope) -> None:
        if waiting and scope["method"] == method and path in scope["path"]:
            waiting.pop()()

    return before
