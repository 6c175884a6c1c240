"""Reading references: image references, commit SHAs and Git URLs."""

import re

_SHA = re.compile(r"[0-9a-f]{40}")
_SCP = re.compile(r"(?:[^@/]+@)?([^:/]+):(?!/)(.+)")  # git@host:path
_URL = re.compile(r"[a-z+]+://(?:[^@/]*@)?([^/]+)/(.*)", re.IGNORECASE)


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


def _hosted(repository: str) -> str:
    return repository.removeprefix("docker.io/").removeprefix("library/")


def same_repository(one: str, other: str) -> bool:
    """Whether two Git URLs name one repository: scheme, user, `.git`, host case do not count."""
    return _normal(one) == _normal(other)


def _normal(url: str) -> tuple[str, str]:
    match = _URL.fullmatch(url) or _SCP.fullmatch(url)
    host, path = (match[1], match[2]) if match else ("", url)
    return host.lower(), path.strip("/").removesuffix(".git")
