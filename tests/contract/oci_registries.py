"""The registries that the conformance tests ask: the stand-in, and Debian's docker-registry.

docker-registry shows that the tests themselves are right. What its version 2.8 has not, or has in
another way, is asked of the stand-in alone; test_registry_deviations.py says what that is.
"""

import uuid
from collections.abc import Iterator

import httpx
import pytest

from sandbox.registry.api import Account, Registry
from sandbox.serving import served
from tests.contract.docker_engine import RegistryLogin
from tests.contract.oci import connect


@pytest.fixture(scope="session")
def stand_in_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryLogin]:
    """The stand-in, with an account that may do everything."""
    accounts = [Account("robot", "secret", push=("",))]
    with served(Registry(tmp_path_factory.mktemp("registry"), accounts).app) as server:
        yield RegistryLogin(f"127.0.0.1:{server.port}", "robot", "secret")


@pytest.fixture(
    params=["stand_in_registry", pytest.param("real_registry", marks=pytest.mark.docker)]
)
def registry(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """A client of each registry in turn, which may do everything."""
    login: RegistryLogin = request.getfixturevalue(request.param)
    with connect(f"http://{login.address}", login.username, login.password) as client:
        yield client


@pytest.fixture
def stand_in(stand_in_registry: RegistryLogin) -> Iterator[httpx.Client]:
    """A client of the stand-in, for what docker-registry has not."""
    login = stand_in_registry
    with connect(f"http://{login.address}", login.username, login.password) as client:
        yield client


@pytest.fixture
def name() -> str:
    """A repository of the test alone; the registries outlive it."""
    return f"team/{uuid.uuid4().hex}"
