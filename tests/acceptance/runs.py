"""What a client of Prefect's API does with runs: start, wait, answer, retry, look."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx

from sandbox.prefect_api import Json, PrefectApi, ended, waiting

PATIENCE = 240  # seconds; the limit of every wait, far above what any needs on an idle machine
ANA = {"decision": "approve", "approver": "ana@example.com", "reason": "staging looks good"}


class Runs:
    """The flow runs of one Prefect server."""

    def __init__(self, url: str) -> None:
        self.api = PrefectApi(url)

    def deliver(self, service: str) -> str:
        return self.api.start(f"deliver/{service}", {"service": service})

    def promote(self, service: str, version: str, environment: str = "production") -> str:
        parameters = {"service": service, "version": version, "environment": environment}
        return self.api.start(f"promote/{service}", parameters)

    def roll_back(self, service: str, reason: str, **more: str) -> str:
        parameters = {"service": service, "environment": service, "reason": reason, **more}
        return self.api.start(f"rollback/{service}", parameters)

    def until(self, run: str, reached: Callable[[Json], bool]) -> Json:
        """The run once `reached(run)` holds; it may not end in any other way."""
        try:
            found = self.api.wait(run, lambda now: reached(now) or ended(now), PATIENCE)
        except TimeoutError as late:
            raise AssertionError(f"{late}\n{self.last_words(run)}") from None
        assert reached(found), f"{found['state']}\n{self.last_words(run)}"
        return found

    def last_words(self, run: str) -> str:
        return "\n".join(self.api.logs(run)[-15:])

    def said(self, run: str, part: str) -> str:
        """The line of the run's log that holds `part`; empty when none comes. Logs lag."""
        limit = time.monotonic() + 30
        while time.monotonic() < limit:
            for line in self.api.logs(run):
                if part in line:
                    return line
            time.sleep(0.25)
        return ""

    def question(self, run: str, after: str = "") -> str:
        """Key of the question the run waits with, other than `after`, once it can be answered."""

        def asked(now: Json) -> bool:
            key = _key(now)
            return waiting(now) and key != after and bool(self.input(run, f"{key}-description"))

        return _key(self.until(run, asked))

    def text(self, run: str, key: str) -> str:
        """The text of a question, as the form shows it."""
        return str(self.input(run, f"{key}-description"))

    def input(self, run: str, key: str) -> Any:
        """A run input; None when there is none."""
        response = self.http.get(f"/flow_runs/{run}/input/{key}")
        return response.json() if response.is_success else None

    def send_past_the_form(self, run: str, key: str, answer: Json) -> None:
        """Store an answer to a question without resuming the run, so that nothing checks it."""
        body = {"key": f"{key}-response", "value": json.dumps(answer)}
        self.http.post(f"/flow_runs/{run}/input", json=body).raise_for_status()

    def delete_inputs(self, run: str) -> int:
        """Delete every run input; how many there were."""
        found = self.http.post(f"/flow_runs/{run}/input/filter", json={"prefix": ""}).json()
        for each in found:
            self.http.delete(f"/flow_runs/{run}/input/{each['key']}").raise_for_status()
        return len(found)

    def approve(self, run: str, **changed: str) -> None:
        assert self.api.resume(run, {**ANA, **changed})["status"] == "ACCEPT"

    def ended(self, run: str) -> Json:
        return self.until(run, ended)

    def failed(self, run: str) -> str:
        """Message of the run's failure."""
        found = self.ended(run)
        assert found["state_type"] == "FAILED", found["state"]
        return str(found["state"]["message"])

    def retry(self, run: str, *, force: bool = False) -> None:
        """Schedule the run again by REST, and wait until the runner has taken it."""
        count = self.api.run(run)["run_count"]
        reply = self.api.retry(run, force=force)
        assert reply["status"] == "ACCEPT", reply
        self.taken(run, after=count)

    def taken(self, run: str, after: int) -> None:
        self.api.wait(run, lambda now: now["run_count"] > after, PATIENCE)

    def states(self, run: str, name: str) -> list[Json]:
        """The states of that name in the run's history, oldest first."""
        found = self.http.get("/flow_run_states/", params={"flow_run_id": run}).json()
        return sorted(
            (state for state in found if state["name"] == name), key=lambda s: str(s["timestamp"])
        )

    def artifacts(self, run: str, key: str) -> list[str]:
        """The texts a run stored under a key, oldest first."""
        body = {
            "artifacts": {"flow_run_id": {"any_": [run]}, "key": {"any_": [key]}},
            "sort": "CREATED_DESC",
        }
        return [
            str(each["data"]) for each in reversed(self.api.call("POST", "/artifacts/filter", body))
        ]

    def open_question(self, run: str, service: str) -> Json:
        """The run's newest question, as a program reads it."""
        return dict(json.loads(self.artifacts(run, f"{service}-statement")[-1]))

    @property
    def http(self) -> httpx.Client:
        return self.api._http


def _key(run: Json) -> str:
    """Key of the question in a suspended run's state."""
    inputs = run["state"]["state_details"].get("run_input_keyset") or {}
    return str(inputs.get("response", "")).removesuffix("-response")
