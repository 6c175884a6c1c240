"""The process that flow runs are forked from: single-threaded, everything imported, nothing open.

It serves one worker, over a socket in a folder of that worker's user. A request carries a run's
environment, folder and standard streams; the answer says how its process ended. Each run dies with
the connection of its launcher, and with this process. Linux only.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from workers.launch import FORWARDED, SIZE

PRELOADED = (
    "prefect.main", "prefect.flow_engine", "prefect.task_engine", "prefect._internal.metrics",
    "prefect._internal.observers", "prefect.utilities.visualization",  # those on first use
    "anyio._backends._asyncio", "encodings.idna",
    "flows.deliver", "flows.promote", "flows.rollback", "flows.reap", "flows.watch", "flows.report",
)  # fmt: skip
# What counts when Python starts, or when a flow or a task is defined.
_AT_IMPORT = (
    "PYTHON",
    "LANG",
    "LC_",
    "PREFECT_TASK",
    "PREFECT_FLOW_DEFAULT",
    "PREFECT_FLOWS_DEFAULT",
)
_REQUEST = 5.0  # seconds that a launcher may take to say what it wants
_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, prctl(2)
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass
class Wanted:
    """A flow run's process, asked for."""

    environment: dict[str, str]
    folder: str
    streams: list[int]


@dataclass
class Run:
    """A forked process and the connection of its launcher."""

    connection: socket.socket
    pid: int
    ended: int  # its pidfd


@dataclass
class Code:
    """The files that were imported: what runs is stale once one of them has changed."""

    files: dict[str, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def imported(cls) -> "Code":
        """Of every module that is not installed in the environment: what a team edits."""
        installed = tuple({sys.prefix, sys.base_prefix, os.path.realpath(sys.base_prefix)})
        names = {getattr(module, "__file__", None) or "" for module in sys.modules.values()}
        own = {name for name in names if name and not name.startswith(installed)}
        return cls({name: _mark(name) for name in sorted(own)})

    def changed(self) -> str:
        """A file that is another one now, or nothing."""
        return next((name for name, mark in self.files.items() if _mark(name) != mark), "")


class ForkServer:
    """Forks a process for each connection, until the worker has gone and the last run has ended."""

    def __init__(self, listener: socket.socket, code: Code, environment: dict[str, str]) -> None:
        self.listener, self.code, self.environment = listener, code, environment
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ, self._accept)
        self.selector.register(sys.stdin, selectors.EVENT_READ, self._drain)
        self.runs: set[int] = set()
        self.draining = False

    def serve(self) -> Wanted | None:
        """In a forked process: what it is to run. In the server: nothing, when all is done."""
        while not self.draining or self.runs:
            for key, _ in self.selector.select():
                if self.selector.get_map().get(key.fd) == key:  # not closed by the one before
                    wanted: Wanted | None = key.data()
                    if wanted:
                        return wanted
        return None

    def _drain(self) -> None:
        """The worker has ended. What it started goes on to its end."""
        self.selector.unregister(sys.stdin)
        self.selector.unregister(self.listener)
        self.listener.close()
        self.draining = True

    def _accept(self) -> Wanted | None:
        connection, _ = self.listener.accept()
        connection.settimeout(_REQUEST)
        try:
            wanted = _received(connection)
        except (OSError, ValueError):
            connection.close()
            return None
        return self._fork(wanted, connection)

    def _fork(self, wanted: Wanted, connection: socket.socket) -> Wanted | None:
        try:
            if why := self._refusal(wanted):
                _reply(connection, {"cold": why})
            elif pid := os.fork():
                self._watch(Run(connection, pid, os.pidfd_open(pid)))
            else:
                self._leave(connection)
                return wanted
        except OSError as error:  # no memory, too many processes: a run less is no reason to end
            _reply(connection, {"cold": f"nothing could be forked ({error.strerror})"})
        for stream in wanted.streams:
            os.close(stream)
        return None

    def _refusal(self, wanted: Wanted) -> str:
        """Why a fork would not be what a new process is; nothing when it would."""
        if changed := self.code.changed():
            return f"{changed} has changed since the worker started; start the worker anew"
        ours, theirs = (_at_import(each) for each in (self.environment, wanted.environment))
        if other := sorted({name for name, _ in ours ^ theirs}):
            return f"{', '.join(other)} differs from the worker's, and counts at import"
        return ""

    def _leave(self, connection: socket.socket) -> None:
        """In the child: nothing of the server's stays open."""
        for key in list(self.selector.get_map().values()):
            if key.fileobj is not sys.stdin:
                _close(key.fileobj)
        connection.close()
        self.selector.close()

    def _watch(self, run: Run) -> None:
        self.runs.add(run.pid)
        self.selector.register(run.connection, selectors.EVENT_READ, partial(self._hear, run))
        self.selector.register(run.ended, selectors.EVENT_READ, partial(self._reap, run))

    def _hear(self, run: Run) -> None:
        """Hand on signals. A launcher that has gone takes its run with it."""
        try:
            said = run.connection.recv(64)
        except OSError:
            said = b""
        for number in said or bytes([signal.SIGKILL]):
            with contextlib.suppress(ProcessLookupError):
                os.kill(run.pid, number)  # not reaped yet, so it is no other process
        if not said:
            self.selector.unregister(run.connection)

    def _reap(self, run: Run) -> None:
        _, status = os.waitpid(run.pid, 0)
        self.selector.unregister(run.ended)
        os.close(run.ended)
        if run.connection in self.selector.get_map():
            self.selector.unregister(run.connection)
        _reply(run.connection, {"status": os.waitstatus_to_exitcode(status)})
        self.runs.discard(run.pid)


