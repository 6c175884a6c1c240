"""Programs that read an image and print what they know: generators and scanners.

They run without a shell, in a folder of their own, with a closed environment: the search path, a
home that is gone afterwards, and the registry's credential in a Docker configuration file.
"""

import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from slipway.clients.process import environment
from slipway.clients.registry_auth import Credential
from slipway.clients.scratch import scratch
from slipway.text import printable, redacted

_LARGEST = 64 * 1024 * 1024  # bytes of output
# What keeps the programs we know from asking for newer ones, and from colours.
_QUIET = {
    "NO_COLOR": "1",
    "SYFT_CHECK_FOR_APP_UPDATE": "false",
    "npm_config_update_notifier": "false",
}


@dataclass(frozen=True)
class Ran:
    """How a program ended. Its output counts only when there is no problem."""

    out: bytes = b""
    problem: str = ""  # for people: "trivy is not installed"


@dataclass(frozen=True)
class Bench:
    """A folder to run programs in; it is gone after the block."""

    folder: Path
    environment: Mapping[str, str]
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def run(self, command: Sequence[str], timeout: float) -> Ran:
        """Run a program for at most `timeout` seconds; it and its children are gone afterwards."""
        name = Path(command[0]).name
        if not installed(command[0]):
            return Ran(problem=f"{name} is not installed")
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            try:
                status = self._wait(command, timeout, out, err)
            except subprocess.TimeoutExpired:
                return Ran(problem=f"{name} took longer than {timeout:.0f} s")
            except OSError as error:
                return Ran(problem=f"{name} cannot be started: {error.strerror}")
            out.seek(0)
            printed = out.read(_LARGEST + 1)
            if status:
                said = self._last(err.fileno(), printed)
                return Ran(problem=f"{name} ended with {status}{said}")
        if len(printed) > _LARGEST:
            return Ran(problem=f"{name} printed more than {_LARGEST} bytes")
        return Ran(printed)

    def _wait(self, command: Sequence[str], timeout: float, out: IO[bytes], err: IO[bytes]) -> int:
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            return process.wait(timeout)
        finally:
            _end(process)

    def _last(self, err: int, printed: bytes) -> str:
        """The last line that a failed program has said."""
        said = os.pread(err, 4096, max(0, os.fstat(err).st_size - 4096)) or printed[-4096:]
        text = said.decode("utf-8", "replace")
        for secret in self.secrets:
            text = text.replace(secret, "***")
        lines = [line for line in text.splitlines() if line.strip()]
        return f": {printable(redacted(lines[-1]))}" if lines else ""


def installed(program: str) -> bool:
    """Whether the program is on the search path."""
    return shutil.which(program) is not None


@contextlib.contextmanager
def bench(registry: str, credential: Credential | None, plain: bool) -> Iterator[Bench]:
    """A place to run programs that may read from `registry` (its host) as we do."""
    with scratch() as folder:
        home, work = folder / "home", folder / "work"
        home.mkdir(mode=0o700)
        work.mkdir()
        secrets = _write_login(home, registry, credential)
        values = {"DOCKER_CONFIG": str(home), **_QUIET}
        if plain:
            values["SYFT_REGISTRY_INSECURE_USE_HTTP"] = "true"
        yield Bench(work, environment(home, **values), secrets)


def _write_login(home: Path, registry: str, credential: Credential | None) -> tuple[str, ...]:
    if credential is None:
        return ()
    password = credential.password.get_secret_value()
    login = base64.b64encode(f"{credential.username}:{password}".encode()).decode()
    server = "https://index.docker.io/v1/" if registry == "docker.io" else registry
    path = home / "config.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps({"auths": {server: {"auth": login}}}), encoding="utf-8")
    return password, login


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill what is left of the program and of everything that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
