"""The distribution specification's requests, as the registry tests send them."""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
ACCEPT = {"Accept": f"{DOCKER_MANIFEST}, {OCI_MANIFEST}, {OCI_INDEX}"}

Json = dict[str, Any]


def connect(url: str, username: str, password: str) -> httpx.Client:
    """A client with credentials; loading certificates for plain HTTP would only take time."""
    return httpx.Client(base_url=url, auth=(username, password), verify=False)


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def descriptor(content: bytes, media_type: str = "application/octet-stream") -> Json:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def uploads(name: str) -> str:
    return f"/v2/{name}/blobs/uploads/"


def place(answer: httpx.Response) -> httpx.URL:
    """Where an answer says to go on."""
    return answer.url.join(answer.headers["Location"])


def start_upload(client: httpx.Client, name: str) -> httpx.URL:
    """Where to send the bytes of a blob."""
    answer = client.post(uploads(name))
    assert answer.status_code == 202
    return place(answer)


def send_chunk(
    client: httpx.Client, location: httpx.URL, content: bytes, first: int
) -> httpx.Response:
    """PATCH the bytes of a blob that begin at its byte `first`."""
    headers = {"Content-Range": f"{first}-{first + len(content) - 1}"}
    return client.patch(location, content=content, headers=headers)


def finish_upload(
    client: httpx.Client, location: httpx.URL, digest: str, content: bytes = b""
) -> httpx.Response:
    return client.put(location.copy_merge_params({"digest": digest}), content=content)


def _post_put(client: httpx.Client, name: str, content: bytes, digest: str) -> httpx.Response:
    return finish_upload(client, start_upload(client, name), digest, content)


def _post_only(client: httpx.Client, name: str, content: bytes, digest: str) -> httpx.Response:
    """A registry may answer 202, and wants a PUT then."""
    answer = client.post(uploads(name), params={"digest": digest}, content=content)
    if answer.status_code != 202:
        return answer
    return finish_upload(client, place(answer), digest, content)


def _streamed(client: httpx.Client, name: str, content: bytes, digest: str) -> httpx.Response:
    """One PATCH that does not say how long it is."""
    parts: Iterator[bytes] = iter([content[:5], content[5:]])
    answer = client.patch(start_upload(client, name), content=parts)
    assert answer.status_code == 202
    return finish_upload(client, place(answer), digest)


def _chunked(client: httpx.Client, name: str, content: bytes, digest: str) -> httpx.Response:
    location, middle = start_upload(client, name), len(content) // 2
    for first, chunk in ((0, content[:middle]), (middle, content[middle:])):
        answer = send_chunk(client, location, chunk, first)
        assert answer.status_code == 202
        assert answer.headers["Range"] == f"0-{first + len(chunk) - 1}"
        location = place(answer)
    return finish_upload(client, location, digest)


def _last_in_put(client: httpx.Client, name: str, content: bytes, digest: str) -> httpx.Response:
    middle = len(content) // 2
    answer = send_chunk(client, start_upload(client, name), content[:middle], 0)
    assert answer.status_code == 202
    return finish_upload(client, place(answer), digest, content[middle:])


Push = Callable[[httpx.Client, str, bytes, str], httpx.Response]
# Every way to push a blob: client, repository, content and the digest it is said to have.
WAYS: dict[str, Push] = {
    "POST, then PUT": _post_put,
    "POST alone": _post_only,
    "streamed PATCH": _streamed,
    "chunks": _chunked,
    "chunks, the last in the PUT": _last_in_put,
}


def push_blob(client: httpx.Client, name: str, content: bytes) -> Json:
    location = start_upload(client, name)
    assert finish_upload(client, location, digest_of(content), content).status_code == 201
    return descriptor(content)


def image(*layers: Json, config: Json, media_type: str = OCI_MANIFEST, **more: Any) -> bytes:
    document = {"schemaVersion": 2, "mediaType": media_type, "config": config}
    return json.dumps({**document, "layers": layers, **more}).encode()


def index(*manifests: Json, **more: Any) -> bytes:
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}
    return json.dumps({**document, **more}).encode()


def put_manifest(
    client: httpx.Client, name: str, reference: str, manifest: bytes
) -> httpx.Response:
    headers = {"Content-Type": json.loads(manifest)["mediaType"]}
    return client.put(f"/v2/{name}/manifests/{reference}", content=manifest, headers=headers)


def push_image(client: httpx.Client, name: str, tag: str, content: bytes, **more: Any) -> str:
    """Push a one-layer image; returns its digest."""
    config, layer = push_blob(client, name, b"{}"), push_blob(client, name, content)
    manifest = image(layer, config=config, **more)
    answer = put_manifest(client, name, tag, manifest)
    assert answer.status_code == 201, answer.text
    return digest_of(manifest)


def error_code(answer: httpx.Response) -> str:
    """The code of the only error in the answer."""
    [error] = answer.json()["errors"]
    return str(error["code"])
