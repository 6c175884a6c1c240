"""From values files to one Deployment.

Not Helm: there are no templates. The rule is fixed: values.yaml of the source's path, then each of
`helm.valueFiles` in order, then `helm.valuesObject` (or else `helm.values`), merged as Helm merges;
and from the result `image.repository`, `image.tag`, `image.digest`, `replicaCount` and `env`.
Everything else in the values, and `helm.parameters`, is ignored.
"""

import posixpath
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.rendering.repository import RepoError, Repository
from sandbox.rendering.values import Object, deployment, merge, parse

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
                deployments.append(deployment(values, name, namespace))
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
    values = parse(text, "values.yaml") if text is not None else {}
    for name in helm.get("valueFiles", []):
        text = _value_file(name, source, sources)
        if text is None and not helm.get("ignoreMissingValueFiles"):
            raise RepoError(f"open {posixpath.join(path, name)}: no such file or directory")
        values = merge(values, parse(text or "", name))
    return merge(values, helm.get("valuesObject") or parse(helm.get("values", ""), "values"))


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
