"""From values files to one Deployment.

Not Helm: there are no templates. The rule is fixed: values.yaml of the source's path, then each of
`helm.valueFiles` in order, then `helm.valuesObject` (or else `helm.values`), merged as Helm merges;
and from the result `image.repository`, `image.tag`, `image.digest`, `replicaCount` and `env`.
Everything else in the values, and `helm.parameters`, is ignored.
"""

import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from sandbox.argocd.repository import RepoError, Repository

Object = dict[str, Any]
Find = Callable[[str], Repository]


@dataclass(frozen=True)
class Source:
    """One source of an Application, at one commit."""

    spec: Object
    repository: Repository
    commit: str


def render(sources: list[Source], release: str, namespace: str) -> Object:
    """The Deployment the sources describe; raises RepoError."""
    deployments = []
    for position, source in enumerate(sources, 1):
        try:
            source.repository.check_out(source.commit)
            if "path" in source.spec:
                values = _values(source, sources)
                name = source.spec.get("helm", {}).get("releaseName") or release
                deployments.append(_deployment(values, name, namespace))
        except RepoError as error:
            where = f"failed to generate manifest for source {position} of {len(sources)}"
            raise RepoError(f"{where}: rpc error: code = Unknown desc = {error}") from error
    if len(deployments) != 1:
        raise RepoError(f"{len(deployments)} workloads rendered, the sandbox runs exactly one")
    return deployments[0]


def _values(source: Source, sources: list[Source]) -> Object:
    path, helm = posixpath.normpath(source.spec["path"]), source.spec.get("helm", {})
    if not source.repository.has_folder(source.commit, "" if path == "." else path):
        raise RepoError(f"{path}: app path does not exist")
    text = _value_file("values.yaml", source, sources)
    values = _parse(text, "values.yaml") if text is not None else {}
    for name in helm.get("valueFiles", []):
        text = _value_file(name, source, sources)
        if text is None and not helm.get("ignoreMissingValueFiles"):
            raise RepoError(f"open {posixpath.join(path, name)}: no such file or directory")
        values = _merge(values, _parse(text or "", name))
    return _merge(values, helm.get("valuesObject") or _parse(helm.get("values", ""), "values"))


def _value_file(name: str, source: Source, sources: list[Source]) -> str | None:
    """The text of a values file, by its path in this source or in a `$ref` one."""
    folder = source.spec["path"]
    if name.startswith("$"):
        reference, _, name = name[1:].partition("/")
        found = [each for each in sources if each.spec.get("ref") == reference]
        if not found:
            raise RepoError(f'source referenced "{reference}", but no source has that ref')
        source, folder = found[0], ""
    path = posixpath.normpath(posixpath.join(folder, name)).lstrip("/")
    if path.startswith(".."):
        raise RepoError(f"value file {name!r} is outside the repository")
    return source.repository.read(source.commit, path)


def _parse(text: str, name: str) -> Object:
    try:
        values = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        first = " ".join(str(error).split())
        raise RepoError(
            f"failed to parse {name}: error converting YAML to JSON: {first}"
        ) from error
    if not isinstance(values, dict | None):
        raise RepoError(f"failed to parse {name}: cannot unmarshal into map[string]interface")
    return values or {}


def _merge(below: Object, above: Object) -> Object:
    """As Helm does: maps are merged, anything else is replaced, null removes."""
    merged = dict(below)
    for key, value in above.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def _deployment(values: Object, release: str, namespace: str) -> Object:
    image, name = values.get("image"), values.get("fullnameOverride") or release
    if not isinstance(image, dict) or not image.get("repository"):
        raise RepoError("nil pointer evaluating interface {}.repository")
    reference = str(image["repository"])
    reference += f":{image['tag']}" if image.get("tag") else ""
    reference += f"@{image['digest']}" if image.get("digest") else ""
    env = [
        {"name": str(item["name"]), "value": str(item.get("value", ""))}
        for item in values.get("env") or []
    ]
    labels = {"app.kubernetes.io/name": name}
    container = {"name": name, "image": reference, "env": env}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": _count(values.get("replicaCount", 1)),
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def _count(value: object) -> int:
    if not isinstance(value, int) or value < 0:
        raise RepoError(f"Deployment.spec.replicas: cannot use {value!r} as int32")
    return value
