"""Programs that look at images: what they see, how they end, and what is said about it."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from slipway.clients.registry_auth import Credential
from slipway.clients.tools import Bench, bench
from tests.contract.evidence_place import program
from tests.contract.processes import alive, until

PASSWORD = "marker-registry-password"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """First folder of the search path."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("SLIPWAY_SIGNING_KEY", "marker-signing-key")
    return tmp_path / "bin"


@pytest.fixture
def place(folder: Path) -> Iterator[Bench]:
    credential = Credential("robot", SecretStr(PASSWORD))
    with bench("registry.example:5000", credential, plain=False) as found:
        yield found


def test_output_is_what_was_printed(folder: Path, place: Bench) -> None:
    program(folder, "good", 'echo "$1 $2"; echo noise >&2')
    assert place.run(["good", "a b", "$(id)"], 10).out == b"a b $(id)\n"


def test_X16_a_program_sees_only_what_it_needs(folder: Path, place: Bench) -> None:
    program(folder, "look", "env | cut -d= -f1 | sort | tr '\\n' ' '; pwd")
    said = place.run(["look"], 10).out.decode()
    *names, where = said.split()
    assert set(names) <= {
        "PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "HOME", "TMPDIR", "DOCKER_CONFIG", "LC_ALL", "NO_COLOR", "SYFT_CHECK_FOR_APP_UPDATE",
        "npm_config_update_notifier", "PWD", "OLDPWD", "SHLVL", "_",
    }  # fmt: skip
    assert where == str(place.folder)
    assert "marker" not in said


def test_X6_X17_the_credential_is_in_a_private_file_that_is_gone_afterwards(folder: Path) -> None:
    credential = Credential("robot", SecretStr(PASSWORD))
    with bench("registry.example:5000", credential, plain=False) as place:
        path = Path(place.environment["DOCKER_CONFIG"]) / "config.json"
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
        [(host, login)] = json.loads(path.read_text())["auths"].items()
        assert host == "registry.example:5000"
        assert base64.b64decode(login["auth"]).decode() == f"robot:{PASSWORD}"
        assert PASSWORD not in repr(place)
    assert not path.exists()


_CHILD = """
import time
from pydantic import SecretStr
from slipway.clients.registry_auth import Credential
from slipway.clients.tools import bench
with bench("registry.example", Credential("robot", SecretStr("word")), plain=False) as place:
    print(place.folder, flush=True)
    time.sleep(60)
"""


def test_X17_what_a_killed_process_left_is_removed_by_the_next(folder: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout
    left = Path(child.stdout.readline().strip()).parent / "home" / "config.json"
    assert left.exists()
    child.kill()
    child.communicate()
    assert left.exists()
    with bench("registry.example", None, plain=False):
        assert not left.exists()


def test_docker_hub_has_another_name_in_that_file(folder: Path) -> None:
    with bench("docker.io", Credential("robot", SecretStr(PASSWORD)), plain=False) as place:
        path = Path(place.environment["DOCKER_CONFIG"]) / "config.json"
        assert list(json.loads(path.read_text())["auths"]) == ["https://index.docker.io/v1/"]


def test_without_a_credential_there_is_no_file(folder: Path) -> None:
    with bench("registry.example", None, plain=True) as place:
        assert list(Path(place.environment["HOME"]).iterdir()) == []
        assert place.environment["SYFT_REGISTRY_INSECURE_USE_HTTP"] == "true"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 3", "tool ended with 3"),
        ("echo one; echo no such image >&2; exit 1", "tool ended with 1: no such image"),
        ("echo only here; exit 1", "tool ended with 1: only here"),
        ("kill -9 $$", "tool ended with -9"),
        (f"echo login {PASSWORD} failed >&2; exit 1", "tool ended with 1: login *** failed"),
        ("grep auth $HOME/config.json >&2; exit 1", "***"),
        ("printf '\\033[31mred\\n' >&2; exit 1", "tool ended with 1: [31mred"),
    ],
)
def test_X13_a_failure_is_told_by_its_last_line_without_secrets(
    script: str, said: str, folder: Path, place: Bench
) -> None:
    program(folder, "tool", script)
    problem = place.run(["tool"], 10).problem
    assert said in problem
    assert PASSWORD not in problem
    assert base64.b64encode(f"robot:{PASSWORD}".encode()).decode() not in problem


def test_what_is_not_installed_is_told(folder: Path, place: Bench) -> None:
    assert place.run(["no-such-tool"], 10).problem == "no-such-tool is not installed"


def test_what_cannot_be_started_is_told(folder: Path, place: Bench) -> None:
    program(folder, "tool", "").write_bytes(b"\x7fELF nonsense")
    assert place.run(["tool"], 10).problem.startswith("tool cannot be started: ")


def test_a_program_that_hangs_is_ended_with_its_children(folder: Path, place: Bench) -> None:
    pid = folder.parent / "pid"
    program(folder, "hang", f"sleep 60 & echo $! > {pid}; wait")
    assert place.run(["hang"], 1).problem == "hang took longer than 1 s"
    child = int(pid.read_text())
    until(lambda: not alive(child), 2)


def test_too_much_output_is_refused(
    folder: Path, place: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slipway.clients.tools._LARGEST", 10)
    program(folder, "tool", "echo 01234567890")
    assert place.run(["tool"], 10).problem == "tool printed more than 10 bytes"


def test_a_program_gets_no_input(folder: Path, place: Bench) -> None:
    program(folder, "tool", "cat; echo done")
    assert place.run(["tool"], 10).out == b"done\n"
    assert os.environ["PATH"].startswith(str(folder))
