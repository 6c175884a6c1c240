"""Pull requests and their labels, as GitHub's REST API shows and takes them."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.forge.commits import shown_commit
from sandbox.forge.ledger import Entry
from sandbox.forge.pulls import PullRequests
from sandbox.forge.wire import Refusal, Visit, invalid, not_found, paged, payload

_INSIDE = ("head_sha", "approvals", "queued", "merged_by")  # not told, or told elsewhere


async def list_pulls(request: Request, visit: Visit) -> Response:
    """Open ones, newest first, unless asked otherwise. A `head` without owner is ignored."""
    query = request.query_params
    state, base, head = query.get("state", "open"), query.get("base"), query.get("head", "")
    owner, _, branch = head.partition(":")
    chosen = [
        entry
        for entry in _pulls(visit).all()
        if state in ("all", entry["state"])
        and base in (None, entry["base"])
        and (not branch or (owner, branch) == (visit.login, entry["head"]))
    ]
    key = {"created": "number", "updated": "updated_at"}.get(query.get("sort", "created"), "number")
    downwards = query.get("direction", "desc" if key == "number" else "asc") == "desc"
    chosen.sort(key=lambda entry: entry[key], reverse=downwards)
    return paged(request, [_shown(entry, visit) for entry in chosen])


async def create_pull(request: Request, visit: Visit) -> Response:
    answer = _shown(_pulls(visit).open(await payload(request)), visit)
    return JSONResponse(answer, 201, {"Location": answer["url"]})


async def show_pull(request: Request, visit: Visit) -> Response:
    return JSONResponse(_in_full(_pull(request, visit), visit))


async def change_pull(request: Request, visit: Visit) -> Response:
    given = await payload(request)
    changed = _pulls(visit).change(_pull(request, visit), given)
    return JSONResponse(_in_full(changed, visit))


async def merge_pull(request: Request, visit: Visit) -> Response:
    given = await payload(request) if await request.body() else {}
    merged = _pulls(visit).merge(_pull(request, visit), given, visit.login)
    text = "Pull Request successfully merged"
    return JSONResponse({"sha": merged["merge_commit_sha"], "merged": True, "message": text})


async def pull_is_merged(request: Request, visit: Visit) -> Response:
    if not _pull(request, visit)["merged_at"]:
        raise not_found()
    return Response(status_code=204)


async def list_commits(request: Request, visit: Visit) -> Response:
    """Oldest first."""
    entry = _pull(request, visit)
    base = f"refs/heads/{entry['base']}"
    shas = _pulls(visit).merger(entry, base).commits()
    return paged(request, [shown_commit(sha, visit) for sha in shas])


async def list_labels(request: Request, visit: Visit) -> Response:
    return paged(request, _labels(_pull(request, visit)["labels"], visit))


async def add_labels(request: Request, visit: Visit) -> Response:
    """Those that are there already stay; a label that the repository does not know is made."""
    given = (await payload(request)).get("labels")
    if not isinstance(given, list) or not all(isinstance(label, str) for label in given):
        raise invalid("Label", "labels", "invalid")
    return _relabelled(request, visit, given, "")


async def remove_label(request: Request, visit: Visit) -> Response:
    label = request.path_params["label"]
    if label not in _pull(request, visit)["labels"]:
        raise Refusal(404, "Label does not exist")
    return _relabelled(request, visit, [], label)


def _relabelled(request: Request, visit: Visit, more: list[str], less: str) -> Response:
    entry = _pull(request, visit)
    kept = [label for label in dict.fromkeys([*entry["labels"], *more]) if label != less]
    saved = _pulls(visit).save({**entry, "labels": kept})
    return JSONResponse(_labels(saved["labels"], visit))


def _pulls(visit: Visit) -> PullRequests:
    return PullRequests(visit.repositories, visit.ledger, visit.name, visit.rules.protections)


def _pull(request: Request, visit: Visit) -> Entry:
    entry = _pulls(visit).get(request.path_params["number"])
    if entry is None:
        raise not_found()
    return entry


def _labels(names: list[str], visit: Visit) -> list[Entry]:
    return [{"name": name, "url": visit.api(f"/labels/{name}")} for name in names]


def _shown(entry: Entry, visit: Visit) -> Entry:
    number = entry["number"]
    base = _pulls(visit).tip(entry["base"])
    return {
        **{key: value for key, value in entry.items() if key not in _INSIDE},
        "head": _end(entry["head"], entry["head_sha"], visit),
        "base": _end(entry["base"], base, visit),
        "labels": _labels(entry["labels"], visit),
        "locked": False,
        "user": {"login": visit.login, "type": "User"},
        "url": visit.api(f"/pulls/{number}"),
        "issue_url": visit.api(f"/issues/{number}"),
        "html_url": visit.page(f"/pull/{number}"),
    }


def _in_full(entry: Entry, visit: Visit) -> Entry:
    """What only the answer about a single one says. The base of a merged one has moved on."""
    pulls = _pulls(visit)
    merger = pulls.merger(entry, f"refs/heads/{entry['base']}")
    mergeable = merger.mergeable() if entry["state"] == "open" else None
    by = entry["merged_by"]
    return {
        **_shown(entry, visit),
        "merged": entry["merged_at"] is not None,
        "merged_by": {"login": by, "type": "Bot" if by.endswith("[bot]") else "User"}
        if by
        else None,
        "mergeable": mergeable,
        "mergeable_state": _state(entry, pulls, mergeable=mergeable),
        "commits": len(merger.commits()),
    }


def _state(entry: Entry, pulls: PullRequests, *, mergeable: bool | None) -> str:
    """GitHub's one word for what stands between a pull request and its merge."""
    if mergeable is None:
        return "unknown"
    if entry["draft"]:
        return "draft"
    if not mergeable:
        return "dirty"
    rules = pulls.protection(entry["base"])
    if rules.up_to_date and pulls.is_behind(entry):
        return "behind"
    return "blocked" if pulls.refusal(entry) else "clean"


def _end(branch: str, sha: str | None, visit: Visit) -> Entry:
    repository = {"full_name": visit.name, "html_url": visit.page()}
    label = f"{visit.login}:{branch}"
    return {"label": label, "ref": branch, "sha": sha, "repo": repository}
