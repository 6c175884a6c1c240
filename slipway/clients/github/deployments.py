"""What is shown about a delivery: a deployment into an environment, and a status of the commit."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import BeforeValidator, TypeAdapter

from slipway.clients.github.answers import decoded
from slipway.clients.github.transport import Transport
from slipway.clients.github.values import Answer
from slipway.text import printable

State = Literal["in_progress", "success", "failure", "error"]
_LONGEST = 140  # characters of a description, by GitHub's rule
_STATUS: dict[State, str] = {
    "in_progress": "pending", "success": "success", "failure": "failure", "error": "error",
}  # fmt: skip
_OBJECT = BeforeValidator(lambda value: value if isinstance(value, dict) else {})


class _Deployment(Answer):
    id: int
    payload: Annotated[dict[str, Any], _OBJECT]


_ONE, _LIST = TypeAdapter(_Deployment), TypeAdapter(list[_Deployment])


class Deployments(Transport):
    """Part of the GitHub client."""

    def deployment(self, ref: str, environment: str, run: str, *, production: bool) -> int:
        """Number of this run's deployment of a tag into an environment; made where it is missing.

        Merges nothing and waits for no check: what is deployed was decided elsewhere.
        """
        what = f"show {ref} in {environment} of {self.name}"
        asked = urlencode({"task": "deploy", "ref": ref, "environment": environment})
        for page in self._pages(f"{self._path}/deployments?{asked}", _LIST, what):
            for found in page:
                if found.payload.get("slipway_run") == run:
                    return found.id
        body = {
            "ref": ref,
            "environment": environment,
            "production_environment": production,
            "auto_merge": False,
            "required_contexts": [],
            "payload": {"slipway_run": run},
            "description": "Slipway",
        }
        made = self._send("POST", f"{self._path}/deployments", what, json=body)
        return decoded(_ONE, made, what).id

    def show_deployment(
        self, number: int, state: State, said: str, *, log: str, address: str
    ) -> None:
        """Tell how it stands; `address` is where the environment answers."""
        body = {
            "state": state,
            "description": printable(said, _LONGEST),
            "log_url": log,
            "environment_url": address,
        }
        what = f"show deployment {number} of {self.name}"
        self._send("POST", f"{self._path}/deployments/{number}/statuses", what, json=body)

    def show_status(self, sha: str, context: str, state: State, said: str, log: str) -> None:
        """Tell it beside the commit; a later one of the same context takes its place."""
        body = {
            "state": _STATUS[state],
            "context": context,
            "description": printable(said, _LONGEST),
            "target_url": log or None,
        }
        what = f"show a status of {sha[:10]} in {self.name}"
        self._send("POST", f"{self._path}/statuses/{sha}", what, json=body)
