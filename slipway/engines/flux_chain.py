"""The objects between a commit and what runs, and which ones they are. Pure.

GitRepository → HelmChart → HelmRelease, or GitRepository → Kustomization. Source: Flux v2.9.4.
"""

import re
from dataclasses import dataclass

from slipway.engines.flux_objects import Json, named, part, text
from slipway.errors import InvalidInput
from slipway.readiness.references import is_full_sha, same_repository
from slipway.service import GitOps

COMMITS = ("GitRepository",)  # kinds of sources that are commits of a repository
DEFAULT = "flux-system"  # namespace
_BUILT = re.compile(r"\+([0-9a-f]{12})(?:\.\d+)?")  # 0.1.0+3b8e5c1d7f9a.1: the commit in a version
_PARENT = "where a Kustomization applies its manifest, name that one as application.parent"
_ORIGIN = "org.opencontainers.image.revision"


@dataclass(frozen=True)
class Reference:
    """Names one object."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True)
class Chain:
    """The objects of one application; one that is not there yet is None."""

    last: Json  # the HelmRelease or the Kustomization
    source: Json | None
    chart: Json | None = None  # a HelmRelease's HelmChart; with an OCIRepository there is none


def chart_of(release: Json) -> Reference | None:
    """The HelmChart of a HelmRelease: one that it refers to, or the one made for it."""
    reference = part(release, "spec", "chartRef")
    own = text(release, "metadata", "namespace")
    if reference:
        found = _referred(reference, own)
        return found if found.kind == "HelmChart" else None
    made = text(release, "status", "helmChart")
    if not made:
        return None
    namespace, _, name = made.rpartition("/")
    return Reference("HelmChart", namespace or own, name)


def source_of(last: Json, chart: Json | None) -> Reference | None:
    """The source at the beginning of the chain."""
    own = text(last, "metadata", "namespace")
    if last.get("kind") == "Kustomization":
        return _referred(part(last, "spec", "sourceRef"), own)
    reference = part(last, "spec", "chartRef")
    if reference and text(reference, "kind") != "HelmChart":
        return _referred(reference, own)
    if reference:
        found = part(chart or {}, "spec", "sourceRef")
        return _referred(found, text(chart or {}, "metadata", "namespace")) if found else None
    return _referred(part(last, "spec", "chart", "spec", "sourceRef"), own)


def _referred(reference: Json, own: str) -> Reference:
    kind, name = text(reference, "kind"), text(reference, "name")
    return Reference(kind, text(reference, "namespace") or own, name)


def reads_commits(chain: Chain) -> bool:
    """Whether the source is a Git repository, or an OCI artifact that names its commit."""
    source = chain.source or {}
    if source.get("kind") in COMMITS:
        return True
    return chain.last.get("kind") == "Kustomization" and bool(origin(source))


def origin(source: Json) -> str:
    """The commit that an OCI artifact was made of, if it says so: `main@sha1:<sha>`."""
    found = part(source, "status", "artifact", "metadata").get(_ORIGIN)
    return found if isinstance(found, str) else ""


def artifact(value: Json | None) -> str:
    """The revision of what a source or chart offers now."""
    return text(value or {}, "status", "artifact", "revision")


def sha(revision: str) -> str:
    """The full commit id in `main@sha1:<sha>`; empty when there is none."""
    found = revision.rpartition(":")[2]
    return found if is_full_sha(found) else ""


def built_from(version: str) -> str:
    """The first 12 hex digits of the commit in a chart's version; empty when there are none."""
    found = _BUILT.search(version)
    return found[1] if found else ""


def digest(revision: str) -> str:
    """The digest in `9.0.0@sha256:<hex>`; empty when there is none."""
    found = revision.rpartition("@")[2]
    return found if found.startswith("sha256:") else ""


def short(revision: str) -> str:
    """A revision as people name it: 7 digits of a commit, 12 of a digest, or all of it."""
    return sha(revision)[:7] or digest(revision)[:19] or revision


def checked_links(chain: Chain) -> tuple[Json, ...]:
    """The objects whose status counts; a HelmRepository may never have one."""
    source = chain.source if text(chain.source or {}, "kind") != "HelmRepository" else None
    return tuple(link for link in (chain.last, chain.chart, source) if link is not None)


def reads_ours(chain: Chain, gitops: GitOps | None, below: bool = False) -> bool:
    """Whether the chain begins at the branch we push to, as far as there is a source yet.

    Raises InvalidInput when it does not, unless it is `below` a parent that does.
    """
    source = chain.source
    wrong = _elsewhere(chain, source, gitops) if source is not None else None
    if wrong and not below:
        raise wrong
    return wrong is None


def _elsewhere(chain: Chain, source: Json, gitops: GitOps | None) -> InvalidInput | None:
    reads = f"{named(chain.last)} reads {named(source)}"
    if not reads_commits(chain):
        return InvalidInput(f"{reads}, not the repository we push to", _PARENT)
    if gitops is None or source.get("kind") not in COMMITS:
        return None
    url, followed = text(source, "spec", "url"), _followed(part(source, "spec", "ref"))
    if not same_repository(url, gitops.repository):
        hint = f"correct gitops.repository in the service file, or the source; {_PARENT}"
        return InvalidInput(f"{reads}, which is {url}, not {gitops.repository}", hint)
    if followed == f"branch {gitops.branch}":
        return None
    return InvalidInput(
        f"{reads}, which follows the {followed}, not the branch {gitops.branch}",
        f"set spec.ref.branch of {named(source)} to {gitops.branch}, and nothing else there",
    )


def _followed(reference: Json) -> str:
    """In words, what a GitRepository looks at; the first of these keys decides."""
    for key in ("commit", "name", "semver", "tag"):
        if found := text(reference, key):
            branch = found.removeprefix("refs/heads/")
            return f"branch {branch}" if branch != found else f"{key} {found}"
    return f"branch {text(reference, 'branch') or 'master'}"
