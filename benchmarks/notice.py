"""Notice lag: from the moment all is proven in Argo CD to the verdict, beyond the settle time.

With the event stream, without it, and by a bare script that asks once a second for the same state.
"""

import re
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from sandbox import changes, first_image, seed
from sandbox.argocd.accounts import api_key
from sandbox.serving import Fault
from sandbox.world import ARGOCD_ROLE, REGISTRY_ACCOUNT, World
from slipway.clients.registry import open_repository
from slipway.model import Image
from slipway.service import Application, GitOps
from slipway.settings import Settings
from slipway.sync import wait_until_live
from slipway.timing import Stopwatch
from slipway.value import Timing

_NAME = "books-api-staging"
_PATH = f"/api/v1/applications/{_NAME}"
_VALUES = "books/api/values-staging.yaml"
_VERSIONS = ("1.0.0", "1.0.1")
_SETTLE = 1.0  # seconds
_FILES = ("server.py", "books.json", "package.json")
_NO_STREAM = Fault(path="/stream/", status=404, times=-1)


def measure(rounds: int) -> dict[str, float]:
    """Medians in seconds, the ratios to the bare script, and the requests that each took."""
    with tempfile.TemporaryDirectory() as folder, World(Path(folder) / "world") as world:
        files = {name: changes.original(name) for name in _FILES}
        first_image.push(world.repository, REGISTRY_ACCOUNT, _VERSIONS[1], files, "a" * 40)
        place = _Place(world)
        place.bare("", world.git.head(seed.GITOPS) or "")
        ways: dict[str, tuple[Callable[[str, str], None], bool]] = {
            "stream": (place.wait, True),
            "poll": (place.wait, False),
            "bare": (place.bare, True),
        }
        lags: dict[str, list[float]] = {name: [] for name in ways}
        asked: dict[str, list[int]] = {name: [] for name in ways}
        for number in range(rounds * len(ways)):
            name = list(ways)[number % len(ways)]
            way, stream = ways[name]
            lag, requests = place.promote(_VERSIONS[(number + 1) % 2], way, stream=stream)
            lags[name].append(lag - (_SETTLE if name != "bare" else 0.0))
            asked[name].append(requests)
    middle = {name: statistics.median(each) for name, each in lags.items()}
    worst = {name: max(each) for name, each in lags.items()}
    return {
        **{f"{name} s": each for name, each in middle.items()},
        **{f"{name} worst s": each for name, each in worst.items()},
        # Not of the medians: now and then the script's own request is what makes it true.
        "stream / bare, worst": worst["stream"] / worst["bare"],
        "poll / bare, worst": worst["poll"] / worst["bare"],
        **{f"{name} requests": statistics.median(each) for name, each in asked.items()},
    }


class _Place:
    """One application that is promoted to and fro."""

    def __init__(self, world: World) -> None:
        self._world, self._traffic = world, world.servers["argocd"].traffic
        self._settings = Settings(
            argocd_url=world.argocd_url,
            argocd_token=api_key(ARGOCD_ROLE),
            registry_username=REGISTRY_ACCOUNT[0],
            registry_password=REGISTRY_ACCOUNT[1],
            plain_http_registries=(world.registry_name,),
        )
        with open_repository(world.repository, self._settings) as repository:
            self._digests = {tag: repository.manifest(tag).digest for tag in _VERSIONS}

    def promote(
        self, version: str, way: Callable[[str, str], None], *, stream: bool
    ) -> tuple[float, int]:
        """Seconds from proven to noticed, and the requests that it took."""
        self._traffic.reset()
        if not stream:
            self._traffic.faults.append(_NO_STREAM)
        revision, done = self._push(version), list[float]()
        watcher = threading.Thread(
            target=lambda: done.append(self._proven(revision, version)), daemon=True
        )
        watcher.start()
        way(version, revision)
        noticed = time.monotonic()
        watcher.join()
        return noticed - done[0], len(self._traffic.requests)

    def wait(self, version: str, revision: str) -> None:
        """Ours."""
        image = Image(
            repository=self._world.repository,
            version=version,
            digest=self._digests[version],
            revision="a" * 40,
            builder="layer",
            created=True,
            timing=Timing(started=datetime.now(UTC)),
        )
        wait_until_live(
            Application(name=_NAME, settle=timedelta(seconds=_SETTLE)),
            "staging",
            image,
            revision,
            self._settings,
            lambda _: "without",
            Stopwatch(),
            gitops=GitOps(repository=self._world.gitops_url),
        )

    def bare(self, _: str, revision: str) -> None:
        """A script that refreshes, then asks once a second."""
        headers = {"Authorization": f"Bearer {api_key(ARGOCD_ROLE)}"}
        with httpx.Client(base_url=self._world.argocd_url, headers=headers, timeout=30) as client:
            query = {"refresh": "normal"}
            while True:
                seen = client.get(_PATH, params=query).raise_for_status().json()
                query = {"refresh": "normal"} if _is_stale(seen) else {}
                if _is_proven(seen, revision):
                    return
                time.sleep(1)

    def _push(self, version: str) -> str:
        before = self._world.git.read(seed.GITOPS, _VALUES).decode()
        text = re.sub(r"(?m)^(\s*tag: ).*$", rf'\g<1>"{version}"', before)
        text = re.sub(r"(?m)^(\s*digest: ).*$", rf'\g<1>"{self._digests[version]}"', text)
        message = f"chore(staging): {version}\n"
        return self._world.git.commit(seed.GITOPS, "main", {_VALUES: text.encode()}, message)

    def _proven(self, revision: str, version: str) -> float:
        """When everything held, seen from within: no request is made."""
        while True:
            seen = self._world.argocd.store.get(_NAME) or {}
            if _is_proven(seen, revision) and self._runs(version):
                return time.monotonic()
            time.sleep(0.005)

    def _runs(self, version: str) -> bool:
        objects = self._world.cluster.objects(_NAME)
        deployment = next((each for each in objects if each["kind"] == "Deployment"), None)
        if deployment is None:
            return False
        status, text = deployment["status"], str(deployment["spec"]["template"])
        counts = {status.get(name) for name in ("replicas", "updatedReplicas", "availableReplicas")}
        ready = counts == {deployment["spec"]["replicas"]}
        return ready and (self._digests[version] in text or f":{version}" in text)


def _is_proven(seen: dict[str, Any], revision: str) -> bool:
    status = seen.get("status") or {}
    sync, state = status.get("sync") or {}, status.get("operationState") or {}
    return (
        sync.get("status") == "Synced"
        and sync.get("revision") == revision
        and (status.get("health") or {}).get("status") == "Healthy"
        and "operation" not in seen
        and state.get("phase") == "Succeeded"
        and status.get("reconciledAt", "") > state.get("finishedAt", "")
    )


def _is_stale(seen: dict[str, Any]) -> bool:
    """The compare is not later than the sync's end, which has whole seconds."""
    status = seen.get("status") or {}
    finished = (status.get("operationState") or {}).get("finishedAt", "")
    return bool(finished) and status.get("reconciledAt", "") <= finished
