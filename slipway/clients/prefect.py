"""The Prefect client: the few calls of its REST API that answer a question or start a run.

No secret of a delivery is sent; what is read of a run is its state and the question it waits with.
"""

from collections.abc import Collection
from functools import cached_property
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

import httpx
from pydantic import SecretStr, ValidationError

from slipway.clients.http import client, failure, send
from slipway.decision import OpenQuestion
from slipway.errors import Conflict, Final, InvalidInput, NotFound
from slipway.text import printable
from slipway.value import Value

_CREATED = 201  # 200 for a run that was there already
_NO_CSRF = 422  # the server has no such protection
_MISSING = 404
_NO_ROUTE = {"detail": "Not Found"}  # a thing that is missing has a name in this sentence
_QUESTION = "slipway-question"  # type of the artifact that holds a question


class Run(Value):
    """One flow run, as far as it is needed to answer it."""

    id: str
    name: str
    state: str  # name
    waits: bool
    key: str  # of the input it waits for; empty: for none


class Prefect:
    """One Prefect server; `auth` is "user:password", where the server asks for it."""

    def __init__(self, url: str, auth: SecretStr | None) -> None:
        user, _, password = auth.get_secret_value().partition(":") if auth else ("", "", "")
        self._http: httpx.Client = client(url, auth=(user, password) if auth else None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._http.close()

    def run(self, name: str) -> Run:
        """The run of an id, or the one suspended run that is called so. NotFound, InvalidInput."""
        try:
            return self._run(str(UUID(name)))
        except ValueError:
            pass
        wanted = {
            "flow_runs": {"name": {"any_": [name]}, "state": {"type": {"any_": ["PAUSED"]}}},
            "limit": 2,
        }
        found = self._post("/flow_runs/filter", wanted, f"find the run {printable(name)}")
        if not found:
            raise NotFound(
                f"no run called {printable(name)} waits for an answer",
                "give the id from the address of the run's page",
            )
        if len(found) > 1:
            ids = ", ".join(str(each["id"]) for each in found)
            raise InvalidInput(f"several runs are called {printable(name)}", f"name one: {ids}")
        return _read(found[0])

    def _run(self, run: str) -> Run:
        what = f"read run {run}"
        return _read(self._asked("GET", f"/flow_runs/{run}", what)[1])

    def question(self, run: Run) -> OpenQuestion:
        """The question a run waits with. Raises Conflict where it waits for none."""
        if not run.waits:
            raise Conflict(
                f"run {run.name} ({run.id}) is {run.state}: it waits for no answer",
                "nothing was sent; look at the run's page",
            )
        asked = {
            "artifacts": {"flow_run_id": {"any_": [run.id]}, "type": {"any_": [_QUESTION]}},
            "sort": "CREATED_DESC",
            "limit": 1,
        }
        found = self._post("/artifacts/filter", asked, f"read the question of run {run.id}")
        try:
            question = OpenQuestion.model_validate_json(found[0]["data"])
        except (IndexError, KeyError, TypeError, ValidationError):
            raise Final(
                f"run {run.name} waits, and not with a question of ours",
                "answer it on its page in the Prefect UI",
            ) from None
        if run.key and question.key not in run.key:
            raise Conflict(
                f"run {run.name} is about to ask another question", "wait a moment and try again"
            )
        return question

    def answer(self, run: Run, answer: dict[str, str]) -> None:
        """Resume the run with an answer; it may be repeated, one answer counts.

        Raises Conflict where the server does not take it (it says so with status 200).
        """
        what = f"answer run {run.id}"
        said = self._post(f"/flow_runs/{run.id}/resume", {"run_input": answer}, what)
        if said.get("status") != "ACCEPT":
            reason = printable(str((said.get("details") or {}).get("reason") or said), 500)
            raise Conflict(
                f"the answer to run {run.name} was not taken: {reason}",
                "look at the run: it may have been answered, or its time may be over",
            )

    def start(self, deployment: str, parameters: dict[str, str], key: str) -> tuple[str, bool]:
        """The run of a deployment with this idempotency key, and whether it is new.

        Raises NotFound where the deployment does not exist; Retryable, Unauthorized.
        """
        what = f"start {deployment}"
        found = self.deployment(deployment, what)
        body = {"parameters": parameters, "idempotency_key": key}
        status, made = self._sent(f"/deployments/{found}/create_flow_run", body, what)
        return str(made["id"]), status == _CREATED

    def deployment(self, name: str, what: str = "") -> str:
        """Id of a deployment, called FLOW/NAME. NotFound, Retryable, Unauthorized."""
        what = what or f"find the deployment {name}"
        return str(self._asked("GET", f"/deployments/name/{name}", what)[1]["id"])

    def _post(self, path: str, body: object, what: str) -> Any:
        return self._sent(path, body, what)[1]

    def _sent(self, path: str, body: object, what: str) -> tuple[int, Any]:
        return self._asked("POST", path, what, json=body, headers=self._csrf)

    def _asked(
        self, method: str, path: str, what: str, allow: Collection[int] = (), **options: Any
    ) -> tuple[int, Any]:
        """Status and answer. Raises Final where what answers is not Prefect's API."""
        reply = send(self._http, method, path, what=what, allow={_MISSING, *allow}, **options)
        try:
            answer = reply.json()
        except ValueError:
            answer = _NO_ROUTE
        if answer == _NO_ROUTE:
            raise Final(
                f"could not {what}: {self._http.base_url.host} answers, and is not Prefect's API",
                "check PREFECT_API_URL: it ends in /api",
            )
        if reply.status_code == _MISSING:
            raise failure(reply, what)
        return reply.status_code, answer

    @cached_property
    def _csrf(self) -> dict[str, str]:
        """What a server with CSRF protection wants to see with every POST."""
        sender = str(uuid4())
        where = {"client": sender}
        what = "read a CSRF token"
        status, answer = self._asked("GET", "/csrf-token", what, {_NO_CSRF}, params=where)
        if status == _NO_CSRF:
            return {}
        return {"Prefect-Csrf-Token": answer["token"], "Prefect-Csrf-Client": sender}


def _read(found: dict[str, Any]) -> Run:
    state = found.get("state") or {}
    inputs = (state.get("state_details") or {}).get("run_input_keyset") or {}
    return Run(
        id=str(found["id"]),
        name=printable(str(found.get("name", ""))),
        state=printable(str(state.get("name", "unknown"))),
        waits=state.get("type") == "PAUSED",
        key=str(inputs.get("response", "")),
    )
