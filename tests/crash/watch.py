"""The watcher: hears of each request while a stand-in holds it, and may act at that moment."""

import contextlib
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Seen:
    """One request, `before` it is served or `after`, when only the end of its answer is missing."""

    server: str
    side: str
    status: int
    what: str  # method, path, and the refs of a push


def socket_of(home: Path) -> Path:
    return home / "watch"


class Watcher:
    """Calls `look` for every request, one at a time; False from it drops the request."""

    def __init__(self, home: Path) -> None:
        self.look: Callable[[Seen], bool] = lambda _: True
        self._lock = threading.Lock()
        outer, path = self, socket_of(home)

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                line = self.rfile.readline().decode().rstrip("\n")
                go = outer._heard(line) if line else True
                with contextlib.suppress(OSError):  # whoever asked may be dead
                    self.wfile.write(b"go\n" if go else b"drop\n")

        path.unlink(missing_ok=True)
        self._server = socketserver.ThreadingUnixStreamServer(str(path), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _heard(self, line: str) -> bool:
        server, side, status, what = line.split(" ", 3)
        with self._lock:
            return self.look(Seen(server, side, int(status), what))

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
