"""Where the registry stand-in keeps what on disk.

    blobs/<hex>                                  every blob and manifest, named by its content
    repositories/<name>/_blobs/<hex>             the repository holds this blob (an empty file)
    repositories/<name>/_manifests/<hex>         the repository holds this manifest (its media type)
    repositories/<name>/_tags/<tag>              the digest the tag points at
    repositories/<name>/_referrers/<hex>/<hex>   subject, and a manifest that refers to it
    uploads/                                     what is still on its way in

A file appears under its name only when it is complete, so a killed process leaves no half blob.
"""

import re
import uuid
from pathlib import Path

from sandbox.registry.manifest import RegistryError, checked_digest

_NAME_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_NAME_PART}(?:/{_NAME_PART})*")
_LONGEST_NAME = 255
_SHA256_HEX = 64


class Layout:
    """The paths of one registry's folder, and how its files are written."""

    def __init__(self, root: Path) -> None:
        self._blobs, self._uploads = root / "blobs", root / "uploads"
        self._repositories = root / "repositories"
        for folder in (self._blobs, self._uploads, self._repositories):
            folder.mkdir(parents=True, exist_ok=True)
        for forgotten in self._uploads.iterdir():
            forgotten.unlink()

    def content(self, digest: str) -> Path:
        """The file that holds the bytes named by `digest`."""
        return self._blobs / checked_digest(digest).partition(":")[2]

    def partial(self) -> Path:
        """A new name for what is not complete yet."""
        return self._uploads / uuid.uuid4().hex

    def repository(self, name: str) -> Path:
        """The folder of a repository, whose name is checked."""
        if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
            raise RegistryError(400, "NAME_INVALID", "invalid repository name", {"name": name})
        return self._repositories / name

    def link(self, name: str, kind: str, digest: str) -> Path:
        """The file whose presence says that the repository holds this blob or manifest."""
        return self.repository(name) / kind / self.content(digest).name

    def tags(self, name: str) -> Path:
        return self.repository(name) / "_tags"

    def referrers(self, name: str, subject: str) -> Path:
        return self.repository(name) / "_referrers" / self.content(subject).name

    def is_known(self, name: str) -> bool:
        """Whether anything was ever pushed to the repository; "team" is none for "team/app"."""
        folder = self.repository(name)
        return any((folder / kind).is_dir() for kind in ("_blobs", "_manifests"))

    def holders(self, digest: str) -> list[str]:
        """Every repository that holds the blob."""
        links = self._repositories.rglob(f"_blobs/{self.content(digest).name}")
        return sorted(
            link.parent.parent.relative_to(self._repositories).as_posix() for link in links
        )

    def write(self, path: Path, content: bytes) -> None:
        """Put `content` under its name in one step."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.partial()
        partial.write_bytes(content)
        partial.replace(path)


def names_in(folder: Path) -> list[str]:
    """Names of what is in the folder, in the order of their characters; none without a folder."""
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []


def digest_named(link: str) -> str:
    """The digest whose hexadecimal part is `link`."""
    return f"{'sha256' if len(link) == _SHA256_HEX else 'sha512'}:{link}"
