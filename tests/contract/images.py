"""Images as the build tests make and read them, without the product's own client."""

import functools
import io
import json
import re
import shutil
import struct
import subprocess
import tarfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from slipway.builders.interface import REVISION, Target
from slipway.settings import Settings
from tests.contract.docker_engine import LABEL, RegistryLogin
from tests.contract.oci import ACCEPT, digest_of

DOCKERFILE = f'FROM scratch\nLABEL {LABEL}=1\nCOPY . /app\nCMD ["/app/server"]\n'
COMMIT, OTHER = "a" * 40, "b" * 40
NAME = "team/books-api"
EXIT_3 = b"\xbf\x03\x00\x00\x00\xb8\x3c\x00\x00\x00\x0f\x05"  # x86-64: exit(3)
PAUSE = b"\xb8\x22\x00\x00\x00\x0f\x05"  # x86-64: pause()


def program(code: bytes) -> bytes:
    """A static x86-64 Linux program of a few instructions: what RUN needs on an empty base."""
    start, size = 0x400000, 64 + 56 + len(code)
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", ident, 2, 62, 1, start + 120, 64, 0, 0, 64, 56, 1, 0, 0, 0
    )
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, start, start, size, size, 4096)
    return header + segment + code


@functools.cache
def tools(*names: str) -> dict[str, bytes]:
    """Programs of this machine with their libraries, for a base that has none: what RUN needs."""
    found: dict[str, bytes] = {}
    for name in names:
        path = shutil.which(name)
        assert path, name
        listed = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
        for file in re.findall(r"(/\S+)", listed):
            found[f"tools{file}"] = Path(file).read_bytes()
        found[f"tools/bin/{name}"] = Path(path).read_bytes()
    return found


def source(folder: Path, files: dict[str, str | bytes] | None = None) -> Path:
    """A service's source: a Dockerfile, a program and what the test adds."""
    base = {"Dockerfile": DOCKERFILE, "server": "#!/bin/sh\n", "lib/books.txt": "Quijote\n"}
    for name, content in {**base, **(files or {})}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    for path in (folder / "server", *folder.glob("tools/**/*"), *folder.glob("tool")):
        path.chmod(0o755)
    return folder


def settings_for(registry: RegistryLogin, **changes: Any) -> Settings:
    """Settings that reach one registry on loopback."""
    values = {
        "registry_username": registry.username,
        "registry_password": SecretStr(registry.password),
        "plain_http_registries": (registry.address,),
    }
    return Settings().model_copy(update=values | changes)


def target(login: RegistryLogin, version: str = "1.2.0", revision: str = COMMIT) -> Target:
    labels = {
        REVISION: revision,
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.source": "https://git.example/team/books-api",
        LABEL: "1",
    }
    created = datetime(2026, 11, 3, 12, tzinfo=UTC)
    return Target(f"{login.address}/{NAME}", version, labels, created)


@dataclass(frozen=True)
class Stored:
    """An image as a registry answers it: every byte checked against its digest."""

    digest: str
    head_digest: str
    document: dict[str, Any]
    config: dict[str, Any]
    members: dict[str, tarfile.TarInfo] = field(hash=False)
    contents: dict[str, bytes] = field(hash=False)

    @property
    def files(self) -> set[str]:
        """Paths of the regular files of all layers."""
        return {name for name, member in self.members.items() if member.isfile()}


def stored(registry: RegistryLogin, name: str, reference: str) -> Stored | None:
    """The image under a tag or digest; None when there is none."""
    auth = (registry.username, registry.password)
    with httpx.Client(base_url=f"http://{registry.address}/v2/{name}", auth=auth) as client:
        head = client.head(f"/manifests/{reference}", headers=ACCEPT)
        if head.status_code == 404:
            return None
        manifest = client.get(f"/manifests/{reference}", headers=ACCEPT).raise_for_status()
        document = manifest.json()
        config = json.loads(_blob(client, document["config"]))
        members: dict[str, tarfile.TarInfo] = {}
        contents: dict[str, bytes] = {}
        for layer in document["layers"]:
            with tarfile.open(fileobj=io.BytesIO(_blob(client, layer))) as archive:
                for member in archive:
                    members[member.name] = member
                    file = archive.extractfile(member) if member.isfile() else None
                    contents[member.name] = file.read() if file else b""
    head_digest = head.headers["Docker-Content-Digest"]
    return Stored(digest_of(manifest.content), head_digest, document, config, members, contents)


def _blob(client: httpx.Client, descriptor: dict[str, Any]) -> bytes:
    content = client.get(f"/blobs/{descriptor['digest']}").raise_for_status().content
    assert digest_of(content) == descriptor["digest"]
    return content
