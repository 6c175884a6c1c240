"""GitHub Releases: list, by tag, create, change, delete.

Creating a public one makes a missing tag, as on GitHub.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.forge import assets
from sandbox.forge.ledger import Entry, timestamp
from sandbox.forge.repositories import GitError
from sandbox.forge.wire import Refusal, Visit, invalid, not_found, paged, payload

_BODY_LIMIT = 125_000  # characters
_FIELDS = {"tag_name": str, "target_commitish": str, "name": str, "body": str,
           "draft": bool, "prerelease": bool}  # fmt: skip


async def list_releases(request: Request, visit: Visit) -> Response:
    """Newest first; drafts only for those who may write."""
    entries = reversed(visit.ledger.releases(visit.name))
    seen = [_shown(e, visit) for e in entries if visit.token.write or not e["draft"]]
    return paged(request, seen)


async def release_by_tag(request: Request, visit: Visit) -> Response:
    """The published release of a tag; a draft is not found."""
    entry = visit.ledger.release_of(visit.name, request.path_params["tag"])
    if entry is None:
        raise not_found()
    return JSONResponse(_shown(entry, visit))


async def create_release(request: Request, visit: Visit) -> Response:
    given = _checked(await payload(request))
    if not given.get("tag_name"):
        raise Refusal(422, 'Invalid request.\n\n"tag_name" wasn\'t supplied.')
    fresh: Entry = {
        "target_commitish": "main",
        "name": "",
        "body": "",
        "draft": False,
        "prerelease": False,
        "created_at": timestamp(),
        "published_at": None,
    }
    entry = _saved({**fresh, **given}, visit)
    answer = _shown(entry, visit)
    return JSONResponse(answer, 201, {"Location": answer["url"]})


async def change_release(request: Request, visit: Visit) -> Response:
    number = request.path_params["id"]
    for entry in visit.ledger.releases(visit.name):
        if entry["id"] == number:
            given = _checked(await payload(request))
            return JSONResponse(_shown(_saved({**entry, **given}, visit), visit))
    raise not_found()


async def delete_release(request: Request, visit: Visit) -> Response:
    """The release goes, with its files; its tag stays."""
    number = request.path_params["id"]
    if number not in [entry["id"] for entry in visit.ledger.releases(visit.name)]:
        raise not_found()
    for asset in assets.of_release(number, visit):
        assets.remove(asset, visit)
    visit.ledger.remove(visit.name, "releases", number)
    return Response(status_code=204)


def _checked(given: Entry) -> Entry:
    known = {key: value for key, value in given.items() if key in _FIELDS and value is not None}
    for key, value in known.items():
        if not isinstance(value, _FIELDS[key]):
            raise Refusal(422, f"Invalid request.\n\nFor '{key}': {value!r} has the wrong type.")
    if len(known.get("body", "")) > _BODY_LIMIT:
        text = f"body is too long (maximum is {_BODY_LIMIT} characters)"
        raise invalid("Release", "body", "custom", text)
    return known


def _saved(entry: Entry, visit: Visit) -> Entry:
    if entry["draft"]:
        return visit.ledger.save_release(visit.name, entry)
    other = visit.ledger.release_of(visit.name, entry["tag_name"])
    if other and other["id"] != entry.get("id"):
        raise invalid("Release", "tag_name", "already_exists")
    _ensure_tag(entry["tag_name"], entry["target_commitish"], visit)
    if not entry["published_at"]:
        immutable = visit.rules.immutable_releases
        entry = {**entry, "published_at": timestamp(), "immutable": immutable}
    return visit.ledger.save_release(visit.name, entry)


def _ensure_tag(tag: str, target: str, visit: Visit) -> None:
    ref = f"refs/tags/{tag}"
    if visit.repositories.commit_at(visit.name, ref):
        return
    sha = visit.repositories.commit_at(visit.name, f"refs/heads/{target}")
    sha = sha or visit.repositories.commit_at(visit.name, target)
    if sha is None:
        raise invalid("Release", "target_commitish", "invalid")
    if visit.repositories.protects(visit.name, ref):
        text = "Cannot create ref due to creations being restricted."
        raise invalid("Release", "tag_name", "custom", f"Repository rule violations found. {text}")
    try:
        visit.repositories.git(visit.name, "update-ref", ref, sha, "0" * 40)
    except GitError:
        raise invalid("Release", "tag_name", "invalid", "tag_name is not well-formed") from None


def _shown(entry: Entry, visit: Visit) -> Entry:
    page = "untagged-" + str(entry["id"]) if entry["draft"] else entry["tag_name"]
    url = visit.api(f"/releases/{entry['id']}")
    return {
        "immutable": False,
        **entry,
        "url": url,
        "html_url": visit.page(f"/releases/tag/{page}"),
        "assets_url": f"{url}/assets",
        "upload_url": visit.uploads(f"/releases/{entry['id']}/assets{{?name,label}}"),
        "author": {"login": visit.login, "type": "User"},
        "assets": [assets.shown(asset, visit) for asset in assets.of_release(entry["id"], visit)],
    }
