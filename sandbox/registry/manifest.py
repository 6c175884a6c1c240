"""What the registry stand-in knows about manifests, digests and its own refusals."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
INDEXES = (DOCKER_LIST, OCI_INDEX)
MEDIA_TYPES = (DOCKER_MANIFEST, OCI_MANIFEST, *INDEXES)

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


class RegistryError(Exception):
    """A refusal, with the code that the distribution specification gives it."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        detail: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.detail, self.headers = detail, dict(headers or {})


@dataclass(frozen=True)
class Manifest:
    """The exact bytes of a manifest, what they are, and the hash that they are named by."""

    media_type: str
    body: bytes
    algorithm: str = "sha256"

    @cached_property
    def digest(self) -> str:
        return f"{self.algorithm}:{hashlib.new(self.algorithm, self.body).hexdigest()}"

    @property
    def is_index(self) -> bool:
        return self.media_type in INDEXES

    @cached_property
    def document(self) -> dict[str, Any]:
        """The manifest as JSON, if it is what `media_type` says."""
        if self.media_type not in MEDIA_TYPES:
            raise _invalid(f"unsupported manifest media type {self.media_type!r}")
        try:
            document = json.loads(self.body)
        except ValueError as error:
            raise _invalid(f"manifest is not JSON: {error}") from error
        if not isinstance(document, dict):
            raise _invalid("manifest is not a JSON object")
        if document.get("mediaType", self.media_type) != self.media_type:
            raise _invalid(f"mediaType is not the Content-Type {self.media_type}")
        return document

    def references(self) -> list[str]:
        """Digests that must be there before the manifest; layers kept elsewhere are not ours."""
        try:
            if self.is_index:
                return [_digest_of(child) for child in self.document["manifests"]]
            layers = [layer for layer in self.document["layers"] if not layer.get("urls")]
            return [_digest_of(blob) for blob in [self.document["config"], *layers]]
        except (KeyError, TypeError, AttributeError) as error:
            raise _invalid(f"manifest has not the shape of {self.media_type}: {error}") from error

    def subject(self) -> str | None:
        """Digest of the manifest that this one is about; it need not exist yet."""
        try:
            return _digest_of(self.document["subject"]) if "subject" in self.document else None
        except (KeyError, TypeError) as error:
            raise _invalid(f"subject is not a descriptor: {error}") from error

    def descriptor(self) -> dict[str, Any]:
        """How the referrers API lists the manifest."""
        document = self.document
        config = document.get("config", {})
        about = {
            "artifactType": document.get("artifactType") or config.get("mediaType"),
            "annotations": document.get("annotations"),
        }
        return {
            "mediaType": self.media_type,
            "digest": self.digest,
            "size": len(self.body),
            **{key: value for key, value in about.items() if value},
        }


def checked_digest(digest: str) -> str:
    """`digest` itself, if it is one that this registry knows: sha256 or sha512."""
    if not _DIGEST.fullmatch(digest):
        raise RegistryError(400, "DIGEST_INVALID", "invalid digest", {"digest": digest})
    return digest


def algorithm_of(digest: str) -> str:
    """The hash that a well-formed digest names."""
    return checked_digest(digest).partition(":")[0]


def _digest_of(descriptor: dict[str, Any]) -> str:
    return checked_digest(descriptor["digest"])


def _invalid(message: str) -> RegistryError:
    return RegistryError(400, "MANIFEST_INVALID", message)
