"""What every test shares: no setting of the outside world reaches a test, and who runs where."""

import os
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("untimed", deadline=None)  # a test asserts no time
hypothesis.settings.load_profile("untimed")

# Each of these has one engine, server or browser for all its tests, so one process runs them.
TOGETHER = ("acceptance", "browser", "crash", "flows", "proof")


def pytest_itemcollected(item: pytest.Item) -> None:
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    engine = item.get_closest_marker("docker") or "docker" in item.nodeid
    if folder in TOGETHER:
        item.add_marker(pytest.mark.xdist_group(folder))
    elif engine or "real_registry" in item.nodeid or _asks_for_engine(item):
        item.add_marker(pytest.mark.xdist_group("docker"))


def _asks_for_engine(item: pytest.Item) -> bool:
    wanted = set(getattr(item, "fixturenames", ()))
    return bool(wanted & {"docker_engine", "docker_address", "real_registry"})


@pytest.fixture(autouse=True)
def clean_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No SLIPWAY_ variable of the caller's shell; tests set what they need."""
    for name in [name for name in os.environ if name.startswith("SLIPWAY_")]:
        monkeypatch.delenv(name)
