"""What a shell offers: the printed script is run by bash itself."""

import shutil
import subprocess
from pathlib import Path

import pytest

from slipway.cli import main


@pytest.fixture
def script(capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", "bash"]) == 0
    return capsys.readouterr().out


def offered(script: str, folder: Path, *words: str) -> set[str]:
    """What bash offers for the last of these words."""
    (folder / "services").mkdir(exist_ok=True)
    for name in ("shop", "shelf", "orders"):
        (folder / "services" / f"{name}.yaml").touch()
    line = " ".join(f"'{word}'" for word in ("slipway", *words))
    asked = (
        f'COMP_WORDS=({line}); COMP_CWORD={len(words)}; _shtab_slipway; echo "${{COMPREPLY[@]}}"'
    )
    bash = shutil.which("bash")
    assert bash
    done = subprocess.run(
        [bash, "--norc", "-c", f"{script}\n{asked}"],
        cwd=folder, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return set(done.stdout.split())


def test_commands_and_options_are_offered(script: str, tmp_path: Path) -> None:
    assert offered(script, tmp_path, "re") == {"reject", "release-hold"}
    assert "--offline" in offered(script, tmp_path, "check", "--o")


def test_services_are_those_of_the_service_files(script: str, tmp_path: Path) -> None:
    assert offered(script, tmp_path, "plan", "sh") == {"shop", "shelf"}


def test_nothing_in_a_file_s_name_is_run(script: str, tmp_path: Path) -> None:
    (tmp_path / "services").mkdir()
    for name in ("$(touch${IFS}pwned)", "`touch pwned`", "sh;touch pwned", "sh op", "Shop"):
        (tmp_path / "services" / f"{name}.yaml").touch()
    assert offered(script, tmp_path, "plan", "sh") == {"shop", "shelf"}
    assert [path.name for path in tmp_path.rglob("pwned")] == []


def test_a_search_path_of_the_shell_offers_no_folder(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDPATH", str(tmp_path))
    assert offered(script, tmp_path, "plan", "") == {"shop", "shelf", "orders"}


def test_zsh_has_a_script_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "zsh"]) == 0
    assert capsys.readouterr().out.startswith("#compdef slipway")
