"""The files that the updates write, as they are before the first delivery. Pure."""

import itertools
import posixpath
from typing import Any

from slipway.layout.places import KUSTOMIZATION
from slipway.layout.text import mapping
from slipway.manifests import keypath
from slipway.manifests.globs import is_pattern
from slipway.manifests.keypath import Match, Step
from slipway.service import Environment, Service, Update

FIRST = "0.1.0"  # the version that stands in the files before the first delivery
_NO_DIGEST = ""
_KUSTOMIZE = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [] # the manifests, or the base, of the service
"""


def seeds(service: Service, environment: Environment, own: str) -> dict[str, str]:
    """Every file but the Application's own (`own`) that the environment's updates write.

    A file is left out when its keys do not tell what it looks like: items by number, documents,
    patterns.
    """
    files: dict[str, list[Update]] = {}
    for update in environment.updates:
        files.setdefault(update.file, []).append(update)
    found = {}
    for file, updates in files.items():
        if file != own and not is_pattern(file) and all(map(_is_told, updates)):
            head = f"# Values of {environment.name}; the release writes its own into them.\n"
            if posixpath.basename(file) in KUSTOMIZATION:
                head = _KUSTOMIZE
            found[file] = head + mapping(_tree(service, updates))
    return found


def tree(updates: list[tuple[tuple[Step, ...], str]]) -> dict[str, Any]:
    """Nested mappings that hold a value at the end of every way."""
    root: dict[str, Any] = {}
    for steps, value in updates:
        node = root
        for step, following in itertools.pairwise(steps):
            if isinstance(step, Match):
                continue
            inner = node.setdefault(str(step), [] if isinstance(following, Match) else {})
            node = _item(inner, following) if isinstance(following, Match) else inner
        node[str(steps[-1])] = value
    return root


def initial(update: Update) -> str:
    """The value before the first delivery; there is no digest yet."""
    return _NO_DIGEST if "{digest}" in update.value else update.value.replace("{version}", FIRST)


def _tree(service: Service, updates: list[Update]) -> dict[str, Any]:
    root = tree([(keypath.parse(update.key), initial(update)) for update in updates])
    image = root.get("image")
    if isinstance(image, dict) and "tag" in image:
        root["image"] = {"repository": service.image.repository, **image}
    return root


def _item(items: list[dict[str, Any]], match: Match) -> dict[str, Any]:
    for item in items:
        if item.get(match.field) == match.value:
            return item
    items.append({match.field: match.value})
    return items[-1]


def _is_told(update: Update) -> bool:
    steps = keypath.parse(update.key)
    by_name = isinstance(steps[0], str) and not any(isinstance(step, int) for step in steps)
    return by_name and steps[0] != "spec" and update.document is None
