"""What the server tells of itself: versions, groups and resources."""

from collections.abc import Iterable
from typing import Any

from sandbox.kubernetes.core import BUILT_IN
from sandbox.kubernetes.kind import Kind, Object

VERSION = {
    "major": "1",
    "minor": "34",
    "gitVersion": "v1.34.1+sandbox",
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "2026-08-22T09:00:00Z",
    "goVersion": "none",
    "compiler": "none",
    "platform": "sandbox",
}
_REVIEW = {
    "name": "selfsubjectaccessreviews",
    "singularName": "selfsubjectaccessreview",
    "namespaced": False,
    "kind": "SelfSubjectAccessReview",
    "verbs": ["create"],
}
_READ = ["get", "list"]


def discovered(path: str, kinds: Iterable[Kind]) -> Object | None:
    """The answer to a discovery path; None when it is none or nothing serves it."""
    groups = _groups(kinds)
    if path == "/version":
        return dict(VERSION)
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        listed = [_group(group, version) for group, version in sorted(groups) if group]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}
    if (name := path.removeprefix("/apis/")) in {group for group, _ in groups if group}:
        versions = [{"groupVersion": f"{g}/{v}", "version": v} for g, v in groups if g == name]
        group_of = {"kind": "APIGroup", "apiVersion": "v1", "name": name, "versions": versions}
        return {**group_of, "preferredVersion": versions[0]}
    group, _, version = path.removeprefix("/apis/").rpartition("/")
    key = ("", "v1") if path == "/api/v1" else (group, version)
    if key not in groups:
        return None
    wanted = f"{key[0]}/{key[1]}" if key[0] else key[1]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": wanted,
        "resources": groups[key],
    }


def _groups(kinds: Iterable[Kind]) -> dict[tuple[str, str], list[Any]]:
    found: dict[tuple[str, str], list[Any]] = {("authorization.k8s.io", "v1"): [_REVIEW]}
    for each in BUILT_IN.values():
        resource = _resource(each.plural, each.kind, namespaced=each.namespaced, verbs=_READ)
        found.setdefault((each.group, "v1"), []).append(resource)
    for kind in sorted(kinds, key=lambda kind: kind.plural):
        verbs = [*_READ, "patch", "watch"]
        own = [_resource(kind.plural, kind.kind, namespaced=kind.namespaced, verbs=verbs)]
        if kind.status:
            status = f"{kind.plural}/status"
            own.append(_resource(status, kind.kind, namespaced=kind.namespaced, verbs=["patch"]))
        found.setdefault((kind.group, kind.version), []).extend(own)
    return found


def _group(group: str, version: str) -> Object:
    one = {"groupVersion": f"{group}/{version}", "version": version}
    return {"name": group, "versions": [one], "preferredVersion": one}


def _resource(plural: str, kind: str, *, namespaced: bool, verbs: list[str]) -> Object:
    single = "" if "/" in plural else kind.lower()
    return {
        "name": plural,
        "singularName": single,
        "namespaced": namespaced,
        "kind": kind,
        "verbs": verbs,
    }
