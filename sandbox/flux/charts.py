"""The source-controller's part for charts in a repository.

With the strategy ChartVersion a chart of the same version is not made anew, whatever is in it.
"""

import posixpath

from sandbox.cluster.pod import timestamp
from sandbox.flux.conditions import failed, observed, progressing, put, remove, seconds, stalled
from sandbox.flux.controller import Controller, Outcome
from sandbox.flux.world import Chart, Key, Object, RepoError
from sandbox.kubernetes.kind import GIT_REPOSITORY, HELM_CHART
from sandbox.rendering.values import merge, parse


class HelmCharts(Controller):
    """Charts packaged from a commit."""

    kind = HELM_CHART
    name = "source-controller"

    def upstream(self, found: Object) -> str:
        return _revision(self._source(found))

    def _source(self, found: Object) -> Object | None:
        namespace, reference = found["metadata"]["namespace"], found["spec"]["sourceRef"]
        return self.world.get(GIT_REPOSITORY, (namespace, reference["name"]))

    def reconcile(self, key: Key, found: Object) -> Outcome:
        source = self._source(found)
        revision, again = _revision(source), self.world.delays.retry
        self.show(key, lambda each: progressing(each, "building artifact"))
        if source is None or not revision:
            words = "no artifact available for GitRepository source"
            return Outcome(lambda each: failed(each, "NoSourceArtifact", words), again)
        self.show(key, lambda each: each["status"].update(observedSourceArtifactRevision=revision))
        self.sleep(self.world.delays.build)
        try:
            chart = self._packaged(found, source, revision.rpartition(":")[2])
        except RepoError as error:
            words = f"values files merge error: {error}"
            return Outcome(lambda each: _broken(each, words), 1e9)
        self.world.charts.setdefault((self.kind, key, chart.version), chart)
        interval = seconds(found["spec"].get("interval"), 60.0)
        return Outcome(lambda each: _packed(each, chart), interval)

    def _packaged(self, found: Object, source: Object, commit: str) -> Chart:
        spec, repository = found["spec"], self.world.stored(source["spec"]["url"])
        folder = posixpath.normpath(spec["chart"])
        text = repository.read(commit, posixpath.join(folder, "Chart.yaml"))
        if text is None:
            raise RepoError(f"no chart found at path '{folder}'")
        metadata = parse(text, "Chart.yaml")
        values: Object = {}
        files = spec.get("valuesFiles") or [posixpath.join(folder, "values.yaml")]
        for name in files:  # relative to the repository's root
            text = repository.read(commit, posixpath.normpath(name).lstrip("/"))
            if text is None and spec.get("valuesFiles"):
                raise RepoError(f"no values file found at path '{name}'")
            values = merge(values, parse(text or "", name))
        return Chart(
            str(metadata["name"]), _version(found, str(metadata["version"]), commit), values
        )


def _version(found: Object, version: str, commit: str) -> str:
    spec = found["spec"]
    parts = [commit[:12]] if spec.get("reconcileStrategy") == "Revision" else []
    if spec.get("valuesFiles"):
        parts.append(str(found["metadata"]["generation"]))
    return f"{version}+{'.'.join(parts)}" if parts else version


def _revision(source: Object | None) -> str:
    status = (source or {}).get("status") or {}
    return str((status.get("artifact") or {}).get("revision", ""))


def _broken(each: Object, words: str) -> None:
    put(each, "BuildFailed", "True", "ValuesFilesError", words)
    put(each, "Ready", "False", "ValuesFilesError", words)
    stalled(each, "ValuesFilesError", words)
    observed(each)


def _packed(each: Object, chart: Chart) -> None:
    words = f"packaged '{chart.name}' chart with version '{chart.version}'"
    before = each["status"].get("artifact") or {}
    if before.get("revision") != chart.version:
        each["status"]["artifact"] = {"revision": chart.version, "lastUpdateTime": timestamp()}
    each["status"]["observedChartName"] = chart.name
    remove(each, "Reconciling", "Stalled", "BuildFailed")
    put(each, "Ready", "True", "ChartPackageSucceeded", words)
    observed(each)
