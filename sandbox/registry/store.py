"""What the registry stand-in holds, and the rules about it."""

import asyncio
import hashlib
import re
from pathlib import Path
from typing import Any

from sandbox.registry.layout import Layout, digest_named, names_in
from sandbox.registry.manifest import Manifest, RegistryError, algorithm_of

_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_NUMBER = r"(?:0|[1-9]\d*)"
# SemVer, with "_" for the "+" that a tag cannot hold, as Helm writes it.
_VERSION = re.compile(rf"v?{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-[0-9A-Za-z.-]+)?(?:_[0-9A-Za-z.-]+)?")


class Upload:
    """A blob on its way in. Its hash lives in memory: a restarted registry forgets the upload."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self.lock = asyncio.Lock()  # one chunk at a time
        self._hash = hashlib.sha256()
        path.touch()

    def digest(self, algorithm: str) -> str:
        """The digest of what has arrived."""
        if algorithm == "sha256":
            return f"sha256:{self._hash.hexdigest()}"
        with self.path.open("rb") as file:
            return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"

    def count(self, chunk: bytes) -> None:
        """Note that `chunk` was written behind the rest."""
        self._hash.update(chunk)
        self.size += len(chunk)


class Store:
    """Blobs, manifests and tags below one folder, for one process at a time."""

    def __init__(self, root: Path) -> None:
        self._layout = Layout(root)

    # Blobs

    def new_upload(self) -> Upload:
        return Upload(self._layout.partial())

    def finish(self, name: str, upload: Upload, digest: str) -> None:
        """Make a received upload a blob of the repository, if it is what `digest` says."""
        received = upload.digest(algorithm_of(digest))
        if digest != received:
            upload.path.unlink()
            message = f"provided digest did not match uploaded content, which is {received}"
            raise RegistryError(400, "DIGEST_INVALID", message, {"digest": digest})
        upload.path.replace(self.content(digest))
        self._link_blob(name, digest)

    def mount(self, name: str, source: str, digest: str) -> bool:
        """Share a blob of `source` with the repository; False: `source` does not hold it."""
        if not self._holds(source, "_blobs", digest):
            return False
        self._link_blob(name, digest)
        return True

    def holders(self, digest: str) -> list[str]:
        """Every repository that holds the blob."""
        return self._layout.holders(digest)

    def blob(self, name: str, digest: str) -> Path:
        """Where the bytes of a blob are; manifests are not served as blobs."""
        if not self._holds(name, "_blobs", digest):
            raise RegistryError(404, "BLOB_UNKNOWN", "blob unknown to registry", {"digest": digest})
        return self.content(digest)

    def delete_blob(self, name: str, digest: str) -> None:
        """Take a blob out of the repository; others may still hold it."""
        self.blob(name, digest)
        self._layout.link(name, "_blobs", digest).unlink()

    def content(self, digest: str) -> Path:
        """The file that holds the bytes named by `digest`; tests damage it to see who notices."""
        return self._layout.content(digest)

    # Manifests and tags

    def put_manifest(self, name: str, reference: str, manifest: Manifest) -> None:
        """Store a manifest under its digest, and its tag if `reference` is one.

        Runs without a pause between check and write, so of two writers of a version one is refused.
        """
        self._check_content(name, manifest)
        tag = None if ":" in reference else reference
        if tag is None and reference != manifest.digest:
            message = f"provided digest did not match manifest, which is {manifest.digest}"
            raise RegistryError(400, "DIGEST_INVALID", message, {"digest": reference})
        if tag is not None:
            self._check_tag(name, tag, manifest.digest)
        content, subject = self.content(manifest.digest), manifest.subject()
        write, link = self._layout.write, self._layout.link
        write(content, manifest.body)
        write(link(name, "_manifests", manifest.digest), manifest.media_type.encode())
        if subject is not None:
            write(self._layout.referrers(name, subject) / content.name, b"")
        if tag is not None:
            write(self._layout.tags(name) / tag, manifest.digest.encode())

    def manifest(self, name: str, reference: str) -> Manifest:
        """The manifest behind a tag or a digest."""
        digest = reference if ":" in reference else self._tagged(name, reference)
        if digest is None or not self._holds(name, "_manifests", digest):
            detail = {"name": name, "reference": reference}
            raise RegistryError(404, "MANIFEST_UNKNOWN", "manifest unknown", detail)
        media_type = self._layout.link(name, "_manifests", digest).read_text()
        return Manifest(media_type, self.content(digest).read_bytes(), algorithm_of(digest))

    def delete(self, name: str, reference: str) -> None:
        """Forget a tag alone; or, by digest, a manifest and the tags on it. Its blobs stay."""
        self.manifest(name, reference)
        if ":" not in reference:
            (self._layout.tags(name) / reference).unlink()
            return
        for tag in self.tags(name):
            if self._tagged(name, tag) == reference:
                (self._layout.tags(name) / tag).unlink()
        self._layout.link(name, "_manifests", reference).unlink()

    def tags(self, name: str) -> list[str]:
        """All tags of a repository in lexical order."""
        if not self._layout.is_known(name):
            raise RegistryError(404, "NAME_UNKNOWN", "repository unknown", {"name": name})
        return names_in(self._layout.tags(name))

    def referrers(self, name: str, subject: str) -> list[dict[str, Any]]:
        """Descriptors of the manifests whose subject is `subject`, which need not be there."""
        links = names_in(self._layout.referrers(name, subject))
        digests = [digest_named(link) for link in links]
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
            raise RegistryError(409, "DENIED", f"tag {tag} already points at {current}")

    def _holds(self, name: str, kind: str, digest: str) -> bool:
        return self._layout.link(name, kind, digest).exists()

    def _link_blob(self, name: str, digest: str) -> None:
        self._layout.write(self._layout.link(name, "_blobs", digest), b"")

    def _tagged(self, name: str, tag: str) -> str | None:
        path = self._layout.tags(name) / tag
        return path.read_text() if _TAG.fullmatch(tag) and path.exists() else None
