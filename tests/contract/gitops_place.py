"""A GitOps repository on a Git host, and a service that is carried into it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from sandbox.forge.githost import GitHost, Token
from sandbox.serving import Server, served
from slipway import gitops
from slipway.decision import Approval
from slipway.manifests.editor import set_scalar
from slipway.manifests.message import commit_message
from slipway.model import Change, Image, Promotion
from slipway.service import Service
from slipway.settings import Settings
from slipway.value import Timing
from tests.answers import approval

NAME = "acme/gitops-cf"
TOKEN = "tok-9a8b7c-writer"
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
CHART = "oci://ghcr.io/acme/charts/books-api"
VALUES = b"image:\n  repository: ghcr.io/acme/books-api\n  tag: 1.0.0  # release\nreplicas: 2\n"
APPLICATION = f"""\
spec:
  sources:
    - repoURL: {CHART}
      targetRevision: 1.0.0
      helm:
        valuesObject:
          image: {{tag: "1.0.0"}}
    - repoURL: https://github.com/acme/gitops-cf
      targetRevision: main
""".encode()
FILES = {"staging.yaml": VALUES, "production.yaml": VALUES, "apps/staging.yaml": APPLICATION}


def service_for(url: str) -> Service:
    application = {"name": "books-api"}
    smoke = {"url": "https://books.example.com/books"}
    updates = [
        {"file": "staging.yaml", "key": "image.tag"},
        {"file": "apps/staging.yaml", "key": f"spec.sources[repoURL={CHART}].targetRevision"},
        {
            "file": "apps/staging.yaml",
            "key": f"spec.sources[repoURL={CHART}].helm.valuesObject.image.tag",
        },
    ]
    production = [{"file": "production.yaml", "key": "image.tag"}]
    return Service.model_validate({
        "service": "books-api",
        "source": {"repository": "https://github.com/acme/books-api"},
        "image": {"repository": "ghcr.io/acme/books-api"},
        "gitops": {"repository": url},
        "environments": [
            {"name": "staging", "updates": updates, "application": application, "smoke": smoke},
            {
                "name": "production", "updates": production, "application": application,
                "smoke": smoke, "gate": {"approvers": ["ana@example.com"]},
            },
        ],
    })  # fmt: skip


def image(version: str = "1.1.0", digest: str = "a") -> Image:
    return Image(
        repository="ghcr.io/acme/books-api",
        version=version,
        digest=f"sha256:{digest * 64}",
        revision="b" * 40,
        builder="docker",
        created=True,
        timing=Timing(started=NOW),
    )


@dataclass
class Desk:
    """The GitOps repository on its host, and the service that is carried into it."""

    host: GitHost
    server: Server
    service: Service
    settings: Settings

    def write(self, environment: str = "staging", version: str = "1.1.0", **more: Any) -> Promotion:
        given: dict[str, Any] = {
            "run": "run-1", "began": datetime.now(UTC), "approvals": (),
        } | more  # fmt: skip
        return gitops.write(
            self.service, self.service.environment(environment), image(version), self.settings,
            **given,
        )  # fmt: skip

    def plan(self, environment: str = "staging", version: str = "1.1.0") -> Change:
        where = self.service.environment(environment)
        return gitops.plan(self.service, where, image(version), self.settings)

    def approved(self, version: str = "1.1.0", **more: Any) -> Approval:
        known = {
            "reason": "", "at": NOW, "version": version, "digest": image(version).digest,
            "fingerprint": self.plan("production", version).fingerprint,
        }  # fmt: skip
        return approval(**known | more)

    def lineage(self, wanted: str, observed: str, version: str = "1.1.0") -> str:
        where = self.service.environment("staging")
        return gitops.lineage(self.service, where, image(version), self.settings, wanted, observed)

    def commit(
        self,
        files: dict[str, bytes],
        message: str = "chore: by hand",
        date: datetime | None = None,
    ) -> str:
        return self.host.commit(NAME, "main", files, message, date=date)

    def meanwhile(self, files: dict[str, bytes]) -> None:
        """Somebody else commits these files just before the next push arrives."""

        def commit(name: str) -> None:
            self.commit(files)

        self.host.before_push = commit

    def delivered(self, version: str, date: datetime | None = None) -> str:
        """Another delivery, of this version, from another machine: it wrote one of the values."""
        text = commit_message(self.service, "staging", image(version), "run-of-another", None)
        files = {"staging.yaml": set_scalar(
            self.read("staging.yaml"), "image.tag", version, file="staging.yaml"
        ).text}  # fmt: skip
        return self.commit(files, text, date)

    def head(self) -> str:
        return self.host.head(NAME) or ""

    def read(self, path: str) -> bytes:
        return self.host.read(NAME, path)

    def messages(self) -> list[str]:
        log = self.host.repositories.git(NAME, "log", "-z", "--format=%B", "main")
        return [message.strip() for message in log.decode().split("\0") if message]

    def pushes(self) -> int:
        """How often somebody tried to push over HTTP."""
        return len([r for r in self.server.traffic.writes() if "receive-pack" in r.path])


@contextmanager
def a_desk(folder: Path) -> Iterator[Desk]:
    """The desk with its server running."""
    host = GitHost(folder / "host", [Token(TOKEN, (NAME,), write=True)])
    host.create(NAME)
    host.commit(NAME, "main", FILES, "feat: first")
    with served(host.app) as server:
        settings = Settings(gitops_token=SecretStr(TOKEN))
        yield Desk(host, server, service_for(f"{server.url}/{NAME}.git"), settings)
