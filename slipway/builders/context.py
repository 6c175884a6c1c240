"""Which files of the source take part in a build, and how they are packed.

`.dockerignore` decides, except that Git's own data never leaves the machine, and files that look
like keys only where the service file allows them. The archive depends on the files' names, contents
and executable bits alone: the same source, the same bytes.
"""

import tarfile
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from slipway.clients.docker import unignored
from slipway.errors import InvalidInput
from slipway.key_files import is_secret

LIMIT = 512 * 1024 * 1024  # bytes of a build context; more is an accident, not a source
_IGNORE_FILE = ".dockerignore"


def context_paths(source: Path, dockerfile: str, allow: Iterable[str] = ()) -> list[str]:
    """Files and folders an engine needs to build `dockerfile`, relative to the source, sorted.

    What lies at or below an `allow` path is sent although it looks like a key.

    InvalidInput when the Dockerfile is missing or empty.
    """
    path = source / dockerfile
    if not path.is_file() or not path.read_text(errors="replace").strip():
        raise InvalidInput(
            f"{dockerfile}: the Dockerfile is {'empty' if path.is_file() else 'missing'}"
            " in the release commit",
            "commit it, or correct image.dockerfile in the service file (below source.path)",
        )
    return _kept(source, dockerfile, allow)


def left_out(source: Path, dockerfile: str, allow: Iterable[str] = ()) -> list[str]:
    """Files that `.dockerignore` would send and that stay because they look like keys, sorted."""
    kept = set(_kept(source, dockerfile, allow))
    files = [path for path in _unignored(source, dockerfile) if (source / path).is_file()]
    return sorted(path for path in files if path not in kept and not _is_git(path))


def layer_paths(source: Path, include: Iterable[str], allow: Iterable[str] = ()) -> list[str]:
    """Files of the source at or below the `include` paths, and every folder above them, sorted.

    InvalidInput when one of them holds no file.
    """
    files = [path for path in _kept(source, "", allow) if (source / path).is_file()]
    chosen: set[str] = set()
    for item in include:
        found = {f for f in files if item == "." or PurePosixPath(f).is_relative_to(item)}
        found.discard(_IGNORE_FILE)
        if not found:
            raise InvalidInput(
                f"image.layer.include: {item!r} holds no file in the release commit",
                "correct the path (below source.path), or see what .dockerignore leaves out",
            )
        chosen |= found
    return sorted(chosen | {folder for path in chosen for folder in folders_above(path)})


def folders_above(path: str) -> list[str]:
    """The folders a relative path lies in, outermost first."""
    return [str(parent) for parent in reversed(PurePosixPath(path).parents)][1:]


def check_size(source: Path, paths: Iterable[str], limit: int = LIMIT) -> None:
    """Refuse a context of more than `limit` bytes; InvalidInput names the largest folders."""
    by_folder: Counter[str] = Counter()
    for path in paths:
        if (source / path).is_file():
            top = path.partition("/")[0] if "/" in path else "."
            by_folder[top] += (source / path).stat().st_size
    total = by_folder.total()
    if total > limit:
        largest = ", ".join(f"{name} {_size(size)}" for name, size in by_folder.most_common(3))
        raise InvalidInput(
            f"the build context is {_size(total)}, over the limit of {_size(limit)};"
            f" largest: {largest}",
            f"list what the build does not need in {_IGNORE_FILE}",
        )


def pack(
    source: Path, paths: Iterable[str], target: BinaryIO, mtime: datetime, prefix: str = ""
) -> None:
    """Write the paths as an uncompressed tar, below the folder `prefix` of the archive."""
    moment = int(mtime.timestamp())
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        inside = prefix.strip("/")
        if inside:
            for folder in [*folders_above(inside), inside]:
                archive.addfile(_folder(folder, moment))
        for path in paths:
            name = f"{inside}/{path}" if inside else path
            file = source / path
            if file.is_dir() and not file.is_symlink():
                archive.addfile(_folder(name, moment))
            elif file.is_file() and not file.is_symlink():
                with file.open("rb") as content:
                    archive.addfile(_regular(name, file, moment), content)


def _kept(source: Path, dockerfile: str, allow: Iterable[str]) -> list[str]:
    allowed = tuple(allow)

    def sent(path: str) -> bool:
        if not is_secret(path):
            return True
        below = PurePosixPath(path)
        return not _is_git(path) and any(below.is_relative_to(item) for item in allowed)

    return sorted(path for path in _unignored(source, dockerfile) if sent(path))


def _is_git(path: str) -> bool:
    return ".git" in PurePosixPath(path.lower()).parts


def _unignored(source: Path, dockerfile: str) -> set[str]:
    ignore = source / _IGNORE_FILE
    lines = ignore.read_text(errors="replace").splitlines() if ignore.is_file() else []
    stripped = [line.strip() for line in lines]
    patterns = [line for line in stripped if line and not line.startswith("#")]
    return unignored(source, patterns, dockerfile)


def _folder(name: str, mtime: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.mtime = tarfile.DIRTYPE, 0o755, mtime
    return info


def _regular(name: str, file: Path, mtime: int) -> tarfile.TarInfo:
    info, found = tarfile.TarInfo(name), file.stat()
    info.size, info.mtime = found.st_size, mtime
    info.mode = 0o755 if found.st_mode & 0o111 else 0o644
    return info


def _size(count: int) -> str:
    return f"{count / 1024 / 1024:.1f} MiB"
