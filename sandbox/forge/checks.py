"""What CI says about a commit: check runs, which an App reports, and workflow runs.

Each workflow run has a check suite of its own, with the run's number, for its jobs' check runs;
what an App reports by itself is in the App's suite.
"""

import zlib

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.forge.ledger import Entry, timestamp
from sandbox.forge.wire import Visit, commit_of, invalid, page_of, paging, payload

_STATUSES = ("queued", "in_progress", "completed", "waiting", "requested", "pending")
_CONCLUSIONS = ("action_required", "cancelled", "failure", "neutral", "success", "skipped",
                "stale", "timed_out")  # fmt: skip
_FIELDS = ("name", "status", "conclusion", "details_url", "output", "external_id")


async def create_check_run(request: Request, visit: Visit) -> Response:
    given = await payload(request)
    sha = str(given.get("head_sha", ""))
    if visit.repositories.commit_at(visit.name, sha) != sha:
        raise invalid("CheckRun", "head_sha", "invalid", f"No commit found for SHA: {sha}")
    entry: Entry = {"head_sha": sha, "app": "sandbox-ci", "suite": 0, "started_at": timestamp()}
    return JSONResponse(_shown(_saved(entry, given, visit), visit), 201)


async def change_check_run(request: Request, visit: Visit) -> Response:
    for entry in visit.ledger.entries(visit.name, "check_runs"):
        if entry["id"] == request.path_params["id"]:
            return JSONResponse(_shown(_saved(entry, await payload(request), visit), visit))
    raise invalid("CheckRun", "id", "missing")


async def list_check_runs(request: Request, visit: Visit) -> Response:
    """`filter=latest`, the default: of a suite's runs with one name the newest."""
    sha = commit_of(request, visit)
    runs = [r for r in visit.ledger.entries(visit.name, "check_runs") if r["head_sha"] == sha]
    if request.query_params.get("filter", "latest") == "latest":
        runs = list({(run["suite"], run["app"], run["name"]): run for run in runs}.values())
    name = request.query_params.get("check_name")
    chosen = [_shown(run, visit) for run in reversed(runs) if name in (None, run["name"])]
    return _counted(request, "check_runs", chosen)


async def list_workflow_runs(request: Request, visit: Visit) -> Response:
    """Newest first; a run that was tried again stays one entry."""
    sha = request.query_params.get("head_sha")
    runs = reversed(visit.ledger.entries(visit.name, "workflow_runs"))
    chosen = [_shown_run(run, visit) for run in runs if sha in (None, run["head_sha"])]
    return _counted(request, "workflow_runs", chosen)


async def list_jobs(request: Request, visit: Visit) -> Response:
    """The check runs in a workflow run's suite, as Actions sees them."""
    number = request.path_params["id"]
    runs = visit.ledger.entries(visit.name, "check_runs")
    jobs = {run["name"]: run for run in runs if run["suite"] == number}  # filter=latest
    return _counted(request, "jobs", [_shown_job(job, visit) for job in jobs.values()])


def _counted(request: Request, key: str, entries: list[Entry]) -> Response:
    body = {"total_count": len(entries), key: page_of(request, entries)}
    return JSONResponse(body, headers=paging(request, len(entries)))


def _saved(entry: Entry, given: Entry, visit: Visit) -> Entry:
    entry = {"status": "queued", "conclusion": None, **entry}
    entry |= {key: given[key] for key in _FIELDS if key in given}
    if given.get("conclusion"):
        entry |= {"status": "completed", "completed_at": timestamp()}
    if not entry.get("name"):
        raise invalid("CheckRun", "name", "missing_field")
    if entry["status"] not in _STATUSES:
        raise invalid("CheckRun", "status", "invalid")
    if (entry["status"] == "completed") != (entry["conclusion"] in _CONCLUSIONS):
        raise invalid("CheckRun", "conclusion", "invalid")
    return visit.ledger.save(visit.name, "check_runs", entry)


def _shown(entry: Entry, visit: Visit) -> Entry:
    page = visit.page(f"/commit/{entry['head_sha']}")
    return {
        "completed_at": None,
        "output": {"title": None, "summary": None},
        **{key: value for key, value in entry.items() if key != "suite"},
        "details_url": entry.get("details_url") or page,
        "html_url": page,
        "url": visit.api(f"/check-runs/{entry['id']}"),
        "app": {"slug": entry["app"], "name": entry["app"]},
        "check_suite": {"id": entry["suite"]},
    }


def _shown_job(entry: Entry, visit: Visit) -> Entry:
    return {
        **{key: entry[key] for key in ("id", "name", "status", "conclusion", "head_sha")},
        "run_id": entry["suite"],
        "check_run_url": visit.api(f"/check-runs/{entry['id']}"),
        "html_url": visit.page(f"/commit/{entry['head_sha']}"),
    }


def _shown_run(entry: Entry, visit: Visit) -> Entry:
    return {
        "event": "push",
        "head_branch": "main",
        "run_attempt": 1,
        "check_suite_id": entry["id"],
        "workflow_id": zlib.crc32(entry["name"].encode()),
        **entry,
        "html_url": visit.page(f"/commit/{entry['head_sha']}"),
        "url": visit.api(f"/actions/runs/{entry['id']}"),
    }
