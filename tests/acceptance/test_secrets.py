"""After everything that happened here, no credential is anywhere it does not belong."""

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.acceptance import sentinels
from tests.acceptance.installation import ROOT, Installation

SECRETS = (
    "SLIPWAY_SOURCE_TOKEN",
    "SLIPWAY_GITOPS_TOKEN",
    "SLIPWAY_REGISTRY_PASSWORD",
    "SLIPWAY_ARGOCD_TOKEN",
    "SLIPWAY_SIGNING_KEY",
    "SLIPWAY_NOTIFY_URLS",
    "SLIPWAY_NOTIFY_LISTS",
    "SLIPWAY_GITOPS_WEBHOOKS",
    "SLIPWAY_GITOPS_SIGNING_KEY",
    "SLIPWAY_BUILD_SECRETS",
    "SLIPWAY_WEBHOOK_SECRET",
)
COMMANDS = (
    ("check", "books"),
    ("check", "books", "--json"),
    ("plan", "books"),
    ("plan", "books", "--json"),
    ("status", "books"),
    ("status", "--json"),
    ("manifests", "books"),
)


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


@cache
def _read(folder: Path) -> tuple[tuple[str, bytes], ...]:
    return tuple(_contents(folder))


def _holding(folder: Path, text: str) -> list[str]:
    forms = tuple(sentinels.forms(text))
    return [name for name, content in _read(folder) if any(form in content for form in forms)]


def test_every_secret_setting_has_a_sentinel(site: Installation) -> None:
    """One that is added to the settings has to be looked for too."""
    from slipway.settings import Settings  # noqa: PLC0415  # only to know their names

    known = {
        f"SLIPWAY_{name.upper()}"
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation) and name != "prefect_api_auth_string"
    }
    assert known <= set(sentinels.secrets(site.settings))
    assert known <= set(SECRETS)


@pytest.mark.usefixtures("delivery", "retries", "refusal", "expiry", "repairs")
@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("place", ["prefect", "logs", "world/git", "world/registry", "overheard"])
def test_X01_X02_X03_X04_X05_X06_X07_X08_no_credential_anywhere(
    site: Installation, name: str, place: str
) -> None:
    """`prefect` holds the server's database (parameters, states, events, artifacts) and results.

    `overheard` is what git and other programs were given as arguments, and git's configuration.
    """
    assert _holding(site.home / place, sentinels.secrets(site.settings)[name]) == []


@pytest.mark.usefixtures("delivery", "retries", "refusal", "expiry", "repairs")
@pytest.mark.parametrize("name", SECRETS)
def test_X07_no_credential_in_an_address(site: Installation, name: str) -> None:
    forms = [form.decode() for form in sentinels.forms(sentinels.secrets(site.settings)[name])]
    asked = [
        f"{request.path}?{request.query}"
        for server in site.world.servers.values()
        for request in server.traffic.requests
    ]
    assert asked
    assert [where for where in asked if any(form in where for form in forms)] == []


@pytest.mark.usefixtures("delivery")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_X10_no_credential_in_what_a_command_prints(
    site: Installation, command: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "slipway.cli", *command],
        check=False, cwd=ROOT, env=site.runner.env, capture_output=True, timeout=120,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode in (0, 1), said
    assert said
    secrets = sentinels.secrets(site.settings)
    held = [name for name, text in secrets.items() if any(f in said for f in sentinels.forms(text))]
    assert held == []


@pytest.mark.usefixtures("delivery")
def test_the_places_that_are_searched_hold_what_they_should(site: Installation) -> None:
    """A search of empty places would find nothing either."""
    assert _holding(site.home / "prefect", "staging looks good")
    assert any((site.home / "prefect" / "storage").iterdir())
    assert _holding(site.home / "logs", "Beginning flow run")
    assert _holding(site.home / "logs", "DEBUG")
    assert _holding(site.home / "overheard", "--force-with-lease=")
    assert _holding(site.home / "overheard", "[core]")
    assert "objects of gitops-cf.git" in _holding(site.home / "world/git", "Approved-By")
    assert _holding(site.home / "world/registry", "BaseHTTPRequestHandler")


@pytest.mark.usefixtures("delivery")
def test_X03_a_trace_that_the_worker_asks_git_for_is_not_made(site: Installation) -> None:
    """It would hold every header."""
    assert site.settings["GIT_TRACE_CURL"]
    assert not Path(site.settings["GIT_TRACE_CURL"]).exists()


def test_a_secret_would_be_found_in_any_of_its_forms(tmp_path: Path) -> None:
    for number, form in enumerate(sentinels.forms("tok/en+1")):
        (tmp_path / f"{number}").write_bytes(b"before " + form + b" after")
    (tmp_path / "json").write_text(json.dumps({"value": "tok/en+1"}))
    assert len(_holding(tmp_path, "tok/en+1")) == 7
