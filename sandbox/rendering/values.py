"""Values as Helm merges them, and the one Deployment that they describe.

Not Helm: there are no templates. From the merged values come `image.repository`, `image.tag`,
`image.digest`, `replicaCount` and `env`; everything else in them is ignored.
"""

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from sandbox.rendering.repository import RepoError

Object = dict[str, Any]


def parse(text: str, name: str) -> Object:
    """The values in a file; raises RepoError."""
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


def merge(below: Object, above: Object) -> Object:
    """As Helm does: maps are merged, anything else is replaced, null removes."""
    merged = dict(below)
    for key, value in above.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def deployment(values: Object, release: str, namespace: str) -> Object:
    """The Deployment of a release; raises RepoError."""
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
