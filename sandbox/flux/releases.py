"""The helm-controller: from a chart to a release, with retries and remediation.

While an action waits for its Pods, a newer chart waits too. A failure that will be tried again
leaves `observedGeneration` behind; when no attempt is left the release is stalled.
"""

import hashlib
import json
from functools import partial

from sandbox.cluster.controller import Refused
from sandbox.flux import history
from sandbox.flux.conditions import (
    failed,
    is_true,
    observed,
    progressing,
    put,
    remove,
    seconds,
    stalled,
)
from sandbox.flux.controller import Controller, Outcome
from sandbox.flux.history import Wanted
from sandbox.flux.workloads import apply, state, waited
from sandbox.flux.world import Chart, Key, Object, World
from sandbox.kubernetes.kind import HELM_CHART, HELM_RELEASE, OCI_REPOSITORY, Kind
from sandbox.kubernetes.store import Taken
from sandbox.rendering.repository import RepoError
from sandbox.rendering.values import deployment, merge


class HelmReleases(Controller):
    """Releases of charts."""

    kind = HELM_RELEASE
    name = "helm-controller"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._applied: dict[tuple[Key, int], Object] = {}  # by version of the release

    def upstream(self, found: Object) -> str:
        kind, key = _chart_of(found)
        return _revision(self.world.get(kind, key))

    def reconcile(self, key: Key, found: Object) -> Outcome:
        self._make_chart(found)
        self.show(key, lambda each: progressing(each, "Fulfilling prerequisites"))
        kind, chart_key = _chart_of(found)
        source = self.world.get(kind, chart_key)
        revision = _revision(source)
        chart = self.world.charts.get((kind, chart_key, revision))
        if source is None or chart is None or not _usable(source):
            words = f"{kind.kind} '{'/'.join(chart_key)}' is not ready"
            # Nothing is asked for again here: the chart's next revision is the reason to look.
            return Outcome(lambda each: put(each, "Ready", "False", "SourceNotReady", words), 1e9)
        wanted = self._wanted(key, found, revision, chart)
        now = self.show(key, partial(history.attempt, wanted=wanted))
        return self._act(key, now, wanted)

    def _make_chart(self, found: Object) -> None:
        template = (found["spec"].get("chart") or {}).get("spec")
        if not template:
            return
        kind, (namespace, name) = _chart_of(found)
        reference = {k: v for k, v in template["sourceRef"].items() if k != "namespace"}
        spec = {"interval": found["spec"].get("interval", "5m"), **template, "sourceRef": reference}
        manifest = {"metadata": {"namespace": namespace, "name": name}, "spec": spec}
        try:
            self.world.objects.add(kind, manifest)
        except Taken:
            self.world.patch(kind, (namespace, name), lambda each: each.update(spec=spec))
        own = (found["metadata"]["namespace"], found["metadata"]["name"])
        status = {"helmChart": f"{namespace}/{name}"}
        self.show(own, lambda each: each.setdefault("status", {}).update(status))

    def _wanted(self, key: Key, found: Object, revision: str, chart: Chart) -> Wanted:
        own = found["spec"].get("values") or {}
        digest = revision.partition("@")[2]
        version = f"{chart.version}+{digest[7:19]}" if digest else revision
        config = hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()
        namespace = found["spec"].get("targetNamespace") or key[0]
        try:
            release = found["spec"].get("releaseName") or key[1]
            manifest = deployment(merge(chart.values, own), release, namespace)
        except RepoError as error:
            manifest = {"error": str(error)}
        return Wanted(chart.name, version, f"sha256:{config}", digest, namespace, manifest)

    def _act(self, key: Key, found: Object, wanted: Wanted) -> Outcome:
        interval = seconds(found["spec"].get("interval"), 60.0)
        newest = history.newest(found)
        if history.same(newest, wanted) and newest["status"] == "deployed":
            return Outcome(_in_sync, interval)
        action = "upgrade" if newest else "install"
        if history.exhausted(found, action):
            return Outcome(lambda each: _gave_up(each, action), 1e9)
        error = self._run(key, found, wanted, action)
        now = self.show(key, lambda each: history.ended(each, wanted, action, error))
        if not error:
            version = history.newest(now)["version"]
            self._applied[key, version] = wanted.manifest
            self.world.event(self.kind, key, f"{action.title()}Succeeded", history.told(now))
            return Outcome(_in_sync, interval)
        self.world.event(self.kind, key, f"{action.title()}Failed", history.told(now))
        return self._after_failure(key, now, action)

    def _run(self, key: Key, found: Object, wanted: Wanted, action: str) -> str:
        """Helm's action and its wait; why it failed, or nothing."""
        spec = found["spec"]
        limit = spec.get("timeout", "5m")
        words = f"Running '{action}' action with timeout of {limit}"
        self.show(key, lambda each: history.begun(each, wanted, action, words))
        self.sleep(self.world.delays.action)
        if "error" in wanted.manifest:
            return f"execution error: {wanted.manifest['error']}"
        try:
            apply(self.world.cluster, wanted.manifest, _labels(key))
        except Refused as error:
            return str(error)
        if (spec.get(action) or {}).get("disableWait"):
            return ""
        name = wanted.manifest["metadata"]["name"]
        left = waited(
            lambda: {name: state(self.world.cluster, wanted.namespace, name)},
            self.sleep,
            seconds(limit, 300.0),
            self.world.delays.poll,
        )
        return "context deadline exceeded" if left else ""

    def _after_failure(self, key: Key, found: Object, action: str) -> Outcome:
        target = history.rollback_target(found)
        spent = history.exhausted(found, action)
        if target and history.remediates(found, action):
            self.show(key, lambda each: progressing(each, "Running 'rollback' action"))
            self.sleep(self.world.delays.action)
            manifest = self._applied.get((key, target["version"]))
            if manifest:
                apply(self.world.cluster, manifest, _labels(key))
                now = self.show(key, lambda each: history.rolled_back(each, target))
                self._applied[key, history.newest(now)["version"]] = manifest
        if spent:
            return Outcome(lambda each: _gave_up(each, action), 1e9)
        return Outcome(_again, self.world.delays.retry)


