"""From a folder of a commit to manifests: plain YAML, or a kustomization's resources and images."""

import posixpath
from collections.abc import Iterator

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from sandbox.flux.world import Object, RepoError
from sandbox.rendering.repository import Repository
from sandbox.rendering.values import parse

_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def build(repository: Repository, commit: str, path: str) -> list[Object]:
    """The manifests below a folder; raises RepoError."""
    folder = posixpath.normpath(posixpath.join("/", path)).lstrip("/")
    if folder and not repository.has_folder(commit, folder):
        raise RepoError(f"kustomization path not found: stat /tmp/{folder}: no such file")
    return list(_folder(repository, commit, folder))


def _folder(repository: Repository, commit: str, folder: str) -> Iterator[Object]:
    own = next((n for n in _NAMES if repository.read(commit, posixpath.join(folder, n))), None)
    if own is None:
        for name in repository.files(commit, folder):
            if name.endswith((".yaml", ".yml")):
                yield from _documents(repository.read(commit, name) or "", name)
        return
    wanted = parse(repository.read(commit, posixpath.join(folder, own)) or "", own)
    for name in wanted.get("resources") or ():
        for manifest in _resource(repository, commit, posixpath.join(folder, name)):
            yield _with_images(manifest, wanted.get("images") or ())


def _resource(repository: Repository, commit: str, path: str) -> Iterator[Object]:
    path = posixpath.normpath(path)
    if path.startswith(".."):
        raise RepoError(f"security; file '{path}' is not in or below the root")
    if repository.has_folder(commit, f"{path}/"):
        yield from _folder(repository, commit, path)
        return
    text = repository.read(commit, path)
    if text is None:
        raise RepoError(f"accumulating resources from '{path}': no such file or directory")
    yield from _documents(text, path)


def _documents(text: str, name: str) -> list[Object]:
    try:
        found = [each for each in YAML(typ="safe", pure=True).load_all(text) if each]
    except YAMLError as error:
        raise RepoError(f"MalformedYAMLError: {name}: {' '.join(str(error).split())}") from error
    if not all(isinstance(each, dict) and "kind" in each for each in found):
        raise RepoError(f"failed to decode Kubernetes apiVersion, kind and name from: {name}")
    return found


def _with_images(manifest: Object, images: object) -> Object:
    """The image transformer: by name, without tag and digest."""
    template = ((manifest.get("spec") or {}).get("template") or {}).get("spec") or {}
    for container in template.get("containers") or ():
        name, _, _ = container["image"].partition("@")
        base, colon, tag = name.rpartition(":")
        base = base if colon and "/" not in tag else name
        for each in images if isinstance(images, list) else ():
            if each["name"] == base:
                container["image"] = _image(each, base, tag)
    return manifest


def _image(change: Object, base: str, tag: str) -> str:
    name, digest = change.get("newName", base), change.get("digest")
    new = str(change.get("newTag", tag))
    return f"{name}@{digest}" if digest else f"{name}:{new}"
