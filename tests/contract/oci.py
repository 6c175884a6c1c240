"""The distribution specification's requests, as the registry tests send them."""

import hashlib
import json
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


def start_upload(client: httpx.Client, name: str) -> httpx.URL:
    """Where to send the bytes of a blob."""
    answer = client.post(f"/v2/{name}/blobs/uploads/")
    assert answer.status_code == 202
    return answer.url.join(answer.headers["Location"])


def finish_upload(
    client: httpx.Client, location: httpx.URL, digest: str, content: bytes = b""
) -> httpx.Response:
    return client.put(location.copy_merge_params({"digest": digest}), content=content)


def push_blob(client: httpx.Client, name: str, content: bytes) -> Json:
    location = start_upload(client, name)
    assert finish_upload(client, location, digest_of(content), content).status_code == 201
    return descriptor(content)


def image(*layers: Json, config: Json, media_type: str = OCI_MANIFEST, **more: Any) -> bytes:
    document = {"schemaVersion": 2, "mediaType": media_type, "config": config}
    return json.dumps({**document, "layers": layers, **more}).encode()


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
