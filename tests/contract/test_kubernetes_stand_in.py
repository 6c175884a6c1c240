"""The Kubernetes stand-in at its HTTP face: discovery, reads, patches, refusals."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.cluster.controller import Cluster
from sandbox.kubernetes.access import ADMIN, Account, Rule
from sandbox.kubernetes.kind import FLUX, GIT_REPOSITORY, HELM_RELEASE, Kind
from sandbox.kubernetes.server import Kubernetes
from sandbox.kubernetes.store import Objects
from sandbox.serving import served

Json = dict[str, Any]
RELEASES = "/apis/helm.toolkit.fluxcd.io/v2/namespaces/books/helmreleases"
SOURCES = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories"
ONE = f"{RELEASES}/books-api"
NODE_POOL = Kind("example.com", "v1", "nodepools", "NodePool", namespaced=False)
READER = Account(
    "reader", "reader-token", (Rule(("get", "list"), ("helmreleases.*", "pods"), ("books",)),)
)


class Place:
    """Some objects and the API over them."""

    def __init__(self, kubernetes: Kubernetes, objects: Objects, url: str) -> None:
        self.kubernetes = kubernetes
        self.objects = objects
        self.url = url
        self.api = self.client(ADMIN.token)

    def client(self, token: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, verify=False, timeout=10)

    def patch(self, path: str, changes: Any, kind: str = "merge-patch") -> httpx.Response:
        headers = {"Content-Type": f"application/{kind}+json"}
        return self.api.patch(path, json=changes, headers=headers)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    objects = Objects((*FLUX, NODE_POOL))
    spec = {"interval": "5m", "chart": {"spec": {"chart": "./books/api"}}}
    labels = {"team": "books", "tier": "web"}
    metadata = {"name": "books-api", "namespace": "books", "labels": labels}
    objects.add(HELM_RELEASE, {"metadata": metadata, "spec": spec})
    objects.add(HELM_RELEASE, {"metadata": {"name": "cron", "namespace": "books"}, "spec": spec})
    objects.add(HELM_RELEASE, {"metadata": {"name": "other", "namespace": "more"}, "spec": spec})
    objects.add(NODE_POOL, {"metadata": {"name": "default"}, "spec": {}})
    cluster = Cluster(tmp_path / "cluster", {})
    kubernetes = Kubernetes(cluster, objects, accounts=[ADMIN, READER])
    try:
        with served(kubernetes.app) as server:
            ready = Place(kubernetes, objects, server.url)
            with ready.api:
                yield ready
    finally:
        cluster.stop()


def refused(response: httpx.Response) -> tuple[int, str, str]:
    body = response.json()
    assert (body["kind"], body["apiVersion"], body["status"]) == ("Status", "v1", "Failure")
    assert body["code"] == response.status_code
    return body["code"], body["reason"], body["message"]


def test_discovery_tells_what_is_served(place: Place) -> None:
    assert place.api.get("/version").json()["major"] == "1"
    assert place.api.get("/api").json()["versions"] == ["v1"]
    groups = {each["name"] for each in place.api.get("/apis").json()["groups"]}
    assert {"apps", "batch", "helm.toolkit.fluxcd.io", "example.com"} <= groups
    listed = place.api.get("/apis/helm.toolkit.fluxcd.io/v2").json()
    assert listed["groupVersion"] == "helm.toolkit.fluxcd.io/v2"
    assert [each["name"] for each in listed["resources"]] == [
        "helmreleases",
        "helmreleases/status",
    ]
    assert "pods" in {each["name"] for each in place.api.get("/api/v1").json()["resources"]}


def test_a_removed_version_is_not_there(place: Place) -> None:
    text = "the server could not find the requested resource"
    old = place.api.get(ONE.replace("/v2/", "/v2beta1/"))
    assert refused(old) == (404, "NotFound", text)
    assert refused(place.api.get("/apis/helm.toolkit.fluxcd.io/v2beta1")) == (404, "NotFound", text)
    place.objects.unregister(HELM_RELEASE)  # a definition that is absent for a while
    assert refused(place.api.get(ONE)) == (404, "NotFound", text)
    place.objects.register(HELM_RELEASE)
    assert place.api.get(ONE).status_code == 200


def test_an_object_and_lists_of_it(place: Place) -> None:
    found = place.api.get(ONE).json()
    assert (found["apiVersion"], found["kind"]) == ("helm.toolkit.fluxcd.io/v2", "HelmRelease")
    assert found["metadata"]["generation"] == 1
    listed = place.api.get(RELEASES).json()
    assert listed["kind"] == "HelmReleaseList"
    assert [each["metadata"]["name"] for each in listed["items"]] == ["books-api", "cron"]
    everywhere = place.api.get("/apis/helm.toolkit.fluxcd.io/v2/helmreleases").json()["items"]
    assert len(everywhere) == 3
    gone = place.api.get(f"{RELEASES}/gone")
    assert refused(gone)[:2] == (404, "NotFound")
    assert gone.json()["message"] == 'helmreleases.helm.toolkit.fluxcd.io "gone" not found'
    details = {"name": "gone", "group": "helm.toolkit.fluxcd.io", "kind": "helmreleases"}
    assert gone.json()["details"] == details
    assert place.api.get("/apis/example.com/v1/nodepools/default").status_code == 200
    assert place.api.get("/apis/example.com/v1/namespaces/a/nodepools").status_code == 404


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"labelSelector": "team=books"}, ["books-api"]),
        ({"labelSelector": "team==books,tier!=web"}, []),
        ({"labelSelector": "tier in (web, api),!gone"}, ["books-api"]),
        ({"labelSelector": "team notin (books)"}, ["cron"]),
        ({"labelSelector": "team"}, ["books-api"]),
        ({"fieldSelector": "metadata.name=cron"}, ["cron"]),
        ({"fieldSelector": "metadata.name!=cron"}, ["books-api"]),
    ],
)
def test_selectors(place: Place, query: dict[str, str], names: list[str]) -> None:
    items = place.api.get(RELEASES, params=query).json()["items"]
    assert [each["metadata"]["name"] for each in items] == names


def test_unknown_field_label_is_refused(place: Place) -> None:
    answer = place.api.get(RELEASES, params={"fieldSelector": "spec.interval=5m"})
    assert refused(answer) == (400, "BadRequest", "field label not supported: spec.interval")


def test_a_list_in_parts_expires(place: Place) -> None:
    first = place.api.get(RELEASES, params={"limit": 1}).json()
    token = first["metadata"]["continue"]
    assert first["metadata"]["remainingItemCount"] == 1
    rest = place.api.get(RELEASES, params={"limit": 1, "continue": token}).json()
    assert [each["metadata"]["name"] for each in rest["items"]] == ["cron"]
    assert "continue" not in rest["metadata"]
    place.objects.patch(HELM_RELEASE, "more", "other", lambda each: each.update(spec={}))
    place.objects.compact()
    late = place.api.get(RELEASES, params={"limit": 1, "continue": token})
    assert refused(late)[:2] == (410, "Expired")


def test_merge_patch_changes_annotations_and_null_removes(place: Place) -> None:
    annotated = {"metadata": {"annotations": {"a": "1", "b": "2"}}}
    assert place.patch(ONE, annotated).json()["metadata"]["annotations"] == {"a": "1", "b": "2"}
    removed = place.patch(ONE, {"metadata": {"annotations": {"a": None}}}).json()
    assert removed["metadata"]["annotations"] == {"b": "2"}
    assert removed["metadata"]["generation"] == 1
    suspended = place.patch(ONE, {"spec": {"suspend": True}}).json()
    assert suspended["metadata"]["generation"] == 2
    assert suspended["spec"]["interval"] == "5m"
    versions = [int(each["metadata"]["resourceVersion"]) for each in (removed, suspended)]
    assert versions == sorted(set(versions))


def test_a_patch_that_changes_nothing_writes_nothing(place: Place) -> None:
    before = place.api.get(ONE).json()
    assert place.patch(ONE, {"spec": {"interval": "5m"}}).json() == before


@pytest.mark.parametrize("kind", ["json-patch", "strategic-merge-patch"])
def test_other_patches_are_415(place: Place, kind: str) -> None:
    assert refused(place.patch(ONE, {}, kind))[:2] == (415, "UnsupportedMediaType")
    plain = place.api.patch(ONE, json={}, headers={"Content-Type": "application/json"})
    assert refused(plain)[:2] == (415, "UnsupportedMediaType")


def test_resource_version_of_a_patch_is_a_lock(place: Place) -> None:
    version = place.api.get(ONE).json()["metadata"]["resourceVersion"]
    patch = {"metadata": {"resourceVersion": version, "annotations": {"who": "me"}}}
    assert place.patch(ONE, patch).status_code == 200
    late = place.patch(ONE, patch)
    assert refused(late)[:2] == (409, "Conflict")
    assert "the object has been modified" in late.json()["message"]


def test_status_is_a_part_of_its_own(place: Place) -> None:
    ignored = place.patch(ONE, {"status": {"observedGeneration": 7}}).json()
    assert "status" not in ignored
    changes = {"spec": {"suspend": True}, "status": {"observedGeneration": 1}}
    changed = place.patch(f"{ONE}/status", changes).json()
    assert changed["status"] == {"observedGeneration": 1}
    assert "suspend" not in changed["spec"]
    assert changed["metadata"]["generation"] == 1


def test_bodies_are_checked(place: Place) -> None:
    headers = {"Content-Type": "application/merge-patch+json"}
    assert refused(place.api.patch(ONE, content=b"{", headers=headers))[0] == 400
    assert refused(place.patch(ONE, []))[0] == 400
    assert refused(place.patch(ONE, {"spec": "text"}))[:2] == (422, "Invalid")
    assert refused(place.patch(f"{RELEASES}/gone", {}))[0] == 404


def test_who_may_do_what(place: Place) -> None:
    with place.client("reader-token") as reader, place.client("wrong") as wrong:
        assert reader.get(ONE).status_code == 200
        assert reader.get("/api/v1/namespaces/books/pods").status_code == 200
        headers = {"Content-Type": "application/merge-patch+json"}
        denied = reader.patch(ONE, json={}, headers=headers)
        text = (
            'helmreleases.helm.toolkit.fluxcd.io "books-api" is forbidden: User "reader" cannot'
            ' patch resource "helmreleases" in API group "helm.toolkit.fluxcd.io" in the'
            ' namespace "books"'
        )
        assert refused(denied) == (403, "Forbidden", text)
        assert refused(reader.get(RELEASES, params={"watch": "1"}))[0] == 403
        everywhere = reader.get("/apis/helm.toolkit.fluxcd.io/v2/helmreleases")
        assert "at the cluster scope" in refused(everywhere)[2]
        assert refused(wrong.get(ONE))[:2] == (401, "Unauthorized")
    with place.client("") as nobody:
        assert 'User "system:anonymous" cannot get' in refused(nobody.get(ONE))[2]


@pytest.mark.parametrize(("verb", "allowed"), [("get", True), ("patch", False)])
def test_access_can_be_asked_for(place: Place, verb: str, allowed: bool) -> None:
    attributes = {"namespace": "books", "verb": verb, "group": "helm.toolkit.fluxcd.io"}
    spec = {"resourceAttributes": {**attributes, "resource": "helmreleases"}}
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    with place.client("reader-token") as reader:
        answer = reader.post(path, json={"spec": spec})
    assert (answer.status_code, answer.json()["status"]) == (201, {"allowed": allowed})


def test_a_busy_or_broken_server(place: Place) -> None:
    place.kubernetes.fail(429)
    busy = place.api.get(ONE)
    assert refused(busy)[:2] == (429, "TooManyRequests")
    assert busy.headers["Retry-After"] == "1"
    place.kubernetes.fail(503, times=2)
    assert [place.api.get(ONE).status_code for _ in range(3)] == [503, 503, 200]


def test_nothing_else_can_be_done(place: Place) -> None:
    assert refused(place.api.post(RELEASES, json={}))[:2] == (405, "MethodNotAllowed")
    assert refused(place.api.delete(ONE))[0] == 405
    assert refused(place.api.get(f"{ONE}/scale"))[0] == 404
    assert refused(place.api.get("/nothing"))[0] == 404
    assert place.objects.get(GIT_REPOSITORY, "flux-system", "gitops") is None
