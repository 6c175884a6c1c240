"""What a registry stores: manifests and blobs, both named by the SHA-256 of their bytes."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from slipway.errors import Final

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
INDEXES = (OCI_INDEX, DOCKER_INDEX)
ACCEPT = f"{OCI_MANIFEST}, {OCI_INDEX}, {DOCKER_MANIFEST}, {DOCKER_INDEX}"
CHUNK = 1 << 20  # bytes


def canonical(document: Any) -> bytes:
    """The one way a document is written, so that equal documents have equal digests."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest_of(content: bytes) -> str:
    """`sha256:` and the hash of `content`."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(frozen=True)
class Manifest:
    """An image manifest or index: its exact bytes, and what they are."""

    media_type: str
    body: bytes

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the bytes."""
        return digest_of(self.body)

    @classmethod
    def of(cls, document: dict[str, Any]) -> Self:
        """The manifest that `document`, which names its own media type, is written as."""
        return cls(document["mediaType"], canonical(document))

    @cached_property
    def document(self) -> dict[str, Any]:
        """The manifest as JSON; Final when it is none."""
        try:
            document = json.loads(self.body)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise Final(f"manifest {self.digest} is not a JSON object", "push the image again")
        return document


@dataclass(frozen=True)
class Blob:
    """Content to upload. It can be read several times, so a request with it can be repeated."""

    content: Path | bytes
    digest: str
    size: int  # bytes

    @classmethod
    def of(cls, content: Path | bytes) -> Self:
        """A file, or bytes, hashed."""
        if isinstance(content, bytes):
            return cls(content, digest_of(content), len(content))
        with content.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(content, f"sha256:{found}", content.stat().st_size)

    def descriptor(self, media_type: str, **more: Any) -> dict[str, Any]:
        """How a manifest refers to the blob."""
        return {"mediaType": media_type, "digest": self.digest, "size": self.size, **more}

    def __iter__(self) -> Iterator[bytes]:
        if isinstance(self.content, bytes):
            yield self.content
            return
        with self.content.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
