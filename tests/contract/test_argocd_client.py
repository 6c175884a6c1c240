"""The Argo CD client against the stand-in."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from sandbox.argocd.accounts import api_key
from sandbox.serving import Fault, Receive, Scope, Send, served
from slipway.clients.argocd import connect
from slipway.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    Retryable,
    SlipwayError,
    Unauthorized,
)
from slipway.service import Application
from slipway.settings import Settings
from tests.contract.argocd_client import canned, client
from tests.contract.argocd_world import ROBOT, STRANGER, WATCHER, World, running
from tests.contract.sample_image import image_registry

BOOKS = Application(name="books")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One live application that nobody syncs by itself."""
    root = tmp_path_factory.mktemp("world")
    with image_registry(root / "registry") as images, running(root, images) as ready:
        revision = ready.push_image("1.0.0")
        ready.add(automatic=False)
        ready.refresh()
        assert ready.sync().status_code == 200
        ready.until_live(revision)
        yield ready


@pytest.fixture(autouse=True)
def quiet(world: World) -> Iterator[None]:
    yield
    world.server.traffic.faults.clear()
    world.argocd.thaw()


def refusal(world: World, application: Application, token: str = ROBOT.token) -> SlipwayError:
    with client(world.server.url, token) as argocd, pytest.raises(SlipwayError) as refused:
        argocd.application(application, 5)
    return refused.value


def test_an_application_its_workload_and_its_events_can_be_read(world: World) -> None:
    with client(world.server.url) as argocd:
        read = argocd.application(BOOKS, 5)
        [resource] = read["status"]["resources"]
        assert argocd.live.manifest(BOOKS, resource, 5)["status"]["availableReplicas"] == 1
        nodes = argocd.live.nodes(BOOKS, 5)
        assert {node["kind"] for node in nodes} == {"Deployment", "ReplicaSet", "Pod"}
        [pod] = [node for node in nodes if node["kind"] == "Pod"]
        reasons = {event["reason"] for event in argocd.live.events(BOOKS, pod, 5)}
        assert "Started" in reasons
        assert argocd.live.events(BOOKS, None, 5)


def test_the_token_is_known_and_may_do_what_its_role_allows(world: World) -> None:
    with client(world.server.url, WATCHER.token) as argocd:
        assert argocd.user(5) == WATCHER.name
        assert argocd.may(BOOKS, "get", 5)
        assert not argocd.may(BOOKS, "sync", 5)
    with client(world.server.url, "not.known.here") as argocd:
        assert argocd.user(5) is None


def test_S09_a_missing_application_is_not_found(world: World) -> None:
    refused = refusal(world, Application(name="gone"))
    assert isinstance(refused, NotFound)
    assert "no application 'gone'" in refused.message


def test_S09_an_application_in_another_project_is_named(world: World) -> None:
    refused = refusal(world, Application(name="books", project="other"))
    assert isinstance(refused, NotFound)
    assert "in project 'default', not in 'other'" in refused.message


def test_S09_a_missing_permission_names_account_and_policy(world: World) -> None:
    refused = refusal(world, BOOKS, STRANGER.token)
    assert isinstance(refused, Unauthorized)
    assert "'stranger' may not get it" in refused.message
    assert "applications, get, default/books" in refused.hint


@pytest.mark.parametrize("token", ["not.known.here", "no-token-at-all"])
def test_S09_a_token_that_is_not_accepted_is_said(world: World, token: str) -> None:
    refused = refusal(world, BOOKS, token)
    assert isinstance(refused, Unauthorized)
    assert token not in str(refused)


def test_S41_a_refresh_that_blocks_gives_up_and_a_plain_get_still_works(world: World) -> None:
    with client(world.server.url) as argocd:
        assert argocd.refresh(BOOKS, "normal", 5)
        world.argocd.freeze()
        assert not argocd.refresh(BOOKS, "normal", 0.3)
        assert argocd.application(BOOKS, 5)["metadata"]["name"] == "books"


def test_S47_a_sync_passes_the_content_type_rule_and_names_its_project(world: World) -> None:
    with client(world.server.url) as argocd:
        revision = world.get()["status"]["sync"]["revision"]
        argocd.sync(BOOKS, revision, None, 5)
        argocd_refuses = Application(name="books", project="other")
        with pytest.raises(NotFound):
            argocd.sync(argocd_refuses, revision, None, 5)
    world.until_live(revision)


@pytest.mark.parametrize("fault", [Fault(drop=True), Fault(lose_answer=True), Fault(status=503)])
def test_S31_a_connection_that_fails_is_retryable(world: World, fault: Fault) -> None:
    world.server.traffic.faults.append(fault)
    assert isinstance(refusal(world, BOOKS), Retryable)


def test_S31_a_refresh_that_cannot_be_sent_is_retryable_not_unanswered(world: World) -> None:
    world.server.traffic.faults.append(Fault(drop=True))
    with client(world.server.url) as argocd, pytest.raises(Retryable):
        argocd.refresh(BOOKS, "normal", 5)


def test_a_path_prefix_is_kept(world: World) -> None:
    async def below(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["path"].startswith("/argo-cd/api/v1/")
        await canned(200, '{"loggedIn":true,"username":"ana"}')(scope, receive, send)

    with served(below) as server, client(f"{server.url}/argo-cd") as argocd:
        assert argocd.user(5) == "ana"
        assert argocd.url.endswith("/argo-cd")


@pytest.mark.parametrize("missing", ["argocd_url", "argocd_token"])
def test_a_missing_setting_is_named(missing: str) -> None:
    known: dict[str, Any] = {
        "argocd_url": "http://127.0.0.1:9",
        "argocd_token": SecretStr(api_key("robot")),
    }
    known.pop(missing)
    with (
        pytest.raises(InvalidInput, match=f"SLIPWAY_{missing.upper()}"),
        connect(Settings(**known)),
    ):
        pass


def test_S55_a_branch_that_does_not_exist_is_not_found(world: World) -> None:
    with client(world.server.url) as argocd, pytest.raises(NotFound) as refused:
        argocd.sync(BOOKS, "no-such-branch", None, 5)
    assert "does not exist" in refused.value.hint


def test_S53_S65_an_automated_application_is_led_by_git_alone(world: World) -> None:
    world.add("auto", automatic=True)
    auto = Application(name="auto")
    with client(world.server.url) as argocd:
        with pytest.raises(Conflict, match="auto-sync currently set to main") as refused:
            argocd.sync(auto, world.get()["status"]["sync"]["revision"], None, 5)
        assert "git revert" in refused.value.hint
        world.ended("auto")  # the operation that automated sync began by itself
        argocd.sync(auto, "", None, 5)


def test_S52_without_a_sync_there_is_nothing_to_end(world: World) -> None:
    with client(world.server.url) as argocd, pytest.raises(Retryable, match="No operation"):
        argocd.terminate(BOOKS, 5)
