"""The Argo CD stand-in at its HTTP face: sign-in, refusals, shapes."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest

from tests.contract.argocd_answers import check
from tests.contract.argocd_world import HUMAN, STRANGER, WATCHER, World, running
from tests.contract.sample_image import image_registry

APPLICATION = "/api/v1/applications/books"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world that holds still: one live application nobody syncs by itself."""
    root = tmp_path_factory.mktemp("world")
    with image_registry(root / "registry") as images, running(root, images) as ready:
        revision = ready.push_image("1.0.0")
        ready.add(automatic=False)
        ready.refresh()
        assert ready.sync(prune=True).status_code == 200
        ready.until_live(revision)
        yield ready


@pytest.fixture
def anonymous(world: World) -> Iterator[httpx.Client]:
    with world.client() as client:
        yield client


def error(response: httpx.Response) -> tuple[int, int, str]:
    body = response.json()
    assert body["error"] == body["message"]
    return response.status_code, body["code"], body["message"]


def test_login_gives_a_token_and_a_cookie(world: World, anonymous: httpx.Client) -> None:
    credentials = {"username": HUMAN.name, "password": HUMAN.password}
    token = anonymous.post("/api/v1/session", json=credentials).json()["token"]
    with world.client(token) as signed_in:
        user = {"loggedIn": True, "username": "ana", "iss": "argocd"}
        assert signed_in.get("/api/v1/session/userinfo").json() == user
    assert anonymous.get(APPLICATION, params={"project": "default"}).status_code == 200  # cookie


def test_wrong_login_is_refused_and_then_locked(anonymous: httpx.Client) -> None:
    refused = (401, 16, "Invalid username or password")
    for body in ({}, {"username": "ana", "password": "x"}, {"username": "robot", "password": ""}):
        assert error(anonymous.post("/api/v1/session", json=body)) == refused


def test_401_says_why(world: World, anonymous: httpx.Client) -> None:
    none = (401, 16, "no session information")
    assert error(anonymous.get(APPLICATION)) == none
    two_parts = {"Authorization": "Bearer only.two"}
    assert error(anonymous.get(APPLICATION, headers=two_parts)) == none
    with world.client("not.known.here") as client:
        code, grpc, message = error(client.get(APPLICATION))
        assert (code, grpc) == (401, 16)
        assert message.startswith("invalid session: ")
        assert client.get("/api/v1/session/userinfo").json() == {}


def test_version_tells_strangers_less(world: World, anonymous: httpx.Client) -> None:
    assert set(anonymous.get("/api/version").json()) == {"Version"}
    assert len(world.api.get("/api/version").json()) > 1
    assert anonymous.get("/healthz").text == "ok"
    assert anonymous.get("/api/v1/settings").json()["controllerNamespace"] == "argocd"


def test_can_i(world: World) -> None:
    with world.client(WATCHER.token) as client:
        path = "/api/v1/account/can-i/applications"
        assert client.get(f"{path}/get/default/books").json() == {"value": "yes"}
        assert client.get(f"{path}/sync/default/books").json() == {"value": "no"}


@pytest.mark.parametrize(
    ("token", "name", "query", "answer"),
    [
        ("robot", "books", {}, 200),
        ("robot", "books", {"project": "default", "appNamespace": "argocd"}, 200),
        ("robot", "gone", {}, 403),
        ("robot", "gone", {"project": "default"}, 404),
        ("robot", "books", {"project": "other"}, 404),
        ("robot", "books", {"project": "default", "appNamespace": "elsewhere"}, 404),
        ("stranger", "books", {}, 403),
        ("stranger", "books", {"project": "default"}, 403),
        ("stranger", "gone", {"project": "default"}, 403),
    ],
)
def test_403_and_404(
    world: World, token: str, name: str, query: dict[str, str], answer: int
) -> None:
    with world.client(f"sandbox.{token}.not-a-real-token") as client:
        response = client.get(f"/api/v1/applications/{name}", params=query)
    assert response.status_code == answer
    if answer == 403:
        assert error(response) == (403, 7, "permission denied")
    if answer == 404:
        assert error(response) == (404, 5, f'applications.argoproj.io "{name}" not found')


