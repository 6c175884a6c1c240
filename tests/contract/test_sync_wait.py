"""The sync wait against the Argo CD stand-in."""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sandbox.argocd.repository import Repository
from sandbox.serving import Fault
from slipway.errors import NotFound, NotProven, Retryable, Superseded, Unauthorized
from tests.contract.argocd_world import GITOPS, WATCHER, World, running
from tests.contract.sample_image import CRASHING, Pushed, image_registry, layer
from tests.contract.sync_wait import DIGEST, Wait

MANUAL = {"sync": "manual"}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    with image_registry(tmp_path_factory.mktemp("registry")) as pushed:
        yield pushed


@pytest.fixture
def world(tmp_path: Path, images: Pushed) -> Iterator[World]:
    with running(tmp_path, images) as ready:
        yield ready


def live(world: World, automatic: bool = True) -> str:
    """An application that is Synced and Healthy at its first revision."""
    first = world.push_image("1.0.0")
    world.add(automatic=automatic)
    if not automatic:
        world.until(lambda each: each["status"]["sync"]["status"] == "OutOfSync")
        world.sync().raise_for_status()
    world.until_live(first)
    world.server.traffic.reset()
    return first


def wait(world: World, revision: str, version: str, **fields: Any) -> Wait:
    return Wait(world.server.url, world.images.repository, revision, version, **fields)


def history(world: World) -> list[str]:
    return [entry["revision"] for entry in world.get()["status"]["history"]]


def test_S53_an_automated_sync_is_proven_and_never_started_by_us(world: World) -> None:
    first = live(world)
    waiting = wait(world, world.push_image("1.1.0"), "1.1.0")
    proof = waiting()
    assert (proof.revision, proof.observed) == (waiting.revision, waiting.revision)
    assert (proof.application, proof.digest) == ("books", DIGEST)
    assert proof.url == f"{world.server.url}/applications/books"
    assert world.server.traffic.writes() == []
    assert history(world) == [first, waiting.revision]
    assert len(waiting.asked) == len(set(waiting.asked))
    assert waiting.said == list(dict.fromkeys(waiting.said))  # nothing is said twice


def test_S53_a_manual_service_on_an_automated_application_posts_nothing(world: World) -> None:
    live(world)
    wait(world, world.push_image("1.1.0"), "1.1.0", application=MANUAL)()
    assert world.server.traffic.writes() == []


def test_S21_a_manual_sync_is_started_once_at_what_was_observed(world: World) -> None:
    first = live(world, automatic=False)
    waiting = wait(world, world.push_image("1.1.0"), "1.1.0", application=MANUAL)
    waiting()
    assert [request.status for request in world.server.traffic.writes()] == [200]
    assert history(world) == [first, waiting.revision]
    assert world.get()["status"]["operationState"]["operation"]["sync"].get("prune") is None


def test_S21_without_the_right_to_start_it_waits_for_a_person(world: World) -> None:
    live(world, automatic=False)

    def person(sentence: str) -> None:
        if "waiting for a person" in sentence:
            world.sync().raise_for_status()

    revision = world.push_image("1.1.0")
    proof = wait(world, revision, "1.1.0", token=WATCHER.token, on_report=person)()
    assert proof.observed == revision


def test_S03_a_manual_sync_of_several_sources_names_the_one_we_push_to(world: World) -> None:
    first = world.push_image("1.0.0")
    values = {"repoURL": GITOPS, "targetRevision": "main", "ref": "values"}
    chart = {"path": "books", "helm": {"valueFiles": ["$values/books/values-staging.yaml"]}}
    sources = [values, {"repoURL": f"{GITOPS}/", "targetRevision": first, **chart}]
    world.argocd._world.repositories[f"{GITOPS}/"] = Repository(GITOPS, world.git.path)
    world.add(automatic=False, sources=sources)
    revision = world.push_image("1.1.0")
    proof = wait(world, revision, "1.1.0", application=MANUAL)()
    assert proof.observed == revision
    asked = world.get()["status"]["operationState"]["operation"]["sync"]
    assert asked["revisions"] == [revision, first]


def test_S06_a_commit_that_changes_nothing_is_proven_without_an_operation(world: World) -> None:
    first = live(world)
    revision = world.push_values("1.0.0", note="nothing that is rendered")
    assert wait(world, revision, "1.0.0")().observed == revision
    assert history(world) == [first]


