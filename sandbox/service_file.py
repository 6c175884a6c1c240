"""The service file of the sample, for the world it is delivered in."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from sandbox import seed
from sandbox.world import World


def write_service(
    world: World,
    mode: str = "commit",
    write: str = "commit",
    on_failure: str = "stop",
    **gate: Any,
) -> Path:
    """The service file for this world; `gate` overrides keys of production's gate.

    `mode` is how it releases, `write` how it changes the GitOps repository, `on_failure` what
    happens when a proof fails in production.
    """
    folder = world.home / "services"
    folder.mkdir(exist_ok=True)
    path = folder / "books-api.yaml"
    with path.open("w") as file:
        YAML(typ="safe", pure=True).dump(service(world, mode, write, on_failure, **gate), file)
    return path


def service(
    world: World,
    mode: str = "commit",
    write: str = "commit",
    on_failure: str = "stop",
    **gate: Any,
) -> dict[str, Any]:
    """The service file's content."""
    approvers = ["ana@example.com", "leo@example.com"]
    environments = [
        _environment(world, "staging", "automatic", write),
        {
            **_environment(world, "production", "manual", write),
            "after": ["staging"],
            "require": "provenance",
            "on_failure": on_failure,
            "gate": {"approvers": approvers, "expires": "1h", **gate},
        },
    ]
    layer = {"include": ["server.py", "books.json", "package.json"]}
    return {
        "service": "books-api",
        "source": {"repository": f"{world.git_url}/{seed.APPLICATION}"},
        "release": {"mode": mode},
        "image": {
            "repository": world.repository,
            "builder": "layer",
            "layer": {**layer, "command": ["python3", "/app/server.py"]},
        },
        "chart": {
            "path": seed.CHART,
            "repository": f"oci://{world.registry_name}/parraletz/charts",
        },
        "gitops": {"repository": f"{world.git_url}/{seed.GITOPS}"},
        "environments": environments,
    }


def _environment(world: World, name: str, sync: str, write: str) -> dict[str, Any]:
    proposed = {"write": write, "pull_request": {"merge": "automatic"}}
    file = f"books/api/values-{name}.yaml"
    return {
        "name": name,
        **(proposed if write == "pull-request" else {}),
        "updates": [
            {"file": file, "key": "image.tag", "value": "{version}"},
            {"file": file, "key": "image.digest", "value": "{digest}"},
        ],
        # Pods start in a second here, so three quiet ones are a fair settle time.
        "application": {
            "engine": world.engine,
            "name": f"books-api-{name}",
            "sync": "automatic" if world.flux else sync,  # Flux knows no other
            "settle": "3s",
            "grace": "10s",
            "timeout": "3m",
        },
        "smoke": {
            "url": f"{world.url(name)}/books",
            "expect": {"status": 200, "json": "non-empty-list"},
            "version": {"url": "/", "field": "version"},
            "timeout": "30s",
        },
    }
