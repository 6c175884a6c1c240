"""Planning the next version of a large repository, against `git log` of the new commits.

The plan is made on a clone without file contents, as a release makes it: what is compared is all
that happens between the clone and the first write. The first plan reads files from the remote;
made again, it has them.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic import SecretStr

from sandbox.forge.githost import GitHost, Token
from sandbox.serving import served
from slipway.clients.git import Clone, cloned
from slipway.release import history
from slipway.release.plan import Plan, planned
from slipway.service import Service

COMMITS, TAGS, NEW = 20_000, 400, 30
ALLOWANCE, MEMORY = 0.3, 60  # seconds above `git log`, megabytes above the import
NAME = "acme/large"
_TOKEN = Token("bench-token", (NAME,), write=True)
_KINDS = ("feat", "fix", "docs", "chore", "refactor", "test")
_BODY = "\n".join(["A line that says what this commit does, and why it does it so."] * 6)


def measure(rounds: int) -> dict[str, float]:
    """Medians in seconds, the ratio, and megabytes above the import, each on a clone of its own."""
    with tempfile.TemporaryDirectory() as folder:
        host = GitHost(Path(folder), [_TOKEN])
        host.create(NAME)
        host.repositories.git(NAME, "fast-import", "--quiet", "--done", stdin=_stream())
        with served(host.app) as server:
            found = [_in_child(f"{server.url}/{NAME}") for _ in range(rounds)]
    figures = {key: statistics.median(each[key] for each in found) for key in found[0]}
    return {
        **figures,
        "of log+0.3 s": figures["plan s"] / (figures["git log s"] + ALLOWANCE),
        "of 60 MB": figures["MB above"] / MEMORY,
    }


def _in_child(url: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.versions", url], check=True, stdout=subprocess.PIPE
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def child(url: str) -> dict[str, float]:
    """One plan in this process, which has done nothing before but import."""
    service = _service(url)
    Path("/proc/self/clear_refs").write_text("5")  # the most so far is forgotten
    before = _memory("VmRSS")
    with cloned(url, "main", SecretStr(_TOKEN.value), depth=None, tags=True) as clone:
        log = _timed(lambda: _log(clone))
        plan, again = (_timed(lambda: _plan(service, clone)) for _ in range(2))
    above = _memory("VmHWM") - before
    return {"git log s": log, "plan s": plan, "again s": again, "MB above": above}


def _log(clone: Clone) -> None:
    span = f"v1.{TAGS - 1}.0..{clone.head}"
    command = ["git", f"--git-dir={clone.repo.git_dir}", "log", "--format=%H%n%B", span]
    printed = subprocess.run(command, check=True, capture_output=True).stdout
    if printed.count(_BODY.encode()) != NEW:
        raise RuntimeError("the range is another one")


def _plan(service: Service, clone: Clone) -> None:
    plan = planned(service, clone, history.look(clone, service))
    if not isinstance(plan, Plan) or plan.tag != f"v1.{TAGS}.0":
        raise RuntimeError(f"not the plan that was expected: {plan}")


def _timed(act: Callable[[], None]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def _memory(field: str) -> float:
    """Megabytes of this process: VmRSS now, VmHWM at the most."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/self/status has no {field}")


def _stream() -> bytes:
    """The history for fast-import: a release about every fiftieth commit, then the new ones."""
    every = (COMMITS - NEW) // TAGS
    first = COMMITS - NEW - 1 - (TAGS - 1) * every
    parts: list[bytes] = []
    for number in range(COMMITS):
        released, rest = divmod(number - first, every)
        if rest == 0 and released >= 0:
            parts += _commit(number, f"chore(main): release 1.{released}.0", _files(released))
            parts.append(f"reset refs/tags/v1.{released}.0\nfrom refs/heads/main\n\n".encode())
        else:
            kind = _KINDS[number % len(_KINDS)]
            code = {f"src/{number % 97}.js": str(number)}
            parts += _commit(number, f"{kind}: change {number}\n\n{_BODY}", code)
    return b"".join([*parts, b"done\n"])


def _files(released: int) -> dict[str, str]:
    package = json.dumps({"name": "large", "version": f"1.{released}.0"}, indent=2)
    sections = (f"## 1.{number}.0\n\n* a change\n" for number in range(released, -1, -1))
    return {"package.json": package, "CHANGELOG.md": "\n".join(["# Changelog\n", *sections])}


def _commit(number: int, message: str, files: dict[str, str]) -> Iterator[bytes]:
    yield b"commit refs/heads/main\n"
    yield f"committer Ana <ana@example.com> {1_700_000_000 + number * 60} +0000\n".encode()
    yield _data(message)
    for path, text in files.items():
        yield f"M 100644 inline {path}\n".encode() + _data(text)


def _data(text: str) -> bytes:
    return f"data {len(text.encode())}\n{text}\n".encode()


def _service(url: str) -> Service:
    environment = {
        "name": "staging",
        "updates": [{"file": "values.yaml", "key": "image.tag"}],
        "application": {"name": "large"},
        "smoke": {"url": "https://large.example.com/"},
    }
    return Service.model_validate(
        {
            "service": "large",
            "source": {"repository": url},
            "image": {"repository": "registry.example.com/acme/large"},
            "gitops": {"repository": "https://git.example.com/acme/gitops"},
            "environments": [environment],
        }
    )


if __name__ == "__main__":
    print(json.dumps(child(sys.argv[1])))
