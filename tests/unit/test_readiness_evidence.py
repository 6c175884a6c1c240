"""Acceptance cases of the readiness decision: what shows that the image runs."""

from dataclasses import replace

import pytest

from slipway.engines.argocd_workloads import workload
from slipway.readiness.observation import Observation, Workload
from slipway.readiness.verdict import Failed, Ready, Waiting
from tests.unit.readiness_objects import (
    BEFORE,
    DEGRADED,
    HOOK,
    IMAGE,
    NO_OP,
    OUT_OF_SYNC,
    RESULTS,
    RUNNING,
    STATE,
    WANTED,
    A,
    Judge,
    Object,
    deployment,
    recorded,
    seen,
    settled,
)

OTHER = [deployment("ghcr.io/parraletz/gateway:1.0.0")]
IN_JOBS = replace(WANTED, jobs=True)


@pytest.mark.parametrize("changes", [{}, BEFORE, RUNNING, OUT_OF_SYNC, DEGRADED])
def test_S45_live_workloads_change_nothing_of_what_the_object_says(changes: Object) -> None:
    """All but the evidence is of one object; what else was read can only add a doubt."""
    with_them, without = seen(changes), seen(changes, live=[])
    assert replace(with_them, workloads=()) == without
    if changes:
        assert not isinstance(settled(with_them), Ready)
    assert not isinstance(settled(without), Ready)


def cron_job(image: str = IMAGE) -> Object:
    found = recorded("cron-job")
    template = found["spec"]["jobTemplate"]["spec"]["template"]
    template["spec"]["containers"][0]["image"] = image
    return found


def job(image: str = IMAGE, **status: int) -> Object:
    template = cron_job(image)["spec"]["jobTemplate"]["spec"]
    meta = {"name": "books-migrate", "generation": 1}
    return {"kind": "Job", "metadata": meta, "spec": template, "status": status}


def test_S08_an_image_in_a_cron_job_alone_counts_only_by_consent() -> None:
    reading = seen(live=[*OTHER, cron_job()])
    assert isinstance(settled(reading, IN_JOBS), Ready)
    assert isinstance(settled(reading, after=30), Waiting)
    old = seen(live=[*OTHER, cron_job("ghcr.io/parraletz/books-api:1.9.0")])
    assert isinstance(settled(old, IN_JOBS, after=30), Waiting)


def test_S08_an_image_that_a_hook_of_this_sync_ran_counts_by_consent() -> None:
    reading = seen({RESULTS: [HOOK]}, OTHER)
    verdict = settled(reading, IN_JOBS)
    assert isinstance(verdict, Ready)
    assert isinstance(settled(reading, after=30), Waiting)


@pytest.mark.parametrize(
    "changes",
    [
        {RESULTS: [HOOK | {"hookPhase": "Running"}]},
        {RESULTS: [HOOK | {"images": ["ghcr.io/parraletz/books-api:1.9.0"]}]},
        {RESULTS: [HOOK], f"{STATE}.syncResult.revision": A},
        {RESULTS: [HOOK], f"{STATE}.operation.sync.resources": [{"kind": "Job"}]},
        {RESULTS: []},
        NO_OP,
    ],
)
def test_S08_no_other_hook_is_evidence(changes: Object) -> None:
    assert isinstance(settled(seen(changes, OTHER), IN_JOBS, after=30), Waiting)


def test_S08_an_image_in_no_hook_or_job_fails_early() -> None:
    judge, reading = Judge(IN_JOBS), seen({RESULTS: []}, OTHER)
    judge(reading)
    verdict = judge(reading, 60)
    assert isinstance(verdict, Failed)
    assert "no live workload, hook or job runs" in verdict.reason


def test_S08_a_job_is_evidence_when_it_has_completed() -> None:
    assert isinstance(settled(seen(live=[*OTHER, job(succeeded=1)]), IN_JOBS), Ready)
    for status in ({}, {"active": 1}, {"failed": 3}):
        assert isinstance(settled(seen(live=[*OTHER, job(**status)]), IN_JOBS), Waiting)


def test_S08_a_workload_is_evidence_as_well_and_must_be_rolled_out() -> None:
    assert isinstance(settled(seen(), IN_JOBS), Ready)
    behind = seen(live=[deployment(availableReplicas=1)])
    assert isinstance(settled(behind, IN_JOBS), Waiting)


