"""The console script, run as people run it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from slipway.cli import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The committed service file, copied."""
    monkeypatch.setenv("SLIPWAY_SERVICES", str(tmp_path))
    text = (ROOT / "services" / "books-api.yaml").read_text()
    (tmp_path / "books-api.yaml").write_text(text)
    return tmp_path


def test_the_committed_service_files_are_good(capsys: pytest.CaptureFixture[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "slipway.cli", "check", "--offline"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "books-api: ok\n", "")


def test_a_bad_file_is_told_and_the_others_are_read(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.yaml").write_text("service: broken\ntypo: 1\n")
    assert main(["check", "--offline"]) == 1
    said = capsys.readouterr().out
    assert "books-api: ok" in said
    assert "broken.yaml:2: typo: unknown key" in said
    assert "→ correct the service file; nothing was touched" in said


def test_only_the_named_services_are_checked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.yaml").write_text("nonsense")
    assert main(["check", "--offline", "books-api"]) == 0
    assert capsys.readouterr().out == "books-api: ok\n"


def test_an_unknown_service_is_an_error_that_names_the_known_ones(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--offline", "nope"]) == 1
    assert "known services in" in capsys.readouterr().out


def test_json_is_one_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "broken.yaml").write_text("service: [")
    assert main(["check", "--offline", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["books-api"] == {"file": "ok", "findings": []}
    assert "not valid YAML" in told["broken"]["file"]


def test_an_empty_folder_is_not_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLIPWAY_SERVICES", str(tmp_path))
    assert main(["check", "--offline"]) == 1
    assert capsys.readouterr().out == f"no service files in {tmp_path}\n"


@pytest.mark.parametrize("arguments", [[], ["deploy"], ["check", "--nope"]])
def test_wrong_usage_has_its_own_exit_code(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "usage: slipway" in capsys.readouterr().err
