"""A registry on loopback and images of a small HTTP server for it."""

import gzip
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from sandbox.registry.api import Account, Registry
from sandbox.serving import served
from tests.contract.oci import connect, digest_of, push_blob, put_manifest

SERVER = """
import http.server, json, os
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        said = {"version": VERSION, "path": self.path, "pid": os.getpid(), "mode": os.environ.get("MODE")}
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments):
        pass
address = os.environ["HOST"], int(os.environ["PORT"])
http.server.ThreadingHTTPServer(address, Answer).serve_forever()
"""
CRASHING = "print('cannot start: books.json is missing', flush=True)\nraise SystemExit(3)\n"


@dataclass(frozen=True)
class Pushed:
    """Where the images are."""

    host: str
    client: httpx.Client
    name: str = "team/app"

    @property
    def repository(self) -> str:
        return f"{self.host}/{self.name}"

    @property
    def credentials(self) -> dict[str, tuple[str, str]]:
        return {self.host: ("robot", "secret")}

    def push(self, tag: str, *layers: bytes, diff_ids: list[str] | None = None) -> str:
        """An image of these uncompressed layers; its reference by digest."""
        config = {
            "config": {
                "Cmd": ["python3", "/app/server.py"],
                "WorkingDir": "/app",
                "Env": ["MODE=image"],
            },
            "rootfs": {
                "type": "layers",
                "diff_ids": diff_ids or [digest_of(each) for each in layers],
            },
        }
        blobs = [push_blob(self.client, self.name, gzip.compress(each, mtime=0)) for each in layers]
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": push_blob(self.client, self.name, json.dumps(config).encode()),
                "layers": blobs,
            }
        ).encode()
        put_manifest(self.client, self.name, tag, manifest).raise_for_status()
        return f"{self.repository}:{tag}@{digest_of(manifest)}"

    def push_server(self, tag: str, start: float = 0.0) -> str:
        """An image that answers every GET with its version, `start` seconds after it began."""
        begin = f"import time\ntime.sleep({start})\nVERSION = {tag!r}\n"
        return self.push(tag, layer({"app/server.py": f"{begin}{SERVER}"}))


def layer(files: Mapping[str, str], links: Mapping[str, str] | None = None) -> bytes:
    """An uncompressed layer of files and symbolic links."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return buffer.getvalue()


def member_of(kind: bytes, name: str, target: str = "") -> bytes:
    """An uncompressed layer of one member that is neither a file nor a folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, target
        archive.addfile(member)
    return buffer.getvalue()


@contextmanager
def image_registry(root: Path) -> Iterator[Pushed]:
    """A registry with an account that may do everything."""
    accounts = [Account("robot", "secret", push=("",))]
    with (
        served(Registry(root, accounts).app) as server,
        connect(server.url, "robot", "secret") as client,
    ):
        yield Pushed(f"127.0.0.1:{server.port}", client)
