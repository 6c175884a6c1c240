"""The source-controller's part for repositories: what they offer now."""

from sandbox.cluster.pod import timestamp
from sandbox.flux.conditions import failed, observed, progressing, put, remove, seconds
from sandbox.flux.controller import Controller, Outcome
from sandbox.flux.registry import PullError, pull_chart
from sandbox.flux.world import Chart, Key, Object, RepoError
from sandbox.kubernetes.kind import GIT_REPOSITORY, OCI_REPOSITORY


class GitRepositories(Controller):
    """A branch's newest commit; an artifact stays when the repository cannot be read."""

    kind = GIT_REPOSITORY
    name = "source-controller"

    def reconcile(self, key: Key, found: Object) -> Outcome:
        spec = found["spec"]
        branch = (spec.get("ref") or {}).get("branch") or "master"
        self.show(key, lambda each: progressing(each, "building artifact"))
        self.sleep(self.world.delays.fetch)
        try:
            commit = self.world.remote(spec["url"]).resolve(branch)
        except RepoError as error:
            words = f"failed to checkout and determine revision: unable to clone '{spec['url']}'"
            return _broken(self, key, "GitOperationFailed", f"{words}: {error}")
        revision = f"{branch}@sha1:{commit}"
        return _stored(found, revision, {})


class OciRepositories(Controller):
    """A chart in a registry, by its tag."""

    kind = OCI_REPOSITORY
    name = "source-controller"

    def reconcile(self, key: Key, found: Object) -> Outcome:
        spec = found["spec"]
        tag = (spec.get("ref") or {}).get("tag") or "latest"
        self.show(key, lambda each: progressing(each, "building artifact"))
        self.sleep(self.world.delays.fetch)
        try:
            digest, chart = pull_chart(spec["url"], tag, self.world.credentials)
        except PullError as error:
            return _broken(self, key, "OCIArtifactPullFailed", str(error))
        revision = f"{tag}@{digest}"
        self.world.charts[self.kind, key, revision] = Chart(**chart)
        return _stored(found, revision, {"layerDigest": digest})


def _broken(controller: Controller, key: Key, reason: str, message: str) -> Outcome:
    controller.world.event(controller.kind, key, reason, message)

    def change(each: Object) -> None:
        put(each, "FetchFailed", "True", reason, message)
        failed(each, reason, message)

    return Outcome(change, controller.world.delays.retry)


def _stored(found: Object, revision: str, more: Object) -> Outcome:
    def change(each: Object) -> None:
        words = f"stored artifact for revision '{revision}'"
        before = each["status"].get("artifact") or {}
        if before.get("revision") != revision:
            each["status"]["artifact"] = {
                "revision": revision,
                "lastUpdateTime": timestamp(),
                **more,
            }
        remove(each, "Reconciling", "Stalled", "FetchFailed")
        put(each, "Ready", "True", "Succeeded", words)
        put(each, "ArtifactInStorage", "True", "Succeeded", words)
        observed(each)

    return Outcome(change, seconds(found["spec"].get("interval"), 60.0))
