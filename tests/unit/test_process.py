"""Other people's commands: closed environment, bounded time and output, nothing left running."""

import os
import sys
import tempfile
import time
from pathlib import Path

import pytest

from slipway.clients.process import Ended, Limit, environment, run
from slipway.errors import Final


def python(
    code: str, *, limit: float = 20, home: Path = Path("/nonexistent"), **more: object
) -> Ended:
    env = environment(home)
    return run([sys.executable, "-c", code], env, Limit(limit), "test it", **more)  # type: ignore[arg-type]


def test_status_and_last_lines_are_told() -> None:
    ended = python("import sys\nfor n in range(999): print('line', n)\nsys.exit(3)")
    assert ended.status == 3
    assert ended.lines[-1] == "line 998"
    assert len(ended.lines) < 999


def test_a_line_that_is_asked_for_is_kept_wherever_it_stood() -> None:
    ended = python("print('WARNING: x')\nfor n in range(999): print(n)", notice="WARNING")
    assert ended.noticed == ("WARNING: x",)


def test_X16_the_environment_holds_what_is_named_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLIPWAY_SOURCE_TOKEN", "hunter2")
    monkeypatch.setenv("DOCKER_HOST", "tcp://x")
    found = environment(Path("/h"), "DOCKER_HOST", DOCKER_BUILDKIT="1")
    assert set(found) <= {
        "PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "DOCKER_HOST", "HOME", "TMPDIR", "LC_ALL",
        "DOCKER_BUILDKIT",
    }  # fmt: skip
    assert found["HOME"] == "/h"
    ended = python("import os; print(sorted(os.environ))")
    assert "SLIPWAY_SOURCE_TOKEN" not in ended.lines[0]


def test_X13_hidden_texts_do_not_come_out_not_even_of_a_long_line() -> None:
    code = "print('x' * 4090 + 'hunter2'); print('a hunter2 b')"
    ended = python(code, hidden=["hunter2"])
    assert ended.lines[1] == "a *** b"
    assert "er2" not in "".join(ended.lines)


def test_B07_silence_is_ended_with_all_that_was_started() -> None:
    with tempfile.TemporaryDirectory() as name:
        mark = Path(name) / "pid"
        code = (
            "import subprocess, sys, time\n"
            "child = subprocess.Popen(['sleep', '60'])\n"
            f"open({str(mark)!r}, 'w').write(str(child.pid))\n"
            "child.wait()\n"
        )
        with pytest.raises(Final, match="could not test it: ended after 1 s"):
            python(code, limit=1)
        assert ended_soon(int(mark.read_text()))


def test_input_is_read_from_a_file() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"from the file\n")
        file.seek(0)
        assert python("print(input())", stdin=file).lines == ("from the file",)
    assert python("import sys; print(len(sys.stdin.read()))").lines == ("0",)


def ended_soon(pid: int) -> bool:
    """Whether a process ends; where nobody collects it, it stays as a zombie."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        status = Path(f"/proc/{pid}/stat")
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.02)
    os.kill(pid, 9)
    return False
