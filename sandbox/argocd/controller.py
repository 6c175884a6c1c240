"""The status half of the application controller: compares git with the cluster.

Levels: 3 looks the revision up anew, 2 may use the cached one, 1 keeps the revision of the last
compare. Only 2 and 3 move `reconciledAt`.
"""

import time
from dataclasses import replace

from sandbox.argocd import application as app
from sandbox.argocd.application import Finding, Object
from sandbox.argocd.automation import next_operation
from sandbox.argocd.compare import entries, overall_health, sync_status
from sandbox.argocd.deletion import finalize
from sandbox.argocd.manifests import Manifests
from sandbox.argocd.store import Gone
from sandbox.argocd.world import REFRESH, SKIP_RECONCILE, World
from sandbox.cluster.pod import timestamp
from sandbox.rendering.repository import RepoError

_LOOK_AGAIN = 0.3  # seconds to the next look at what cannot be healed yet


class Reconciler:
    """Keeps the status of one Application; its thread calls `step`."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._name = name
        self._compared = float("-inf")  # when a level 2 or 3 compare last ended
        self._asked: tuple[float, int] | None = None  # due time and level of a compare
        self._seen: list[Object] = []  # live objects at the last compare
        self._first_error = 0.0
        self.manifests = Manifests(world, name)
        self._healed = 0.0  # when the last attempt to heal was asked for
        self.begun = 0  # compares that have read git
        self.targets: list[Object] = []  # the last rendered manifests

    def ask(self, level: int, delay: float) -> None:
        """Compare after `delay` seconds; until then cluster changes wait too."""
        self._asked = (time.monotonic() + delay, level)

    def forget(self) -> None:
        """Lose what only memory held, a pending compare too, as a restart does (inference)."""
        self._asked, self._seen = None, []
        self.manifests.forget()

    def step(self) -> None:
        application = self._world.store.get(self._name)
        if application is None:
            raise Gone(self._name)
        if _annotation(application, SKIP_RECONCILE) == "true":
            return
        if "deletionTimestamp" in application["metadata"]:
            finalize(self._world, application)
            raise Gone(self._name)
        asked = self._asked
        level = self._due(application, asked)
        if level is not None:
            if self._asked == asked:
                self._asked = None
            self._compare(application, level)

    def _due(self, application: Object, asked: tuple[float, int] | None) -> int | None:
        now = time.monotonic()
        compared = application["status"]["sync"]["comparedTo"]
        wanted = app.compared_to(application["spec"])
        if _annotation(application, REFRESH):
            return 3
        if compared != wanted:
            moved = compared["destination"] != wanted["destination"]
            only_moved = {**compared, "destination": 0} == {**wanted, "destination": 0}
            return 2 if moved and only_moved else 3
        if asked and (now >= asked[0] or asked[1] > 1):
            return asked[1] if now >= asked[0] else None
        if now - self._compared >= self._world.controls.polling:
            return 2
        if asked:
            return None
        changed = not application.get("operation") and self._world.live(application) != self._seen
        return 1 if changed and not _failed(application) else None

    def _compare(self, application: Object, level: int) -> None:
        reconciled_at, requests = timestamp(), self._world.refreshes.get(self._name, 0)
        try:
            revisions = self._revisions(application, level)
            hard = _annotation(application, REFRESH) == "hard"
            self.targets = self.manifests.at(application, revisions, fresh=hard)
            self._first_error, problem = 0.0, ""
        except RepoError as error:
            if level < 3 and self._swallowed():
                self._compared = time.monotonic()
                return
            problem = f"Failed to load target state: {error}"
            revisions = [each.get("targetRevision", "HEAD") for each in app.sources_of(application)]
        self.begun += 1
        self._world.sleep(self._world.controls.delays.compare if level > 1 else 0.0)
        finding = self._look(application, revisions, problem)
        finding = self._sync_by_itself(finding)
        if level > 1:
            self._compared = time.monotonic()
        self._write(application, finding, reconciled_at if level > 1 else None, requests)

    def _swallowed(self) -> bool:
        """A timer compare keeps quiet about a repository error for a while."""
        now = time.monotonic()
        self._first_error = self._first_error or now
        return now - self._first_error <= self._world.controls.repo_error_grace

    def _revisions(self, application: Object, level: int) -> list[str]:
        if level == 1:
            return app.revisions_in(application["status"]["sync"])
        return [
            self._world.resolve(each, each.get("targetRevision") or "HEAD", live=level == 3)
            for each in app.sources_of(application)
        ]

    def _look(self, application: Object, revisions: list[str], problem: str) -> Finding:
        self._seen = live = self._world.live(application)
        managed = [each for each in live if "ownerReferences" not in each["metadata"]]
        if problem:
            listed = application["status"].get("resources", [])
            condition = {"type": "ComparisonError", "message": problem}
            healthy = overall_health(listed, managed)
            return Finding("Unknown", healthy, revisions, [], _images(live), [condition])
        listed = entries(self.targets, managed)
        healthy = overall_health(listed, managed)
        return Finding(sync_status(listed), healthy, revisions, listed, _images(live), [])

    def _sync_by_itself(self, finding: Finding) -> Finding:
        """Set the automated operation, or tell why it is not tried again."""
        application = self._world.store.get(self._name)
        if application is None or finding.sync != "OutOfSync":
            return finding
        waited = time.monotonic() - self._healed
        healing = self._world.controls.delays.self_heal
        operation, condition = next_operation(application, finding, waited, healing)
        if condition:
            return replace(finding, conditions=[condition])
        if operation is None or not self._world.windows(application).allow(manual=False):
            if (app.automated(application) or {}).get("selfHeal"):
                self.ask(1, _LOOK_AGAIN)
            return finding
        if "resources" in operation["sync"]:
            self._healed = time.monotonic()
        self._world.store.patch(self._name, lambda each: app.start_operation(each, operation))
        self._world.sleep(self._world.controls.delays.operation_set)
        return finding

    def _write(
        self, before: Object, finding: Finding, reconciled_at: str | None, requests: int
    ) -> None:
        newer = self._world.refreshes.get(self._name, 0) != requests
        keep = newer and not self._world.controls.coalesce
        asked = _annotation(before, REFRESH)

        def change(application: Object) -> None:
            app.write_finding(application, finding, reconciled_at)
            if asked and not keep:
                annotations = application["metadata"].get("annotations", {})
                annotations.pop(REFRESH, None)
                if not annotations:
                    application["metadata"].pop("annotations", None)

        after = self._world.store.patch(self._name, change)
        old = before["status"]["sync"]["status"]
        if old != finding.sync:
            message = f"Updated sync status: {old} -> {finding.sync}"
            self._world.record(after, "Normal", "ResourceUpdated", message)
        old = before["status"]["health"].get("status", "")
        if old != finding.health:
            message = f"Updated health status: {old} -> {finding.health}"
            self._world.record(after, "Normal", "ResourceUpdated", message)


def _annotation(application: Object, name: str) -> str:
    return str(application["metadata"].get("annotations", {}).get(name, ""))


def _failed(application: Object) -> bool:
    return any(
        each["type"] == "ComparisonError" for each in application["status"].get("conditions", [])
    )


def _images(objects: list[Object]) -> list[str]:
    """Of every Pod there is, also old and never-started ones."""
    pods = [each for each in objects if each["kind"] == "Pod"]
    return sorted({pod["spec"]["containers"][0]["image"] for pod in pods})
