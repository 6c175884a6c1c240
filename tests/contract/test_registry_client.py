"""The registry client against the stand-in, and against registries that redirect, lie or delegate."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from sandbox.registry.api import Account, Registry
from sandbox.serving import Fault, Message, Scope, Server, free_port, served
from slipway.clients.oci import DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Manifest
from slipway.clients.registry import Repository, open_anonymously, open_repository
from slipway.errors import Conflict, Final, NotFound, Retryable, Unauthorized
from slipway.settings import Settings
from tests.contract.fronts import NAME, PASSWORD, Changed, blob, push, redirecting, settings


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "registry", [Account("robot", PASSWORD, push=("team",))])


@pytest.fixture
def changed(registry: Registry) -> Changed:
    return Changed(registry.app)


@pytest.fixture
def server(changed: Changed) -> Iterator[Server]:
    with served(changed.app) as server:
        yield server


@pytest.fixture
def repository(server: Server) -> Iterator[Repository]:
    with open_repository(f"127.0.0.1:{server.port}/{NAME}", settings(server), push=True) as found:
        yield found


def test_what_was_pushed_is_found_by_tag_and_digest(repository: Repository, tmp_path: Path) -> None:
    digest = push(repository, tmp_path)
    by_tag, by_digest = repository.manifest("1.0.0"), repository.manifest(digest)
    assert by_tag.digest == by_digest.digest == digest
    assert by_tag.media_type == OCI_MANIFEST
    assert repository.json_blob(by_tag.document["config"]["digest"]) == {"config": {}}


def test_missing_version_is_none_or_not_found(repository: Repository) -> None:
    assert repository.find("9.9.9") is None
    with pytest.raises(NotFound, match=r"team/shop holds no 9\.9\.9"):
        repository.manifest("9.9.9")


def test_B15_wrong_password_is_final_and_not_shown(server: Server) -> None:
    name = f"127.0.0.1:{server.port}/{NAME}"
    with (
        open_repository(name, settings(server, "wrong-secret")) as repository,
        pytest.raises(Unauthorized) as caught,
    ):
        repository.find("1.0.0")
    assert "wrong-secret" not in str(caught.value)
    assert base64.b64encode(b"robot:wrong-secret").decode() not in str(caught.value)


def test_B16_push_without_permission_is_final(server: Server, tmp_path: Path) -> None:
    name = f"127.0.0.1:{server.port}/elsewhere/shop"
    with (
        open_repository(name, settings(server), push=True) as repository,
        pytest.raises(Unauthorized, match=f"no permission to push to {name}: DENIED"),
    ):
        repository.mount("sha256:" + "a" * 64, "team/x")


def test_B18_registry_that_is_down_is_retryable() -> None:
    address = f"127.0.0.1:{free_port()}"
    update = {"plain_http_registries": (address,)}
    with (
        open_anonymously(f"{address}/{NAME}", Settings().model_copy(update=update)) as nowhere,
        pytest.raises(Retryable, match=f"could not read {address}"),
    ):
        nowhere.find("1.0.0")


def test_B19_time_to_wait_is_passed_on(server: Server, repository: Repository) -> None:
    fault = Fault(method="HEAD", status=429, headers=(("Retry-After", "30"),))
    server.traffic.faults.append(fault)
    with pytest.raises(Retryable) as caught:
        repository.find("1.0.0")
    assert caught.value.retry_after == 30


def test_B23_connection_lost_in_an_upload_is_retryable(
    server: Server, repository: Repository, tmp_path: Path
) -> None:
    server.traffic.faults.append(Fault(method="PUT", path="/blobs/", drop=True))
    with pytest.raises(Retryable):
        push(repository, tmp_path)
    assert repository.find("1.0.0") is None
    assert push(repository, tmp_path) == repository.manifest("1.0.0").digest


@pytest.mark.parametrize("method", ["HEAD", "PUT"])
def test_B27_other_digest_than_pushed_is_refused_naming_both(
    method: str, changed: Changed, repository: Repository, tmp_path: Path
) -> None:
    wrong = "sha256:" + "0" * 64

    def lie(scope: Scope, start: Message, headers: dict[str, str]) -> None:
        if scope["method"] == method and "/manifests/" in scope["path"] and start["status"] < 300:
            headers["docker-content-digest"] = wrong

    changed.answer = lie

    def push_and_read() -> None:
        push(repository, tmp_path)
        repository.find("1.0.0")

    with pytest.raises(Final, match=rf"(?s)sha256:.*not {wrong}"):
        push_and_read()


def test_B28_head_asks_for_every_manifest_type(
    changed: Changed, repository: Repository, tmp_path: Path
) -> None:
    push(repository, tmp_path)
    changed.seen.clear()
    repository.find("1.0.0")
    for method in ("HEAD", "GET"):
        [accept] = [headers["accept"] for asked, _, headers in changed.seen if asked == method]
        assert {OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_INDEX} == set(accept.split(", "))


def test_B35_tag_that_cannot_move_is_a_conflict(repository: Repository, tmp_path: Path) -> None:
    first = push(repository, tmp_path)
    assert push(repository, tmp_path) == first
    with pytest.raises(Conflict, match="already points at"):
        push(repository, tmp_path, content=b"y")
    assert repository.manifest("1.0.0").digest == first


@pytest.mark.parametrize("form", ["{path}", "{path}?state=a%2Bb%3D", "{url}{path}?state=x"])
def test_B42_upload_location_in_every_form(
    form: str, changed: Changed, server: Server, repository: Repository, tmp_path: Path
) -> None:
    def move(scope: Scope, start: Message, headers: dict[str, str]) -> None:
        if scope["method"] == "POST":
            headers["location"] = form.format(url=server.url, path=headers["location"])

    changed.answer = move
    push(repository, tmp_path)
    [sent, *_] = [r for r in server.traffic.requests if r.method == "PUT"]
    wanted = parse_qs(form.partition("?")[2])
    assert wanted.items() <= parse_qs(sent.query).items()
    assert "digest" in parse_qs(sent.query)


def test_B42_no_credential_goes_to_another_host(
    changed: Changed, server: Server, repository: Repository, tmp_path: Path
) -> None:
    def move(scope: Scope, start: Message, headers: dict[str, str]) -> None:
        if scope["method"] == "POST":
            headers["location"] = f"http://localhost:{server.port}{headers['location']}"

    changed.answer = move
    with pytest.raises(Unauthorized):  # the stand-in wants a login there too, and gets none
        push(repository, tmp_path)
    elsewhere = [h for _, _, h in changed.seen if h["host"].startswith("localhost")]
    assert elsewhere
    assert not any("authorization" in headers for headers in elsewhere)


def test_B42_blob_behind_a_redirect_is_read_without_credential(
    changed: Changed, repository: Repository, server: Server, tmp_path: Path
) -> None:
    item = blob(tmp_path, b"a layer")
    repository.upload(item)
    changed.inner = redirecting(server.port, b"a layer")
    assert repository.download(item.digest, tmp_path / "copy").digest == item.digest
    assert (tmp_path / "copy").read_bytes() == b"a layer"
    last = changed.seen[-1][2]
    assert last["host"] == f"localhost:{server.port}"
    assert "authorization" not in last


def test_B45_manifest_of_a_missing_blob_is_final(repository: Repository) -> None:
    gone = {"mediaType": "a/b", "digest": "sha256:" + "1" * 64, "size": 1}
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": gone, "layers": [gone]}
    with pytest.raises(Final, match="MANIFEST_BLOB_UNKNOWN"):
        repository.put(Manifest(OCI_MANIFEST, json.dumps(document).encode()), "1.0.0")


@pytest.mark.parametrize("kept", [b"", b"a lay", b"A LAYER"])
def test_B46_truncated_or_altered_blob_is_refused(
    kept: bytes, changed: Changed, server: Server, repository: Repository, tmp_path: Path
) -> None:
    item = blob(tmp_path, b"a layer")
    repository.upload(item)
    changed.inner = redirecting(server.port, kept)
    with pytest.raises(Final, match=item.digest):
        repository.download(item.digest, tmp_path / "copy")
    with pytest.raises(Final, match=item.digest):
        repository.json_blob(item.digest)


def test_plain_http_is_spoken_only_where_the_settings_say_so(server: Server) -> None:
    update = {"plain_http_registries": ()}
    careful = settings(server).model_copy(update=update)
    with (
        open_repository(f"127.0.0.1:{server.port}/{NAME}", careful) as repository,
        pytest.raises(Retryable),
    ):
        repository.find("1.0.0")
    assert server.traffic.requests == []