def unproven(live: list[Object]) -> Observation:
    return replace(seen(live=live), health_proven=False)


def test_S77_health_that_nobody_checks_is_shown_by_the_workloads_or_not_at_all() -> None:
    shown = settled(unproven([deployment()]))
    assert isinstance(shown, Ready)
    assert "health is shown by Deployment/books-api alone" in shown.summary
    behind = settled(unproven([deployment(updatedReplicas=1)]), after=600)
    assert isinstance(behind, Waiting)
    judge = Judge()
    waiting = judge(unproven([]))
    assert isinstance(waiting, Waiting)
    assert "applied, health not proven" in waiting.reason
    assert isinstance(judge(unproven([]), 60), Failed)


def test_S58_the_newest_template_must_be_seen_updated_and_available_everywhere() -> None:
    good = Workload("Deployment", "api", (IMAGE,), 4, 4, 3, 3, 3, 3)
    assert good.rolled_out
    for name in ("observed_generation", "total", "updated", "available", "replicas"):
        assert not replace(good, **{name: 2}).rolled_out
    none = replace(good, replicas=0, total=0, updated=0, available=0)
    assert not none.rolled_out


def test_S59_a_stateful_set_that_never_degrades_waits_with_its_counts() -> None:
    manifest = deployment(updatedReplicas=1, availableReplicas=1) | {"kind": "StatefulSet"}
    assert workload(manifest).kind == "StatefulSet"
    judge, progressing = Judge(), {"status.health.status": "Healthy"}
    reading = seen(progressing, [manifest])
    for at in range(0, 3600, 300):
        verdict = judge(reading, at)
        assert isinstance(verdict, Waiting)
        assert "StatefulSet/books-api: 1 updated and 1 available of 2 Pods" in verdict.reason


def test_S08_a_workload_that_also_runs_another_version_of_the_image_shows_nothing() -> None:
    old = "ghcr.io/parraletz/books-api:1.9.0"
    for extra in (old, "ghcr.io/parraletz/books-api", f"{IMAGE}@sha256:{'e2' * 32}"):
        live = deployment(extra)
        live["spec"]["template"]["spec"]["initContainers"] = [{"name": "first", "image": IMAGE}]
        waiting = settled(seen(live=[live]), after=30)
        assert isinstance(waiting, Waiting)
        assert waiting.state == "absent"
    live["spec"]["template"]["spec"]["initContainers"] = [{"name": "wait", "image": "busybox"}]
    live["spec"]["template"]["spec"]["containers"][0]["image"] = IMAGE
    assert isinstance(settled(seen(live=[live])), Ready)


def asleep(name: str = "worker", image: str = IMAGE) -> Object:
    """A Deployment that an autoscaler has taken to zero."""
    found = deployment(image, replicas=0, updatedReplicas=0, availableReplicas=0)
    found["metadata"]["name"], found["spec"]["replicas"] = name, 0
    return found


def test_S58_what_is_scaled_to_zero_is_left_out_while_another_one_runs() -> None:
    assert isinstance(settled(seen(live=[deployment(), asleep()])), Ready)
    behind = deployment(availableReplicas=1)
    assert isinstance(settled(seen(live=[behind, asleep()]), after=30), Waiting)
    assert isinstance(settled(seen(live=[asleep("web"), asleep()]), after=30), Waiting)


def rollout(**status: object) -> Object:
    """A Rollout that takes its Pod template from the Deployment `books-api`."""
    found = deployment()
    found["kind"], found["apiVersion"] = "Rollout", "argoproj.io/v1alpha1"
    del found["spec"]["template"]
    found["spec"]["workloadRef"] = {"kind": "Deployment", "name": "books-api"}
    found["status"] |= status
    return found


def test_S58_a_rollout_has_the_template_of_the_deployment_it_refers_to() -> None:
    template = asleep("books-api")
    newest = template["metadata"]["generation"]
    current = rollout(workloadObservedGeneration=str(newest))
    assert isinstance(settled(seen(live=[current, template])), Ready)
    old = asleep("books-api", "ghcr.io/parraletz/books-api:1.9.0")
    assert not isinstance(settled(seen(live=[current, old]), after=30), Ready)
    for behind in (rollout(), rollout(workloadObservedGeneration=str(newest - 1))):
        assert isinstance(settled(seen(live=[behind, template]), after=30), Waiting)
    assert isinstance(settled(seen(live=[current]), after=30), Waiting)
