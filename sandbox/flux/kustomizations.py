"""The kustomize-controller: build, apply, check health, and only then `lastAppliedRevision`.

While health checks wait, a newer revision waits too. A failure keeps Reconciling, with another
reason, and is tried again after `retryInterval`.
"""

from functools import partial

from sandbox.cluster.controller import Refused
from sandbox.flux.applying import Mismatch, apply_all, inventory, states
from sandbox.flux.build import build
from sandbox.flux.conditions import failed, is_true, observed, progressing, put, remove, seconds
from sandbox.flux.controller import Controller, Outcome
from sandbox.flux.workloads import waited
from sandbox.flux.world import Key, Object, RepoError
from sandbox.kubernetes.kind import GIT_REPOSITORY, KUSTOMIZATION


class Kustomizations(Controller):
    """Folders of a repository, applied."""

    kind = KUSTOMIZATION
    name = "kustomize-controller"

    def upstream(self, found: Object) -> str:
        return _revision(self._source(found))

    def suspended(self, found: Object) -> None:
        if is_true(found, "Ready"):
            observed(found)

    def _source(self, found: Object) -> Object | None:
        reference = found["spec"]["sourceRef"]
        namespace = reference.get("namespace", found["metadata"]["namespace"])
        return self.world.get(GIT_REPOSITORY, (namespace, reference["name"]))

    def reconcile(self, key: Key, found: Object) -> Outcome:
        source, spec = self._source(found), found["spec"]
        revision = _revision(source)
        if source is None or not revision:
            words = "Source artifact not found, retrying in 30s"
            return self._failed(found, "ArtifactFailed", words)
        limit = spec.get("timeout", spec.get("interval", "5m"))
        self.show(key, partial(_begun, revision=revision, limit=limit))
        self.sleep(self.world.delays.fetch)
        repository = self.world.stored(source["spec"]["url"])
        path, commit = spec.get("path", ""), revision.rpartition(":")[2]
        folder = path.removeprefix("./").strip("/")
        if folder and not repository.has_folder(commit, folder):
            return self._failed(found, "ArtifactFailed", f"kustomization path not found: {path}")
        self.show(key, lambda each: each["status"].update(lastAttemptedRevision=revision))
        self.sleep(self.world.delays.build)
        try:
            manifests = build(repository, commit, path)
        except RepoError as error:
            return self._failed(found, "BuildFailed", f"kustomize build failed: {error}")
        return self._apply(key, found, revision, manifests)

    def _apply(self, key: Key, found: Object, revision: str, manifests: list[Object]) -> Outcome:
        try:
            apply_all(self.world, key, found, manifests)
        except (Mismatch, Refused) as error:
            return self._failed(found, "ReconciliationFailed", str(error))
        self.sleep(self.world.delays.action)
        entries = inventory(found, manifests)
        self.show(key, lambda each: each["status"].update(inventory={"entries": entries}))
        if problem := self._unhealthy(key, found, revision, manifests):
            return self._failed(found, "HealthCheckFailed", problem)
        return Outcome(
            lambda each: _applied(each, revision), seconds(found["spec"].get("interval"), 60.0)
        )

    def _unhealthy(self, key: Key, found: Object, revision: str, manifests: list[Object]) -> str:
        """Wait for what is to be checked; what did not become healthy, or nothing."""
        spec = found["spec"]
        if not spec.get("wait") and not spec.get("healthChecks"):
            return ""
        limit = spec.get("timeout", spec.get("interval", "5m"))
        words = f"Running health checks for revision {revision} with a timeout of {limit}"
        self.show(key, partial(_checking, words=words))
        left = waited(
            lambda: states(self.world, found, manifests),
            self.sleep,
            seconds(limit, 300.0),
            self.world.delays.poll,
        )
        if not left:
            self.show(key, lambda each: put(each, "Healthy", "True", "Succeeded", "passed"))
            return ""
        named = ", ".join(f"{name} status: '{now}'" for name, now in left.items())
        early = set(left.values()) == {"Failed"}
        why = "failed early due to stalled resources" if early else "timeout waiting for"
        problem = f"health check failed after {limit}: {why}: [{named}]"
        self.show(key, lambda each: put(each, "Healthy", "False", "HealthCheckFailed", problem))
        return problem

    def _failed(self, found: Object, reason: str, words: str) -> Outcome:
        key = (found["metadata"]["namespace"], found["metadata"]["name"])
        self.world.event(self.kind, key, reason, words)
        interval = found["spec"].get("retryInterval", found["spec"].get("interval"))
        return Outcome(lambda each: failed(each, reason, words), seconds(interval, 60.0))


def _begun(each: Object, revision: str, limit: str) -> None:
    words = f"Fetching manifests for revision {revision} with a timeout of {limit}"
    put(each, "Ready", "Unknown", "Progressing", "Reconciliation in progress")
    progressing(each, words)


def _checking(each: Object, words: str) -> None:
    progressing(each, words)
    put(each, "Healthy", "Unknown", "Progressing", words)


def _applied(each: Object, revision: str) -> None:
    each["status"]["lastAppliedRevision"] = revision
    put(each, "Ready", "True", "ReconciliationSucceeded", f"Applied revision: {revision}")
    remove(each, "Reconciling", "Stalled")
    observed(each)


def _revision(source: Object | None) -> str:
    status = (source or {}).get("status") or {}
    return str((status.get("artifact") or {}).get("revision", ""))
