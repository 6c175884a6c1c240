"""A GitOps repository that has grown for years: 10,000 files and 5,000 commits, made in seconds."""

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

from sandbox.forge.githost import GitHost, Token

SERVICES = 2500
COMMITS = 5000
_ENVIRONMENTS = ("dev", "staging", "test", "production")
_SEED = 7


def values(service: int, environment: str = "staging") -> str:
    """Path of a service's values file."""
    return f"teams/team-{service % 50}/service-{service}/values-{environment}.yaml"


def grown(folder: Path, name: str, token: str) -> None:
    """Make the repository below a Git host's folder."""
    path = GitHost(folder, [Token(token, (name,), write=True)]).create(name)
    subprocess.run(
        ["git", "fast-import", "--quiet", "--done"],
        cwd=path, input=b"".join(_stream()), check=True,
    )  # fmt: skip


def _stream() -> Iterator[bytes]:
    chance = random.Random(_SEED)
    for commit in range(COMMITS):
        text = b"chore: change %d" % commit
        yield b"commit refs/heads/main\ncommitter Ana <ana@example.com> "
        yield b"%d +0000\n" % (1_700_000_000 + 600 * commit)
        yield b"data %d\n%s\n" % (len(text), text)
        changed = range(SERVICES) if commit == 0 else [chance.randrange(SERVICES)]
        for service in changed:
            for environment in _ENVIRONMENTS if commit == 0 else ("dev",):
                yield _file(service, environment, commit)
    yield b"done\n"


def _file(service: int, environment: str, commit: int) -> bytes:
    lines = "".join(f"  SETTING_{n}: value-{service * n}\n" for n in range(20))
    text = (
        f"# service {service}, {environment}\nimage:\n  repository: registry.example.com/acme/x\n"
        f'  tag: "1.0.{commit}"\nreplicas: 2\nenv:\n{lines}'
    ).encode()
    return f"M 100644 inline {values(service, environment)}\n".encode() + (
        b"data %d\n%s\n" % (len(text), text)
    )
