"""The status half of the application controller: compares git with the cluster.

Levels: 3 looks the revision up anew, 2 may use the cached one, 1 keeps the revision of the last
compare. Only 2 and 3 move `reconciledAt`.
"""

import time

from sandbox.argocd import application as app
from sandbox.argocd.application import Finding, Object
from sandbox.argocd.health import health, same
from sandbox.argocd.rendering import Source, render
from sandbox.argocd.world import REFRESH, SKIP_RECONCILE, World
from sandbox.cluster.pod import timestamp
from sandbox.rendering.repository import RepoError


class Reconciler:
    """Keeps the status of one Application; its thread calls `step`."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._name = name
        self._compared = float("-inf")  # when a level 2 or 3 compare last ended
        self._asked: tuple[float, int] | None = None  # due time and level of a compare
        self._seen: list[Object] = []  # live objects at the last compare
        self._first_error = 0.0
        self._rendered: dict[str, Object] = {}
        self.begun = 0  # compares that have read git
        self.target: Object | None = None  # the last rendered Deployment

    def ask(self, level: int, delay: float) -> None:
        """Compare after `delay` seconds; until then cluster changes wait too."""
        self._asked = (time.monotonic() + delay, level)

    def step(self) -> None:
        application = self._world.store.get(self._name)
        if application is None or _annotation(application, SKIP_RECONCILE) == "true":
            return
        level = self._due(application)
        if level is not None:
            self._compare(application, level)

    def _due(self, application: Object) -> int | None:
        now = time.monotonic()
        compared = application["status"]["sync"]["comparedTo"]
        wanted = app.compared_to(application["spec"])
        if _annotation(application, REFRESH):
            return 3
        if compared != wanted:
            moved = compared["destination"] != wanted["destination"]
            only_moved = {**compared, "destination": 0} == {**wanted, "destination": 0}
            return 2 if moved and only_moved else 3
        if self._asked:
            due, level = self._asked
            return level if now >= due else None
        if now - self._compared >= self._world.controls.polling:
            return 2
        changed = not application.get("operation") and self._live(application) != self._seen
        return 1 if changed and not _failed(application) else None

    def _live(self, application: Object) -> list[Object]:
        namespace = application["spec"]["destination"].get("namespace", "default")
        return self._world.cluster.objects(namespace)

    def _compare(self, application: Object, level: int) -> None:
        reconciled_at, requests = timestamp(), self._world.refreshes.get(self._name, 0)
        self._asked = None if level > 1 else self._asked
        try:
            revisions = self._revisions(application, level)
            hard = _annotation(application, REFRESH) == "hard"
            self.target = self.desired(application, revisions, fresh=hard)
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
            self._world.resolve(each["repoURL"], each.get("targetRevision") or "HEAD", level == 3)
            for each in app.sources_of(application)
        ]

    def desired(self, application: Object, revisions: list[str], fresh: bool = False) -> Object:
        """The Deployment at these revisions, from the manifest cache if it is there."""
        specs = app.sources_of(application)
        key = repr((specs, revisions))
        if fresh or key not in self._rendered:
            sources = [
                Source(spec, self._world.repository(spec["repoURL"]), revision)
                for spec, revision in zip(specs, revisions, strict=True)
            ]
            namespace = application["spec"]["destination"].get("namespace", "default")
            self._rendered[key] = render(sources, self._name, namespace)
        return self._rendered[key]

    def _look(self, application: Object, revisions: list[str], problem: str) -> Finding:
        self._seen = objects = self._live(application)
        live = objects[0] if objects else None
        if problem or self.target is None:
            condition = {"type": "ComparisonError", "message": problem}
            status = health(live)["status"] if live else "Healthy"
            return Finding("Unknown", status, revisions, [], _images(objects), [condition])
        synced = "Synced" if live and same(self.target, live) else "OutOfSync"
        status = health(live)["status"] if live else "Missing"
        metadata = self.target["metadata"]
        resource = {
            "group": "apps",
            "version": "v1",
            "kind": "Deployment",
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "status": synced,
        }
        return Finding(synced, status, revisions, [resource], _images(objects), [])

    def _sync_by_itself(self, finding: Finding) -> Finding:
        """Set the automated operation, or tell why it is not tried again."""
        application = self._world.store.get(self._name)
        if application is None or finding.sync != "OutOfSync" or application.get("operation"):
            return finding
        policy = app.automated(application)
        if policy is None or "deletionTimestamp" in application["metadata"]:
            return finding
        state = app.operation_state(application)
        if app.revisions_in(state.get("syncResult", {})) == finding.revisions:
            return finding if state["phase"] == "Succeeded" else _not_again(finding, state)
        operation = _automated_operation(application["spec"], policy, finding.revisions)
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


def _not_again(finding: Finding, state: Object) -> Finding:
    revisions = ", ".join(finding.revisions)
    message = f"Failed last sync attempt to [{revisions}]: {state.get('message', '')}"
    condition = {"type": "SyncError", "message": message}
    return Finding(
        finding.sync,
        finding.health,
        finding.revisions,
        finding.resources,
        finding.images,
        [condition],
    )


def _automated_operation(spec: Object, policy: Object, revisions: list[str]) -> Object:
    sync: Object = {**app.revision_fields(spec, revisions), **app.source_fields(spec)}
    if policy.get("prune"):
        sync["prune"] = True
    if spec["syncPolicy"].get("syncOptions"):
        sync["syncOptions"] = spec["syncPolicy"]["syncOptions"]
    retry = spec["syncPolicy"].get("retry", {"limit": 5})
    return {"sync": sync, "initiatedBy": {"automated": True}, "retry": retry}
