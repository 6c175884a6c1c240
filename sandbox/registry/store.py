"""What the registry stand-in keeps on disk, and the rules about it.

    blobs/<hex>                                  every blob and manifest, named by its content
    repositories/<name>/_blobs/<hex>             the repository holds this blob (an empty file)
    repositories/<name>/_manifests/<hex>         the repository holds this manifest (its media type)
    repositories/<name>/_tags/<tag>              the digest the tag points at
    repositories/<name>/_referrers/<hex>/<hex>   subject, and a manifest that refers to it
    uploads/                                     what is still on its way in

A file appears under its name only when it is complete, so a killed process leaves no half blob.
"""

import hashlib
import re
import uuid
from pathlib import Path
from typing import Any

from sandbox.registry.manifest import Manifest, RegistryError, checked_digest

_NAME_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_NAME_PART}(?:/{_NAME_PART})*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_NUMBER = r"(?:0|[1-9]\d*)"
# SemVer, with "_" for the "+" that a tag cannot hold, as Helm writes it.
_VERSION = re.compile(rf"v?{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-[0-9A-Za-z.-]+)?(?:_[0-9A-Za-z.-]+)?")


class Upload:
    """A blob on its way in. Its hash lives in memory: a restarted registry forgets the upload."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._hash = hashlib.sha256()
        path.touch()

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"

    def count(self, chunk: bytes) -> None:
        """Note that `chunk` was written behind the rest."""
        self._hash.update(chunk)
        self.size += len(chunk)


class Store:
    """Blobs, manifests and tags below one folder, for one process at a time."""

    def __init__(self, root: Path) -> None:
        self._blobs, self._uploads = root / "blobs", root / "uploads"
        self._repositories = root / "repositories"
        for folder in (self._blobs, self._uploads, self._repositories):
            folder.mkdir(parents=True, exist_ok=True)
        for forgotten in self._uploads.iterdir():
            forgotten.unlink()

    # Blobs

    def new_upload(self) -> Upload:
        return Upload(self._uploads / uuid.uuid4().hex)

    def finish(self, name: str, upload: Upload, digest: str) -> None:
        """Make a received upload a blob of the repository, if it is what `digest` says."""
        if checked_digest(digest) != upload.digest:
            upload.path.unlink()
            message = f"provided digest did not match uploaded content, which is {upload.digest}"
            raise RegistryError(400, "DIGEST_INVALID", message, {"digest": digest})
        upload.path.replace(self.content(digest))
        self._link_blob(name, digest)

    def mount(self, name: str, source: str, digest: str) -> bool:
        """Share a blob of `source` with the repository; False: `source` does not hold it."""
        if not self._holds(source, "_blobs", digest):
            return False
        self._link_blob(name, digest)
        return True

    def blob(self, name: str, digest: str) -> Path:
        """Where the bytes of a blob are; manifests are not served as blobs."""
        if not self._holds(name, "_blobs", digest):
            raise RegistryError(404, "BLOB_UNKNOWN", "blob unknown to registry", {"digest": digest})
        return self.content(digest)

    def content(self, digest: str) -> Path:
        """The file that holds the bytes named by `digest`; tests damage it to see who notices."""
        return self._blobs / checked_digest(digest).removeprefix("sha256:")

    # Manifests and tags

    def put_manifest(self, name: str, reference: str, manifest: Manifest) -> None:
        """Store a manifest under its digest, and its tag if `reference` is one.

        Runs without a pause between check and write, so of two writers of a version one is refused.
        """
        self._check_content(name, manifest)
        tag = None if ":" in reference else reference
        if tag is None and checked_digest(reference) != manifest.digest:
            message = f"provided digest did not match manifest, which is {manifest.digest}"
            raise RegistryError(400, "DIGEST_INVALID", message, {"digest": reference})
        if tag is not None:
            self._check_tag(name, tag, manifest.digest)
        content, subject = self.content(manifest.digest), manifest.subject()
        self._write(content, manifest.body)
        self._write(self._link(name, "_manifests", manifest.digest), manifest.media_type.encode())
        if subject is not None:
            self._write(self._referrers(name, subject) / content.name, b"")
        if tag is not None:
            self._write(self._tags(name) / tag, manifest.digest.encode())

    def manifest(self, name: str, reference: str) -> Manifest:
        """The manifest behind a tag or a digest."""
        digest = reference if ":" in reference else self._tagged(name, reference)
        if digest is None or not self._holds(name, "_manifests", digest):
            detail = {"name": name, "reference": reference}
            raise RegistryError(404, "MANIFEST_UNKNOWN", "manifest unknown", detail)
        media_type = self._link(name, "_manifests", digest).read_text()
        return Manifest(media_type, self.content(digest).read_bytes())

    def delete_manifest(self, name: str, digest: str) -> None:
        """Forget a manifest and the tags that point at it; its blobs stay."""
        checked_digest(digest)
        self.manifest(name, digest)
        for tag in self.tags(name):
            if self._tagged(name, tag) == digest:
                (self._tags(name) / tag).unlink()
        self._link(name, "_manifests", digest).unlink()

    def tags(self, name: str) -> list[str]:
        """All tags of a repository in lexical order."""
        if not self._repository(name).exists():
            raise RegistryError(404, "NAME_UNKNOWN", "repository unknown", {"name": name})
        return _names_in(self._tags(name))

    def referrers(self, name: str, subject: str) -> list[dict[str, Any]]:
        """Descriptors of the manifests whose subject is `subject`."""
        digests = [f"sha256:{link}" for link in _names_in(self._referrers(name, subject))]
        kept = [digest for digest in digests if self._holds(name, "_manifests", digest)]
        return [self.manifest(name, digest).descriptor() for digest in kept]

    def _check_content(self, name: str, manifest: Manifest) -> None:
        kind = "_manifests" if manifest.is_index else "_blobs"
        for digest in manifest.references():
            if not self._holds(name, kind, digest):
                message = "manifest references a blob or manifest unknown to the repository"
                raise RegistryError(400, "MANIFEST_BLOB_UNKNOWN", message, {"digest": digest})

    def _check_tag(self, name: str, tag: str, digest: str) -> None:
        if not _TAG.fullmatch(tag):
            raise RegistryError(400, "TAG_INVALID", "invalid tag", {"tag": tag})
        current = self._tagged(name, tag)
        if _VERSION.fullmatch(tag) and current not in (None, digest):
            raise RegistryError(409, "TAG_IMMUTABLE", f"tag {tag} already points at {current}")

    # Paths

    def _repository(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise RegistryError(400, "NAME_INVALID", "invalid repository name", {"name": name})
        return self._repositories / name

    def _tags(self, name: str) -> Path:
        return self._repository(name) / "_tags"

    def _referrers(self, name: str, subject: str) -> Path:
        return self._repository(name) / "_referrers" / self.content(subject).name

    def _link(self, name: str, kind: str, digest: str) -> Path:
        return self._repository(name) / kind / self.content(digest).name

    def _holds(self, name: str, kind: str, digest: str) -> bool:
        return self._link(name, kind, digest).exists()

    def _link_blob(self, name: str, digest: str) -> None:
        self._write(self._link(name, "_blobs", digest), b"")

    def _tagged(self, name: str, tag: str) -> str | None:
        path = self._tags(name) / tag
        return path.read_text() if _TAG.fullmatch(tag) and path.exists() else None

    def _write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._uploads / uuid.uuid4().hex
        partial.write_bytes(content)
        partial.replace(path)


def _names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
