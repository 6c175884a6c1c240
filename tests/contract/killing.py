"""A step in a process of its own, killed at the request a test names."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox.serving import Asgi, Receive, Scope, Send

ROOT = Path(__file__).parents[2]


@dataclass
class Gate:
    """Stands before a server: a test may look at each request, before and after it is served."""

    inner: Asgi
    before: Callable[[Scope], bool] = lambda _scope: False  # True: act
    after: Callable[[Scope], bool] = lambda _scope: False
    act: Callable[[], None] = lambda: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.before(scope):
            self.act()
            return
        await self.inner(scope, receive, send)
        if scope["type"] == "http" and self.after(scope):
            self.act()


def request(method: str, part: str) -> Callable[[Scope], bool]:
    """Whether a request has this method and this part in its path."""
    return lambda scope: scope["method"] == method and part in scope["path"]


def child(code: str, arguments: list[str], environment: dict[str, str]) -> "subprocess.Popen[str]":
    """Python that runs `code`, with nothing of our environment but the search path."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def killed_at(
    gate: Gate,
    moment: str,
    when: Callable[[Scope], bool],
    start: Callable[[], "subprocess.Popen[str]"],
) -> None:
    """Kill what `start` starts, `before` or `after` the first request that `when` names."""
    children: list[subprocess.Popen[str]] = []
    started = threading.Event()

    def kill() -> None:
        started.wait(10)
        children[0].send_signal(signal.SIGKILL)

    setattr(gate, moment, when)
    gate.act = kill
    children.append(start())
    started.set()
    said = children[0].communicate(timeout=60)
    setattr(gate, moment, lambda _scope: False)
    assert children[0].returncode == -signal.SIGKILL, said
