"""The small part of kustomize that a delivery touches: `resources` and `images`."""

import posixpath
from collections.abc import Callable
from typing import Any

from sandbox.argocd.trees import Tree
from sandbox.rendering.repository import RepoError
from sandbox.rendering.values import Object, parse

KUSTOMIZATION = "kustomization.yaml"


def kustomized(
    tree: Tree, folder: str, documents: Callable[[str, str], list[Object]]
) -> list[Object]:
    """The manifests of a kustomization, with its images set; raises RepoError."""
    wanted = parse(tree.read(posixpath.join(folder, KUSTOMIZATION)) or "", KUSTOMIZATION)
    found: list[Object] = []
    for name in wanted.get("resources") or []:
        path = posixpath.normpath(posixpath.join(folder, name))
        text = tree.read(path)
        if text is not None:
            found += documents(text, name)
        elif tree.files(path):
            found += kustomized(tree, path, documents)
        else:
            raise RepoError(f"accumulating resources from {name!r}: no such file or directory")
    images = {each["name"]: each for each in wanted.get("images") or []}
    return [_with_images(each, images) for each in found]


def _with_images(found: Any, images: dict[str, Object]) -> Any:
    """Every `image` of a container, at any depth."""
    if isinstance(found, list):
        return [_with_images(each, images) for each in found]
    if not isinstance(found, dict):
        return found
    return {
        key: _image(value, images)
        if key == "image" and isinstance(value, str)
        else _with_images(value, images)
        for key, value in found.items()
    }


def _image(reference: str, images: dict[str, Object]) -> str:
    name = reference.partition("@")[0]
    head, slash, last = name.rpartition("/")
    name = head + slash + last.partition(":")[0]
    asked = images.get(name)
    if asked is None:
        return reference
    name = asked.get("newName") or name
    if asked.get("digest"):
        return f"{name}@{asked['digest']}"
    return f"{name}:{asked['newTag']}" if asked.get("newTag") else name
