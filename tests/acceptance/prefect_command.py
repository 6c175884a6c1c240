"""Prefect's command line, as a team uses it on an installation."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]


def prefect(env: Mapping[str, str], *arguments: str, folder: Path = ROOT) -> str:
    """What it prints; AssertionError with all that it said when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "prefect", *arguments],
        check=False, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def deploy_all(env: Mapping[str, str]) -> None:
    """Every deployment of deployments/prefect.yaml, into the work pool `slipway`."""
    file = str(ROOT / "deployments" / "prefect.yaml")
    prefect(env, "--no-prompt", "deploy", "--all", "--prefect-file", file)
