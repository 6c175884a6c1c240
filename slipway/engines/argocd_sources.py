"""What an Argo CD Application is made from: its sources, and which of them is ours. Pure.

With hydration the dry source is the one that people write, and the one we compare commits with;
Argo CD itself compares the hydrated one.
"""

import re
from collections.abc import Sequence

from slipway.engines.argocd_shapes import Json, part, plain, text
from slipway.errors import InvalidInput
from slipway.readiness.observation import Pin, Tag
from slipway.readiness.references import same_repository
from slipway.service import GitOps

_OCI = "oci://"
_HEAD, _DEFAULT = ("", "HEAD"), ("main", "master")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)  # a version range is none
_EXACT = re.compile(r"v?\d+\.\d+\.\d+([-+][\w.+-]+)?", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def sources(spec: Json) -> tuple[Json, ...]:
    """The sources of an application; `sources` wins over `source`."""
    several = spec.get("sources") or ()
    hydrator = part(spec, "sourceHydrator")
    dry = part(hydrator, "drySource") if hydrator else part(spec, "source")
    return tuple(several) if several else (dry,)


def pushed(found: Sequence[Json], gitops: GitOps | None) -> tuple[int, ...]:
    """Indices of the sources that follow the branch we push to.

    `HEAD` counts where ours is most likely the default branch. Where none follows it, the first of
    the repository is taken: it may be pinned to a tag. A source of another branch or repository is
    not asked for the commit. Two sources may share an address, as a chart and a `ref`: the kind of
    the source decides, and all that follow the branch count.
    """
    ours = [index for index, source in enumerate(found) if _is_ours(source, gitops)]
    branch = gitops.branch if gitops else _DEFAULT[0]
    followed = {branch, *(_HEAD if branch in _DEFAULT else ())}
    following = [i for i in ours if _branch(found[i]) in followed]
    head = [i for i in ours if _branch(found[i]) in _HEAD]
    return tuple(following or head or ours[:1])


def nothing_pushed(found: Sequence[Json], gitops: GitOps | None, name: str) -> InvalidInput:
    """The error when no source is the repository we push to."""
    urls = ", ".join(str(source.get("repoURL")) for source in found)
    wanted = gitops.repository if gitops else "a Git repository"
    return InvalidInput(
        f"no source of application '{name}' reads {wanted}; it reads {urls or 'nothing'}",
        "correct gitops.repository in the service file, or the application's source; where "
        "another application deploys its manifest, name that one in application.parent",
    )


def tags(found: Sequence[Json]) -> tuple[Tag, ...]:
    """The sources in OCI registries that name a tag; they report a digest, even with `chart`."""
    return tuple(
        Tag(index, f"{text(source, 'repoURL').removeprefix(_OCI).strip('/')}:{tag}")
        for index, source in enumerate(found)
        if text(source, "repoURL").startswith(_OCI)
        and _TAG.fullmatch(tag := text(source, "targetRevision"))
    )


def pins(found: Sequence[Json]) -> tuple[Pin, ...]:
    """The sources that name a chart's exact version, or an artifact's digest: they report it."""
    return tuple(
        Pin(index, revision)
        for index, source in enumerate(found)
        if (revision := text(source, "targetRevision"))
        and (_EXACT if _is_chart(source) else _DIGEST).fullmatch(revision)
    )


def automatic(spec: Json) -> bool:
    """Whether automated sync is on; an empty `automated` block switches it on."""
    automated = part(spec, "syncPolicy").get("automated")
    return automated is not None and automated.get("enabled") is not False


def same_spec(spec: Json, compared: Json) -> bool:
    """Whether the last compare used today's sources and destination."""
    here, there = plain(spec.get("destination")), plain(compared.get("destination"))
    return bool(here == there) and same_sources(spec, compared)


def same_sources(spec: Json, other: Json) -> bool:
    """Whether `source` or `sources` of a compare or an operation are those of the spec."""
    return bool(plain(_rendered(spec)) == plain(_rendered(other)))


def _rendered(spec: Json) -> list[Json]:
    """What Argo CD itself renders: with hydration the branch that holds the hydrated files."""
    hydrator = part(spec, "sourceHydrator")
    if not hydrator:
        return list(sources(spec))
    dry, sync = part(hydrator, "drySource"), part(hydrator, "syncSource")
    wet = {"repoURL": dry.get("repoURL"), "path": sync.get("path")}
    return [wet | {"targetRevision": sync.get("targetBranch")}]


def _branch(source: Json) -> str:
    return text(source, "targetRevision").removeprefix("refs/heads/")


def _is_chart(source: Json) -> bool:
    """A chart of a Helm repository; it reports the chart's version."""
    return bool(source.get("chart")) and not text(source, "repoURL").startswith(_OCI)


def _is_ours(source: Json, gitops: GitOps | None) -> bool:
    """`oci://` sources report a digest, `chart:` sources a version: neither is a commit."""
    url = text(source, "repoURL")
    if not url or url.startswith(_OCI) or source.get("chart"):
        return False
    return gitops is None or same_repository(url, gitops.repository)
