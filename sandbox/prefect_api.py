"""The part of Prefect's REST API that the demo and the tests use, as any other client would."""

import time
from collections.abc import Callable
from typing import Any

import httpx

Json = dict[str, Any]
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


class PrefectApi:
    """Start runs, watch them, and answer their questions."""

    def __init__(self, url: str, login: tuple[str, str] | None = None) -> None:
        # A busy server closes what is idle for long: each request has a connection of its own.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._http = httpx.Client(
            base_url=f"{url}/api", timeout=90, limits=limits, trust_env=False, auth=login
        )

    def close(self) -> None:
        self._http.close()

    def _ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """The answer. SQLite makes a busy server say 503: asked again, for two minutes."""
        deadline = time.monotonic() + 120
        reads = method == "GET" or path.endswith("/filter")
        while True:
            try:
                response = self._http.request(method, path, json=body)
                if response.status_code != 503 or time.monotonic() > deadline:
                    return response
            except httpx.TransportError:
                if not reads or time.monotonic() > deadline:
                    raise
            time.sleep(0.5)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON."""
        response = self._ask(method, path, body)
        response.raise_for_status()
        return response.json() if response.content else None

    def deployment(self, name: str) -> Json | None:
        """The deployment called `flow/name`, once it exists."""
        response = self._ask("GET", f"/deployments/name/{name}")
        return response.json() if response.is_success else None

    def deploy(self, name: str, entrypoint: str, pool: str, **more: Any) -> None:
        """Make the deployment `flow/name` of a module, as deployments/prefect.yaml would."""
        flow, _, own = name.partition("/")
        body = {
            "name": own, "flow_id": self.call("POST", "/flows/", {"name": flow})["id"],
            "entrypoint": entrypoint, "work_pool_name": pool, "pull_steps": [],
            "enforce_parameter_schema": False,
        }  # fmt: skip
        self.call("POST", "/deployments/", {**body, **more})

    def start(self, deployment: str, parameters: Json) -> str:
        """Create a run; its id."""
        found = self.deployment(deployment)
        if found is None:
            raise RuntimeError(f"there is no deployment {deployment}")
        body = {"parameters": parameters}
        return str(self.call("POST", f"/deployments/{found['id']}/create_flow_run", body)["id"])

    def run(self, run: str) -> Json:
        return dict(self.call("GET", f"/flow_runs/{run}"))

    def runs(self, deployment: str) -> list[Json]:
        """The runs of one deployment, newest first."""
        body = {
            "deployments": {"name": {"any_": [deployment.partition("/")[2]]}},
            "flows": {"name": {"any_": [deployment.partition("/")[0]]}},
            "sort": "START_TIME_DESC",
        }
        return list(self.call("POST", "/flow_runs/filter", body))

    def task_runs(self, run: str) -> list[Json]:
        """Task runs in the order they began. They may lag behind the run's own state."""
        body = {"flow_runs": {"id": {"any_": [run]}}, "sort": "EXPECTED_START_TIME_ASC"}
        return list(self.call("POST", "/task_runs/filter", body))

    def logs(self, run: str) -> list[str]:
        wanted = {"flow_run_id": {"any_": [run]}, "level": {"ge_": 20}}  # INFO, for people
        body = {"logs": wanted, "sort": "TIMESTAMP_ASC", "limit": 200}
        return [str(line["message"]) for line in self.call("POST", "/logs/filter", body)]

    def artifact(self, key: str) -> str | None:
        """The newest Markdown or link under that key."""
        response = self._ask("GET", f"/artifacts/{key}/latest")
        return str(response.json()["data"]) if response.is_success else None

    def resume(self, run: str, answer: Json) -> Json:
        """Answer the question of a suspended run; `status` in the reply says whether it counts."""
        return dict(self.call("POST", f"/flow_runs/{run}/resume", {"run_input": answer}))

    def set_state(self, run: str, state: Json, *, force: bool = False) -> Json:
        body = {"state": state, "force": force}
        return dict(self.call("POST", f"/flow_runs/{run}/set_state", body))

    def retry(self, run: str, *, force: bool = False) -> Json:
        """What the UI's and the command line's retry do: the same run, scheduled again."""
        return self.set_state(run, {"type": "SCHEDULED", "name": "AwaitingRetry"}, force=force)

    def automations(self) -> list[Json]:
        return list(self.call("POST", "/automations/filter", {}))

    def create_automation(self, body: Json) -> None:
        self.call("POST", "/automations/", body)

    def wait(self, run: str, reached: Callable[[Json], bool], seconds: float = 120.0) -> Json:
        """The run once `reached(run)` holds; TimeoutError with its state otherwise."""
        deadline = time.monotonic() + seconds
        while True:
            now = self.run(run)
            if reached(now):
                return now
            if time.monotonic() > deadline:
                raise TimeoutError(f"run {run} is {state_of(now)} after {seconds:.0f} s")
            time.sleep(0.25)


def state_of(run: Json) -> str:
    """The state's name and message, for people."""
    state = run.get("state") or {}
    return f"{state.get('name')} {state.get('message') or ''}".strip()


def ended(run: Json) -> bool:
    return str(run["state_type"]) in ENDED


def waiting(run: Json) -> bool:
    """Suspended, and its question can be answered."""
    return str(run["state_type"]) == "PAUSED"