def test_S02_a_later_commit_with_our_values_is_accepted(world: World) -> None:
    live(world)
    ours = world.push_image("1.1.0")
    later = world.push_values("1.1.0", note="later")
    waiting = wait(world, ours, "1.1.0", lineage={later: "newer"})
    assert waiting().observed == later


def test_S02_a_later_commit_with_other_values_supersedes(world: World) -> None:
    live(world)
    ours = world.push_image("1.1.0")
    later = world.push_image("1.2.0")
    with pytest.raises(Superseded, match=later[:7]):
        wait(world, ours, "1.1.0", lineage={later: "changed"})()


def test_S11_S18_a_foreign_operation_is_waited_for_and_never_replaced(world: World) -> None:
    first = live(world, automatic=False)
    world.cluster.refusals["books"] = "quota exceeded"
    retry = {"limit": 5, "backoff": {"duration": "1s", "factor": 1}}
    world.sync(retryStrategy=retry).raise_for_status()
    revision = world.push_image("1.1.0")

    def quota(sentence: str) -> None:
        if "retry" in sentence:
            world.cluster.refusals.clear()

    wait(world, revision, "1.1.0", application=MANUAL, on_report=quota)()
    assert history(world) == [first, first, revision]


def test_S18_a_start_that_is_refused_is_tried_again(world: World) -> None:
    live(world, automatic=False)
    revision = world.push_image("1.1.0")
    world.server.traffic.faults.append(Fault(method="POST", status=503, times=2))
    waiting = wait(world, revision, "1.1.0", application=MANUAL)
    waiting()
    assert [request.status for request in world.server.traffic.writes()] == [503, 503, 200]


def test_S31_an_answer_lost_after_the_start_does_not_start_twice(world: World) -> None:
    first = live(world, automatic=False)
    revision = world.push_image("1.1.0")
    world.server.traffic.faults.append(Fault(method="POST", lose_answer=True))
    wait(world, revision, "1.1.0", application=MANUAL)()
    assert history(world) == [first, revision]


def test_S14_a_sync_that_fails_ends_the_wait_with_its_message(world: World) -> None:
    live(world)
    world.argocd.delays.retry = 0.05
    world.cluster.refusals["books"] = "exceeded quota: pods"
    with pytest.raises(NotProven, match="exceeded quota: pods"):
        wait(world, world.push_image("1.1.0"), "1.1.0")()


def test_S12_a_rerun_starts_a_failed_manual_sync_again(world: World) -> None:
    first = live(world, automatic=False)
    revision = world.push_image("1.1.0")
    world.cluster.refusals["books"] = "exceeded quota: pods"
    with pytest.raises(NotProven, match="exceeded quota: pods"):
        wait(world, revision, "1.1.0", application=MANUAL)()
    world.cluster.refusals.clear()
    wait(world, revision, "1.1.0", application=MANUAL)()
    assert history(world) == [first, revision]


def test_S57_an_image_that_cannot_be_pulled_fails_early_with_events(world: World) -> None:
    live(world)
    revision = world.push_values("9.9.9-missing")
    with pytest.raises(NotProven) as failed:
        wait(world, revision, "9.9.9-missing", grace=5)()
    # A kubelet says the one while it tries and the other while it waits to try again.
    assert re.search(r"ErrImagePull|ImagePullBackOff", failed.value.message)
    assert "Failed to pull image" in failed.value.message  # from the Pod's events
    assert world.server.url in failed.value.hint


def test_S24_a_version_that_crashes_is_not_proven(world: World) -> None:
    live(world)
    world.images.push("1.1.0-crash", layer({"app/server.py": CRASHING}))
    revision = world.push_values("1.1.0-crash")
    with pytest.raises(NotProven, match="CrashLoopBackOff"):
        wait(world, revision, "1.1.0-crash", grace=3)()


def test_S08_another_image_than_the_wanted_one_is_not_proven(world: World) -> None:
    live(world)
    revision = world.push_image("1.1.0")
    with pytest.raises(NotProven, match="no live workload runs"):
        wait(world, revision, "1.2.0", grace=5)()


def test_S31_an_api_that_is_down_for_a_moment_does_not_matter(world: World) -> None:
    live(world)
    revision = world.push_image("1.1.0")
    faults = [Fault(status=503, times=3), Fault(drop=True, times=2), Fault(status=429, times=1)]
    world.server.traffic.faults.extend(faults)
    assert wait(world, revision, "1.1.0")().observed == revision