def test_permission_of_a_later_check_has_the_long_text(world: World) -> None:
    with world.client(WATCHER.token) as client:
        status, code, message = error(client.post(f"{APPLICATION}/sync", json={}))
    assert (status, code) == (403, 7)
    assert message.startswith("permission denied: applications, sync, default/books, sub: proj:")


@pytest.mark.parametrize("kind", [None, "text/plain", "application/json; charset=utf-8"])
@pytest.mark.parametrize(("method", "path"), [("POST", "sync"), ("DELETE", "operation")])
def test_415_for_any_other_content_type(
    world: World, method: str, path: str, kind: str | None
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    response = world.api.request(method, f"{APPLICATION}/{path}", headers=headers, content=b"{}")
    assert (response.status_code, response.text.strip()) == (415, "Invalid content type")
    assert response.headers["content-type"].startswith("text/plain")


def test_unknown_path_and_method_are_plain_text(world: World) -> None:
    missing, wrong = world.api.get("/api/v1/nothing"), world.api.post("/api/version")
    assert (missing.status_code, wrong.status_code) == (404, 405)
    assert "text/plain" in missing.headers["content-type"]


def test_empty_list_is_null(world: World) -> None:
    with world.client(STRANGER.token) as client:
        assert client.get("/api/v1/applications").json()["items"] is None
    assert (
        world.api.get("/api/v1/applications", params={"projects": "other"}).json()["items"] is None
    )


def test_list_has_no_health_of_resources_but_one_read_has(world: World) -> None:
    [listed] = world.api.get("/api/v1/applications", params={"selector": "app=books"}).json()[
        "items"
    ]
    assert "health" not in listed["status"]["resources"][0]
    assert world.get()["status"]["resources"][0]["health"] == {"status": "Healthy"}
    fields = {"fields": "items.metadata.name,items.status.sync.status"}
    slim = world.api.get("/api/v1/applications", params=fields).json()["items"]
    assert slim == [{"metadata": {"name": "books"}, "status": {"sync": {"status": "Synced"}}}]


def test_tree_shows_the_chain_of_owners(world: World) -> None:
    nodes = world.api.get(f"{APPLICATION}/resource-tree").json()["nodes"]
    assert [node["kind"] for node in nodes] == ["Deployment", "ReplicaSet", "Pod"]
    assert nodes[2]["parentRefs"][0]["uid"] == nodes[1]["uid"]
    assert nodes[1]["parentRefs"][0]["uid"] == nodes[0]["uid"]
    assert nodes[2]["images"] == world.get()["status"]["summary"]["images"]
    assert {node["health"]["status"] for node in nodes} == {"Healthy"}


def test_live_manifest_and_managed_resources(world: World) -> None:
    query = {"resourceName": "books", "namespace": "books", "kind": "Deployment", "group": "apps"}
    answer = world.api.get(f"{APPLICATION}/resource", params={**query, "version": "v1"}).json()
    live = json.loads(answer["manifest"])
    assert live["status"]["observedGeneration"] == live["metadata"]["generation"]
    assert live["status"]["availableReplicas"] == live["spec"]["replicas"] == 1
    [managed] = world.api.get(f"{APPLICATION}/managed-resources").json()["items"]
    assert json.loads(managed["liveState"])["metadata"]["uid"] == live["metadata"]["uid"]
    assert managed["modified"] is False
    gone = world.api.get(f"{APPLICATION}/resource", params={**query, "resourceName": "x"})
    text = "Deployment apps x not found as part of application books"
    assert error(gone) == (400, 3, text)


def test_events_of_the_application_and_of_a_pod(world: World) -> None:
    events = world.api.get(f"{APPLICATION}/events").json()["items"]
    assert {"OperationStarted", "OperationCompleted"} <= {event["reason"] for event in events}
    pod = world.api.get(f"{APPLICATION}/resource-tree").json()["nodes"][2]
    query = {"resourceName": pod["name"], "resourceNamespace": "books", "resourceUID": pod["uid"]}
    own = world.api.get(f"{APPLICATION}/events", params=query).json()["items"]
    assert {"Pulled", "Started"} <= {event["reason"] for event in own}
    none = world.api.get(f"{APPLICATION}/events", params={**query, "resourceUID": "x"}).json()
    assert none["items"] is None


def test_revision_metadata(world: World) -> None:
    revision = world.get()["status"]["sync"]["revision"]
    found = world.api.get(f"{APPLICATION}/revisions/{revision}/metadata").json()
    assert (found["author"], found["message"]) == ("Robot <robot@example.com>", "chore: update")
    branch = world.api.get(f"{APPLICATION}/revisions/main/metadata")
    assert error(branch) == (500, 2, "revision main must be resolved")


def test_nothing_to_terminate(world: World) -> None:
    headers = {"Content-Type": "application/json"}
    answer = world.api.delete(f"{APPLICATION}/operation", headers=headers)
    text = "Unable to terminate operation. No operation is in progress"
    assert error(answer) == (400, 3, text)


def test_unreadable_body_and_unknown_revision(world: World) -> None:
    headers = {"Content-Type": "application/json"}
    broken = world.api.post(f"{APPLICATION}/sync", content=b"{", headers=headers)
    assert error(broken)[:2] == (400, 3)
    unknown = world.sync(revision="no-such-branch")
    text = "error resolving repo revision: unable to resolve 'no-such-branch' to a commit SHA"
    assert error(unknown) == (400, 9, text)
    assert "operation" not in world.get()


def test_project_of_a_sync_goes_in_the_body(world: World) -> None:
    assert world.sync("gone", project="default").status_code == 404
    path = "/api/v1/applications/gone/sync?project=default"
    assert world.api.post(path, json={}).status_code == 403


def test_page_for_people_is_escaped(world: World, anonymous: httpx.Client) -> None:
    world.add("odd", labels={}, project="<b>default</b>")
    page = anonymous.get("/applications/argocd/odd")
    assert page.headers["content-type"].startswith("text/html")
    assert "&lt;b&gt;default" in page.text
    assert anonymous.get("/applications/argocd/nothing").status_code == 404
    world.argocd.store.delete("odd")


def hook(world: World, secret: str, payload: Any, event: str = "push") -> int:
    content = json.dumps(payload).encode()
    digest = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    headers = {"X-GitHub-Event": event, "X-Hub-Signature-256": f"sha256={digest}"}
    with world.client() as client:
        return client.post("/api/webhook", content=content, headers=headers).status_code


def test_webhook_is_signed_and_picks_by_repository_and_branch(world: World) -> None:
    repository = {"clone_url": "https://git.example.com/team/gitops"}
    push = {"ref": "refs/heads/main", "repository": repository}
    before = world.get()["metadata"]["resourceVersion"]
    assert hook(world, "wrong", push) == 400
    assert hook(world, "hook-secret", push, event="issues") == 400
    assert hook(world, "hook-secret", {**push, "ref": "refs/heads/other"}) == 200
    assert world.get()["metadata"]["resourceVersion"] == before
    assert hook(world, "hook-secret", push) == 200
    world.until(lambda each: each["metadata"]["resourceVersion"] != before)
    with world.client() as client:
        assert client.get("/api/webhook").status_code == 405


def test_bodies_are_checked_strictly() -> None:
    with pytest.raises(jsonschema.ValidationError, match="unexpected"):
        check({"$ref": "#/definitions/v1alpha1SyncStatus"}, {"status": "Synced", "sha": "x"})
