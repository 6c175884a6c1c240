"""Argo CD's API server and its cluster alone: the same objects are the same observation."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slipway.engines.interface import Engine
from slipway.readiness.observation import Observation
from slipway.service import Application
from tests.contract.argocd_world import GITOPS, running
from tests.contract.engine_places import ARGO_CD, Core, Place
from tests.contract.sample_image import Pushed

Json = dict[str, Any]
X, Y = "a" * 40, "b" * 40


class Both:
    """The two engines on one world."""

    def __init__(self, place: Place, stack: ExitStack) -> None:
        self.place, self.world = place, place.world
        self._engines: list[tuple[Engine, Application]] = [
            stack.enter_context(kind(name, place.world, place.folder).opened())
            for name, kind in ARGO_CD.items()
        ]

    def observe(self) -> tuple[Observation, Observation] | None:
        """What both say about one state; None when it changed meanwhile."""
        (rest, one), (core, other) = self._engines
        before, told, after = core.observe(other), rest.observe(one), core.observe(other)
        return (told, before) if before == after else None

    def settled(self) -> tuple[Observation, Observation]:
        """The same of the first state that lasts long enough."""
        end = time.monotonic() + 20
        while (pair := self.observe()) is None:
            assert time.monotonic() < end
        return pair


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, sync_images: Pushed) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("both")
    with running(folder, sync_images) as world, ExitStack() as stack:
        place = Core("argocd-core", world, folder)
        place.live(syncPolicy={"automated": {}, "retry": {"limit": 1}})
        yield Both(place, stack)
        world.argocd.store.delete("books")  # the frozen controller never gets to see it


def troubles(seen: Observation) -> list[str | None]:
    return [each.trouble for each in seen.workloads]


def good(place: Place) -> None:
    place.push("1.1.0")


def bad_image(place: Place) -> None:
    place.push_values("9.9.9-missing")


def refused(place: Place) -> None:
    place.refuse("exceeded quota: pods")
    place.push("1.2.0")


def recovered(place: Place) -> None:
    place.world.cluster.refusals.clear()
    place.push("1.3.0")


def closed(place: Place) -> None:
    place.world.argocd.set_windows(
        {"kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["books"]}
    )
    place.push("1.4.0")


COURSES: dict[str, tuple[Callable[[Place], None], Callable[[Observation], object]]] = {
    "good": (good, lambda seen: seen.sync == "Synced" and seen.health == "Healthy"),
    "bad image": (bad_image, lambda seen: any(w.trouble for w in seen.workloads)),
    "refused": (refused, lambda seen: seen.operation and seen.operation.phase == "Failed"),
    "recovered": (recovered, lambda seen: seen.sync == "Synced" and seen.health == "Healthy"),
    "closed window": (closed, lambda seen: seen.block),
}


@pytest.mark.parametrize("course", COURSES)
def test_S35_both_see_the_same_at_every_step(both: Both, course: str) -> None:
    begin, over = COURSES[course]
    delays = both.world.argocd.delays
    delays.compare = delays.operation_set = delays.apply = delays.finish = 0.4
    before = both.settled()[0].revision
    begin(both.place)
    refresh = threading.Thread(target=both.world.refresh)
    refresh.start()
    seen: list[Observation] = []
    end = time.monotonic() + 60
    while time.monotonic() < end:
        pair = both.observe()
        if pair is None or troubles(pair[0]) != troubles(pair[1]):
            continue  # a Pod that cannot start goes to and fro between two reasons
        assert pair[0] == pair[1]
        seen.append(pair[0])
        if over(pair[0]) and pair[0].revision != before:
            break
    refresh.join()
    assert over(seen[-1])
    assert len(set(seen)) > (course != "closed window") * 3


SHAS = st.sampled_from([X, Y, "main", ""])
TIMES = st.sampled_from(["2026-08-22T10:00:00Z", "2026-08-22T10:00:07Z"])
SOURCE = st.fixed_dictionaries(
    {"repoURL": st.just(GITOPS), "path": st.just("books")},
    optional={
        "targetRevision": st.sampled_from(["main", "HEAD", X]),
        "helm": st.sampled_from([{}, {"valueFiles": ["values-staging.yaml"]}]),
        "directory": st.just({}),
    },
)
OTHER = st.sampled_from(
    [
        {"repoURL": "oci://registry.example/charts/books", "targetRevision": "9.1.0"},
        {"repoURL": "https://charts.example", "chart": "books", "targetRevision": "1.0.0"},
    ]
)
REVISIONS = st.fixed_dictionaries({}, optional={"revision": SHAS, "revisions": st.lists(SHAS)})
STATE = st.fixed_dictionaries(
    {"phase": st.sampled_from(["Running", "Terminating", "Failed", "Error", "Succeeded"])},
    optional={
        "message": st.sampled_from(["", "one or more objects failed to apply"]),
        "startedAt": TIMES,
        "finishedAt": TIMES,
        "retryCount": st.integers(0, 3),
        "operation": st.fixed_dictionaries({"sync": REVISIONS}),
        "syncResult": REVISIONS,
    },
)


@st.composite
def objects(draw: st.DrawFn) -> Callable[[Json], None]:
    """A change that makes any object a controller might write of an application."""
    source, others = draw(SOURCE), draw(st.lists(OTHER, max_size=2))
    spec = {"sources": [*others, source]} if others else {"source": source}
    automated = draw(st.sampled_from([None, {}, {"enabled": False}, {"prune": True}]))
    status = {
        "sync": {"status": draw(st.sampled_from(["Synced", "OutOfSync", "Unknown", ""]))}
        | draw(REVISIONS)
        | {"comparedTo": draw(st.sampled_from([spec, {"source": {"repoURL": ""}}]))},
        "health": draw(st.sampled_from([{}, {"status": "Healthy"}, {"status": "Degraded"}])),
    }
    state, requested = draw(st.none() | STATE), draw(st.sampled_from([None, {}, {"sync": {}}]))
    mark = draw(st.sampled_from([{}, {"argocd.argoproj.io/skip-reconcile": "true"}]))
    conditions = draw(st.sampled_from([None, [{"type": "SyncError", "message": "no"}]]))
    deleted = draw(st.sampled_from([None, "2026-08-22T10:00:00Z"]))

    def change(application: Json) -> None:
        metadata, old = application["metadata"], application["spec"]
        metadata["annotations"] = mark
        metadata.pop("deletionTimestamp", None)
        metadata |= {"deletionTimestamp": deleted} if deleted else {}
        kept = {key: old[key] for key in ("project", "destination")}
        policy = {} if automated is None else {"syncPolicy": {"automated": automated}}
        application["spec"] = {**kept, **spec, **policy}
        application["status"] = {**application["status"], **status}
        application["status"].pop("operationState", None)
        application["status"] |= {"operationState": state} if state else {}
        application["status"] |= {"conditions": conditions} if conditions else {}
        application.pop("operation", None)
        application.update({"operation": requested} if requested is not None else {})

    return change


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(change=objects())
def test_S35_any_object_is_the_same_observation(both: Both, change: Callable[[Json], None]) -> None:
    both.world.argocd.freeze()
    both.world.argocd.store.patch("books", change)
    told, read = both.settled()
    assert told == read
