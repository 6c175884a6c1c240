"""Pulls a Helm chart from a registry on loopback."""

import hashlib
import io
import json
import sys
from collections.abc import Mapping

import httpx

from sandbox.flux.world import Object
from sandbox.rendering.repository import RepoError
from sandbox.rendering.values import parse

if sys.version_info >= (3, 12):
    import tarfile
else:
    from backports import tarfile  # as the cluster's own pulls do

_CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class PullError(Exception):
    """The chart cannot be had."""


def pull_chart(
    url: str, tag: str, credentials: Mapping[str, tuple[str, str]]
) -> tuple[str, Object]:
    """Digest of what the tag points at, and name, version and values of the chart in it."""
    host, _, repository = url.removeprefix("oci://").partition("/")
    transport = httpx.HTTPTransport(verify=False)  # plain HTTP
    base = f"http://{host}/v2/{repository}/"
    auth = credentials.get(host)
    try:
        with httpx.Client(base_url=base, auth=auth, transport=transport, timeout=10) as client:
            manifest = _get(client, f"manifests/{tag}")
            layers = json.loads(manifest)["layers"]
            content = [each["digest"] for each in layers if each["mediaType"] == _CHART]
            chart = _read(_get(client, f"blobs/{content[0]}"))
    except (httpx.TransportError, LookupError, tarfile.TarError, RepoError) as error:
        raise PullError(f"failed to pull artifact from '{url}': {error}") from error
    return "sha256:" + hashlib.sha256(manifest).hexdigest(), chart


def _get(client: httpx.Client, path: str) -> bytes:
    answer = client.get(path, headers={"Accept": _MANIFEST})
    if answer.status_code != 200:
        words = f"{client.base_url}{path}: unexpected status code {answer.status_code}"
        raise PullError(f"failed to determine artifact digest: {words}")
    return answer.content


def _read(content: bytes) -> Object:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        texts = {
            name: file.read().decode()
            for name in archive.getnames()
            if name.count("/") == 1 and (file := archive.extractfile(name))
        }
    found = {name.partition("/")[2]: text for name, text in texts.items()}
    metadata = parse(found["Chart.yaml"], "Chart.yaml")
    values = parse(found.get("values.yaml", ""), "values.yaml")
    return {"name": metadata["name"], "version": str(metadata["version"]), "values": values}
