"""The sync wait against the Argo CD stand-in: Workloads that do not come up, and repositories that cannot be read."""

import re

import pytest

from slipway.errors import NotProven
from tests.contract.argocd_world import World
from tests.contract.sample_image import CRASHING, layer
from tests.contract.sync_wait import live, wait


def test_S57_an_image_that_cannot_be_pulled_fails_early_with_events(argo: World) -> None:
    live(argo)
    revision = argo.push_values("9.9.9-missing")
    with pytest.raises(NotProven) as failed:
        wait(argo, revision, "9.9.9-missing", grace=5)()
    # A kubelet says the one while it tries and the other while it waits to try again.
    assert re.search(r"ErrImagePull|ImagePullBackOff", failed.value.message)
    assert "Failed to pull image" in failed.value.message  # from the Pod's events
    assert argo.server.url in failed.value.hint


def test_S24_a_version_that_crashes_is_not_proven(argo: World) -> None:
    live(argo)
    argo.images.push("1.1.0-crash", layer({"app/server.py": CRASHING}))
    revision = argo.push_values("1.1.0-crash")
    with pytest.raises(NotProven, match="CrashLoopBackOff"):
        wait(argo, revision, "1.1.0-crash", grace=3)()


def test_S08_another_image_than_the_wanted_one_is_not_proven(argo: World) -> None:
    live(argo)
    revision = argo.push_image("1.1.0")
    with pytest.raises(NotProven, match="no live workload runs"):
        wait(argo, revision, "1.2.0", grace=5)()


def test_S61_a_repository_that_cannot_be_read_is_named_after_a_refresh(argo: World) -> None:
    live(argo)
    revision = argo.push_image("1.1.0")
    argo.git.path.rename(argo.git.path.with_suffix(".away"))
    with pytest.raises(NotProven, match="repository not found"):
        wait(argo, revision, "1.1.0", grace=8)()
    refreshes = [r.query for r in argo.server.traffic.requests if "refresh=" in r.query]
    assert sum("hard" in query for query in refreshes) == 1  # S34
