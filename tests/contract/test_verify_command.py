"""`slipway verify`, run as people run it, against a registry."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.cli import main
from slipway.evidence.keys import Signer
from slipway.model import Image
from tests.contract.evidence_place import PASSWORD, Place, a_place, new_key

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, Image]]:
    folder = tmp_path_factory.mktemp("verify")
    with a_place(folder) as place:
        _, image, _ = place.delivered()
        (folder / "services").mkdir()
        text = place.service.model_dump_json(by_alias=True)
        (folder / "services" / "books-api.yaml").write_text(text)
        yield place, image


@pytest.fixture
def environment(made: tuple[Place, Image], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """All that verifying needs: no private key."""
    place, _ = made
    told = {
        "SLIPWAY_TRUSTED_KEYS": Signer(place.settings.secret("signing_key")).public.pem,
        "SLIPWAY_REGISTRY_USERNAME": "robot",
        "SLIPWAY_REGISTRY_PASSWORD": PASSWORD,
        "SLIPWAY_PLAIN_HTTP_REGISTRIES": place.login.address,
        "SLIPWAY_SERVICES": str(place.registry_folder.parent / "services"),
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    return told


def test_a_digest_is_verified(made: tuple[Place, Image], environment: dict[str, str]) -> None:
    place, image = made
    done = subprocess.run(
        [sys.executable, "-m", "slipway.cli", "verify", image.reference, "--service", "books-api"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"{image.reference}: signed provenance, verified"
    assert f"  key      {place.key}" in lines
    assert "  service  books-api 1.2.0" in lines
    assert f"  source   {place.service.source.repository} at {image.revision}" in lines


def test_a_tag_is_told_by_its_digest(
    made: tuple[Place, Image], environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    _, image = made
    assert main(["verify", f"{image.repository}:1.2.0", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["verified"] is True
    assert told["reference"] == image.reference
    assert (told["version"], told["run"]) == ("1.2.0", "run-1")


def test_B48_what_does_not_hold_is_told_with_the_reason(
    made: tuple[Place, Image],
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, image = made
    monkeypatch.setenv("SLIPWAY_TRUSTED_KEYS", Signer(new_key()).public.pem)
    assert main(["verify", image.reference]) == 1
    said = capsys.readouterr().out
    assert said.startswith(f"not verified: {image.reference} has no provenance that counts")
    assert "no trusted key has signed it" in said
    assert main(["verify", image.reference, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["verified"] is False


def test_B48_another_services_image_is_refused(
    made: tuple[Place, Image], environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    _, image = made
    text = (ROOT / "services" / "books-api.yaml").read_text()
    folder = Path(environment["SLIPWAY_SERVICES"])
    (folder / "other.yaml").write_text(text.replace("service: books-api", "service: other"))
    assert main(["verify", image.reference, "--service", "other"]) == 1
    assert "it names the builder urn:slipway:builder:layer:v1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "said"),
    [("{repository}:9.9.9", "holds no 9.9.9"), ("{repository}@sha256:" + "0" * 64, "holds no sha")],
)
def test_a_missing_image_is_not_verified(
    name: str,
    said: str,
    made: tuple[Place, Image],
    environment: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["verify", name.format(repository=made[1].repository)]) == 1
    assert said in capsys.readouterr().out


def test_X14_without_a_trusted_key_nothing_is_verified(
    made: tuple[Place, Image],
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("SLIPWAY_TRUSTED_KEYS")
    assert main(["verify", made[1].reference]) == 1
    assert "no key is trusted" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name",
    ["shop", "ghcr.io/acme/shop", "ghcr.io/acme/shop@sha256:abc", "https://ghcr.io/a/b:1", "-x"],
)
def test_wrong_usage_has_its_own_exit_code(
    name: str, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["verify", name])
    assert left.value.code == 2
    assert "usage: slipway" in capsys.readouterr().err
