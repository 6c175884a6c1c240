"""The command line: what it says and how it exits."""

import json
from pathlib import Path

import pytest

from slipway.cli import main

SHIPPED = Path(__file__).parents[2] / "services" / "books-api.yaml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SLIPWAY_SERVICES", str(tmp_path))
    (tmp_path / "books-api.yaml").write_text(SHIPPED.read_text())
    return tmp_path


def test_check_of_good_files_says_ok(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert capsys.readouterr().out == "books-api: ok\n"


def test_check_of_a_bad_file_says_why(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.yaml").write_text("service: bad\nsauce: {}\n")
    assert main(["check"]) == 1
    out = capsys.readouterr().out
    assert "bad.yaml:2: sauce: unknown key; did you mean 'source'?" in out
    assert "books-api: ok" in out


def test_check_as_json_is_one_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json", "books-api", "nope"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["books-api"] is None
    assert "there is no service 'nope'" in told["nope"]


def test_an_empty_folder_is_not_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLIPWAY_SERVICES", str(tmp_path))
    assert main(["check"]) == 1
    assert "no service files" in capsys.readouterr().out


def test_wrong_usage_exits_with_two() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["launch"])
    assert caught.value.code == 2
