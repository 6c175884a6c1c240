"""After everything that happened here, no credential is on disk where it does not belong."""

import base64
import gzip
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.world import REGISTRY_ACCOUNT
from tests.acceptance.installation import Installation

SECRETS = (
    "SLIPWAY_SOURCE_TOKEN",
    "SLIPWAY_GITOPS_TOKEN",
    "SLIPWAY_REGISTRY_PASSWORD",
    "SLIPWAY_ARGOCD_TOKEN",
    "SLIPWAY_SIGNING_KEY",
)


def _forms(secret: str) -> Iterator[bytes]:
    """The secret as it is, and as HTTP and JSON results carry it."""
    secret = max(secret.splitlines(), key=len)  # of a key in PEM form: a line of it
    yield secret.encode()
    for text in (secret, f"x-access-token:{secret}", f"{REGISTRY_ACCOUNT[0]}:{secret}"):
        yield base64.b64encode(text.encode()).rstrip(b"=")


def _contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file; what git and the registry keep compressed, as it reads."""
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            packed = content.startswith(b"\x1f\x8b")
            yield str(path.relative_to(folder)), gzip.decompress(content) if packed else content
    for repository in folder.rglob("*.git"):
        command = ["git", "-C", str(repository), "cat-file", "--batch", "--batch-all-objects"]
        done = subprocess.run(command, check=True, capture_output=True)
        yield f"objects of {repository.name}", done.stdout


def _holding(folder: Path, text: str) -> list[str]:
    forms = tuple(_forms(text))
    return [name for name, content in _contents(folder) if any(form in content for form in forms)]


@pytest.mark.usefixtures("delivery", "retries", "refusal", "expiry", "repairs")
@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("place", ["prefect", "logs", "world/git", "world/registry"])
def test_X01_X02_X03_X04_X05_no_credential_in_database_results_logs_and_repositories(
    site: Installation, name: str, place: str
) -> None:
    """`prefect` holds the server's database (parameters, states, events, artifacts) and results."""
    assert _holding(site.home / place, site.world.settings()[name]) == []


@pytest.mark.usefixtures("delivery")
def test_the_places_that_are_searched_hold_what_they_should(site: Installation) -> None:
    """A search of empty places would find nothing either."""
    assert _holding(site.home / "prefect", "staging looks good")
    assert any((site.home / "prefect" / "storage").iterdir())
    assert _holding(site.home / "logs", "Beginning flow run")
    assert "objects of gitops-cf.git" in _holding(site.home / "world/git", "Approved-By")
    assert _holding(site.home / "world/registry", "BaseHTTPRequestHandler")
