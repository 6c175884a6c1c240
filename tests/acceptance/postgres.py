"""PostgreSQL for one test module, where the machine has one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sandbox import postgres as sandbox


@contextmanager
def postgres() -> Iterator[str]:
    """The address of an empty database; without PostgreSQL the test is skipped, or fails in CI."""
    found = sandbox.binaries()
    if found is None:
        if os.environ.get("SLIPWAY_REQUIRE_POSTGRES"):
            pytest.fail("there is no PostgreSQL, and SLIPWAY_REQUIRE_POSTGRES asks for one")
        pytest.skip("there is no PostgreSQL here")
    with sandbox.postgres(found) as address:
        yield address
