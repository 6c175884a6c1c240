"""Commits and their statuses, as GitHub's REST API shows and takes them."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.forge.ledger import Entry, timestamp
from sandbox.forge.wire import Refusal, Visit, commit_of, invalid, page_of, paged, paging, payload

_STATES = ("error", "failure", "pending", "success")
_DESCRIPTION_LIMIT = 140  # characters


async def show_commit(request: Request, visit: Visit) -> Response:
    return JSONResponse(shown_commit(commit_of(request, visit), visit))


def shown_commit(sha: str, visit: Visit) -> Entry:
    """A commit in GitHub's shape."""
    form = "%T%n%P%n%an%n%ae%n%aI%n%cn%n%ce%n%cI%n%B"
    text = visit.repositories.git(visit.name, "log", "-1", f"--format={form}", sha).decode(
        errors="replace"
    )
    tree, parents, an, ae, ad, cn, ce, cd, message = text.split("\n", 8)
    return {
        "sha": sha,
        "url": visit.api(f"/commits/{sha}"),
        "html_url": visit.page(f"/commit/{sha}"),
        "commit": {
            "message": message.rstrip("\n"),
            "author": {"name": an, "email": ae, "date": ad},
            "committer": {"name": cn, "email": ce, "date": cd},
            "tree": {"sha": tree, "url": visit.api(f"/git/trees/{tree}")},
            "url": visit.api(f"/git/commits/{sha}"),
        },
        "parents": [{"sha": p, "url": visit.api(f"/commits/{p}")} for p in parents.split()],
    }


async def create_status(request: Request, visit: Visit) -> Response:
    sha = request.path_params["sha"]
    if visit.repositories.commit_at(visit.name, sha) != sha:
        raise Refusal(422, f"No commit found for SHA: {sha}")
    given = await payload(request)
    status: Entry = {
        "state": given.get("state"),
        "description": given.get("description"),
        "target_url": given.get("target_url"),
        "context": given.get("context") or "default",
    }
    if status["state"] not in _STATES:
        raise invalid("Status", "state", "custom", "state is not included in the list")
    if len(str(status["description"] or "")) > _DESCRIPTION_LIMIT:
        text = f"description is too long (maximum is {_DESCRIPTION_LIMIT} characters)"
        raise invalid("Status", "description", "custom", text)
    if status["target_url"] and urlsplit(str(status["target_url"])).scheme not in (
        "http",
        "https",
    ):
        raise invalid("Status", "target_url", "custom", "target_url must use http(s) scheme")
    now = timestamp()
    entry = visit.ledger.add_status(
        visit.name, sha, {**status, "created_at": now, "updated_at": now}
    )
    return JSONResponse(_shown(entry, sha, visit), 201)


async def list_statuses(request: Request, visit: Visit) -> Response:
    sha = commit_of(request, visit)
    entries = visit.ledger.statuses(visit.name, sha)
    return paged(request, [_shown(entry, sha, visit) for entry in entries])


async def combined_status(request: Request, visit: Visit) -> Response:
    """The newest status of each context; `pending` when there is none."""
    sha = commit_of(request, visit)
    latest: dict[str, Entry] = {}
    for entry in visit.ledger.statuses(visit.name, sha):
        latest.setdefault(entry["context"], entry)
    shown = [_in_short(entry, sha, visit) for entry in latest.values()]
    return JSONResponse(
        {
            "state": _combined({entry["state"] for entry in latest.values()}),
            "sha": sha,
            "total_count": len(latest),
            "statuses": page_of(request, shown),
            "commit_url": visit.api(f"/commits/{sha}"),
            "url": visit.api(f"/commits/{sha}/status"),
        },
        headers=paging(request, len(shown)),
    )


def _combined(states: set[str]) -> str:
    if states & {"failure", "error"}:
        return "failure"
    return "success" if states == {"success"} else "pending"


def _in_short(entry: Entry, sha: str, visit: Visit) -> Entry:
    return {**entry, "url": visit.api(f"/statuses/{sha}")}


def _shown(entry: Entry, sha: str, visit: Visit) -> Entry:
    return {**_in_short(entry, sha, visit), "creator": {"login": visit.login}}
