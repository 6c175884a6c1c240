"""The Argo CD stand-in's stream: framing, silence, keep-alive, order."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.contract.argocd_answers import SWAGGER, check
from tests.contract.argocd_world import ROBOT, World, running
from tests.contract.sample_image import image_registry

STREAM = "/api/v1/stream/applications"
SSE = {"Authorization": f"Bearer {ROBOT.token}", "Accept": "text/event-stream"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One application, not synced, that changes only when it is refreshed."""
    root = tmp_path_factory.mktemp("world")
    with image_registry(root / "registry") as images, running(root, images) as ready:
        ready.push_values(tag="1.0.0")
        ready.add(automatic=False)
        ready.until(lambda each: each["status"]["sync"].get("status") == "OutOfSync")
        ready.argocd.controls.keep_alive = 0.3
        yield ready


@contextmanager
def raw(world: World, headers: dict[str, str], **query: str) -> Iterator[httpx.Response]:
    timeout = httpx.Timeout(5, read=1.5)
    with (
        httpx.Client(base_url=world.server.url, verify=False, timeout=timeout) as client,
        client.stream("GET", STREAM, params=query, headers=headers) as response,
    ):
        yield response


def first_bytes(response: httpx.Response, until: bytes) -> bytes:
    seen = b""
    for chunk in response.iter_raw():
        seen += chunk
        if until in seen:
            break
    return seen


def test_server_sent_events_have_a_space_and_three_line_feeds(world: World) -> None:
    with raw(world, SSE) as response:
        assert response.headers["content-type"] == "text/event-stream"
        seen = first_bytes(response, b"\n\n\n")
    assert seen.startswith(b'data: {"result": {"type": "ADDED"')
    assert seen.endswith(b"} \n\n\n")


def test_keep_alive_comes_only_after_the_first_event(world: World) -> None:
    with raw(world, SSE) as response:
        assert first_bytes(response, b"\n:\n").endswith(b"\n\n\n:\n")


def test_default_is_one_line_of_json_an_event(world: World) -> None:
    headers = {"Authorization": f"Bearer {ROBOT.token}"}
    with raw(world, headers) as response:
        assert response.headers["content-type"] == "application/json"
        line = first_bytes(response, b"\n")
    schema = SWAGGER["paths"][STREAM]["get"]["responses"]["200"]["schema"]
    check(schema, json.loads(line))


@pytest.mark.parametrize("query", [{"name": "gone"}, {"projects": "other"}])
def test_no_match_means_no_status_line_at_all(world: World, query: dict[str, str]) -> None:
    with pytest.raises(httpx.ReadTimeout), raw(world, SSE, **query):
        pass


def test_refusal_has_the_status_and_the_framing_of_the_stream(world: World) -> None:
    error = {"grpc_code": 16, "http_code": 401, "message": "no session information"}
    whole = {"error": {**error, "http_status": "Unauthorized"}}
    with raw(world, {"Accept": "text/event-stream"}) as response:
        assert response.status_code == 401
        assert response.read().startswith(b'data: {"error": ')
    with raw(world, {}) as response:
        assert json.loads(response.read()) == whole


def test_equal_messages_are_left_out_after_the_fields_are_filtered(world: World) -> None:
    recorder = world.record(fields="result.type,result.application.metadata.name")
    whole = world.record()
    world.until(lambda _: recorder.events() and whole.events())
    for _ in range(2):
        world.refresh()
    world.until(lambda _: len(whole.events()) > 3)
    kinds = [event["type"] for event in recorder.events()]
    assert kinds == ["ADDED", "MODIFIED"]
    versions = [int(each["metadata"]["resourceVersion"]) for each in whole.applications()]
    assert versions == sorted(set(versions))


def test_with_a_version_there_is_no_first_list(world: World) -> None:
    version = world.get()["metadata"]["resourceVersion"]
    recorder = world.record(resourceVersion=version)
    time.sleep(0.3)
    assert recorder.lines == []
    world.refresh()
    world.until(lambda _: recorder.events())
    assert recorder.events()[0]["type"] == "MODIFIED"


def test_deleted_application_is_told_to_the_stream(world: World) -> None:
    world.add("doomed", automatic=False)
    recorder = world.record(name="doomed")
    # Subscribed, not only listed: what happens in between is lost, as with the original.
    world.until(lambda _: ":" in recorder.lines)
    world.argocd.store.delete("doomed")
    world.until(lambda _: recorder.events()[-1]["type"] == "DELETED")
