"""A receiver of notices on loopback, as apprise's json:// scheme calls it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Receiver:
    """Keeps what it is told. `status` is its answer; 0: none, until it is stopped."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.told: list[dict[str, Any]] = []
        self._stopped = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.told.append(json.loads(body))
                if not receiver.status:
                    receiver._stopped.wait(60)
                    return
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """As SLIPWAY_NOTIFY_URLS wants it; the password is a secret that must show up nowhere."""
        return f"json://slipway:{PASSWORD}@127.0.0.1:{self._server.server_port}/{PASSWORD}"

    @property
    def page(self) -> str:
        """The same place as a plain address, whose path is a secret."""
        return f"http://127.0.0.1:{self._server.server_port}/{PASSWORD}"

    def titles(self, part: str = "") -> list[str]:
        """Titles of what was told, of those whose title or text holds `part`."""
        return [
            each["title"] for each in self.told if part in each["title"] or part in each["message"]
        ]

    def stop(self) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


PASSWORD = "notice-f3c1b7"
