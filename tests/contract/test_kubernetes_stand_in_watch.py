"""Watches of the Kubernetes stand-in, by hand and through a client written by others."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ApiError
from lightkube.generic_resource import create_namespaced_resource
from lightkube.types import PatchType

from sandbox.cluster.controller import Cluster
from sandbox.kubernetes.access import ADMIN
from sandbox.kubernetes.kind import FLUX, GIT_REPOSITORY
from sandbox.kubernetes.server import Kubernetes
from sandbox.kubernetes.store import Objects
from sandbox.serving import served

Json = dict[str, Any]
SOURCES = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories"
WATCH = {"watch": "1", "timeoutSeconds": "1"}


class Place:
    def __init__(self, kubernetes: Kubernetes, objects: Objects, url: str) -> None:
        self.kubernetes = kubernetes
        self.objects = objects
        self.url = url

    def change(self, revision: str, name: str = "gitops") -> None:
        def patch(found: Json) -> None:
            found.setdefault("status", {})["artifact"] = {"revision": revision}

        self.objects.patch(GIT_REPOSITORY, "flux-system", name, patch)

    def watched(self, **query: str) -> list[Json]:
        """All events of a watch of one second."""
        headers = {"Authorization": f"Bearer {ADMIN.token}"}
        url, asked = f"{self.url}{SOURCES}", {**WATCH, **query}
        answer = httpx.get(url, params=asked, headers=headers, timeout=10, trust_env=False)
        answer.raise_for_status()
        return [json.loads(line) for line in answer.text.splitlines()]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    objects = Objects(FLUX)
    for name in ("gitops", "other"):
        metadata = {"name": name, "namespace": "flux-system", "labels": {"app": name}}
        objects.add(GIT_REPOSITORY, {"metadata": metadata, "spec": {"url": "https://x"}})
    cluster = Cluster(tmp_path / "cluster", {})
    kubernetes = Kubernetes(cluster, objects)
    try:
        with served(kubernetes.app) as server:
            yield Place(kubernetes, objects, server.url)
            kubernetes.restart()
    finally:
        cluster.stop()


def told(events: list[Json]) -> list[tuple[str, str]]:
    return [(each["type"], each["object"]["metadata"]["name"]) for each in events]


def test_a_watch_without_version_begins_with_what_is_there(place: Place) -> None:
    threading.Timer(0.5, place.change, ["main@sha1:1"]).start()
    events = place.watched(timeoutSeconds="2")
    assert told(events) == [("ADDED", "gitops"), ("ADDED", "other"), ("MODIFIED", "gitops")]
    assert events[-1]["object"]["status"]["artifact"]["revision"] == "main@sha1:1"
    assert events[-1]["object"]["kind"] == "GitRepository"


def test_a_watch_from_a_version_tells_all_that_came_after(place: Place) -> None:
    version = place.objects.version
    place.change("main@sha1:1")
    place.change("main@sha1:2")
    place.objects.delete(GIT_REPOSITORY, "flux-system", "other")
    events = place.watched(resourceVersion=version)
    assert told(events) == [("MODIFIED", "gitops"), ("MODIFIED", "gitops"), ("DELETED", "other")]
    revisions = [each["object"].get("status", {}).get("artifact") for each in events]
    assert revisions[:2] == [{"revision": "main@sha1:1"}, {"revision": "main@sha1:2"}]
    last = events[-1]["object"]["metadata"]["resourceVersion"]
    assert last == place.objects.version
    assert place.watched(resourceVersion=last) == []


def test_an_object_that_is_no_longer_selected_is_deleted_for_the_watch(place: Place) -> None:
    version = place.objects.version
    place.change("main@sha1:1", "other")

    def relabel(found: Json) -> None:
        found["metadata"]["labels"] = {"app": "elsewhere"}

    place.objects.patch(GIT_REPOSITORY, "flux-system", "gitops", relabel)
    events = place.watched(resourceVersion=version, labelSelector="app=gitops")
    assert told(events) == [("DELETED", "gitops")]


@pytest.mark.parametrize("by_status", [False, True])
def test_a_version_that_is_forgotten_is_gone(place: Place, by_status: bool) -> None:
    version = place.objects.version
    place.change("main@sha1:1")
    place.objects.compact()
    place.kubernetes.controls.expired_by_status = by_status
    if by_status:
        with pytest.raises(httpx.HTTPStatusError, match="410 Gone"):
            place.watched(resourceVersion=version)
    else:
        [event] = place.watched(resourceVersion=version)
        assert event["type"] == "ERROR"
        assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")
        assert event["object"]["message"].startswith("too old resource version: ")


def test_bookmarks_carry_the_version_only(place: Place) -> None:
    place.kubernetes.controls.bookmarks = 0.3
    events = place.watched(resourceVersion=place.objects.version, allowWatchBookmarks="true")
    assert {each["type"] for each in events} == {"BOOKMARK"}
    assert events[0]["object"]["metadata"] == {"resourceVersion": place.objects.version}
    assert place.watched(resourceVersion=place.objects.version) == []


def test_a_restart_ends_the_watch(place: Place) -> None:
    headers = {"Authorization": f"Bearer {ADMIN.token}"}
    with (
        httpx.Client(base_url=place.url, headers=headers, verify=False, timeout=10) as client,
        client.stream("GET", SOURCES, params={"watch": "1"}) as answer,
    ):
        lines = answer.iter_lines()
        assert json.loads(next(lines))["type"] == "ADDED"
        place.kubernetes.restart()
        assert [json.loads(line)["type"] for line in lines] == ["ADDED"]


def test_lightkube_reads_patches_and_watches(place: Place) -> None:
    config = KubeConfig.from_dict(place.kubernetes.kubeconfig(place.url))
    resource = create_namespaced_resource(
        "source.toolkit.fluxcd.io", "v1", "GitRepository", "gitrepositories"
    )
    client: Any = Client(config=config.get(), namespace="flux-system", trust_env=False)
    found = client.get(resource, "gitops")
    assert found.spec["url"] == "https://x"
    changes = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "1"}}}
    client.patch(resource, "gitops", changes, patch_type=PatchType.MERGE)
    assert [each.metadata.name for each in client.list(resource)] == ["gitops", "other"]
    version = found.metadata.resourceVersion
    events = client.watch(resource, resource_version=version, server_timeout=1)
    kind, seen = next(events)
    assert kind == "ADDED"  # `other`, written after the first object
    kind, seen = next(events)
    assert (kind, seen.metadata.annotations) == ("MODIFIED", changes["metadata"]["annotations"])
    with pytest.raises(ApiError) as missing:
        client.get(resource, "gone")
    assert (missing.value.status.code, missing.value.status.reason) == (404, "NotFound")
    place.objects.compact()
    with pytest.raises(ApiError) as gone:
        next(client.watch(resource, resource_version="1"))
    assert gone.value.status.code == 410
