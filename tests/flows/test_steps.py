"""The policy that every step shares, and what Prefect keeps of a step."""

import asyncio
import importlib
import pkgutil
from types import ModuleType

import httpx
import pytest
from prefect import Flow, Task
from prefect.client.schemas.objects import TaskRun
from prefect.states import exception_to_failed_state
from pydantic import SecretStr

import flows
import tasks
from flows.serve import FLOWS, deployments
from slipway import errors
from slipway.errors import Final, Retryable, SlipwayError
from tasks.retries import is_retryable

FINAL = [
    each
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, SlipwayError) and not issubclass(each, Retryable)
]


def _members(package: ModuleType, kind: type) -> dict[str, object]:
    found: dict[str, object] = {}
    for module in pkgutil.iter_modules(package.__path__):
        loaded = importlib.import_module(f"{package.__name__}.{module.name}")
        found |= {name: each for name, each in vars(loaded).items() if isinstance(each, kind)}
    return found


STEPS = {name: each for name, each in _members(tasks, Task).items() if isinstance(each, Task)}


def _retried(error: Exception) -> bool:
    state = asyncio.run(exception_to_failed_state(error))
    run = TaskRun(task_key="release", dynamic_key="0")
    return is_retryable(STEPS["cut_release"], run, state)


@pytest.mark.parametrize(
    "error",
    [Retryable("the registry is away", "wait"), httpx.ConnectError("Prefect's API is away")],
    ids=lambda error: type(error).__name__,
)
def test_A49_what_may_pass_is_tried_again(error: Exception) -> None:
    assert _retried(error)


@pytest.mark.parametrize("kind", [*FINAL, RuntimeError, TypeError])
def test_A49_any_other_failure_is_not(kind: type[Exception]) -> None:
    error = kind("no", "ask a person") if issubclass(kind, SlipwayError) else kind("a mistake")
    assert not _retried(error)


def test_final_errors_are_known() -> None:
    assert Final in FINAL
    assert len(FINAL) > 5


def test_every_step_is_found() -> None:
    assert {"cut_release", "build_image", "update_gitops", "wait_for_sync", "smoke_test"} <= set(
        STEPS
    )


@pytest.mark.parametrize("name", STEPS)
def test_A49_every_step_has_the_shared_policy(name: str) -> None:
    found = STEPS[name]
    delays = found.retry_delay_seconds
    assert found.retries == 5
    assert found.retry_condition_fn is is_retryable
    assert delays == [1, 2, 4, 8, 16]
    assert found.timeout_seconds


@pytest.mark.parametrize("name", STEPS)
def test_every_step_is_stored_as_json(name: str) -> None:
    assert STEPS[name].persist_result is True
    assert STEPS[name].result_serializer == "json"


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_every_flow_is_stored_as_json(flow: Flow[..., object]) -> None:
    assert flow.persist_result is True
    assert flow.result_serializer == "json"


def test_every_flow_is_served() -> None:
    assert {each.name for each in FLOWS} | {"reap", "watch", "report"} == {
        each.name for each in _members(flows, Flow).values() if isinstance(each, Flow)
    }


@pytest.mark.parametrize("number", range(len(FLOWS)), ids=[flow.name for flow in FLOWS])
def test_X11_no_parameter_of_a_deployment_is_a_secret(number: int) -> None:
    schema = deployments("books-api")[number]._parameter_openapi_schema.model_dump_json()
    assert '"service"' in schema
    assert "password" not in schema
    assert "writeOnly" not in schema
    for parameter, annotation in FLOWS[number].fn.__annotations__.items():
        assert annotation is not SecretStr, parameter


@pytest.mark.parametrize("number", range(len(FLOWS)), ids=[flow.name for flow in FLOWS])
def test_a_served_flow_is_loaded_as_a_module(number: int) -> None:
    """A file entrypoint would load a second copy, and shadow other modules by its folder."""
    entrypoint = str(deployments("books-api")[number].entrypoint)
    assert entrypoint.startswith("flows.")
    assert "/" not in entrypoint
