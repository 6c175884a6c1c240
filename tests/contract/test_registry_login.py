"""Logging in to a registry by the token service it names."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.registry.api import Account, Registry
from sandbox.serving import Server, served
from slipway.clients.registry import Repository, open_anonymously, open_repository
from slipway.errors import Final
from tests.contract.fronts import NAME, PASSWORD, Changed, TokenService, push, settings


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "registry", [Account("robot", PASSWORD, push=("team",))])


@pytest.fixture
def changed(registry: Registry) -> Changed:
    return Changed(registry.app)


@pytest.fixture
def server(changed: Changed) -> Iterator[Server]:
    with served(changed.app) as server:
        yield server


@pytest.fixture
def repository(server: Server) -> Iterator[Repository]:
    with open_repository(f"127.0.0.1:{server.port}/{NAME}", settings(server), push=True) as found:
        yield found


@pytest.fixture
def tokens(changed: Changed, server: Server) -> TokenService:
    service = TokenService(f"{server.url}/token")
    changed.inner = service.wrap(changed.inner)
    return service


def test_B43_token_is_fetched_once_and_renewed(
    tokens: TokenService, repository: Repository, tmp_path: Path
) -> None:
    push(repository, tmp_path)
    [(authorization, query)] = tokens.asked
    assert base64.b64decode(authorization.split()[1]).decode() == f"robot:{PASSWORD}"
    assert query == {"service": ["shelf"], "scope": [f"repository:{NAME}:pull,push"]}
    tokens.issued += 1  # the token that the client holds is no longer good
    assert repository.manifest("1.0.0")
    assert len(tokens.asked) == 2


def test_B43_anonymous_reader_asks_without_a_password(tokens: TokenService, server: Server) -> None:
    with open_anonymously(f"127.0.0.1:{server.port}/{NAME}", settings(server)) as repository:
        assert repository.find("1.0.0") is None
    [(authorization, query)] = tokens.asked
    assert authorization == ""
    assert query["scope"] == [f"repository:{NAME}:pull"]


@pytest.mark.parametrize("realm", ["http://localhost:{port}/token", "https://evil.example/token",
                                   "ftp://127.0.0.1/token", "/token", ""])  # fmt: skip
def test_B43_token_service_elsewhere_is_not_followed(
    realm: str, tokens: TokenService, server: Server, repository: Repository
) -> None:
    tokens.realm = realm.format(port=server.port)
    with pytest.raises(Final, match="not as safe as itself"):
        repository.find("1.0.0")
    assert tokens.asked == []
