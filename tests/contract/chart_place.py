"""A Git host with a chart, a registry to publish it to, and who we are in both."""

import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from sandbox.forge.githost import GitHost, Token
from sandbox.serving import Server, served
from slipway.charts.publish import publish
from slipway.model import Chart, Release
from slipway.service import Service
from slipway.settings import Settings
from slipway.value import Timing
from tests.contract.docker_engine import RegistryLogin
from tests.contract.images import settings_for
from tests.contract.killing import Gate
from tests.contract.oci import ACCEPT, connect, digest_of

PATH = "api/helm/books-api"
METADATA = (Path(__file__).parent.parent / "data" / "Chart.yaml").read_bytes()
TEMPLATE = b"""apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Chart.Name }}}
data: {image: "{{ .Values.image.repository }}:{{ .Chart.AppVersion }}"}
"""
FILES = {
    "Chart.yaml": METADATA,
    "values.yaml": b"image: {repository: ghcr.io/parraletz/books-api}\n",
    "templates/configmap.yaml": TEMPLATE,
    ".helmignore": b"*.bak\nci/\n",
    "values.yaml.bak": b"old\n",
    "ci/values.yaml": b"test\n",
}
WHEN = datetime(2026, 11, 3, 12, tzinfo=UTC)


@dataclass
class ChartPlace:
    """Where a chart comes from and where it goes."""

    git: GitHost
    git_server: Server
    login: RegistryLogin
    prefix: str  # path of the charts in the registry
    git_gate: Gate
    images: str = ""  # registry of the images; empty: the same
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        self.settings = settings_for(self.login, source_token=SecretStr("git-secret"))

    @property
    def name(self) -> str:
        return f"{self.prefix}/books-api"

    @property
    def repository(self) -> str:
        return f"{self.login.address}/{self.name}"

    @property
    def service(self) -> Service:
        return Service.model_validate(
            {
                "service": "books-api",
                "source": {"repository": f"{self.git_server.url}/acme/books", "path": "api"},
                "image": {"repository": f"{self.images or self.login.address}/team/books-api"},
                "chart": {
                    "path": "helm/books-api",
                    "repository": f"oci://{self.login.address}/{self.prefix}",
                },
                "gitops": {"repository": f"{self.git_server.url}/acme/gitops"},
                "environments": [
                    {
                        "name": "staging",
                        "updates": [{"file": "values.yaml", "key": "image.tag"}],
                        "application": {"name": "books-api"},
                        "smoke": {"url": "http://127.0.0.1:1/books"},
                    }
                ],
            }
        )

    def commit(self, more: Mapping[str, bytes] | None = None, version: str = "6.1.0") -> Release:
        """A new commit on `main` with the chart, as the release of `version`."""
        files = {f"{PATH}/{path}": text for path, text in {**FILES, **(more or {})}.items()}
        sha = self.git.commit("acme/books", "main", files, "feat: a chart", date=WHEN)
        return Release(
            service="books-api", version=version, tag=f"v{version}", sha=sha, previous=None,
            commits=(), notes="", url="", created=True, timing=Timing(started=WHEN),
        )  # fmt: skip

    def publish(self, release: Release) -> Chart:
        service = self.service
        assert service.chart
        return publish(service, service.chart, release, self.settings)

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        login = self.login
        with connect(f"http://{login.address}", login.username, login.password) as client:
            yield client

    def stored(self, reference: str) -> "Stored":
        """What the registry holds; every byte checked against its digest."""
        with self.client() as client:
            found = client.get(f"/v2/{self.name}/manifests/{reference}", headers=ACCEPT)
            document = found.raise_for_status().json()
            blobs = []
            for descriptor in (document["config"], *document["layers"]):
                blob = client.get(f"/v2/{self.name}/blobs/{descriptor['digest']}").content
                assert digest_of(blob) == descriptor["digest"]
                assert len(blob) == descriptor["size"]
                blobs.append(blob)
        config, content = blobs
        return Stored(digest_of(found.content), document, json.loads(config), content)


@dataclass(frozen=True)
class Stored:
    """A chart as a registry answers it."""

    digest: str
    document: dict[str, Any]
    config: dict[str, Any]
    archive: bytes

    @property
    def files(self) -> dict[str, bytes]:
        """Paths and contents of the archive."""
        with tarfile.open(fileobj=io.BytesIO(self.archive), mode="r:gz") as archive:
            opened = ((member.name, archive.extractfile(member)) for member in archive)
            return {name: file.read() if file else b"" for name, file in opened}


@contextmanager
def a_chart_place(folder: Path, login: RegistryLogin, prefix: str) -> Iterator[ChartPlace]:
    """A Git host beside the registry of `login`."""
    git = GitHost(folder / "git", [Token("git-secret", ("acme/books",), write=False)])
    git.create("acme/books")
    gate = Gate(git.app)
    with served(gate) as server:
        yield ChartPlace(git, server, login, prefix, gate)