def _in_sync(each: Object) -> None:
    if not is_true(each, "Released"):
        put(each, "Released", "True", "UpgradeSucceeded", history.told(each))
    released = next(c for c in each["status"]["conditions"] if c["type"] == "Released")
    remove(each, "Reconciling", "Stalled", "Remediated")
    put(each, "Ready", "True", released["reason"], released["message"])
    observed(each)


def _gave_up(each: Object, action: str) -> None:
    """A terminal error: it is observed, and only a change makes it try again."""
    count = each["status"].get("failures", 0)
    stalled(each, "RetriesExceeded", f"Failed to {action} after {count} attempt(s)")
    observed(each)


def _again(each: Object) -> None:
    ready = next(c for c in each["status"]["conditions"] if c["type"] == "Ready")
    put(each, "Reconciling", "True", "Progressing", "")
    failed(each, ready["reason"], ready["message"])


def _labels(key: Key) -> dict[str, str]:
    return {"helm.toolkit.fluxcd.io/namespace": key[0], "helm.toolkit.fluxcd.io/name": key[1]}


def _chart_of(found: Object) -> tuple[Kind, Key]:
    namespace, name = found["metadata"]["namespace"], found["metadata"]["name"]
    if reference := found["spec"].get("chartRef"):
        kinds = {"HelmChart": HELM_CHART, "OCIRepository": OCI_REPOSITORY}
        return kinds[reference["kind"]], (reference.get("namespace", namespace), reference["name"])
    reference = found["spec"]["chart"]["spec"]["sourceRef"]
    return HELM_CHART, (reference.get("namespace", namespace), f"{namespace}-{name}")


def _revision(source: Object | None) -> str:
    status = (source or {}).get("status") or {}
    return str((status.get("artifact") or {}).get("revision", ""))


def _usable(source: Object) -> bool:
    status = source.get("status") or {}
    seen = status.get("observedGeneration") == source["metadata"]["generation"]
    return seen and not is_true(source, "Stalled") and is_true(source, "Ready")
