"""What an Argo CD Application is made from: its sources, and which of them is ours. Pure."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from slipway.engines.argocd_shapes import Json, part, text
from slipway.errors import InvalidInput
from slipway.readiness.observation import Tag
from slipway.readiness.references import same_repository
from slipway.service import GitOps

_OCI = "oci://"
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)  # a version range is none


def sources(spec: Json) -> tuple[Json, ...]:
    """The sources of an application; `sources` wins over `source`."""
    several = spec.get("sources") or ()
    return tuple(several) if several else (part(spec, "source"),)


def pushed(found: Sequence[Json], gitops: GitOps | None, name: str) -> int:
    """Index of the source that reads the repository we push to; InvalidInput when none does."""
    candidates = [index for index, source in enumerate(found) if _is_ours(source, gitops)]
    if not candidates:
        urls = ", ".join(str(source.get("repoURL")) for source in found)
        wanted = gitops.repository if gitops else "a Git repository"
        raise InvalidInput(
            f"no source of application '{name}' reads {wanted}; it reads {urls or 'nothing'}",
            "correct gitops.repository in the service file, or the application's source; where "
            "another application deploys its manifest, name that one in application.parent",
        )
    followed = {"", "HEAD"} | ({gitops.branch} if gitops else set())
    return next(
        (i for i in candidates if text(found[i], "targetRevision") in followed), candidates[0]
    )


def pushed_or_none(found: Sequence[Json], gitops: GitOps | None) -> int:
    """The same where its parent may read the repository instead: -1 when no source does."""
    if any(_is_ours(source, gitops) for source in found):
        return pushed(found, gitops, "")
    return -1


def tags(found: Sequence[Json]) -> Iterator[Tag]:
    """The sources in OCI registries that name a tag; they report a digest, even with `chart`."""
    for index, source in enumerate(found):
        url, tag = text(source, "repoURL"), text(source, "targetRevision")
        if url.startswith(_OCI) and _TAG.fullmatch(tag):
            yield Tag(index, f"{url.removeprefix(_OCI).strip('/')}:{tag}")


def automatic(spec: Json) -> bool:
    """Whether automated sync is on; an empty `automated` block switches it on."""
    automated = part(spec, "syncPolicy").get("automated")
    return automated is not None and automated.get("enabled") is not False


def same_spec(spec: Json, compared: Json) -> bool:
    """Whether the last compare used today's sources and destination."""
    wanted = [_plain(source) for source in sources(spec)]
    seen = [_plain(source) for source in sources(compared)]
    return wanted == seen and _plain(spec.get("destination")) == _plain(compared.get("destination"))


def _is_ours(source: Json, gitops: GitOps | None) -> bool:
    """`oci://` sources report a digest, `chart:` sources a version: neither is a commit."""
    url = text(source, "repoURL")
    if not url or url.startswith(_OCI) or source.get("chart"):
        return False
    return gitops is None or same_repository(url, gitops.repository)


def _plain(value: Any) -> Any:
    """Without empty parts: an absent helm block and an empty one are the same source."""
    if isinstance(value, dict):
        parts = {key: _plain(part) for key, part in value.items()}
        return {key: part for key, part in parts.items() if part not in ({}, [], "", None, False)}
    return [_plain(part) for part in value] if isinstance(value, list) else value
