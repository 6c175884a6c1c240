"""The process that flow runs are forked from: single-threaded, everything imported, nothing open.

It serves one worker, over a socket in a folder of that worker's user. A request carries a run's
environment, folder and standard streams; the answer says how its process ended. Each run dies with
the connection of its launcher, and with this process. Linux only.
"""

import contextlib
import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from workers.child import Wanted, become, own_environment
from workers.code import Code, preload
from workers.launch import SIZE

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


@dataclass
class Run:
    """A forked process and the connection of its launcher."""

    connection: socket.socket
    pid: int
    ended: int  # its pidfd


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
                _say(connection, {"pid": pid})  # from here on a launcher may not start another one
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


def _received(connection: socket.socket) -> Wanted:
    """What a launcher asks for. Raises OSError, or ValueError where it is no request."""
    head, streams, _, _ = socket.recv_fds(connection, SIZE.size, 3)
    try:
        said = _said(connection, head, len(streams))
    except BaseException:
        for stream in streams:
            os.close(stream)
        raise
    return Wanted(said["environment"], said["folder"], streams)


def _said(connection: socket.socket, head: bytes, streams: int) -> dict[str, Any]:
    if len(head) < SIZE.size or streams != 3:
        raise ValueError("no request")
    return dict(json.loads(b"".join(_exactly(connection, SIZE.unpack(head)[0]))))


def _exactly(connection: socket.socket, size: int) -> Iterator[bytes]:
    while size:
        chunk = connection.recv(min(size, 65536))
        if not chunk:
            raise ValueError("the request ends early")
        size -= len(chunk)
        yield chunk


def _reply(connection: socket.socket, answer: dict[str, object]) -> None:
    _say(connection, answer)
    connection.close()


def _say(connection: socket.socket, answer: dict[str, object]) -> None:
    with contextlib.suppress(OSError):  # nobody waits for it any more
        connection.sendall(json.dumps(answer).encode() + b"\n")


def _at_import(environment: dict[str, str]) -> set[tuple[str, str]]:
    return {(name, text) for name, text in environment.items() if name.startswith(_AT_IMPORT)}


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
        code, own = preload(), own_environment()
        wanted = ForkServer(listener, code, own).serve()
    if wanted:
        become(wanted, server, own)


if __name__ == "__main__":
    main()