def preload() -> Code:
    """Import what runs need. Ends the process where an import starts a thread: no fork is safe."""
    for name in PRELOADED:
        importlib.import_module(name)
        threads = len(list(Path("/proc/self/task").iterdir()))
        if threads > 1:
            sys.exit(f"importing {name} started {threads - 1} threads, so nothing can be forked")
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page of the parent
    return Code.imported()


def become(wanted: Wanted, server: int, own: dict[str, str]) -> None:
    """Be the flow run's process: its environment, settings, folder and streams; then the engine."""
    _libc.prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != server:  # it died in between
        os.kill(os.getpid(), signal.SIGKILL)
    for number in FORWARDED:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for target, stream in enumerate(wanted.streams):
        os.dup2(stream, target)
        os.close(stream)
    os.chdir(wanted.folder)
    sys.path.insert(0, wanted.folder)  # as `python -m` does; this process was started with -P
    os.environ.clear()
    os.environ.update(wanted.environment)
    time.tzset()
    if _prefects(wanted.environment) != _prefects(own):
        _refresh_prefect()
    sys.modules.pop("prefect.engine", None)  # it is run, not imported
    runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)


def _refresh_prefect() -> None:
    """Prefect reads its settings and sets up its logs when it is imported: once more."""
    from prefect.context import refresh_global_settings_context  # noqa: PLC0415
    from prefect.logging.configuration import setup_logging  # noqa: PLC0415
    from prefect.settings import get_current_settings  # noqa: PLC0415

    logs = get_current_settings().logging
    refresh_global_settings_context()
    if get_current_settings().logging != logs:
        setup_logging(incremental=False)


def _received(connection: socket.socket) -> Wanted:
    head, streams, _, _ = socket.recv_fds(connection, SIZE.size, 3)
    if len(head) < SIZE.size or len(streams) != 3:
        raise ValueError("no request")
    body = b"".join(_exactly(connection, SIZE.unpack(head)[0]))
    said = json.loads(body)
    return Wanted(said["environment"], said["folder"], streams)


def _exactly(connection: socket.socket, size: int) -> Iterator[bytes]:
    while size:
        chunk = connection.recv(min(size, 65536))
        if not chunk:
            raise ValueError("the request ends early")
        size -= len(chunk)
        yield chunk


def _reply(connection: socket.socket, answer: dict[str, object]) -> None:
    with contextlib.suppress(OSError):  # nobody waits for it any more
        connection.sendall(json.dumps(answer).encode() + b"\n")
    connection.close()


def _own_environment() -> dict[str, str]:
    """Ours, with what Prefect read elsewhere, as the worker passes it on to its runs."""
    from prefect.settings import get_current_settings  # noqa: PLC0415

    return os.environ | get_current_settings().to_environment_variables(exclude_unset=True)


def _prefects(environment: dict[str, str]) -> dict[str, str]:
    """What Prefect reads settings from. Names with two underscores are words to one run."""
    return {
        name: text
        for name, text in environment.items()
        if name.startswith("PREFECT_") and not name.startswith("PREFECT__")
    }


def _at_import(environment: dict[str, str]) -> set[tuple[str, str]]:
    return {(name, text) for name, text in environment.items() if name.startswith(_AT_IMPORT)}


def _mark(name: str) -> tuple[int, int]:
    try:
        found = Path(name).stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


def _close(what: Any) -> None:
    if isinstance(what, int):
        os.close(what)
    else:
        what.close()


def main() -> None:
    """Serve on the socket whose number is the argument."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # those of the worker's group; runs get their own
    with socket.socket(fileno=int(sys.argv[1])) as listener:
        sys.argv[1:] = []
        server = os.getpid()
        code, own = preload(), _own_environment()
        wanted = ForkServer(listener, code, own).serve()
    if wanted:
        become(wanted, server, own)


if __name__ == "__main__":
    main()