def test_S31_an_api_that_stays_down_is_unknown_and_never_a_failure(world: World) -> None:
    live(world)
    revision = world.push_image("1.1.0")
    world.server.traffic.faults.append(Fault(status=503, times=-1))
    with pytest.raises(Retryable) as unknown:
        wait(world, revision, "1.1.0", timeout=10)()
    assert "unknown" in unknown.value.message
    assert "503" in unknown.value.message


def test_S30_S41_a_controller_that_is_down_ends_at_the_deadline_with_state_and_error(
    world: World,
) -> None:
    live(world)
    world.argocd.freeze()
    waiting = wait(world, world.push_image("1.1.0"), "1.1.0", timeout=3, speed=1)
    with pytest.raises(NotProven) as late:
        waiting()
    assert "not live after 3 s" in late.value.message
    assert "still looks at" in late.value.message  # the last state
    assert "is the controller running?" in late.value.message  # the last error
    assert any("is the controller running?" in sentence for sentence in waiting.said)


def test_S30_slow_answers_do_not_outlive_the_deadline(world: World) -> None:
    live(world)
    revision = world.push_image("1.1.0")
    world.server.traffic.faults.append(Fault(delay=20, times=-1))
    with pytest.raises(Retryable, match="unknown"):
        wait(world, revision, "1.1.0", timeout=1, speed=1)()


def test_S36_a_diagnosis_that_cannot_be_read_never_hides_the_verdict(world: World) -> None:
    live(world)
    world.argocd.delays.retry = 0.05
    world.cluster.refusals["books"] = "exceeded quota: pods"
    world.server.traffic.faults.append(Fault(path="resource-tree", status=500, times=-1))
    with pytest.raises(NotProven, match="exceeded quota: pods"):
        wait(world, world.push_image("1.1.0"), "1.1.0")()


def test_S36_a_tree_that_cannot_be_read_does_not_stop_the_wait(world: World) -> None:
    live(world)
    revision = world.push_image("1.1.0")
    world.server.traffic.faults.append(Fault(path="resource-tree", status=500, times=-1))
    waiting = wait(world, revision, "1.1.0")
    assert waiting().observed == revision
    assert not any("unknown" in sentence for sentence in waiting.said)


def test_S66_a_token_that_is_revoked_meanwhile_ends_the_wait_once(world: World) -> None:
    live(world, automatic=False)
    revision = world.push_image("1.1.0")

    def revoke(sentence: str) -> None:
        world.argocd.accounts.revoke(WATCHER.token)

    with pytest.raises(Unauthorized, match="invalid session"):
        wait(world, revision, "1.1.0", token=WATCHER.token, on_report=revoke)()
    assert [request.status for request in world.server.traffic.requests].count(401) == 1


def test_S09_a_missing_application_ends_the_wait_at_the_first_look(world: World) -> None:
    live(world)
    with pytest.raises(NotFound, match="no application 'gone'"):
        wait(world, "f" * 40, "1.0.0", application={"name": "gone"})()


def test_S40_a_refresh_that_rides_on_an_older_compare_is_followed_by_another(
    world: World,
) -> None:
    live(world)
    world.argocd.delays.compare = 0.7
    reconciler = world.argocd._reconcilers["books"]
    begun = reconciler.begun
    with ThreadPoolExecutor() as pool:
        earlier = pool.submit(world.refresh)
        while reconciler.begun == begun:
            time.sleep(0.01)
        revision = world.push_image("1.1.0")  # too late for the compare that has begun
        assert wait(world, revision, "1.1.0")().observed == revision
        earlier.result()
    refreshes = [r for r in world.server.traffic.requests if "refresh=normal" in r.query]
    assert len(refreshes) >= 3  # the earlier one, ours that rode on it, and another


def test_S61_a_repository_that_cannot_be_read_is_named_after_a_refresh(world: World) -> None:
    live(world)
    revision = world.push_image("1.1.0")
    world.git.path.rename(world.git.path.with_suffix(".away"))
    with pytest.raises(NotProven, match="repository not found"):
        wait(world, revision, "1.1.0", grace=8)()
    refreshes = [r.query for r in world.server.traffic.requests if "refresh=" in r.query]
    assert sum("hard" in query for query in refreshes) == 1  # S34
