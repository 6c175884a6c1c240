"""Whatever Flux's objects say, in whatever order: never live unless the definition held.

The definition is written here a second time, on the raw objects and by its own words: "commit X is
live and healthy" for a chain, link by link.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from slipway.engines.argocd_workloads import workload
from slipway.engines.flux_chain import Chain
from slipway.engines.flux_status import observation
from slipway.readiness.verdict import Ready, Waiting
from tests.unit.flux_objects import GITOPS, Object, changed, condition, recorded
from tests.unit.readiness_objects import A, Judge, X, Y, Z, deployment

SETTLE = 10
OURS = (X, Y)  # Y is later and holds our values; Z has changed them
COMMITS = st.sampled_from([A, X, X, Y, Z])
STATUSES = st.sampled_from(["True", "False", "Unknown"])


def chart(commit: str) -> str:
    return f"0.1.0+{commit[:12]}.1"


CHARTS = COMMITS.map(chart) | st.just("0.1.0")


def conditions(found: Object, kind: str, status: str | None) -> list[Object]:
    """Its conditions with one of them set, or taken away."""
    others = [each for each in found["status"]["conditions"] if each["type"] != kind]
    return others if status is None else [*others, condition(kind, status)]


@dataclass(frozen=True, repr=False)
class Reading:
    """The objects at one moment."""

    last: Object
    source: Object
    chart: Object | None
    live: tuple[Object, ...]


def at(commit: str, kind: str) -> Reading:
    """Everything is at this commit."""
    revision = f"main@sha1:{commit}"
    source = recorded("gitrepository", {"status.artifact.revision": revision})
    if kind == "Kustomization":
        applied = {"status.lastAttemptedRevision": revision, "status.lastAppliedRevision": revision}
        return Reading(recorded("kustomization", applied), source, None, (deployment(),))
    built = {
        "status.artifact.revision": chart(commit),
        "status.observedSourceArtifactRevision": revision,
    }
    released = {
        "status.lastAttemptedRevision": chart(commit),
        "status.history.0.chartVersion": chart(commit),
    }
    release, made = recorded("helmrelease", released), recorded("helmchart", built)
    return Reading(release, source, made, (deployment(),))


def change(draw: Any, found: Object, paths: dict[str, Any]) -> Object:
    """One of these fields with another value, or one condition with another status."""
    if draw(st.integers(0, 3)) == 0:
        kind = draw(st.sampled_from(["Ready", "Reconciling", "Stalled", "Released", "Healthy"]))
        return changed(
            found, {"status.conditions": conditions(found, kind, draw(st.none() | STATUSES))}
        )
    path = draw(st.sampled_from(sorted(paths)))
    value = draw(paths[path])
    try:
        return changed(found, {path: value})
    except IndexError:  # an earlier change has emptied that list
        return found


COMMON = {
    "spec.suspend": st.booleans(),
    "metadata.generation": st.integers(1, 4),
    "status.observedGeneration": st.integers(1, 4),
    "metadata.deletionTimestamp": st.just("2026-08-22T10:05:00Z") | st.none(),
    "status.lastHandledReconcileAt": st.just("token"),
}
REVISIONS = COMMITS.map(lambda commit: f"main@sha1:{commit}")
RELEASE = COMMON | {
    "status.lastAttemptedRevision": CHARTS,
    "status.history.0.chartVersion": CHARTS,
    "status.history.0.status": st.sampled_from(["deployed", "failed", "superseded"]),
    "status.history.0.configDigest": st.sampled_from(["sha256:1", "sha256:2"]),
    "status.history": st.just([]),
    "spec.upgrade.disableWait": st.booleans(),
    "spec.chart.spec.reconcileStrategy": st.sampled_from(["Revision", "ChartVersion"]),
}
KUSTOMIZATION = COMMON | {
    "status.lastAttemptedRevision": REVISIONS,
    "status.lastAppliedRevision": REVISIONS,
    "spec.wait": st.booleans(),
}
SOURCE = COMMON | {"status.artifact.revision": REVISIONS, "status.artifact": st.none()}
CHART = COMMON | {
    "status.artifact.revision": CHARTS,
    "status.observedSourceArtifactRevision": REVISIONS,
}
LIVE = (
    (deployment(),),
    (deployment("ghcr.io/parraletz/books-api:1.9.0"),),
    (deployment(updatedReplicas=1),),
    (deployment(availableReplicas=1),),
    (),
)


@st.composite
def readings(draw: Any, kind: str) -> Reading:
    """Mostly good; a few fields say something else."""
    reading = at(draw(st.sampled_from([A, X, X, X, Y, Z])), kind)
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2, 4]))):
        which = draw(st.integers(0, 3))
        last, source, made, live = reading.last, reading.source, reading.chart, reading.live
        if which == 0:
            source = change(draw, source, SOURCE)
        elif which == 1 and made is not None:
            made = change(draw, made, CHART)
        elif which == 2:
            live = draw(st.sampled_from(LIVE))
        else:
            last = change(draw, last, KUSTOMIZATION if kind == "Kustomization" else RELEASE)
        reading = Reading(last, source, made, live)
    return reading


def status_of(found: Object, kind: str) -> str | None:
    wanted = [c["status"] for c in found["status"]["conditions"] if c["type"] == kind]
    return wanted[0] if wanted else None


def at_rest(found: Object) -> bool:
    """Ready, and nothing is under way; the generation is observed; nobody has suspended it."""
    return ready(found) and not found["metadata"].get("deletionTimestamp")


def ready(found: Object) -> bool:
    """The same of a link whose deletion would not matter."""
    return (
        status_of(found, "Ready") == "True"
        and status_of(found, "Reconciling") != "True"
        and status_of(found, "Stalled") != "True"
        and found["metadata"]["generation"] == found["status"]["observedGeneration"]
        and not found["spec"].get("suspend")
    )


def alive(reading: Reading) -> bool:
    return any(live in reading.live for live in LIVE[0])


def release_is_live(reading: Reading) -> bool:
    last, made = reading.last["status"], reading.chart or {}
    looked = made["status"]["observedSourceArtifactRevision"]
    version = made["status"]["artifact"]["revision"]
    newest = last["history"][0] if last["history"] else {}
    return (
        looked[-40:] in OURS
        and f"+{looked[-40:][:12]}" in version
        and reading.last["spec"]["chart"]["spec"]["reconcileStrategy"] == "Revision"
        and ready(made)
        and ready(reading.source)
        and last["lastAttemptedRevision"] == version
        and at_rest(reading.last)
        and status_of(reading.last, "Released") == "True"
        and newest.get("status") == "deployed"
        and newest.get("chartVersion") == version
        and newest.get("configDigest") == last["lastAttemptedConfigDigest"]
        and alive(reading)
    )


def kustomization_is_live(reading: Reading) -> bool:
    status = reading.last["status"]
    return (
        status["lastAppliedRevision"][-40:] in OURS
        and status["lastAppliedRevision"] == status["lastAttemptedRevision"]
        and ready(reading.source)
        and at_rest(reading.last)
        and status_of(reading.last, "Healthy") in ("True", None)
        and alive(reading)
    )


def never_too_early(course: list[Reading], live: Callable[[Reading], bool]) -> None:
    judge, pause = Judge(), 4
    for number, reading in enumerate(course):
        workloads = [workload(each) for each in reading.live]
        chain = Chain(reading.last, reading.source, reading.chart)
        verdict = judge(observation(chain, workloads, GITOPS), number * pause)
        if isinstance(verdict, Ready):
            held = course[max(0, number - SETTLE // pause) : number + 1]
            assert number * pause >= SETTLE
            assert all(live(each) for each in held)
        if not isinstance(verdict, Waiting):
            event(type(verdict).__name__)
            return
    event("Waiting")


def course(kind: str) -> st.SearchStrategy[list[Reading]]:
    """Readings that mostly stay as they are."""
    stays = st.tuples(readings(kind), st.integers(1, 5))
    repeated = st.lists(stays, min_size=1, max_size=3)
    return repeated.map(lambda found: [each for each, times in found for _ in range(times)])


@settings(max_examples=300, deadline=None)
@given(course("HelmRelease"))
def test_S74_S76_S79_a_release_is_never_called_live_too_early(found: list[Reading]) -> None:
    never_too_early(found, release_is_live)


@settings(max_examples=300, deadline=None)
@given(course("Kustomization"))
def test_S77_S79_a_kustomization_is_never_called_live_too_early(found: list[Reading]) -> None:
    never_too_early(found, kustomization_is_live)


def test_the_good_case_is_called_live() -> None:
    for kind, live in (
        ("HelmRelease", release_is_live),
        ("Kustomization", kustomization_is_live),
    ):
        judge, reading = Judge(), at(X, kind)
        chain = Chain(reading.last, reading.source, reading.chart)
        seen = observation(chain, [workload(deployment())], GITOPS)
        assert live(reading)
        judge(seen)
        assert isinstance(judge(seen, SETTLE), Ready)
