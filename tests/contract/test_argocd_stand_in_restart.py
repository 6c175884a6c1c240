"""The Argo CD stand-in when it is restarted or behind, and the truth that it cannot bend."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.contract.argocd_world import ROBOT, World, manifest, states
from tests.contract.sync_wait import history, live

Json = dict[str, Any]


def test_a_restart_ends_streams_and_resumes_the_operation(argo: World) -> None:
    first = live(argo)
    argo.argocd.delays.apply = 1.0
    recorder = argo.record(name="books")
    argo.until(lambda _: recorder.applications())
    second = argo.push_image("1.1.0")
    argo.refresh()
    argo.until(lambda each: "syncResult" in each["status"].get("operationState", {}))
    argo.argocd.restart()
    recorder._thread.join(timeout=10)
    assert not recorder._thread.is_alive()
    ended = argo.until(lambda each: "operation" not in each)
    assert ended["status"]["operationState"]["phase"] == "Succeeded"
    argo.refresh()
    argo.until_live(second)
    assert history(argo) == [first, second]


def test_a_restart_breaks_a_refresh_that_waits(argo: World) -> None:
    live(argo)
    argo.argocd.freeze()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(argo.api.get, "/api/v1/applications/books", params={"refresh": ""})
        argo.until(lambda each: "annotations" in each["metadata"])
        argo.argocd.restart()
        assert waiting.result().status_code == 503
    argo.argocd.thaw()
    argo.until(lambda each: "annotations" not in each["metadata"])  # it was kept in the object


def test_lists_and_streams_may_be_behind_the_object(argo: World) -> None:
    live(argo, automatic=False)
    argo.argocd.controls.lag = 600.0
    recorder = argo.record(name="books")
    second = argo.push_values(tag="1.1.0", replicas=0)
    assert states(argo.refresh())[:2] == ("OutOfSync", second)
    items = argo.api.get("/api/v1/applications").json()["items"]
    assert items is None  # ten minutes ago there was none
    assert recorder.lines == []
    argo.argocd.controls.lag = 0.0
    [now] = argo.api.get("/api/v1/applications").json()["items"]
    assert states(now)[:2] == ("OutOfSync", second)


def test_events_of_a_stream_that_is_behind_come_late_and_in_order(argo: World) -> None:
    live(argo, automatic=False)
    argo.argocd.controls.lag = 1.0
    argo.until(lambda _: argo.api.get("/api/v1/applications").json()["items"])  # old enough
    recorder = argo.record(name="books")
    argo.until(lambda _: recorder.applications())

    def labels() -> list[Json]:
        return [each["metadata"]["labels"] for each in recorder.applications()]

    for number in ("1", "2"):

        def relabel(application: Json, number: str = number) -> None:
            application["metadata"]["labels"] = {"number": number}

        argo.argocd.store.patch("books", relabel)
    assert {"number": "2"} not in labels()
    assert argo.get()["metadata"]["labels"] == {"number": "2"}
    argo.until(lambda _: {"number": "2"} in labels())
    assert labels()[-2:] == [{"number": "1"}, {"number": "2"}]


def test_the_truth_is_what_pods_run(argo: World) -> None:
    reference = argo.images.push_server("1.0.0")
    revision = argo.push_values(tag="1.0.0", replicas=2)
    digest = reference.partition("@")[2]
    assert argo.argocd.truth("books").reference == ""
    argo.add()
    argo.until_live(revision)
    truth = argo.argocd.truth("books")
    assert truth.runs(digest)
    assert (truth.revisions, truth.replicas, truth.others) == ((revision,), 2, ())
    broken = argo.push_values(tag="no-such-tag", replicas=2)
    argo.refresh()
    argo.until(lambda each: states(each)[:2] == ("Synced", broken))
    truth = argo.argocd.truth("books")
    assert not truth.runs(digest)
    assert truth.revisions == (broken,)
    assert digest in truth.others  # the old pods serve


def test_a_status_that_lies_does_not_bend_the_truth(argo: World) -> None:
    first = live(argo)
    digest = argo.images.push_server("1.1.0").partition("@")[2]
    argo.argocd.freeze()

    def lie(application: Json) -> None:
        application["status"]["sync"]["revision"] = "e" * 40

    argo.argocd.store.patch("books", lie)
    assert states(argo.get()) == ("Synced", "e" * 40, "Healthy")
    assert argo.argocd.truth("books").revisions == (first,)
    assert not argo.argocd.truth("books").runs(digest)
    argo.argocd.thaw()


def test_an_application_in_another_namespace_is_found_by_it(argo: World) -> None:
    argo.push_values(tag="1.0.0", replicas=0)
    own = manifest("books")
    own["metadata"]["namespace"] = "team"
    argo.argocd.add(own)
    headers = {"Authorization": f"Bearer {ROBOT.token}"}
    with httpx.Client(base_url=argo.server.url, headers=headers) as client:
        path = "/api/v1/applications/books"
        wrong = {"project": "default", "appNamespace": "argocd"}
        assert client.get(path, params=wrong).status_code == 404
        right = {"project": "default", "appNamespace": "team"}
        assert client.get(path, params=right).json()["metadata"]["namespace"] == "team"
