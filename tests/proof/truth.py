"""What was really so: what the cluster ran, moment by moment, and what the repository holds."""

import os
import re
import subprocess
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from sandbox.cluster.controller import Cluster

_TRAILER = re.compile(r"^Slipway-(\w+): (.*)$", re.MULTILINE)
_ANA = (("NAME", "Ana"), ("EMAIL", "ana@example.com"))
_TOLERANCE = 2.0  # seconds between the last look at the world and the verdict


@dataclass
class Sight:
    """Samples what a namespace really runs; `live` is the digest on all its Pods, or empty."""

    cluster: Cluster
    namespace: str
    seen: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=4000))
    _over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def was_live(self, digest: str, until: float) -> bool:
        """Whether the digest was live at some moment just before `until` (monotonic seconds)."""
        return any(
            live == digest for at, live in list(self.seen) if until - _TOLERANCE <= at <= until
        )

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            self.seen.append((time.monotonic(), self._live()))

    def _live(self) -> str:
        objects = self.cluster.objects(self.namespace)
        if not objects:
            return ""
        deployment = objects[0]
        image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
        status, wanted = deployment["status"], deployment["spec"]["replicas"]
        counts = [status.get(name, 0) for name in ("updatedReplicas", "availableReplicas")]
        current = status["observedGeneration"] >= deployment["metadata"]["generation"]
        pods = [each for each in objects if each["kind"] == "Pod"]
        ready = [
            pod
            for pod in pods
            if pod["spec"]["containers"][0]["image"] == image
            and pod["status"]["containerStatuses"][0]["ready"]
            and "deletionTimestamp" not in pod["metadata"]
        ]
        whole = current and wanted and counts == [wanted, wanted] and len(ready) == wanted
        return str(image.partition("@")[2]) if whole else ""


@dataclass
class Repository:
    """The bare repository as git shows it, without any code of the product."""

    path: Path

    def head(self) -> str:
        return self._git("rev-parse", "main").decode().strip()

    def read(self, path: str, revision: str = "main") -> bytes:
        return self._git("show", f"{revision}:{path}")

    def since(self, revision: str) -> list[str]:
        return self._git("rev-list", "--reverse", f"{revision}..main").decode().split()

    def holds(self, ancestor: str, revision: str) -> bool:
        """Whether a commit is part of another one's history."""
        command = ["git", "-C", str(self.path), "merge-base", "--is-ancestor", ancestor, revision]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def damage(self, revision: str, allowed: Collection[tuple[str, ...]]) -> list[str]:
        """What a delivery's commit did beyond changing the scalars at `allowed` paths."""
        listing = self._git("diff-tree", "-r", "--name-only", "--no-commit-id", revision)
        trouble = []
        for path in listing.decode().split():
            before, after = self.read(path, f"{revision}^"), self.read(path, revision)
            if _blanked(before) != _blanked(after):
                trouble.append(f"{revision}: {path}: other bytes changed: {after!r}")
            if _without(before, allowed) != _without(after, allowed):
                trouble.append(f"{revision}: {path}: other values changed: {after!r}")
        return trouble

    def commit(self, base: str, path: str, content: bytes) -> bool:
        """A person's commit on `base`; False when the branch is no longer there."""
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": f"{folder}/index"}
            blob = self._git("hash-object", "-w", "--stdin", stdin=content).decode().strip()
            self._git("read-tree", base, environment=index)
            entry = f"100644,{blob},{path}"
            self._git("update-index", "--cacheinfo", entry, environment=index)
            tree = self._git("write-tree", environment=index).decode().strip()
        person = {
            f"GIT_{who}_{what}": text for who in ("AUTHOR", "COMMITTER") for what, text in _ANA
        }
        made = self._git("commit-tree", tree, "-p", base, "-m", "by hand", environment=person)
        command = [
            "git",
            "-C",
            str(self.path),
            "update-ref",
            "refs/heads/main",
            made.decode().strip(),
            base,
        ]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def trailers(self, revision: str) -> dict[str, str]:
        return dict(_TRAILER.findall(self._git("show", "-s", "--format=%B", revision).decode()))

    def doubled(self, base: str) -> list[str]:
        """Deliveries that have more than one commit since `base`."""
        found: Counter[tuple[str, ...]] = Counter()
        for revision in self.since(base):
            trailers = self.trailers(revision)
            if trailers:
                found[
                    tuple(trailers.get(n, "") for n in ("Service", "Environment", "Version", "Run"))
                ] += 1
        return [" ".join(key) for key, count in found.items() if count > 1]

    def _git(
        self, *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None
    ) -> bytes:
        command = ["git", "-C", str(self.path), *arguments]
        known = {**os.environ, **(environment or {})}
        done = subprocess.run(command, check=True, capture_output=True, input=stdin, env=known)
        return done.stdout


def _blanked(content: bytes) -> bytes:
    """The file without the values of `tag` and `digest`, quotes included."""
    return re.sub(rb"""((?:tag|digest)["']?:[ ]*)["']?[^"',} #\r\n]*["']?""", rb"\1", content)


def _without(content: bytes, allowed: Collection[tuple[str, ...]]) -> object:
    """The parsed file without the scalars at these paths."""
    document = yaml.safe_load(content.decode("utf-8-sig"))
    for *parents, last in allowed:
        place = document
        for name in parents:
            place = place.get(name, {})
        place.pop(last, None)
    return document
