"""Deployments of a commit into environments, and what became of them, as GitHub has them."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.forge.ledger import Entry, timestamp
from sandbox.forge.wire import Refusal, Visit, invalid, not_found, paged, payload

_STATES = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")
_LONGEST = 140  # characters of a description


async def create_deployment(request: Request, visit: Visit) -> Response:
    """With `required_contexts: []`; else GitHub asks for green statuses, and answers 409."""
    given = await payload(request)
    ref = str(given.get("ref", ""))
    sha = visit.repositories.commit_at(visit.name, ref)
    if not sha:
        raise Refusal(422, f"No ref found for: {ref}")
    if given.get("auto_merge", True) or given.get("required_contexts") != []:
        raise Refusal(409, "Conflict: Commit status checks failed for this ref.")
    now = timestamp()
    entry: Entry = {
        "sha": sha,
        "ref": ref,
        "task": given.get("task", "deploy"),
        "payload": given.get("payload", ""),
        "environment": given.get("environment", "production"),
        "description": given.get("description") or "",
        "transient_environment": bool(given.get("transient_environment", False)),
        "production_environment": bool(given.get("production_environment", False)),
        "created_at": now,
        "updated_at": now,
        "states": [],
    }
    return JSONResponse(_shown(visit.ledger.save(visit.name, "deployments", entry), visit), 201)


async def list_deployments(request: Request, visit: Visit) -> Response:
    """Newest first, narrowed by `sha`, `ref`, `task` and `environment`."""
    asked = {k: request.query_params.get(k) for k in ("sha", "ref", "task", "environment")}
    found = [
        _shown(entry, visit)
        for entry in reversed(visit.ledger.entries(visit.name, "deployments"))
        if all(value is None or entry[key] == value for key, value in asked.items())
    ]
    return paged(request, found)


async def create_state(request: Request, visit: Visit) -> Response:
    """A success makes earlier deployments of the environment inactive."""
    entry, given = _entry(request, visit), await payload(request)
    if given.get("state") not in _STATES:
        raise invalid("DeploymentStatus", "state", "custom", "state is not included in the list")
    if len(str(given.get("description") or "")) > _LONGEST:
        raise invalid("DeploymentStatus", "description", "custom", "description is too long")
    state = _state(entry, given)
    if given["state"] == "success" and given.get("auto_inactive", True):
        _retire(entry, visit)
    saved = visit.ledger.save(
        visit.name, "deployments", {**entry, "states": [*entry["states"], state]}
    )
    return JSONResponse(_shown_state(saved, state, visit), 201)


async def list_states(request: Request, visit: Visit) -> Response:
    """Newest first."""
    entry = _entry(request, visit)
    shown = [_shown_state(entry, state, visit) for state in reversed(entry["states"])]
    return paged(request, shown)


def _state(entry: Entry, given: Entry) -> Entry:
    log = given.get("log_url") or given.get("target_url") or ""
    now = timestamp()
    return {
        "id": len(entry["states"]) + 1,
        "state": given["state"],
        "description": given.get("description") or "",
        "environment": given.get("environment") or entry["environment"],
        "log_url": log,
        "target_url": log,
        "environment_url": given.get("environment_url") or "",
        "created_at": now,
        "updated_at": now,
    }


def _retire(entry: Entry, visit: Visit) -> None:
    for other in visit.ledger.entries(visit.name, "deployments"):
        same = other["environment"] == entry["environment"] and other["id"] < entry["id"]
        if same and other["states"] and other["states"][-1]["state"] == "success":
            gone = _state(other, {"state": "inactive"})
            states = [*other["states"], gone]
            visit.ledger.save(visit.name, "deployments", {**other, "states": states})


def _entry(request: Request, visit: Visit) -> Entry:
    for entry in visit.ledger.entries(visit.name, "deployments"):
        if entry["id"] == request.path_params["id"]:
            return entry
    raise not_found()


def _shown(entry: Entry, visit: Visit) -> Entry:
    url = visit.api(f"/deployments/{entry['id']}")
    shown = {key: value for key, value in entry.items() if key != "states"}
    return {
        **shown,
        "url": url,
        "statuses_url": f"{url}/statuses",
        "repository_url": visit.api(),
        "creator": {"login": visit.login},
    }


def _shown_state(entry: Entry, state: Entry, visit: Visit) -> Entry:
    url = visit.api(f"/deployments/{entry['id']}")
    return {
        **state,
        "url": f"{url}/statuses/{state['id']}",
        "deployment_url": url,
        "repository_url": visit.api(),
        "creator": {"login": visit.login},
    }
