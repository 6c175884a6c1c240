"""A released and built image in a registry, for the tests of what is signed and attached."""

import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from sandbox.forge.githost import GitHost, Token
from sandbox.registry.api import Account, Registry
from sandbox.serving import Server, served
from slipway.build import build
from slipway.evidence import collect
from slipway.evidence.keys import Signer
from slipway.evidence.verify import verify
from slipway.model import Evidence, Image, Release, Verification
from slipway.service import Service
from slipway.settings import Settings
from slipway.value import Timing
from tests.contract.docker_engine import RegistryLogin
from tests.contract.images import settings_for
from tests.contract.killing import Gate
from tests.contract.oci import ACCEPT

NAME, SOURCE = "team/books-api", "acme/books"
PASSWORD, TOKEN = "marker-registry-password", "marker-source-token"
FILES = {"api/server.py": b"print('books')\n"}
Json = dict[str, Any]


def new_key() -> SecretStr:
    key = ec.generate_private_key(ec.SECP256R1())
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    return SecretStr(key.private_bytes(*form, serialization.NoEncryption()).decode())


@dataclass
class Place:
    """A release and its image, and Slipway's view of both."""

    git: GitHost
    git_url: str
    server: Server
    gate: Gate
    registry: Registry
    registry_folder: Path
    settings: Settings
    login: RegistryLogin
    image_rules: Json = field(default_factory=dict)
    require: str | None = "provenance"

    @property
    def service(self) -> Service:
        return Service.model_validate(
            {
                "service": "books-api",
                "source": {"repository": f"{self.git_url}/{SOURCE}", "path": "api"},
                "image": {
                    "repository": f"{self.login.address}/{NAME}",
                    "builder": "layer",
                    "sbom": False,
                    **self.image_rules,
                },
                "gitops": {"repository": f"{self.git_url}/acme/gitops"},
                "environments": [
                    {
                        "name": "staging",
                        "updates": [{"file": "values.yaml", "key": "image.tag"}],
                        "application": {"name": "books-api"},
                        "smoke": {"url": "http://127.0.0.1:1/books"},
                        "require": self.require,
                    }
                ],
            }
        )

    def release(self, version: str = "1.2.0", **files: bytes) -> Release:
        """A new commit, released with a page."""
        more = {f"api/{name}": content for name, content in files.items()}
        date = datetime(2026, 11, 3, 12, tzinfo=UTC)
        content = {**FILES, "api/version": version.encode(), **more}
        sha = self.git.commit(SOURCE, "main", content, f"feat: {version}", date=date)
        self._page(f"v{version}")
        return Release(
            service="books-api", version=version, tag=f"v{version}", sha=sha, previous=None,
            commits=(), notes="", url="", created=True, timing=Timing(started=datetime.now(UTC)),
        )  # fmt: skip

    def _page(self, tag: str) -> None:
        when = "2026-11-03T12:00:00Z"
        entry = {"tag_name": tag, "target_commitish": "main", "name": tag, "body": "* a", "draft": False,
                 "prerelease": False, "created_at": when, "published_at": when}  # fmt: skip
        self.git.github.ledger.save_release(SOURCE, entry)

    def built(self, release: Release) -> Image:
        return build(self.service, release, self.settings)

    def attest(self, release: Release, image: Image, run: str = "run-1") -> Evidence:
        return collect.attest(self.service, release, image, self.settings, run)

    def verify(self, release: Release, image: Image) -> Verification:
        return verify(self.service, release, image, self.settings)

    def delivered(self, version: str = "1.2.0", **files: bytes) -> tuple[Release, Image, Evidence]:
        release = self.release(version, **files)
        image = self.built(release)
        return release, image, self.attest(release, image)

    @property
    def key(self) -> str:
        """Fingerprint of the signing key."""
        return Signer(self.settings.secret("signing_key")).public.fingerprint

    def set(self, **changes: Any) -> None:
        self.settings = self.settings.model_copy(update=changes)

    # What the registry holds, asked of it directly

    def get(self, path: str) -> Any:
        """The JSON at a path of the repository; None when there is none."""
        auth = (self.login.username, self.login.password)
        url = f"http://{self.login.address}/v2/{NAME}/{path}"
        answer = httpx.get(url, auth=auth, headers=ACCEPT)
        return None if answer.status_code == 404 else answer.raise_for_status().json()

    def delete(self, path: str) -> None:
        """Remove a manifest, a tag or a blob, as somebody with the right to do so."""
        auth = (self.login.username, self.login.password)
        url = f"http://{self.login.address}/v2/{NAME}/{path}"
        httpx.delete(url, auth=auth).raise_for_status()

    def layers(self, image: Image, kind: str) -> list[Json]:
        """Envelopes of that predicate type under cosign's tag."""
        manifest = self.get(f"manifests/{image.digest.replace(':', '-')}.att")
        layers = manifest["layers"] if manifest else []
        mine = [layer for layer in layers if layer["annotations"]["predicateType"] == kind]
        return [self.get(f"blobs/{layer['digest']}") for layer in mine]

    def bundles(self, image: Image, kind: str) -> list[Json]:
        """Sigstore bundles of that predicate type that refer to the image."""
        index = self.get(f"referrers/{image.digest}")
        if index is None:
            index = self.get(f"manifests/{image.digest.replace(':', '-')}")
        entries = index["manifests"] if index else []
        found = []
        for entry in entries:
            if entry["annotations"]["dev.sigstore.bundle.predicateType"] == kind:
                [layer] = self.get(f"manifests/{entry['digest']}")["layers"]
                found.append(self.get(f"blobs/{layer['digest']}"))
        return found

    def page(self, tag: str = "v1.2.0") -> str:
        """Body of the release's page."""
        [entry] = [e for e in self.git.github.ledger.releases(SOURCE) if e["tag_name"] == tag]
        return str(entry["body"])

    def pushed(self) -> list[str]:
        """Paths of the manifests that were written since the traffic was reset."""
        writes = [r for r in self.server.traffic.writes() if r.status == 201]
        return [r.path for r in writes if "/manifests/" in r.path]


@contextmanager
def a_place(folder: Path, *, referrers: bool = True) -> Iterator[Place]:
    """The place, served."""
    git = GitHost(folder / "git", [Token(TOKEN, (SOURCE,), write=True)])
    git.create(SOURCE)
    accounts = [Account("robot", PASSWORD, push=("team",))]
    registry = Registry(folder / "registry", accounts, referrers=referrers)
    gate = Gate(registry.app)
    with served(git.app) as git_server, served(gate) as server:
        login = RegistryLogin(f"127.0.0.1:{server.port}", "robot", PASSWORD)
        settings = settings_for(
            login,
            source_token=SecretStr(TOKEN),
            github_api_url=f"{git_server.url}/api/v3",
            signing_key=new_key(),
        )
        yield Place(
            git, git_server.url, server, gate, registry, folder / "registry", settings, login
        )


def program(folder: Path, name: str, script: str) -> Path:
    """An executable shell script called `name`."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def listing(*entries: tuple[str, str]) -> str:
    """A scanner's output."""
    found = [{"id": name, "ratings": [{"severity": severity}]} for name, severity in entries]
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "vulnerabilities": found})
