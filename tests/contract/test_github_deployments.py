"""What is shown at GitHub about a delivery: deployments of an environment, statuses of a commit."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipway.clients.github import Forbidden
from slipway.errors import Final
from tests.contract.forge_place import SILENT, Forge, a_forge


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    with a_forge(tmp_path) as forge:
        forge.git("tag", "v1.0.0", "main")
        yield forge


def states(forge: Forge, number: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = forge.call("GET", f"/deployments/{number}/statuses").json()
    return found


def shown(forge: Forge, run: str = "run-1", environment: str = "staging") -> int:
    with forge.client() as github:
        return github.deployment("v1.0.0", environment, run, production=False)


def test_a_run_has_one_deployment_in_an_environment_however_often_it_asks(forge: Forge) -> None:
    numbers = {shown(forge) for _ in range(3)}
    assert len(numbers) == 1
    (made,) = forge.call("GET", "/deployments").json()
    assert (made["ref"], made["environment"], made["sha"]) == ("v1.0.0", "staging", forge.head())
    assert made["payload"] == {"slipway_run": "run-1"}
    assert shown(forge, run="run-2") not in numbers
    assert shown(forge, environment="production") not in numbers


def test_how_it_stands_is_told_with_the_address_of_the_environment(forge: Forge) -> None:
    number = shown(forge)
    with forge.client() as github:
        for state, said in (("in_progress", "on its way"), ("success", "proven\nin staging")):
            github.show_deployment(
                number, state, said,  # type: ignore[arg-type]
                log="https://prefect.example.com/runs/1", address="https://shop.example.com/",
            )  # fmt: skip
    newest, first = states(forge, number)
    assert (first["state"], newest["state"]) == ("in_progress", "success")
    assert newest["environment_url"] == "https://shop.example.com/"
    assert newest["log_url"] == "https://prefect.example.com/runs/1"
    assert "\n" not in newest["description"]


def test_a_success_takes_the_place_of_the_one_before(forge: Forge) -> None:
    first, second = shown(forge), shown(forge, run="run-2")
    with forge.client() as github:
        for number in (first, second):
            github.show_deployment(number, "success", "proven", log="", address="")
    assert states(forge, first)[0]["state"] == "inactive"
    assert states(forge, second)[0]["state"] == "success"


def test_a_long_text_is_cut_to_what_github_takes(forge: Forge) -> None:
    number = shown(forge)
    with forge.client() as github:
        github.show_deployment(number, "failure", "x" * 5000, log="", address="")
        github.show_status(forge.head(), "slipway/staging", "failure", "x" * 5000, "")
    assert len(states(forge, number)[0]["description"]) <= 140


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("in_progress", "pending"), ("success", "success"), ("failure", "failure"),
        ("error", "error"),
    ],
)  # fmt: skip
def test_a_status_of_the_commit_is_told_in_github_s_words(
    forge: Forge, state: Any, told: str
) -> None:
    with forge.client() as github:
        github.show_status(forge.head(), "slipway/staging", state, "as it is", "https://x.example/")
    (status,) = forge.call("GET", f"/commits/{forge.head()}/statuses").json()
    assert (status["state"], status["context"]) == (told, "slipway/staging")
    assert status["target_url"] == "https://x.example/"


def test_a_token_without_the_right_is_told_so(forge: Forge) -> None:
    with forge.client(SILENT) as github:
        with pytest.raises(Forbidden):
            github.deployment("v1.0.0", "staging", "run-1", production=False)
        with pytest.raises(Forbidden):
            github.show_status(forge.head(), "slipway/staging", "success", "proven", "")


def test_a_tag_that_is_not_there_is_an_error(forge: Forge) -> None:
    with forge.client() as github, pytest.raises(Final, match="No ref found"):
        github.deployment("v9.9.9", "staging", "run-1", production=False)
