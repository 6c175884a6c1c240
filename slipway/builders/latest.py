"""The tag `latest`: the highest version a repository holds, and never a lower one than before.

It follows from the tags alone, so it does not matter who moves it or how often. Two releases may
write it at once: each looks at all versions again after it wrote, and whichever looked last sees
both. A run that was killed before it moved the tag is made good by the next one.
"""

from slipway.builders.interface import version_of
from slipway.clients.oci import Manifest
from slipway.clients.registry import Repository
from slipway.clients.registry_lists import update
from slipway.release.versions import Version

LATEST = "latest"


def move_latest(repository: Repository, version: str) -> None:
    """Have `latest` point at the highest version, now that `version` is there.

    A pre-release, or anything else that is no plain version, leaves the tag as it is.
    """
    if _plain(version):
        update(repository, LATEST, lambda there: _moved(repository, there, version), settle=0.0)


def _moved(repository: Repository, there: Manifest | None, version: str) -> Manifest | None:
    """What the tag should hold; None when that is so already."""
    versions = [found for found in map(_plain, [version, *repository.tags()]) if found]
    highest = repository.manifest(str(max(versions)))
    if there and there.digest == highest.digest:
        return None
    now = _plain(version_of(repository, there)) if there else None
    return None if now and now > max(versions) else highest


def _plain(text: str) -> Version | None:
    """The version that `text` is, unless it is a pre-release."""
    version = Version.parsed(text)
    return version if version and "-" not in str(version) else None
