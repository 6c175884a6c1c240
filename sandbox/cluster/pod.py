"""One replica of a workload: a plain process, pulled, started, probed and restarted.

A plain process is not isolation: the image's files are unpacked below a folder, `python3` is this
interpreter, and absolute paths are re-rooted. It is enough to run the sample application.
"""

import http.client
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from sandbox.cluster.image import Image, Images, PullError
from sandbox.serving import free_port

# The process must not outlive the sandbox, however that ends. 1 is PR_SET_PDEATHSIG.
_LAUNCHER = """
import os, signal, sys
if sys.platform == "linux":
    import ctypes
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != int(sys.argv[1]):
        sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""
_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True)
class Pace:
    """Seconds; a real kubelet takes ten times as long."""

    first_backoff: float = 1.0
    longest_backoff: float = 10.0
    drain: float = 0.2  # between leaving the service and the signal to end
    grace: float = 2.0  # between that signal and the kill


@dataclass(frozen=True)
class State:
    """What is known of the one container."""

    phase: str = "Pending"
    reason: str = "ContainerCreating"  # why it waits; empty while it runs
    message: str = ""
    ready: bool = False
    restarts: int = 0
    exit_code: int | None = None  # of the last termination
    log_tail: str = ""
    image_id: str = ""


class Pod:
    """The process behind one replica, looked after by a thread of its own."""

    def __init__(
        self,
        manifest: Mapping[str, Any],
        images: Images,
        log: Path,
        record: Callable[[str, str, str], None],
        pace: Pace,
    ) -> None:
        self.metadata: Mapping[str, Any] = manifest["metadata"]
        self.reference: str = manifest["image"]
        self.env: Mapping[str, str] = manifest["env"]
        self.state = State()
        self.port = 0
        self.terminated_at = ""
        self._images = images
        self._log = log
        self._record = record  # (type, reason, message) of an event
        self._pace = pace
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def terminating(self) -> bool:
        return self.terminated_at != ""

    @property
    def gone(self) -> bool:
        return self.terminating and not self._thread.is_alive()

    def terminate(self) -> None:
        """Leave the service now and end soon; `gone` tells when."""
        self.terminated_at = self.terminated_at or timestamp()
        self._set(ready=False)
        self._stopping.set()

    def join(self) -> None:
        self._thread.join(timeout=self._pace.drain + self._pace.grace + 5)

    def log(self, *, previous: bool) -> str | None:
        """What the newest container wrote, or the terminated one before it; None without one.

        A container that waits for its restart has terminated: both are the same then.
        """
        ended = self.state.restarts > 0 and self.state.reason == "CrashLoopBackOff"
        path = self._log.with_suffix(".previous") if previous and not ended else self._log
        return path.read_text(errors="replace") if path.exists() else None

    def _set(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)

    def _run(self) -> None:
        image = self._pull()
        delay = self._pace.first_backoff
        while image and not self._stopping.is_set():
            began = time.monotonic()
            code = self._serve(image)
            if self._stopping.is_set():
                return
            if time.monotonic() - began > self._pace.longest_backoff:
                delay = self._pace.first_backoff
            self._crashed(code, delay)
            self._stopping.wait(delay)
            delay = min(delay * 2, self._pace.longest_backoff)

    def _pull(self) -> Image | None:
        delay = self._pace.first_backoff
        while not self._stopping.is_set():
            self._record("Normal", "Pulling", f'Pulling image "{self.reference}"')
            try:
                image = self._images.pull(self.reference)
            except PullError as error:
                self._not_pulled(str(error))
                self._stopping.wait(delay)
                delay = min(delay * 2, self._pace.longest_backoff)
                continue
            repository = self.reference.partition("@")[0].rpartition("/")
            name = repository[2].partition(":")[0]
            self._set(image_id=f"{repository[0]}/{name}@{image.digest}")
            self._record("Normal", "Pulled", f'Successfully pulled image "{self.reference}"')
            return image
        return None

    def _not_pulled(self, why: str) -> None:
        self._set(reason="ErrImagePull", message=why)
        self._record("Warning", "Failed", f'Failed to pull image "{self.reference}": {why}')
        self._stopping.wait(0.1)
        back_off = f'Back-off pulling image "{self.reference}"'
        self._set(reason="ImagePullBackOff", message=f"{back_off}: ErrImagePull: {why}")
        self._record("Warning", "BackOff", back_off)

    def _serve(self, image: Image) -> int:
        """Run the process until it ends by itself or the pod is told to; the exit code."""
        port = free_port()
        if self._log.exists():
            self._log.replace(self._log.with_suffix(".previous"))
        try:
            process = _start(image, self.env, port, self._log)
        except OSError as error:
            self._log.write_text(f"{error}\n")
            return 128
        self.port = port
        self._set(phase="Running", reason="", message="")
        self._record("Normal", "Started", "Started container")
        try:
            self._probe(process, port)
            if process.poll() is None:
                time.sleep(self._pace.drain)
        finally:
            _end(process, self._pace.grace)
        return process.wait()

    def _probe(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        failures, due = 0, 0.0
        while process.poll() is None and not self._stopping.wait(0.05):
            if time.monotonic() < due:
                continue
            failures = 0 if _answers(port) else failures + 1
            ready = failures == 0 or (self.state.ready and failures < 3)
            if ready != self.state.ready and not self.terminating:
                self._set(ready=ready)
            due = time.monotonic() + (0.5 if ready else 0.0)

    def _crashed(self, code: int, delay: float) -> None:
        tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-10:])
        name = self.metadata["name"]
        message = f"back-off {delay:g}s restarting failed container=app pod={name}"
        self._set(
            phase="Running",
            ready=False,
            reason="CrashLoopBackOff",
            message=message,
            restarts=self.state.restarts + 1,
            exit_code=code,
            log_tail=tail,
        )
        self._record("Warning", "BackOff", "Back-off restarting failed container app")


def _start(image: Image, env: Mapping[str, str], port: int, log: Path) -> "subprocess.Popen[bytes]":
    command = [
        *(image.config.get("Entrypoint") or []),
        *(image.config.get("Cmd") or []),
    ]
    if not command:
        raise OSError("no command specified")
    arguments = [_program(image.root, command[0])]
    arguments += [_re_rooted(image.root, argument) for argument in command[1:]]
    folder = image.root / image.config.get("WorkingDir", "/").lstrip("/")
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), *arguments],
            cwd=folder,
            env=_environment(image, env, port),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _environment(image: Image, env: Mapping[str, str], port: int) -> dict[str, str]:
    own = dict(entry.partition("=")[::2] for entry in image.config.get("Env") or [])
    fixed = {"PORT": str(port), "HOST": "127.0.0.1", "PYTHONDONTWRITEBYTECODE": "1"}
    return {"PATH": _PATH, "LANG": "C.UTF-8", **own, **env, **fixed}


def _program(root: Path, name: str) -> str:
    if PurePosixPath(name).name in ("python", "python3"):
        return sys.executable
    found = _re_rooted(root, name) if "/" in name else shutil.which(name, path=_PATH)
    if not found:
        raise OSError(f'exec: "{name}": executable file not found in $PATH')
    return found


def _re_rooted(root: Path, argument: str) -> str:
    path = root / argument.lstrip("/")
    inside = path.resolve().is_relative_to(root.resolve())
    return str(path) if argument.startswith("/") and inside and path.exists() else argument


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/")
        return 200 <= connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _end(process: "subprocess.Popen[bytes]", grace: float) -> None:
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def timestamp() -> str:
    """Now, as Kubernetes writes it: UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
