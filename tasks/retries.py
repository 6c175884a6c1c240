"""The policy every step shares: which failures are tried again, how often, and after how long."""

import functools
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import httpx
from prefect import Task, task
from prefect.cache_policies import DEFAULT, CachePolicy
from prefect.client.schemas.objects import State, TaskRun
from prefect.exceptions import PrefectHTTPStatusError
from prefect.tasks import exponential_backoff

from slipway.errors import Retryable
from tasks.fence import require_ours

P = ParamSpec("P")
R = TypeVar("R")


LONGEST_WAIT = 900.0  # seconds a server may make us wait before one more attempt

# Our clients let no httpx error out, so one that arrives here is from Prefect's own API.
_WORTH_ANOTHER_TRY = (Retryable, httpx.TransportError, PrefectHTTPStatusError)


def is_retryable(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """The retryable family and trouble with Prefect's API; everything else needs a person.

    Where a server said how long to wait, that wait comes first, on top of the policy's own.
    """
    error = state.result(raise_on_failure=False)
    if isinstance(error, Retryable) and error.retry_after:
        time.sleep(min(error.retry_after, LONGEST_WAIT))
    return isinstance(error, _WORTH_ANOTHER_TRY)


def step(
    name: str, run_name: str, timeout: float, cache: CachePolicy = DEFAULT
) -> Callable[[Callable[P, R]], Task[P, R]]:
    """A task with the shared policy: five more attempts after about 1, 2, 4, 8 and 16 s.

    Its result is stored, so a resumed or retried run does not repeat what had succeeded; a failed
    task is never found in the store, so it runs again. Nothing is done by a process that has lost
    its run. `timeout` is in seconds.
    """
    made = task(
        name=name,
        task_run_name=run_name,
        timeout_seconds=timeout,
        retries=5,
        retry_delay_seconds=exponential_backoff(backoff_factor=1),
        retry_jitter_factor=0.5,
        retry_condition_fn=is_retryable,
        persist_result=True,
        result_serializer="json",
        cache_policy=cache,
    )
    return lambda body: made(_fenced(body))


def _fenced(body: Callable[P, R]) -> Callable[P, R]:
    @functools.wraps(body)  # Prefect reads parameters and source from it
    def fenced(*args: P.args, **kwargs: P.kwargs) -> R:
        require_ours()
        return body(*args, **kwargs)

    return fenced
