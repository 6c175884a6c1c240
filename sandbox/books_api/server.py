"""Books API: a list of books over HTTP, with nothing but the standard library."""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

HERE = Path(__file__).resolve().parent


def load(name: str) -> Any:
    """A JSON file beside this one; without it the service must not start."""
    try:
        return json.loads((HERE / name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        sys.exit(f"books-api cannot start: {name} is not readable as JSON: {error}")


def port() -> int:
    """The port to listen on, from the environment."""
    value = os.environ.get("PORT", "3000")
    if not value.isdigit():
        sys.exit(f"books-api cannot start: PORT must be a number, not {value!r}")
    return int(value)


PACKAGE: dict[str, Any] = load("package.json")
BOOKS: list[dict[str, Any]] = load("books.json")
if not isinstance(BOOKS, list) or not BOOKS:
    sys.exit("books-api cannot start: books.json holds no list of books")


def books(query: dict[str, list[str]]) -> list[dict[str, Any]]:
    """The books that were asked for."""
    return BOOKS


def answer(path: str, query: dict[str, list[str]]) -> Any:
    """What a path answers; None when there is nothing."""
    if path == "/":
        return {"name": PACKAGE["name"], "version": PACKAGE["version"], "status": "ok"}
    if path == "/health":
        return {"status": "ok"}
    if path == "/books":
        return books(query)
    return None


class Handler(BaseHTTPRequestHandler):
    """Answers GET with JSON."""

    def do_GET(self) -> None:
        """Answer one request."""
        url = urlsplit(self.path)
        found = answer(url.path, parse_qs(url.query))
        status, content = (404, {"error": "not found"}) if found is None else (200, found)
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Version", str(PACKAGE["version"]))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Requests are not logged."""


def main() -> None:
    """Serve until SIGTERM, which ends the process at once."""
    signal.signal(signal.SIGTERM, lambda _signal, _frame: os._exit(0))
    address = (os.environ.get("HOST", "127.0.0.1"), port())
    server = ThreadingHTTPServer(address, Handler)
    print(f"books-api {PACKAGE['version']} listens on {address[0]}:{address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
