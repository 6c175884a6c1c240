"""What every test shares: no setting of the outside world reaches a test."""

import os

import pytest


@pytest.fixture(autouse=True)
def clean_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No SLIPWAY_ variable of the caller's shell; tests set what they need."""
    for name in [name for name in os.environ if name.startswith("SLIPWAY_")]:
        monkeypatch.delenv(name)
