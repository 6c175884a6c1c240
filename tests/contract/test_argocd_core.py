"""Argo CD without its API server: the checks that nobody else makes there."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.kubernetes.access import Account, Rule
from sandbox.kubernetes.kind import APPLICATION
from sandbox.serving import Fault
from slipway.clients.kubernetes_failures import Outdated
from slipway.errors import Closed, InvalidInput, NotFound, NotProven, Retryable, Unauthorized
from tests.contract.argocd_world import running
from tests.contract.engine_places import READER, Core
from tests.contract.sample_image import CRASHING, Pushed, layer

MANUAL = {"sync": "manual"}
ALWAYS = {"schedule": "* * * * *", "duration": "1h", "applications": ["*"]}
BUSY = {"operation": {"initiatedBy": {"username": "ana"}, "sync": {"revision": "f" * 40}}}


@pytest.fixture
def place(tmp_path: Path, sync_images: Pushed) -> Iterator[Core]:
    with running(tmp_path, sync_images) as world:
        yield Core("argocd-core", world, tmp_path)


def patches(place: Core) -> list[int]:
    """The answers to our writes."""
    return [request.status for request in place.traffic.writes() if request.method == "PATCH"]


def test_S68_an_operation_that_is_there_is_never_overwritten(place: Core) -> None:
    place.live(automatic=False)
    with place.opened() as (engine, application):
        seen = engine.observe(application)
        place.world.argocd.freeze()
        place.world.argocd.store.patch("books", lambda each: each.update(BUSY))
        with pytest.raises(Retryable, match="already in progress"):
            engine.start_sync(application, seen)
    assert place.world.get()["operation"] == BUSY["operation"]
    assert patches(place) == []


def test_S68_one_that_comes_between_our_reading_and_our_patch_is_not_overwritten(
    place: Core,
) -> None:
    place.live(automatic=False)
    with place.opened() as (engine, application):
        seen = engine.observe(application)
        place.world.argocd.freeze()
        store = place.world.argocd.store
        place.traffic.faults.append(Fault(method="PATCH", delay=0.8))
        other = threading.Timer(0.3, lambda: store.patch("books", lambda each: each.update(BUSY)))
        other.start()
        with pytest.raises(Retryable, match="already in progress"):
            engine.start_sync(application, seen)
        other.join()
    assert place.world.get()["operation"] == BUSY["operation"]
    assert patches(place) == [409]


def test_S68_a_controller_that_writes_meanwhile_costs_another_reading(place: Core) -> None:
    place.live(automatic=False)
    with place.opened() as (engine, application):
        seen = engine.observe(application)
        store = place.world.argocd.store
        place.traffic.faults.append(Fault(method="PATCH", delay=0.6))
        touch = {"touched": "yes"}
        other = threading.Timer(
            0.2,
            lambda: store.patch("books", lambda e: e["metadata"].update(annotations=touch)),
        )
        other.start()
        engine.start_sync(application, seen)
        other.join()
    assert patches(place) == [409, 200]


def test_S68_one_that_always_writes_meanwhile_is_not_fought_for_ever(place: Core) -> None:
    place.live(automatic=False)
    with place.opened() as (engine, application):
        seen = engine.observe(application)
        place.traffic.faults.append(Fault(method="PATCH", status=409, times=-1))
        with pytest.raises(Outdated):
            engine.start_sync(application, seen)
    assert len(patches(place)) == 5


@pytest.mark.parametrize("automatic", [False, True])
def test_S20_S69_in_a_closed_window_nothing_is_started(place: Core, automatic: bool) -> None:
    place.live(automatic=automatic)
    place.world.argocd.set_windows({"kind": "deny", **ALWAYS})
    place.push("1.1.0")
    with place.opened() as (engine, application):
        engine.refresh(application)
        seen = engine.observe(application)
        assert seen.block
        assert "deny window" in seen.block.reason
        with pytest.raises(Closed, match="deny window"):
            engine.start_sync(application, seen)
    assert "operation" not in place.world.get()


def test_S53_S69_on_an_automated_application_no_revision_is_named(place: Core) -> None:
    place.live()
    with place.opened() as (engine, application):
        place.world.argocd.freeze()
        engine.start_sync(application, engine.observe(application))
        assert "revision" not in place.world.get()["operation"]["sync"]


def test_S37_a_type_that_is_unknown_for_a_while_is_waited_for(place: Core) -> None:
    place.live()
    revision = place.push("1.1.0")
    objects = place.world.argocd.objects

    def known(sentence: str) -> None:
        if "does not know" in sentence:
            objects.register(APPLICATION)

    waiting = place.wait(revision, "1.1.0", on_report=known)
    objects.unregister(APPLICATION)
    assert waiting().observed == revision
    assert any("does not know applications" in sentence for sentence in waiting.said)


@pytest.mark.parametrize("by_status", [False, True])
def test_S50_a_forgotten_version_is_read_again(place: Core, by_status: bool) -> None:
    place.live()
    place.world.kubernetes.controls.expired_by_status = by_status
    with place.opened() as (engine, application):
        engine.observe(application)
        for note in ("1", "2"):
            place.world.argocd.store.patch("books", lambda e, n=note: e["metadata"].update(x=n))
        place.world.argocd.objects.compact()
        began = time.monotonic()
        assert engine.await_change(application, 20) is None
        assert time.monotonic() - began < 10


def test_S34_a_watch_that_breaks_is_taken_up_again(place: Core) -> None:
    place.live()
    with place.opened() as (engine, application):
        engine.observe(application)
        place.world.kubernetes.restart()
        place.traffic.faults.append(Fault(drop=True, times=2))
        store = place.world.argocd.store
        later = threading.Timer(1.5, lambda: store.patch("books", lambda e: e.update(x="y")))
        later.start()
        began = time.monotonic()
        assert engine.await_change(application, 20) is None
        assert 1 < time.monotonic() - began < 15
        later.join()


def test_S34_S41_a_refresh_that_nobody_answers_ends_in_time(place: Core) -> None:
    place.live()
    place.freeze()
    with place.opened() as (engine, application):
        engine._left = lambda: 4.0  # type: ignore[attr-defined]
        began = time.monotonic()
        assert engine.refresh(application) is False
        assert time.monotonic() - began < 10


def test_S09_what_may_not_be_done_is_named_before_the_wait(place: Core) -> None:
    place.live()
    with place.opened() as (engine, application):
        engine.examine(application)
    with (
        place.opened_as(READER) as (engine, application),
        pytest.raises(Unauthorized, match=r"patch applications\.argoproj\.io in namespace argocd"),
    ):
        engine.examine(application)


def test_S09_who_may_not_ask_for_rights_is_not_stopped_by_that(place: Core) -> None:
    place.live()
    place.traffic.faults.append(Fault(path="selfsubjectaccessreviews", status=403, times=-1))
    with place.opened() as (engine, application):
        engine.examine(application)


def test_S34_a_short_wait_is_a_short_wait(place: Core) -> None:
    place.live()
    place.freeze()
    with place.opened() as (engine, application):
        engine.observe(application)
        began = time.monotonic()
        assert engine.await_change(application, 0.2) is None
        assert time.monotonic() - began < 0.9


def test_S49_without_the_right_to_watch_it_asks_every_second_and_says_so_once(place: Core) -> None:
    place.live()
    rules = (Rule(("get", "list", "patch"), ("*",)),)
    with place.opened_as(Account("deaf", "deaf-not-a-real-token", rules)) as (engine, application):
        engine.observe(application)
        said = engine.await_change(application, 5)
        assert said
        assert "no watch" in said
        assert "'watch' on 'applications.argoproj.io'" not in said  # that is the hint's
        began = time.monotonic()
        assert engine.await_change(application, 0.2) is None
        assert time.monotonic() - began < 5


def test_an_application_of_another_cluster_cannot_be_proven_here(place: Core) -> None:
    revision = place.live()
    elsewhere = {"server": "https://10.0.0.1:6443", "namespace": "books"}
    place.world.argocd.freeze()
    place.world.argocd.store.patch("books", lambda e: e["spec"].update(destination=elsewhere))
    with pytest.raises(InvalidInput, match="another cluster"):
        place.wait(revision, "1.0.0")()


def test_S36_the_log_of_what_crashed_is_told(place: Core) -> None:
    place.live()
    place.world.images.push("1.1.0-crash", layer({"app/server.py": CRASHING}))
    revision = place.push_values("1.1.0-crash")
    with pytest.raises(NotProven, match="CrashLoopBackOff") as failed:
        place.wait(revision, "1.1.0-crash", grace=3)()
    assert "log of Pod/" in failed.value.message
    assert "kubectl -n argocd get application books" in failed.value.hint


def test_S09_an_application_in_another_namespace_is_looked_for_there(place: Core) -> None:
    revision = place.live()
    with pytest.raises(NotFound, match="in namespace team-a"):
        place.wait(revision, "1.0.0", application={"namespace": "team-a"})()


def test_a_token_is_in_no_message(place: Core) -> None:
    place.live()
    with place.opened() as (engine, application):
        token = json.loads((place.folder / "kubeconfig-admin").read_text())["users"][0]["user"]
        place.traffic.faults.append(Fault(status=401, times=-1))
        with pytest.raises(Unauthorized) as error:
            engine.observe(application)
    assert token["token"] not in repr(error.value)


def test_S36_a_diagnosis_of_a_silent_cluster_ends_within_ten_seconds(place: Core) -> None:
    place.live()
    with place.opened() as (engine, application):
        place.traffic.faults.append(Fault(delay=30, times=-1))
        began = time.monotonic()
        assert engine.explain(application) == ""
        assert time.monotonic() - began < 11
        place.traffic.faults.clear()
