"""Pull an image from a registry on loopback, verify every byte of it, and unpack it.

Every blob is checked against its digest and every layer against its diff_id. Unpacking refuses
what `tarfile`'s data filter refuses: paths out of the root, devices, absolute links.
"""

import contextlib
import gzip
import hashlib
import io
import json
import os
import platform
import shutil
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import httpx

if sys.version_info >= (3, 12):
    import tarfile
else:
    from backports import tarfile  # that of 3.11 has filters from 3.11.4 on

ACCEPT = (
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)
_ARCHITECTURES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}


class PullError(Exception):
    """The image cannot be had. The text is what a pod shows as its reason."""


@dataclass(frozen=True)
class Reference:
    """`host/repository:tag@digest`, taken apart."""

    host: str
    repository: str
    tag: str
    digest: str

    @classmethod
    def parse(cls, text: str) -> "Reference":
        name, _, digest = text.partition("@")
        host, _, path = name.partition("/")
        repository, _, tag = path.partition(":")
        if not repository or host.partition(":")[0] not in ("127.0.0.1", "localhost"):
            raise PullError(f'failed to resolve reference "{text}": not a registry on loopback')
        return cls(host, repository, tag or "latest", digest)


@dataclass(frozen=True)
class Image:
    """An unpacked image."""

    digest: str  # of what the reference names: an index or a manifest
    config: dict[str, Any]  # the runtime part: Entrypoint, Cmd, Env, WorkingDir, ...
    root: Path


class Images:
    """What one node has pulled."""

    def __init__(self, cache: Path, credentials: Mapping[str, tuple[str, str]]) -> None:
        self._blobs = cache / "blobs"
        self._roots = cache / "roots"
        self._credentials = credentials
        self._lock = threading.Lock()  # one pull at a time, so that two pods share one download
        self._blobs.mkdir(parents=True, exist_ok=True)
        self._roots.mkdir(parents=True, exist_ok=True)

    def pull(self, text: str) -> Image:
        """The image behind a reference; raises PullError."""
        reference = Reference.parse(text)
        try:
            with self._lock, self._client(reference.host) as client:
                return self._pull(client, reference)
        except httpx.TransportError as error:
            raise PullError(f'failed to pull image "{text}": {error}') from error

    def _client(self, host: str) -> httpx.Client:
        transport = httpx.HTTPTransport(verify=False)  # plain HTTP: nothing to verify
        auth = self._credentials.get(host)
        return httpx.Client(
            base_url=f"http://{host}/v2/", auth=auth, transport=transport, timeout=10
        )

    def _pull(self, client: httpx.Client, reference: Reference) -> Image:
        content = self._manifest(client, reference)
        digest = _sha256(content)
        manifest = json.loads(content)
        if "manifests" in manifest:
            chosen = replace(reference, digest=_for_this_machine(manifest["manifests"]))
            manifest = json.loads(self._manifest(client, chosen))
        config = json.loads(self._blob(client, reference, manifest["config"]["digest"]))
        root = self._roots / manifest["config"]["digest"].partition(":")[2]
        if not root.exists():
            layers = [
                self._blob(client, reference, layer["digest"]) for layer in manifest["layers"]
            ]
            _unpack(layers, config["rootfs"]["diff_ids"], root)
        return Image(digest, config.get("config") or {}, root)

    def _manifest(self, client: httpx.Client, reference: Reference) -> bytes:
        if reference.digest:
            return self._stored(client, reference, "manifests", reference.digest)
        response = _get(client, f"{reference.repository}/manifests/{reference.tag}")
        announced = response.headers.get("Docker-Content-Digest", _sha256(response.content))
        return _verified(response.content, announced)

    def _blob(self, client: httpx.Client, reference: Reference, digest: str) -> bytes:
        return self._stored(client, reference, "blobs", digest)

    def _stored(self, client: httpx.Client, reference: Reference, kind: str, digest: str) -> bytes:
        """From the cache if it is there and whole, else from the registry."""
        path = self._blobs / digest.replace(":", "-").replace("/", "-")
        with contextlib.suppress(OSError, PullError):
            return _verified(path.read_bytes(), digest)
        response = _get(client, f"{reference.repository}/{kind}/{digest}")
        content = _verified(response.content, digest)
        part = path.with_suffix(".part")
        part.write_bytes(content)
        part.replace(path)
        return content


def _get(client: httpx.Client, path: str) -> httpx.Response:
    response = client.get(path, headers={"Accept": ACCEPT})
    if response.status_code == 404:
        raise PullError(f"{client.base_url}{path}: not found")
    if response.status_code != 200:
        raise PullError(f"{client.base_url}{path}: unexpected status {response.status_code}")
    return response


def _sha256(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _verified(content: bytes, digest: str) -> bytes:
    if _sha256(content) != digest:
        raise PullError(f"unexpected content: wanted {digest}, got {_sha256(content)}")
    return content


def _for_this_machine(entries: list[dict[str, Any]]) -> str:
    wanted = _ARCHITECTURES.get(platform.machine(), platform.machine())
    for entry in entries:
        if entry.get("platform", {}).get("architecture") == wanted:
            return str(entry["digest"])
    raise PullError(f"no match for platform linux/{wanted} in the index")


def _unpack(layers: list[bytes], diff_ids: list[str], root: Path) -> None:
    if len(layers) != len(diff_ids):
        raise PullError(f"{len(layers)} layers but {len(diff_ids)} diff_ids")
    partial = Path(tempfile.mkdtemp(dir=root.parent))
    try:
        for layer, diff_id in zip(layers, diff_ids, strict=True):
            _extract(_verified(_plain(layer), diff_id), partial)
        partial.rename(root)
    except (tarfile.TarError, OSError) as error:
        raise PullError(f"failed to extract layer: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _plain(layer: bytes) -> bytes:
    return gzip.decompress(layer) if layer[:2] == b"\x1f\x8b" else layer


def _extract(layer: bytes, root: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        members = archive.getmembers()
        for member in members:  # whiteouts hide lower layers only, so they come first
            if PurePosixPath(member.name).name.startswith(".wh."):
                _white_out(root, member.name)
        for member in members:
            if PurePosixPath(member.name).name.startswith(".wh."):
                continue
            if not member.isdir():
                _remove(_inside(root, member.name))
            archive.extract(member, root, filter="data")


def _white_out(root: Path, name: str) -> None:
    directory, hidden = os.path.split(name)
    if hidden == ".wh..wh..opq":
        folder = _inside(root, f"{directory}/.")
        for child in folder.iterdir() if folder.is_dir() else ():
            _remove(child)
    else:
        _remove(_inside(root, f"{directory}/{hidden.removeprefix('.wh.')}"))


def _inside(root: Path, name: str) -> Path:
    """The path of `name` below `root`, never following a link out of it."""
    path = root / name.lstrip("/")
    parent = path.parent.resolve()
    if ".." in path.parts or not parent.is_relative_to(root.resolve()):
        raise PullError(f"failed to extract layer: {name!r} is outside the root")
    return parent / path.name


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)
