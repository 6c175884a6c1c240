"""From the sources of an Application to the manifests they describe.

Not Helm: there are no templates. The rule is fixed: values.yaml of the source's path or chart, then
each of `helm.valueFiles` in order, then `helm.valuesObject` (or else `helm.values`), then
`helm.parameters`, merged as Helm merges; `sandbox.rendering` tells what becomes of the values.
A folder without values.yaml and without `helm` holds plain manifests, also through kustomize.
"""

import posixpath
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from sandbox.argocd.charts import is_chart
from sandbox.argocd.kustomize import KUSTOMIZATION, kustomized
from sandbox.argocd.trees import Tree
from sandbox.rendering.repository import RepoError
from sandbox.rendering.templates import manifests
from sandbox.rendering.values import Object, merge, parse

WORKLOADS = ("Deployment", "StatefulSet")


@dataclass(frozen=True)
class Source:
    """One source of an Application, at one revision."""

    spec: Object
    tree: Tree

    @property
    def folder(self) -> str:
        path = "" if is_chart(self.spec) else posixpath.normpath(self.spec["path"])
        return "" if path == "." else path

    @property
    def renders(self) -> bool:
        """A source with a `ref` alone gives its files to others."""
        return is_chart(self.spec) or "path" in self.spec


def render(sources: list[Source], release: str, namespace: str) -> list[Object]:
    """The manifests that the sources describe; raises RepoError."""
    found: list[Object] = []
    for position, source in enumerate(sources, 1):
        try:
            source.tree.check_out()
            if source.renders:
                found += _manifests(source, sources, release, namespace)
        except RepoError as error:
            where = f"failed to generate manifest for source {position} of {len(sources)}"
            raise RepoError(f"{where}: rpc error: code = Unknown desc = {error}") from error
    workloads = sum(each["kind"] in WORKLOADS for each in found)
    if workloads > 1:
        raise RepoError(f"{workloads} workloads rendered, the sandbox runs at most one")
    return found


def _manifests(source: Source, sources: list[Source], release: str, namespace: str) -> list[Object]:
    files = source.tree.files(source.folder)
    if not files:
        raise RepoError(f"{source.folder}: app path does not exist")
    names = {posixpath.relpath(file, source.folder or ".") for file in files}
    if KUSTOMIZATION in names:
        return _placed(kustomized(source.tree, source.folder, documents), namespace)
    if "helm" not in source.spec and not names & {"values.yaml", "Chart.yaml"}:
        return _placed(_directory(source, files), namespace)
    name = source.spec.get("helm", {}).get("releaseName") or release
    return manifests(_values(source, sources), name, namespace)


def _directory(source: Source, files: list[str]) -> list[Object]:
    """All documents of a folder; of the folders below it only with `directory.recurse`."""
    deep = source.spec.get("directory", {}).get("recurse", False)
    found = []
    for file in files:
        inside = posixpath.relpath(file, source.folder or ".")
        if file.endswith((".yaml", ".yml")) and (deep or "/" not in inside):
            found += documents(source.tree.read(file) or "", inside)
    return found


def documents(text: str, name: str) -> list[Object]:
    """The manifests in a file; raises RepoError."""
    try:
        found = [each for each in YAML(typ="safe", pure=True).load_all(text) if each]
    except YAMLError as error:
        raise RepoError(f"failed to unmarshal {name!r}: {' '.join(str(error).split())}") from error
    for each in found:
        if not isinstance(each, dict) or not {"apiVersion", "kind", "metadata"} <= set(each):
            raise RepoError(f"failed to unmarshal {name!r}: Object 'Kind' is missing")
    return found


def _placed(found: list[Object], namespace: str) -> list[Object]:
    """With the destination's namespace where a manifest names none."""
    return [{**each, "metadata": {"namespace": namespace, **each["metadata"]}} for each in found]


def _values(source: Source, sources: list[Source]) -> Object:
    helm = source.spec.get("helm", {})
    text = _value_file("values.yaml", source, sources)
    values = parse(text, "values.yaml") if text is not None else {}
    for name in helm.get("valueFiles", []):
        text = _value_file(name, source, sources)
        if text is None and not helm.get("ignoreMissingValueFiles"):
            where = posixpath.join(source.folder, name)
            raise RepoError(f"open {where}: no such file or directory")
        values = merge(values, parse(text or "", name))
    above = helm.get("valuesObject") or parse(helm.get("values", ""), "values")
    values = merge(values, above)
    for each in helm.get("parameters", []):
        values = merge(values, _nested(each["name"].split("."), each["value"]))
    return values


def _nested(path: list[str], value: str) -> Object:
    return {path[0]: _nested(path[1:], value) if len(path) > 1 else value}


def _value_file(name: str, source: Source, sources: list[Source]) -> str | None:
    """The text of a values file, by its path in this source or in a `$ref` one."""
    folder = source.folder
    if name.startswith("$"):
        reference, _, name = name[1:].partition("/")
        found = [each for each in sources if each.spec.get("ref") == reference]
        if not found:
            raise RepoError(f'source referenced "{reference}", but no source has that ref')
        source, folder = found[0], ""
    path = posixpath.normpath(posixpath.join(folder, name)).lstrip("/")
    if path.startswith(".."):
        raise RepoError(f"value file {name!r} is outside the repository")
    return source.tree.read(path)
