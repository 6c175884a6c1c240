"""What belongs to an image is listed by the registry, or by us where the registry cannot."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.registry.api import Account, Registry
from sandbox.serving import Asgi, Message, Receive, Scope, Send, Server, served
from slipway.clients import registry_lists
from slipway.clients.oci import OCI_INDEX, OCI_MANIFEST, Blob, Manifest
from slipway.clients.registry import Repository, open_repository
from slipway.errors import Conflict, Final, Retryable
from tests.contract.fronts import NAME, PASSWORD, Changed, push, settings

KIND = "application/vnd.example.note"


def note(repository: Repository, subject: str, text: str, kind: str = KIND) -> Manifest:
    """A manifest that refers to `subject`; its blobs are there, itself is not."""
    empty, content = Blob.of(b"{}"), Blob.of(text.encode())
    for blob in (empty, content):
        repository.upload(blob)
    return Manifest.of(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": kind,
            "config": empty.descriptor("application/vnd.oci.empty.v1+json"),
            "layers": [content.descriptor("text/plain")],
            "subject": {"mediaType": OCI_MANIFEST, "digest": subject, "size": 1},
            "annotations": {"text": text},
        }
    )


def texts(repository: Repository, subject: str) -> list[str]:
    found = registry_lists.referrers(repository, subject, KIND)
    return sorted(item["annotations"]["text"] for item in found)


@pytest.fixture(params=[True, False], ids=["with-api", "without-api"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Registry:
    accounts = [Account("robot", PASSWORD, push=("team",))]
    return Registry(tmp_path / "registry", accounts, referrers=request.param)


@pytest.fixture
def changed(registry: Registry) -> Changed:
    return Changed(registry.app)


@pytest.fixture
def server(changed: Changed) -> Iterator[Server]:
    with served(changed.app) as server:
        yield server


def opened(server: Server) -> Repository:
    return open_repository(f"127.0.0.1:{server.port}/{NAME}", settings(server), push=True)


@pytest.fixture
def repository(server: Server) -> Iterator[Repository]:
    with opened(server) as found:
        yield found


def test_B40_a_fallback_tag_is_written_only_where_there_is_no_api(
    registry: Registry, repository: Repository, tmp_path: Path
) -> None:
    digest = push(repository, tmp_path)
    for text in ("one", "two"):
        registry_lists.refer(repository, note(repository, digest, text))
    registry_lists.refer(repository, note(repository, digest, "other", kind="application/x"))
    assert texts(repository, digest) == ["one", "two"]
    fallback = repository.find(registry_lists.fallback_tag(digest))
    assert (fallback is None) == (repository.referrers(digest, KIND) is not None)
    assert sorted(registry.store.tags(NAME)) == sorted(
        ["1.0.0", *([registry_lists.fallback_tag(digest)] if fallback else [])]
    )


def test_an_entry_is_there_once(repository: Repository, tmp_path: Path) -> None:
    digest = push(repository, tmp_path)
    item = note(repository, digest, "one")
    registry_lists.refer(repository, item)
    registry_lists.refer(repository, item)
    assert texts(repository, digest) == ["one"]


def test_nothing_refers_to_a_new_image(repository: Repository, tmp_path: Path) -> None:
    assert texts(repository, push(repository, tmp_path)) == []


@pytest.mark.parametrize("registry", [False], indirect=True)
def test_B40_the_entry_of_a_fallback_list_is_complete(
    repository: Repository, tmp_path: Path
) -> None:
    digest = push(repository, tmp_path)
    item = note(repository, digest, "one")
    registry_lists.refer(repository, item)
    index = repository.manifest(registry_lists.fallback_tag(digest))
    assert index.media_type == OCI_INDEX
    assert index.document["manifests"] == [
        {
            "mediaType": OCI_MANIFEST,
            "digest": item.digest,
            "size": len(item.body),
            "artifactType": KIND,
            "annotations": {"text": "one"},
        }
    ]


class Meeting:
    """Holds the answers to the first reads of the list until every writer has its own."""

    def __init__(self, inner: Asgi, path: str, writers: int) -> None:
        self.inner, self.path, self.missing = inner, path, writers
        self.complete = asyncio.Event()

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start" and reads:
                self.missing -= 1
                if self.missing <= 0:
                    self.complete.set()
                await self.complete.wait()
            await send(message)

        reads = scope["method"] == "HEAD" and scope["path"].endswith(self.path)
        await self.inner(scope, receive, tell)


@pytest.mark.parametrize("registry", [False], indirect=True)
def test_B41_writers_at_the_same_time_lose_nothing(
    registry: Registry, changed: Changed, server: Server, repository: Repository, tmp_path: Path
) -> None:
    digest, names = push(repository, tmp_path), ["one", "two", "three"]
    changed.inner = Meeting(registry.app, registry_lists.fallback_tag(digest), len(names)).app

    def write(text: str) -> None:
        with opened(server) as own:
            registry_lists.refer(own, note(own, digest, text))

    writers = [threading.Thread(target=write, args=(text,)) for text in names]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    puts = [r for r in server.traffic.writes() if r.path.endswith(digest.replace(":", "-"))]
    assert len(puts) > len(names), "they did not meet"
    assert texts(repository, digest) == sorted(names)


def test_a_list_that_never_settles_is_retryable(repository: Repository, tmp_path: Path) -> None:
    digest = push(repository, tmp_path)
    image = repository.manifest(digest)

    def never(_current: Manifest | None) -> Manifest:
        return image

    with pytest.raises(Retryable, match="written by others all the time"):
        registry_lists.update(repository, "list", never)


def test_a_list_that_may_not_move_says_what_to_allow(
    repository: Repository, tmp_path: Path
) -> None:
    push(repository, tmp_path)
    other = Manifest.of({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []})
    with pytest.raises(Conflict, match=r"(?s)already points at.*let tags like 1\.0\.0 move"):
        registry_lists.update(repository, "1.0.0", lambda _: other)


def _paged(pages: list[dict[str, Any]], link: Callable[[int], str]) -> Asgi:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        number = int(scope["query_string"].decode().partition("page=")[2] or 0)
        body = json.dumps(pages[number % len(pages)]).encode()
        headers = []
        if number + 1 < len(pages) or len(pages) == 1:
            headers = [(b"link", f'<{link(number + 1)}>; rel="next"'.encode())]
        start: Message = {"type": "http.response.start", "status": 200, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": body})

    return app


def _page(*names: str) -> dict[str, Any]:
    entries = [{"artifactType": KIND, "annotations": {"text": name}} for name in names]
    return {"schemaVersion": 2, "manifests": [*entries, {"artifactType": "another"}]}


DIGEST = "sha256:" + "a" * 64


def test_every_page_is_read_and_the_filter_is_ours_too(
    changed: Changed, repository: Repository
) -> None:
    changed.inner = _paged([_page("one", "two"), _page("three")], "/v2/x?page={}".format)
    assert texts(repository, DIGEST) == ["one", "three", "two"]


def test_X52_a_page_of_another_host_is_not_asked(changed: Changed, repository: Repository) -> None:
    changed.inner = _paged([_page("one"), _page()], "http://localhost:1/?page={}".format)
    with pytest.raises(Final, match="the next page is elsewhere"):
        texts(repository, DIGEST)


def test_a_list_without_end_is_given_up(changed: Changed, repository: Repository) -> None:
    changed.inner = _paged([_page("one")], "/v2/x?page={}".format)
    with pytest.raises(Final, match="the list does not end"):
        texts(repository, DIGEST)


@pytest.mark.parametrize("body", [{"manifests": None}, {"manifests": ["x"]}, {}])
def test_an_answer_that_is_no_list_is_final(
    body: dict[str, Any], changed: Changed, repository: Repository
) -> None:
    changed.inner = _paged([body, body], str)
    with pytest.raises(Final, match="the answer has no list of manifests"):
        texts(repository, DIGEST)
