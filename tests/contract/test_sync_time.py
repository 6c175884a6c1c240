"""Rules that need time to pass: retries that hold a commit, starts that are forgotten, no end."""

import json
from typing import Any

import pytest

from slipway.errors import NotProven
from tests.contract.argocd_world import GITOPS, World, manifest
from tests.contract.sync_wait import MANUAL, history, live, wait

SLOW = {"limit": 5, "backoff": {"duration": "30s", "factor": 1}}
GENERATE = "argocd.argoproj.io/manifest-generate-paths"


def stuck(argo: World, **spec: Any) -> str:
    """An automated application whose sync of a bad commit waits half a minute for its retry."""
    first = live(argo)
    policy = {"automated": {"prune": True}, "retry": SLOW}
    changed = manifest("books", syncPolicy=policy, **spec)
    argo.argocd.change(changed)
    argo.cluster.refusals["books"] = "exceeded quota: pods"
    argo.push_image("1.0.1")
    argo.refresh()
    argo.until(lambda each: each["status"].get("operationState", {}).get("retryCount"))
    argo.cluster.refusals.clear()
    argo.server.traffic.reset()
    return first


def test_S16_a_retry_of_an_older_commit_is_told_with_its_count(argo: World) -> None:
    stuck(argo)
    revision = argo.push_image("1.1.0")
    waiting = wait(argo, revision, "1.1.0", timeout=30)
    with pytest.raises(NotProven, match=r"retry 1 of 5") as late:
        waiting()
    assert "application.terminate" in late.value.message  # how to get on
    assert argo.server.traffic.writes() == []


def test_S16_a_retry_of_an_older_commit_is_ended_where_that_is_asked_for(argo: World) -> None:
    first = stuck(argo)
    revision = argo.push_image("1.1.0")
    waiting = wait(argo, revision, "1.1.0", application={"terminate": True})
    assert waiting().observed == revision
    assert [(r.method, r.status) for r in argo.server.traffic.writes()] == [("DELETE", 200)]
    assert history(argo) == [first, revision]


def test_S56_a_sync_that_the_engine_forgets_is_started_once_without_a_revision(
    argo: World,
) -> None:
    revision = live(argo)
    argo.images.push_server("0.9.0")
    image = f"{argo.images.repository}:0.9.0"
    argo.cluster.apply("books", "books", image, 1, {})  # a person was here; nothing heals itself
    argo.until(lambda each: each["status"]["sync"]["status"] == "OutOfSync")
    waiting = wait(argo, revision, "1.0.0")
    assert waiting().observed == revision
    assert [(r.method, r.status) for r in argo.server.traffic.writes()] == [("POST", 200)]
    asked = argo.get()["status"]["operationState"]["operation"]["sync"]
    assert asked["revision"] == revision  # what it follows, resolved by the server


def test_S21_when_nobody_syncs_it_says_so_after_the_grace_time(argo: World) -> None:
    live(argo, automatic=False)
    revision = argo.push_image("1.1.0")
    waiting = wait(argo, revision, "1.1.0", grace=10, timeout=60)
    with pytest.raises(NotProven, match="waiting for a person to sync"):
        waiting()
    assert any("waiting for a person to sync" in sentence for sentence in waiting.said)
    assert argo.server.traffic.writes() == []


def test_S21_automation_that_is_switched_off_is_a_manual_sync(argo: World) -> None:
    first = live(argo, automatic=False)
    argo.argocd.change(manifest("books", False, syncPolicy={"automated": {"enabled": False}}))
    revision = argo.push_image("1.1.0")
    assert wait(argo, revision, "1.1.0", application=MANUAL)().observed == revision
    assert history(argo) == [first, revision]


def test_S59_a_workload_that_never_degrades_ends_at_the_deadline_with_its_state(
    argo: World,
) -> None:
    argo.images.push_server("1.0.0-slow", start=600)
    container = {"name": "books", "image": f"{argo.images.repository}:1.0.0-slow"}
    template = {"spec": {"containers": [container]}}
    stateful = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "books"},
        "spec": {"replicas": 1, "template": template},
    }
    revision = argo.git.push({"plain/set.yaml": json.dumps(stateful)})
    source = {"repoURL": GITOPS, "targetRevision": "main", "path": "plain"}
    argo.argocd.add(manifest("books") | {"spec": {**manifest("books")["spec"], "source": source}})
    argo.until(lambda each: each["status"]["health"].get("status") == "Progressing")
    with pytest.raises(NotProven, match="not live after 60 s; last state: ") as late:
        wait(argo, revision, "1.0.0-slow", timeout=60, grace=10)()
    assert "rolling out" in late.value.message


def test_S64_a_webhook_that_would_pass_the_commit_over_is_not_waited_for(argo: World) -> None:
    live(argo)

    def annotate(application: Any) -> None:
        application["metadata"].setdefault("annotations", {})[GENERATE] = "/elsewhere"

    argo.argocd.store.patch("books", annotate)
    argo.server.traffic.reset()
    revision = argo.push_image("1.1.0")
    assert wait(argo, revision, "1.1.0")().observed == revision
    assert [r for r in argo.server.traffic.requests if "refresh=normal" in r.query]


def test_S37_S26_an_error_that_heals_within_its_grace_time_is_survived(argo: World) -> None:
    live(argo)
    revision = argo.push_image("1.1.0")
    away = argo.git.path.with_suffix(".away")
    argo.git.path.rename(away)

    def heal(sentence: str) -> None:
        if "ComparisonError" in sentence and away.exists():
            away.rename(argo.git.path)

    assert wait(argo, revision, "1.1.0", grace=60, on_report=heal)().observed == revision
