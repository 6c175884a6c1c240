"""Lists that several writers share in a registry: read, changed and written until all is there.

A registry has no "write only if unchanged". So a writer reads again after it wrote, and writes
again when somebody else's write has taken its entry away; the other writer does the same. It waits
before it reads again: somebody who had read the list before may be about to write.
"""

import time
from collections.abc import Callable
from typing import Any

from slipway.clients.oci import OCI_INDEX, Manifest
from slipway.clients.registry import Repository
from slipway.errors import Conflict, Retryable

_TRIES = 10  # each follows a write of somebody else
_SETTLE = 0.25  # seconds
_SLOWER = 4  # times as long as ours may a write of somebody else take


def update(
    repository: Repository,
    tag: str,
    change: Callable[[Manifest | None], Manifest | None],
    *,
    settle: float = _SETTLE,
) -> None:
    """Have `tag` hold what `change` makes of it, until `change` has nothing more to do (None).

    `settle` is the least pause before the list is read again, in seconds. Zero is enough where
    `change` looks at more than the list, at what every writer has left behind before.
    Raises Conflict when the registry refuses to move the tag, Retryable when others write to it
    without a pause.
    """
    pause = 0.0
    for _ in range(_TRIES):
        time.sleep(pause)
        began = time.monotonic()
        wanted = change(repository.find(tag))
        if wanted is None:
            return
        try:
            repository.put(wanted, tag)
        except Conflict as refusal:
            raise Conflict(
                refusal.message, f"let tags like {tag} move: they list what belongs to an image"
            ) from None
        pause = settle + _SLOWER * (time.monotonic() - began) if settle else 0.0
    raise Retryable(f"{repository.name}:{tag} is written by others all the time", "retry later")


def referrers(repository: Repository, digest: str, artifact_type: str) -> list[dict[str, Any]]:
    """Descriptors of the manifests whose subject is `digest`, by the API or by the fallback tag."""
    known = repository.referrers(digest, artifact_type)
    if known is not None:
        return known
    index = repository.find(fallback_tag(digest))
    return [item for item in _entries(index) if item.get("artifactType") == artifact_type]


def refer(repository: Repository, manifest: Manifest) -> None:
    """Publish a manifest that has a subject, and see that the subject's list names it."""
    kept = repository.put(manifest, manifest.digest)
    document = manifest.document
    subject, artifact_type = document["subject"]["digest"], document["artifactType"]
    if kept or repository.referrers(subject, artifact_type) is not None:
        return
    entry = {
        "mediaType": manifest.media_type,
        "digest": manifest.digest,
        "size": len(manifest.body),
        "artifactType": artifact_type,
        "annotations": document.get("annotations", {}),
    }
    update(repository, fallback_tag(subject), lambda index: _with(index, entry))


def fallback_tag(digest: str) -> str:
    """The tag of the list for registries without a referrers API."""
    return digest.replace(":", "-")


def _with(index: Manifest | None, entry: dict[str, Any]) -> Manifest | None:
    entries = _entries(index)
    if any(item.get("digest") == entry["digest"] for item in entries):
        return None
    document = dict(index.document) if index else {"schemaVersion": 2, "mediaType": OCI_INDEX}
    return Manifest.of({**document, "mediaType": OCI_INDEX, "manifests": [*entries, entry]})


def _entries(index: Manifest | None) -> list[dict[str, Any]]:
    found = index.document.get("manifests") if index else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
