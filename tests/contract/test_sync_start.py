"""What is found out before anything is waited for, and what is said about it."""

from typing import Any

import pytest
from pydantic import SecretStr

from sandbox.serving import Fault
from slipway.errors import (
    InvalidInput,
    NotFound,
    NotProven,
    Retryable,
    SlipwayError,
    Unauthorized,
)
from slipway.service import Application, GitOps
from slipway.settings import Settings
from slipway.sync import examine
from tests.contract.argocd_world import GITOPS, ROBOT, STRANGER, WATCHER, World
from tests.contract.sync_wait import MANUAL, live, wait

VALUES = "books/values-staging.yaml"
WRONG = [  # application, token, family, what is said, what to do
    ({}, "not.known.here", Unauthorized, "does not accept the token", "set a new argocd_token"),
    ({}, STRANGER.token, Unauthorized, "'stranger' may not get", "applications, get, default/b"),
    (MANUAL, WATCHER.token, Unauthorized, "may not sync", "applications, sync, default/books"),
    ({"terminate": True}, WATCHER.token, Unauthorized, "may not sync", "applications, sync, d"),
    (
        {"project": "other"},
        ROBOT.token,
        NotFound,
        "in project 'default', not in 'other'",
        "project",
    ),
    ({"name": "gone"}, ROBOT.token, NotFound, "no application 'gone'", "application.name"),
]


def check(argo: World, token: str = ROBOT.token, **application: Any) -> None:
    settings = Settings(argocd_url=argo.server.url, argocd_token=SecretStr(token))
    given = Application(**{"name": "books"} | application)
    examine(given, settings, GitOps(repository=GITOPS))


@pytest.mark.parametrize(("application", "token", "family", "said", "hint"), WRONG)
def test_S72_S09_each_failure_has_its_own_text_and_nothing_is_tried_again(
    argo: World,
    application: dict[str, Any],
    token: str,
    family: type[SlipwayError],
    said: str,
    hint: str,
) -> None:
    revision = live(argo)
    with pytest.raises(SlipwayError) as found:
        check(argo, token, **application)
    assert type(found.value) is family
    assert said in found.value.message
    assert hint in found.value.hint
    argo.server.traffic.reset()
    with pytest.raises(family):
        wait(argo, revision, "1.0.0", token=token, application=application)()
    assert len(argo.server.traffic.requests) <= 6
    assert argo.server.traffic.writes() == []


def test_S72_what_is_right_is_examined_without_a_word_and_without_a_change(argo: World) -> None:
    live(argo)
    check(argo)
    check(argo, WATCHER.token)
    check(argo, **MANUAL)
    assert argo.server.traffic.writes() == []


def test_S28_the_application_and_its_parent_are_both_examined_before_anything(
    argo: World,
) -> None:
    live(argo)
    argo.add("apps")
    check(argo, parent="apps")
    with pytest.raises(Unauthorized, match="read application 'gone': there is none"):
        check(argo, parent="gone")
    with pytest.raises(NotFound, match="no application 'gone'"):
        check(argo, name="gone", parent="apps")
    assert argo.server.traffic.writes() == []


def test_S31_a_server_that_is_busy_at_the_start_is_asked_again(argo: World) -> None:
    live(argo)
    revision = argo.push_image("1.1.0")
    argo.server.traffic.faults.append(Fault(path="userinfo", status=503, times=-1))
    with pytest.raises(Retryable):
        check(argo)
    assert wait(argo, revision, "1.1.0")().observed == revision


def test_S39_an_old_server_is_not_asked_for_what_it_does_not_know(argo: World) -> None:
    argo.add(source={"repoURL": "oci://registry.example.com/charts/books", "targetRevision": "1"})
    check(argo)
    argo.argocd.controls.version = "v3.0.5"
    with pytest.raises(InvalidInput, match=r"v3\.0\.5 does not know oci:// sources"):
        check(argo)


def test_S71_files_that_nobody_reads_end_the_wait_before_it_begins(argo: World) -> None:
    live(argo)
    revision = argo.push_image("1.1.0")
    with pytest.raises(NotProven) as dead:
        wait(argo, revision, "1.1.0", files=("apps/values-old.yaml", "NOTE.md"))()
    assert "'books' is not proven: it does not read apps/values-old.yaml" in dead.value.message
    assert VALUES in dead.value.message
    assert "updates[].file" in dead.value.hint


def test_S71_some_files_that_are_not_read_are_said_once(argo: World) -> None:
    live(argo)
    revision = argo.push_image("1.1.0")
    waiting = wait(argo, revision, "1.1.0", files=("NOTE.md", VALUES))
    assert waiting().observed == revision
    assert sum("does not read NOTE.md" in sentence for sentence in waiting.said) == 1
    quiet = wait(argo, revision, "1.1.0", files=(VALUES,))
    assert quiet().observed == revision
    assert not any("does not read" in sentence for sentence in quiet.said)
