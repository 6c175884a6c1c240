"""The patches that start and end a sync, and when there may be none."""

from typing import Any

import pytest

from slipway.engines.argocd_core_changes import ending, refreshed, refreshing, starting
from slipway.engines.argocd_status import observation
from slipway.errors import Conflict, Retryable

X = "3b8e5c1d7f9a2e4c6b8d0f1a3c5e7b9d2f4a6c8e"
GIT = {"repoURL": "https://git.example/gitops", "targetRevision": "main", "path": "books"}
CHART = {"repoURL": "oci://registry.example/charts/books", "targetRevision": "9.1.0"}


def application(sync: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "books"},
        "spec": {"source": GIT} | spec,
        "status": {"sync": sync or {"status": "OutOfSync", "revision": X}},
    }


def sync_of(read: dict[str, Any]) -> dict[str, Any]:
    return dict(starting(read, observation(read))["operation"]["sync"])


def test_S68_a_sync_of_what_was_seen_forgets_the_operation_before() -> None:
    read = application()
    change = starting(read, observation(read))
    assert change["status"] == {"operationState": None}
    assert change["operation"]["sync"] == {"revision": X, "syncStrategy": {"hook": {}}}
    assert change["operation"]["initiatedBy"] == {"username": "slipway"}


@pytest.mark.parametrize("operation", [{"sync": {}}, {}, {"sync": {"dryRun": True}}])
def test_S68_an_operation_that_is_there_is_never_replaced(operation: dict[str, Any]) -> None:
    read = application() | {"operation": operation}
    with pytest.raises(Retryable, match="already in progress"):
        starting(read, observation(read))


@pytest.mark.parametrize("automated", [{}, {"prune": True, "enabled": True}])
def test_S69_under_automated_sync_no_revision_is_named(automated: dict[str, Any]) -> None:
    assert "revision" not in sync_of(application(syncPolicy={"automated": automated}))


def test_S69_automated_sync_that_is_switched_off_is_none() -> None:
    policy = {"automated": {"enabled": False}}
    assert sync_of(application(syncPolicy=policy))["revision"] == X


def test_S69_the_applications_own_options_and_retries_hold() -> None:
    policy = {"syncOptions": ["ServerSideApply=true"], "retry": {"limit": 2}}
    read = application(syncPolicy=policy)
    operation = starting(read, observation(read))["operation"]
    assert operation["retry"] == {"limit": 2}
    assert operation["sync"]["syncOptions"] == ["ServerSideApply=true"]


def test_S69_of_several_sources_the_others_stay_at_what_they_follow() -> None:
    sync = {"status": "OutOfSync", "revisions": ["sha256:" + "a" * 64, X]}
    read = application(sync, sources=[CHART, GIT])
    assert sync_of(read)["revisions"] == ["9.1.0", X]


def test_S44_an_application_that_is_being_deleted_is_not_synced() -> None:
    read = application()
    read["metadata"]["deletionTimestamp"] = "2026-08-22T10:00:00Z"
    with pytest.raises(Conflict, match="being deleted"):
        starting(read, observation(read))


def test_S52_only_a_sync_under_way_can_be_ended() -> None:
    read = application()
    for state in ({}, {"operation": {}}, {"status": {"operationState": {"phase": "Running"}}}):
        with pytest.raises(Retryable, match="no operation is in progress"):
            ending({**read, **state})
    under_way = {"operation": {}, "status": {"operationState": {"phase": "Running"}}}
    assert ending(under_way) == {"status": {"operationState": {"phase": "Terminating"}}}


def test_S34_a_refresh_is_over_when_its_annotation_is_gone() -> None:
    asked = refreshing("hard")
    assert asked["metadata"]["annotations"] == {"argocd.argoproj.io/refresh": "hard"}
    assert not refreshed(asked)
    assert refreshed({"metadata": {"annotations": {"other": "kept"}}})
    assert refreshed({"metadata": {}})
