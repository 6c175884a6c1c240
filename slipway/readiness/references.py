"""Reading references: image references, commit SHAs, Git URLs, values that name a version."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_SHA = re.compile(r"[0-9a-f]{40}")
_SCP = re.compile(r"(?:[^@/]+@)?([^:/]+):(?!/)(.+)")  # git@host:path
_URL = re.compile(r"([a-z+]+)://(?:[^@/]*@)?([^/]+)/(.*)", re.IGNORECASE)


def is_full_sha(revision: str) -> bool:
    """Whether `revision` is a complete commit id; a branch, a version or a digest is not."""
    return _SHA.fullmatch(revision) is not None


def runs(reference: str, repository: str, version: str, digest: str) -> bool:
    """Whether an image reference names the wanted image.

    A digest in the reference decides alone, whatever the host: mirrors keep digests. Without one
    the repository and the tag must both be the wanted ones.
    """
    name, _, pinned = reference.partition("@")
    if pinned:
        return pinned == digest
    path, colon, tag = name.rpartition(":")
    return bool(colon) and _hosted(path) == _hosted(repository) and tag == version


def is_of(reference: str, repository: str) -> bool:
    """Whether an image reference is of a repository, whatever its tag and digest."""
    name = reference.partition("@")[0]
    path, colon, tag = name.rpartition(":")
    return _hosted(path if colon and "/" not in tag else name) == _hosted(repository)


def _hosted(repository: str) -> str:
    return repository.removeprefix("docker.io/").removeprefix("library/")


def names(value: str, version: str) -> bool:
    """Whether a value names a version: `2.0.0`, `v2.0.0` or `image:2.0.0`, but not `12.0.0`."""
    return re.search(rf"(?<![\d.]){re.escape(version)}(?![\w.+-])", value) is not None


def scalars(value: Any) -> Iterator[str]:
    """Every scalar below a value, as text."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from scalars(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from scalars(item)
    elif value is not None:
        yield str(value)


def same_repository(one: str, other: str) -> bool:
    """Whether two Git URLs name one repository.

    Scheme, user, `.git`, host case and a trailing slash do not count; a port only counts between
    two URLs of one scheme, because SSH and HTTP never share one.
    """
    (scheme, host, port, path), (scheme2, host2, port2, path2) = _normal(one), _normal(other)
    return (host, path) == (host2, path2) and (scheme != scheme2 or port == port2)


def _normal(url: str) -> tuple[str, str, str, str]:
    """Scheme, host, port and path."""
    match = _URL.fullmatch(url)
    if match:
        scheme, authority, path = match[1].lower(), match[2].lower(), match[3]
    else:
        scp = _SCP.fullmatch(url)
        scheme, authority, path = ("ssh", scp[1].lower(), scp[2]) if scp else ("", "", url)
    host, _, port = authority.partition(":")
    default = {"ssh": "22", "https": "443", "http": "80"}.get(scheme, "")
    return scheme, host, port or default, path.strip("/").removesuffix(".git")
