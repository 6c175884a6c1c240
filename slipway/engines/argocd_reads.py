"""Which files of the repository we push to an Argo CD Application renders. Pure.

Rules: Argo CD source, v3.5 line (application types, reposerver/repository). What cannot be seen in
the spec is counted as read, so that only what certainly deploys nothing is called unread.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from slipway.engines.chart_files import chart_files
from slipway.readiness.references import same_repository
from slipway.service import GitOps

Json = Mapping[str, Any]
_OVERRIDES = ".argocd-source*.yaml"  # parameters that Argo CD reads beside the manifests
_PLAIN = ("yaml", "yml", "json", "jsonnet")  # what a folder of plain manifests is made of
_ELABORATE = re.compile(r"[{}\[\]\\]")
_BASES = ("**/kustomization.yaml", "**/kustomization.yml", "**/Kustomization")  # maybe its own
_VARIABLE = re.compile(r"\$\{?\w+\}?")  # of the build environment: $ARGOCD_APP_NAME
_REFERENCE = re.compile(r"\$(?!ARGOCD_)[\w-]+/")  # $values/...


def reads(spec: Json, gitops: GitOps) -> tuple[str, ...] | None:
    """Path patterns of the files that an Application with this spec reads from our repository.

    Empty: it reads nothing there. The signs `!` and `~` are those of `readiness.reach`. None: it
    cannot be told, because a plugin reads what it likes.
    """
    found = _sources(spec)
    ours = [source for source in found if _is_ours(source, gitops)]
    if any("plugin" in source for source in ours):
        return None
    folders = [_rendered(source) for source in ours]
    folders.sort(key=lambda patterns: not any(each.startswith("!") for each in patterns))
    values = [name for source in ours for name in _values(source)]
    by_reference = {f"${source['ref']}" for source in ours if source.get("ref")}
    # What one source may read or leaves out, another may read.
    rendered = sorted(chain(*folders), key=lambda pattern: not pattern.startswith("~"))
    return tuple(dict.fromkeys([*rendered, *values, *_referenced(found, by_reference)]))


def _sources(spec: Json) -> Sequence[Json]:
    """`sources` wins over `source`; with hydration the dry source is the one people write."""
    hydrator = spec.get("sourceHydrator") or {}
    return spec.get("sources") or [spec.get("source") or hydrator.get("drySource") or {}]


def _is_ours(source: Json, gitops: GitOps) -> bool:
    """`oci://` is OCI before `chart` is looked at, and both come from a registry, not from Git."""
    url = str(source.get("repoURL", ""))
    from_registry = url.startswith("oci://") or source.get("chart")
    return not from_registry and same_repository(url, gitops.repository)


def _rendered(source: Json) -> list[str]:
    """What a source reads below its own path; a `ref` source without a path renders nothing."""
    path = source.get("path")
    if path is None and source.get("ref"):
        return []
    folder = str(path or "")
    if "helm" in source:
        return chart_files(folder)
    if "directory" in source:
        return _of_directory(folder, source["directory"] or {})
    return ["~**", _below(folder, "**"), *_BASES]  # Kustomize, or what Argo CD finds out by itself


def _values(source: Json) -> list[str]:
    """A chart's values files; a variable is known to Argo CD alone and fits all."""
    if "helm" not in source or (source.get("path") is None and source.get("ref")):
        return []
    names = [_VARIABLE.sub("*", n) for n in _named(source["helm"] or {}) if not _REFERENCE.match(n)]
    return [_below(str(source.get("path") or ""), name) for name in ("values.yaml", *names)]


def _of_directory(folder: str, directory: Json) -> list[str]:
    """Plain manifests: those of the folder itself, or of all below it with `recurse`."""
    unfiltered = directory.get("disableExtensionFilter")
    everything = ["*"] if unfiltered else [f"*.{ending}" for ending in _PLAIN]
    wanted = _alternatives(directory.get("include") or "", everything)
    places = ("", "**/") if directory.get("recurse") else ("",)
    included = [f"{place}{name}" for name in (wanted or everything) for place in places]
    excluded = _alternatives(directory.get("exclude") or "", [])
    return [
        *(_below(folder, name) for name in (*included, _OVERRIDES)),
        *(f"!{_below(folder, name)}" for name in excluded),
    ]


def _alternatives(pattern: str, otherwise: list[str]) -> list[str]:
    """The patterns in `{a,b}`, or the one; `otherwise` when it uses more than `*` and `?`."""
    names = pattern.removeprefix("{").removesuffix("}").split(",") if "{" in pattern else [pattern]
    return otherwise if _ELABORATE.search("".join(names)) else [name for name in names if name]


def _referenced(found: Sequence[Json], ours: set[str]) -> Iterator[str]:
    """The values files that any source takes from a `ref` source of ours, as `$ref/path`."""
    for source in found:
        for name in _named(source.get("helm") or {}):
            reference, _, path = name.partition("/")
            if reference in ours:
                yield _below("", _VARIABLE.sub("*", path))


def _named(helm: Json) -> Iterator[str]:
    """Files that a helm block names; those with an address are fetched from elsewhere."""
    parameters = helm.get("fileParameters") or ()
    for name in (*(helm.get("valueFiles") or ()), *(each.get("path", "") for each in parameters)):
        if "://" not in name:
            yield name


def _below(folder: str, name: str) -> str:
    """A path of the repository; a name that begins with `/` starts at the root."""
    return posixpath.normpath(posixpath.join("/", folder, name)).lstrip("/")
