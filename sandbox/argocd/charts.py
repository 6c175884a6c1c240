"""Chart repositories: charts that a scenario published, and those of a registry on loopback.

An `oci://` source is known by the digest behind its tag, a Helm source by its version.
"""

import hashlib
import io
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from sandbox.argocd.application import Object
from sandbox.argocd.trees import ChartTree
from sandbox.rendering.repository import RepoError

if sys.version_info >= (3, 12):
    import tarfile
else:
    from backports import tarfile  # that of 3.11 has filters from 3.11.4 on

OCI = "oci://"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def is_chart(source: Object) -> bool:
    """Whether a source is a chart rather than a folder of a git repository."""
    return "chart" in source or source["repoURL"].startswith(OCI)


@dataclass
class Charts:
    """What can be pulled."""

    credentials: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    _published: dict[tuple[str, str], ChartTree] = field(default_factory=dict)  # address, version
    _pulled: dict[tuple[str, str], ChartTree] = field(default_factory=dict)  # address, revision

    def publish(self, address: str, version: str, values: str = "") -> str:
        """Publish a chart, also over one of the same version; its digest.

        `address` is the repoURL of an `oci://` source, or repoURL/chart of a Helm source.
        """
        name = address.rpartition("/")[2]
        chart = f"apiVersion: v2\nname: {name}\nversion: {version}\n"
        self._published[address, version] = ChartTree({"Chart.yaml": chart, "values.yaml": values})
        return _digest(self._published[address, version])

    def resolve(self, source: Object, revision: str) -> str:
        """Tag to digest, or version range to version; raises RepoError."""
        address = _address(source)
        if not address.startswith(OCI):
            return self._version(address, revision)
        if revision.startswith("sha256:"):
            return revision
        if (address, revision) in self._published:
            tree = self._published[address, revision]
            self._pulled[address, _digest(tree)] = tree
            return _digest(tree)
        content = self._get(address, f"manifests/{revision}")
        return f"sha256:{hashlib.sha256(content).hexdigest()}"

    def open(self, source: Object, revision: str) -> ChartTree:
        """The chart at a resolved revision; raises RepoError."""
        address = _address(source)
        if not address.startswith(OCI) and (address, revision) in self._published:
            return self._published[address, revision]
        if (address, revision) not in self._pulled:
            self._pulled[address, revision] = self._pull(address, revision)
        return self._pulled[address, revision]

    def _version(self, address: str, wanted: str) -> str:
        """The newest version that a range such as `9.*`, `9.x` or `*` means."""
        start = wanted.rstrip("*x").rstrip(".")
        found = [
            version
            for at, version in self._published
            if at == address
            and (version == wanted or (start != wanted and version.startswith(start)))
        ]
        if not found:
            raise RepoError(f"chart {address!r} version {wanted!r} not found in repository")
        return max(found, key=lambda each: [int(n) if n.isdigit() else 0 for n in each.split(".")])

    def _pull(self, address: str, digest: str) -> ChartTree:
        if not address.startswith(OCI):
            raise RepoError(f"chart {address!r} version {digest!r} not found in repository")
        manifest = json.loads(self._get(address, f"manifests/{digest}"))
        blob = self._get(address, f"blobs/{manifest['layers'][0]['digest']}")
        files: dict[str, str] = {}
        with tarfile.open(fileobj=io.BytesIO(blob)) as archive:
            for member in archive:
                reader = archive.extractfile(member) if member.isfile() else None
                if reader:
                    path = member.name.partition("/")[2]  # without the chart's own folder
                    files[path] = reader.read().decode(errors="replace")
        return ChartTree(files)

    def _get(self, address: str, what: str) -> bytes:
        host, _, repository = address.removeprefix(OCI).partition("/")
        if host.partition(":")[0] not in ("127.0.0.1", "localhost"):
            raise RepoError(f"failed to resolve {address}: not a registry on loopback")
        url, headers = f"http://{host}/v2/{repository}/{what}", {"Accept": _MANIFEST}
        transport = httpx.HTTPTransport(verify=False)  # plain HTTP: nothing to verify
        auth = self.credentials.get(host)
        try:
            with httpx.Client(auth=auth, transport=transport, timeout=10) as client:
                response = client.get(url, headers=headers)
        except httpx.TransportError as error:
            raise RepoError(f"failed to resolve {address}: {error}") from error
        if response.status_code != 200:
            raise RepoError(f"failed to resolve {address}: {what}: {response.status_code}")
        return response.content


def _address(source: Object) -> str:
    """An `oci://` source ignores its `chart`."""
    url = str(source["repoURL"]).rstrip("/")
    return url if url.startswith(OCI) else f"{url}/{source['chart']}"


def _digest(tree: ChartTree) -> str:
    content = json.dumps(dict(tree.content), sort_keys=True).encode()
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
