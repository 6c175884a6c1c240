"""Puts the image of a seeded version into the registry, so that something runs before we begin."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any

import httpx

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def push(
    registry: str, account: tuple[str, str], tag: str, files: Mapping[str, bytes], revision: str
) -> str:
    """Push `files` as an image that runs server.py; its digest. `registry` is host/path."""
    host, _, name = registry.partition("/")
    tar = _tar(files)
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Cmd": ["python3", "/app/server.py"],
            "WorkingDir": "/app",
            "Labels": {
                "org.opencontainers.image.version": tag,
                "org.opencontainers.image.revision": revision,
            },
        },
        "rootfs": {"type": "layers", "diff_ids": [_digest(tar)]},
    }
    with httpx.Client(base_url=f"http://{host}/v2/{name}", auth=account, trust_env=False) as http:
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _blob(http, json.dumps(config).encode(), _CONFIG),
            "layers": [_blob(http, gzip.compress(tar, mtime=0), _LAYER)],
        }
        body = json.dumps(manifest).encode()
        answer = http.put(f"/manifests/{tag}", content=body, headers={"Content-Type": _MANIFEST})
        answer.raise_for_status()
    return _digest(body)


def _blob(http: httpx.Client, content: bytes, media_type: str) -> dict[str, Any]:
    upload = http.post("/blobs/uploads/")
    upload.raise_for_status()
    place = upload.url.join(upload.headers["Location"])
    http.put(
        place.copy_merge_params({"digest": _digest(content)}), content=content
    ).raise_for_status()
    return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _tar(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(f"app/{name}")
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
