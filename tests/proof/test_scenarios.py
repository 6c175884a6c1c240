"""Every story of the demo, told as a user would: `make demo SCENARIO=… ARGS=--yes`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.demo.scenarios import SCENARIOS

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all: each delivery finds what the one before it left."""
    return tmp_path_factory.mktemp("demo")


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_the_story_ends_as_it_must(name: str, home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "--yes", "--scenario", name],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Traceback" not in done.stdout + done.stderr
    assert SCENARIOS[name].says in " ".join(done.stdout.split())
