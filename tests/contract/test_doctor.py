"""`slipway check` before a whole world: what it says about each thing that can be wrong."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from sandbox import seed, service_file
from sandbox.serving import Fault
from sandbox.world import World
from slipway.doctor import Finding, examine
from slipway.service import Service
from slipway.settings import PrefectAccess, Settings

AWAY = PrefectAccess(api_url="http://127.0.0.1:9/api")
Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("doctor")) as world:
        for environment in ("staging", "production"):
            _answering(world.url(environment))
        yield world


def _answering(url: str) -> None:
    """Its Pods are up."""
    limit = time.monotonic() + 60
    while True:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url, trust_env=False).is_success:
                return
        assert time.monotonic() < limit, url
        time.sleep(0.1)


@pytest.fixture(autouse=True)
def calm(world: World) -> Iterator[None]:
    yield
    for server in world.servers.values():
        server.traffic.faults.clear()


def settings(world: World, **changed: Any) -> Settings:
    known = {
        name.removeprefix("SLIPWAY_").lower(): value for name, value in world.settings().items()
    }
    return Settings.model_validate({**known, **changed})


def checked(world: World, change: Change = lambda _: None, **changed: Any) -> dict[str, Finding]:
    """What is found about the sample service, changed like that."""
    content = service_file.service(world)
    change(content)
    service = Service.model_validate(content)
    return {each.subject: each for each in examine(service, settings(world, **changed), AWAY)}


def test_all_is_well_and_nothing_was_written(world: World) -> None:
    before = {name: len(server.traffic.writes()) for name, server in world.servers.items()}
    found = checked(world)
    assert {s: f.said for s, f in found.items() if f.outcome != "ok"} == {
        "Prefect": found["Prefect"].said
    }
    assert "the token may push" in found["source"].said
    assert "ask for 1.0.0" in found["staging: files"].said
    reading = {name: len(server.traffic.writes()) for name, server in world.servers.items()}
    more = {name: reading[name] - before[name] for name in reading}
    asked = [r.path for r in world.servers["git"].traffic.writes()[before["git"] :]]
    assert all(path.endswith("git-upload-pack") for path in asked)
    assert {name for name, count in more.items() if count} <= {"git", "argocd", "registry"}
    uploads = world.servers["registry"].traffic.writes()[before["registry"] :]
    assert {r.method for r in uploads if "/blobs/uploads" in r.path} == {"POST", "DELETE"}
    assert {r.method for r in uploads if "/blobs/uploads" not in r.path} <= {"POST"}  # a login
    refreshed = [r.path for r in world.servers["argocd"].traffic.writes()[before["argocd"] :]]
    assert refreshed == []


def test_a_server_that_is_away_is_unknown(world: World) -> None:
    found = checked(world)["Prefect"]
    assert found.outcome == "unknown"
    assert "deliver/books-api" in found.said


def test_an_engine_that_is_away_is_unknown_and_the_rest_is_looked_at(world: World) -> None:
    world.servers["argocd"].traffic.faults.append(Fault(status=503, times=-1))
    found = checked(world)
    assert found["staging: application"].outcome == "unknown"
    assert found["staging: smoke test"].outcome == "ok"
    assert found["source"].outcome == "ok"


def update(number: int, **changed: Any) -> Change:
    def change(content: dict[str, Any]) -> None:
        content["environments"][0]["updates"][number] |= changed

    return change


def application(**changed: Any) -> Change:
    def change(content: dict[str, Any]) -> None:
        content["environments"][0]["application"] |= changed

    return change


def smoke(**changed: Any) -> Change:
    def change(content: dict[str, Any]) -> None:
        content["environments"][0]["smoke"] |= changed

    return change


@pytest.mark.parametrize(
    ("change", "subject", "said", "hint"),
    [
        (
            lambda c: c["source"].update(branch="trunk"),
            "source", "has no branch trunk", "correct the branch",
        ),
        (
            update(0, file="books/api/values-qa.yaml"),
            "staging: files", "there is no file books/api/values-qa.yaml", "slipway manifests",
        ),
        (update(0, key="image.tagg"), "staging: files", "image.tagg", "image.tag"),
        (
            application(name="books-api-qa"),
            "staging: application", "books-api-qa", "",
        ),
        (
            application(sync="manual"),
            "staging: application", "syncs by itself", "sync: automatic",
        ),
        (
            lambda c: c["environments"][1]["application"].update(sync="automatic"),
            "production: application", "would never be applied", "sync: manual",
        ),
        (
            lambda c: c["environments"][0]["updates"].__setitem__(
                slice(None), [{"file": "README.md", "key": "x", "create": True}]
            ),
            "staging: application", "does not", "updates",
        ),
        (smoke(url="http://127.0.0.1:9/books"), "staging: smoke test", "127.0.0.1", ""),
    ],
)  # fmt: skip
def test_each_trouble_has_its_own_words_and_its_fix(
    world: World, change: Change, subject: str, said: str, hint: str
) -> None:
    found = checked(world, change)[subject]
    assert found.outcome != "ok"
    assert said in found.said
    assert hint in found.hint


def test_a_page_that_answers_badly_is_told_with_what_came(world: World) -> None:
    found = checked(world, smoke(url=f"{world.url('staging')}/nowhere"))["staging: smoke test"]
    assert found.outcome == "trouble"
    assert "HTTP 404; expected 200" in found.said


def test_a_token_that_may_not_push_is_told_with_the_right_it_lacks(world: World) -> None:
    found = checked(world, source_token=SecretStr("a-token-that-nobody-knows"))["source"]
    assert found.outcome == "trouble"
    other = checked(world, gitops_token=SecretStr(world.settings()["SLIPWAY_SOURCE_TOKEN"]))
    assert other["GitOps repository"].outcome == "trouble"


def test_a_login_that_may_not_push_is_told(world: World) -> None:
    refused = Fault(method="POST", path="/blobs/uploads/", status=403, times=-1)
    world.servers["registry"].traffic.faults.append(refused)
    found = checked(world)["registry"]
    assert found.outcome == "trouble"
    assert "push to" in found.said


def test_that_rules_guard_a_branch_is_told_where_it_is_pushed_to(world: World) -> None:
    world.git.protect(seed.GITOPS, "main")
    try:
        said = checked(world)["GitOps repository"].said
        by_pull = [
            e | {"write": "pull-request"} for e in service_file.service(world)["environments"]
        ]
        other = checked(world, lambda c: c.update(environments=by_pull))["GitOps repository"]
    finally:
        world.git.unprotect(seed.GITOPS, "main")
    assert "rules guard the branch" in said
    assert (other.outcome, "rules guard" in other.said) == ("ok", False)
    assert "rules guard" not in checked(world)["GitOps repository"].said


def test_a_token_that_may_not_see_pull_requests_is_told_where_they_are_used(world: World) -> None:
    refused = Fault(path="/pulls", status=403, times=-1)
    world.servers["git"].traffic.faults.append(refused)
    mode = {"mode": "pull-request"}
    found = checked(world, lambda c: c["release"].update(mode))["source"]
    assert found.outcome == "trouble"
    assert "pull request" in found.said
    assert checked(world, lambda c: c["release"].update(mode="commit"))["source"].outcome == "ok"


def test_a_missing_setting_is_trouble_of_the_thing_that_needs_it(world: World) -> None:
    found = checked(world, gitops_token=None)
    assert "SLIPWAY_GITOPS_TOKEN is not set" in found["GitOps repository"].said
    assert found["source"].outcome == "ok"


def test_a_login_that_the_registry_does_not_know_is_told(world: World) -> None:
    found = checked(world, registry_password=SecretStr("wrong"))["registry"]
    assert found.outcome == "trouble"


def test_every_update_that_is_wrong_is_told_at_once(world: World) -> None:
    def change(content: dict[str, Any]) -> None:
        first = content["environments"][0]["updates"][0]
        content["environments"][0]["updates"] = [
            first | {"key": "image.tagg"}, first | {"file": "nowhere.yaml"}, first,
        ]  # fmt: skip

    found = checked(world, change)["staging: files"]
    assert found.outcome == "trouble"
    assert "image.tagg" in found.said
    assert "nowhere.yaml" in found.said


def test_a_list_of_people_without_addresses_is_told(world: World) -> None:
    found = checked(world, lambda c: c.update(notify={"to": ["team"]}))["addresses"]
    assert found.outcome == "trouble"
    assert "slipway-notify-list-team" in found.hint
    known = {"team": SecretStr("json://127.0.0.1:9")}
    told = checked(world, lambda c: c.update(notify={"to": ["team"]}), notify_lists=known)
    assert told["addresses"].outcome == "ok"


def test_a_defect_of_one_look_stops_no_other(world: World) -> None:
    service = Service.model_validate(service_file.service(world))
    odd = service.model_copy(update={"image": None})
    found = {each.subject: each for each in examine(odd, settings(world), AWAY)}
    assert found["registry"].outcome == "unknown"
    assert "AttributeError" in found["registry"].said
    assert found["staging: files"].outcome == "ok"


def annotate(world: World, name: str, key: str, value: str | None) -> None:
    def change(application: dict[str, Any]) -> None:
        notes = application["metadata"].setdefault("annotations", {})
        notes.pop(key, None)
        notes |= {key: value} if value else {}

    world.argocd.store.patch(name, change)


def test_an_application_that_must_not_reconcile_is_told(world: World) -> None:
    key = "argocd.argoproj.io/skip-reconcile"
    annotate(world, "books-api-staging", key, "true")
    found = checked(world)["staging: application"]
    annotate(world, "books-api-staging", key, None)
    assert found.outcome == "trouble"
    assert "not to reconcile" in found.said
    assert "skip-reconcile" in found.hint


def test_what_the_engine_complains_about_is_told_with_its_words(world: World) -> None:
    name, file = "books-api-production", "books/api/values-production.yaml"
    before = world.git.read(seed.GITOPS, file)

    def written(content: bytes) -> None:
        world.git.commit(seed.GITOPS, "main", {file: content}, "chore: by hand\n")
        annotate(world, name, "argocd.argoproj.io/refresh", "normal")

    written(b"image: [\n")
    limit = time.monotonic() + 60
    while "ComparisonError" not in (found := checked(world)["production: application"]).said:
        assert time.monotonic() < limit, found
        time.sleep(0.2)
    written(before)
    assert found.outcome == "trouble"
    assert "failed to generate manifest" in found.said


def test_no_secret_is_in_any_finding(world: World) -> None:
    known = settings(world).known_secrets()
    for finding in checked(world).values():
        assert not any(secret in f"{finding.said} {finding.hint}" for secret in known)


def test_the_sample_s_place_is_left_as_it_was(world: World, tmp_path: Path) -> None:
    head = world.git.head(seed.GITOPS)
    checked(world)
    assert world.git.head(seed.GITOPS) == head
