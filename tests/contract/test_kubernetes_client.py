"""What the Kubernetes client asks, and which error each answer is."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipway.clients.kubernetes import Client
from slipway.clients.kubernetes_failures import Gone, Outdated, UnknownType
from slipway.clients.kubernetes_resources import APPLICATION, POD, POD_LOG
from slipway.errors import Final, InvalidInput, NotFound, Retryable, SlipwayError, Unauthorized
from tests.contract.kubernetes_place import TOKEN, Said, saying, status

BOOKS = {"metadata": {"name": "books", "resourceVersion": "7"}, "spec": {}}
OBJECT = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Said, Client]]:
    with saying(tmp_path) as both:
        yield both


def get(client: Client) -> Any:
    return client.get(APPLICATION, "argocd", "books", 5)


def failed(place: tuple[Said, Client], code: int, value: Any, **headers: str) -> SlipwayError:
    said, client = place
    said.say(code, value, **headers)
    with pytest.raises(SlipwayError) as error:
        get(client)
    return error.value


def test_an_object_is_read_as_who_the_kubeconfig_names(place: tuple[Said, Client]) -> None:
    said, client = place
    said.say(200, BOOKS)
    assert get(client) == BOOKS
    assert said.asked[0]["path"] == f"{OBJECT}/books"
    assert said.asked[0]["headers"]["authorization"] == f"Bearer {TOKEN}"


def test_a_name_cannot_leave_its_place_in_the_path(place: tuple[Said, Client]) -> None:
    said, client = place
    said.say(200, BOOKS)
    client.get(APPLICATION, "argocd", "../../pods", 5)
    assert said.asked[0]["path"] == f"{OBJECT}/..%2F..%2Fpods"


def test_a_list_is_read_page_by_page(place: tuple[Said, Client]) -> None:
    said, client = place
    said.say(200, {"metadata": {"resourceVersion": "9", "continue": "more"}, "items": [BOOKS]})
    said.say(200, {"metadata": {"resourceVersion": "9"}, "items": [BOOKS]})
    listing = client.list(POD, "shop", 5, labels="app=books", fields="status.phase=Running")
    assert (len(listing.items), listing.version) == (2, "9")
    first, second = (asked["query"] for asked in said.asked)
    assert (first["labelSelector"], first["fieldSelector"]) == ("app=books", "status.phase=Running")
    assert second["continue"] == "more"


def test_an_empty_list_may_be_null(place: tuple[Said, Client]) -> None:
    said, client = place
    said.say(200, {"metadata": {}, "items": None})
    assert client.list(POD, "shop", 5).items == ()


def test_S68_a_patch_is_a_merge_patch_and_names_the_version_it_was_decided_on(
    place: tuple[Said, Client],
) -> None:
    said, client = place
    said.say(200, BOOKS)
    change = {"metadata": {"annotations": {"a": "b"}}, "status": {"operationState": None}}
    client.patch(APPLICATION, "argocd", "books", change, 5, version="7")
    asked = said.asked[0]
    assert (asked["method"], asked["headers"]["content-type"]) == (
        "PATCH",
        "application/merge-patch+json",
    )
    assert asked["body"]["metadata"] == {"annotations": {"a": "b"}, "resourceVersion": "7"}
    assert asked["body"]["status"] == {"operationState": None}


def test_S68_a_conflict_says_that_the_object_must_be_read_again(
    place: tuple[Said, Client],
) -> None:
    error = failed(place, 409, status(409, "Conflict", "the object has been modified"))
    assert isinstance(error, Outdated)


def test_a_missing_object_and_a_missing_permission_differ(place: tuple[Said, Client]) -> None:
    missing = status(404, "NotFound", 'applications.argoproj.io "books" not found', name="books")
    assert isinstance(failed(place, 404, missing), NotFound)


def test_a_missing_permission_names_the_rule_that_gives_it(place: tuple[Said, Client]) -> None:
    error = failed(place, 403, status(403, "Forbidden", "User cannot get", name="books"))
    assert isinstance(error, Unauthorized)
    assert "'get' on 'applications.argoproj.io' in namespace argocd" in error.hint


def test_a_refused_credential_names_where_it_came_from(place: tuple[Said, Client]) -> None:
    error = failed(place, 401, status(401, "Unauthorized", f"no Bearer {TOKEN}"))
    assert isinstance(error, Unauthorized)
    assert "kubeconfig" in error.hint
    assert TOKEN not in str(error)


def test_S37_an_unknown_type_is_worth_a_minute_and_then_final(tmp_path: Path) -> None:
    now = [0.0]
    with saying(tmp_path) as (said, client):
        patient = Client(client._connection, clock=lambda: now[0])
        said.say(404, b"404 page not found\n")
        with pytest.raises(UnknownType, match=r"does not know applications\.argoproj\.io"):
            get(patient)
        now[0] = 59.0
        with pytest.raises(Retryable):
            patient.list(APPLICATION, "argocd", 5)
        now[0] = 61.0
        with pytest.raises(NotFound, match=r"argoproj\.io/v1alpha1"):
            get(patient)


def test_S37_S82_a_version_that_was_removed_is_named_with_those_there_are(tmp_path: Path) -> None:
    now = [0.0]
    with saying(tmp_path) as (said, client):
        patient = Client(client._connection, clock=lambda: now[0])
        for _ in range(2):
            said.say(404, b"404 page not found\n")
        said.say(200, {"versions": [{"version": "v1"}]})
        with pytest.raises(UnknownType):
            get(patient)
        now[0] = 61.0
        with pytest.raises(NotFound, match=r"it has argoproj\.io/v1\n"):
            get(patient)


def test_a_list_that_never_ends_ends_in_time(place: tuple[Said, Client]) -> None:
    said, client = place
    said.say(200, {"metadata": {"continue": "more"}, "items": []})
    with pytest.raises(Retryable, match="not complete in time"):
        client.list(POD, "shop", 0.5)


def test_S37_a_type_that_came_back_has_its_minute_again(tmp_path: Path) -> None:
    now = [0.0]
    with saying(tmp_path) as (said, client):
        patient = Client(client._connection, clock=lambda: now[0])
        said.say(404, b"404 page not found\n")
        said.say(200, BOOKS)
        said.say(404, b"404 page not found\n")
        with pytest.raises(UnknownType):
            get(patient)
        assert get(patient) == BOOKS
        now[0] = 61.0
        with pytest.raises(UnknownType):
            get(patient)


@pytest.mark.parametrize(
    ("code", "kind"),
    [(400, InvalidInput), (415, InvalidInput), (422, InvalidInput), (410, Gone)]
    + [(code, Retryable) for code in (429, 500, 502, 503, 504)]
    + [(code, Final) for code in (301, 418)],
)
def test_S31_each_status_has_its_error(
    place: tuple[Said, Client], code: int, kind: type[SlipwayError]
) -> None:
    error = failed(place, code, status(code, "Reason", "the server's words"))
    assert isinstance(error, kind)
    assert "the server's words" in error.message


def test_S31_a_busy_server_says_how_long_to_stay_away(place: tuple[Said, Client]) -> None:
    error = failed(place, 429, b"Too many requests", retry_after="3")
    assert isinstance(error, Retryable)
    assert error.retry_after == 3.0


def test_an_html_page_is_not_quoted(place: tuple[Said, Client]) -> None:
    error = failed(place, 502, b"<html><body>Bad gateway</body></html>")
    assert isinstance(error, Retryable)
    assert "HTML page" in error.message


def test_an_answer_that_is_cut_off_is_not_an_empty_one(place: tuple[Said, Client]) -> None:
    assert isinstance(failed(place, 200, b'{"metadata": {"na'), Retryable)


def test_the_end_of_a_log_is_shown_without_credentials(place: tuple[Said, Client]) -> None:
    said, client = place
    said.say(200, f"one\ntwo\nBearer {TOKEN}\n".encode())
    assert client.log("shop", "books-1", "server", 2, 5) == ("two", "Bearer ***")
    assert said.asked[0]["path"] == "/api/v1/namespaces/shop/pods/books-1/log"
    assert said.asked[0]["query"]["tailLines"] == "2"


def test_what_we_may_is_asked_of_the_cluster(place: tuple[Said, Client]) -> None:
    said, client = place
    said.say(201, {"status": {"allowed": True}})
    assert client.may("get", POD_LOG, "shop", "", 5)
    wanted = said.asked[0]["body"]["spec"]["resourceAttributes"]
    assert (wanted["verb"], wanted["resource"], wanted["subresource"]) == ("get", "pods", "log")


def test_the_versions_of_a_group_are_those_the_server_has(place: tuple[Said, Client]) -> None:
    said, client = place
    said.say(200, {"versions": [{"version": "v2"}, {"version": "v2beta2"}]})
    said.say(404, b"404 page not found")
    assert client.versions("helm.toolkit.fluxcd.io", 5) == ("v2", "v2beta2")
    assert client.versions("helm.toolkit.fluxcd.io", 5) == ()


def event(kind: str, value: Any) -> bytes:
    return json.dumps({"type": kind, "object": value}).encode() + b"\n"


def test_a_watch_tells_changes_of_one_object_after_a_version(place: tuple[Said, Client]) -> None:
    said, client = place
    mark = {"kind": "Application", "metadata": {"resourceVersion": "8"}}
    said.say(200, event("MODIFIED", BOOKS) + event("BOOKMARK", mark))
    changes = list(client.watch(APPLICATION, "argocd", "6", 3, name="books"))
    assert [(c.type, c.version) for c in changes] == [("MODIFIED", "7"), ("BOOKMARK", "8")]
    query = said.asked[0]["query"]
    assert (query["watch"], query["resourceVersion"], query["timeoutSeconds"]) == ("true", "6", "3")
    assert query["fieldSelector"] == "metadata.name=books"


@pytest.mark.parametrize("early", [True, False])
def test_S50_a_watch_from_a_forgotten_version_is_told_apart(
    place: tuple[Said, Client], early: bool
) -> None:
    said, client = place
    expired = status(410, "Expired", "too old resource version: 6 (48)")
    said.say(410, expired) if early else said.say(200, event("ERROR", expired))
    with pytest.raises(Gone):
        list(client.watch(APPLICATION, "argocd", "6", 3))
