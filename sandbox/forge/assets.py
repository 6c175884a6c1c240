"""Files attached to releases: uploaded to the upload address, listed, shown, removed."""

import hashlib
import re

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from sandbox.forge.ledger import Entry, timestamp
from sandbox.forge.wire import Refusal, Visit, invalid, not_found, paged

_RENAMED = re.compile(r"[^A-Za-z0-9._-]+")  # GitHub puts a dot in its place


async def list_assets(request: Request, visit: Visit) -> Response:
    release = _release(request.path_params["id"], visit)
    return paged(request, [shown(entry, visit) for entry in of_release(release["id"], visit)])


async def upload_asset(request: Request, visit: Visit) -> Response:
    """The body is the file. An upload that breaks off leaves its name behind, as `starter`."""
    release = _release(request.path_params["id"], visit)
    if release.get("immutable"):
        raise Refusal(422, "Cannot upload assets to an immutable release.")
    name = _RENAMED.sub(".", request.query_params.get("name", "")).strip(".")
    if not name:
        raise invalid("ReleaseAsset", "name", "missing_field")
    content = await request.body()
    if any(entry["name"] == name for entry in of_release(release["id"], visit)):
        raise invalid("ReleaseAsset", "name", "already_exists")
    entry = _begun(release["id"], name, request, visit)
    if visit.rules.broken_uploads:
        visit.rules.broken_uploads -= 1
        raise Refusal(502, "Server Error")
    path = visit.ledger.file(visit.name, entry["id"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    done = {**entry, "state": "uploaded", "size": len(content), "digest": digest}
    return JSONResponse(shown(visit.ledger.save(visit.name, "assets", done), visit), 201)


async def show_asset(request: Request, visit: Visit) -> Response:
    """What is known about a file, or its content when that is asked for."""
    entry = _asset(request, visit)
    if request.headers.get("accept") == "application/octet-stream":
        return FileResponse(visit.ledger.file(visit.name, entry["id"]))
    return JSONResponse(shown(entry, visit))


async def delete_asset(request: Request, visit: Visit) -> Response:
    entry = _asset(request, visit)
    if _release(entry["release"], visit).get("immutable"):
        raise Refusal(422, "Cannot delete asset from an immutable release.")
    remove(entry, visit)
    return Response(status_code=204)


def of_release(number: int, visit: Visit) -> list[Entry]:
    """The files of a release, oldest first."""
    entries = visit.ledger.entries(visit.name, "assets")
    return [entry for entry in entries if entry["release"] == number]


def remove(entry: Entry, visit: Visit) -> None:
    visit.ledger.remove(visit.name, "assets", entry["id"])
    visit.ledger.file(visit.name, entry["id"]).unlink(missing_ok=True)


def shown(entry: Entry, visit: Visit) -> Entry:
    """A file in GitHub's shape."""
    tag = _release(entry["release"], visit)["tag_name"]
    return {
        **{key: value for key, value in entry.items() if key != "release"},
        "url": visit.api(f"/releases/assets/{entry['id']}"),
        "browser_download_url": visit.page(f"/releases/download/{tag}/{entry['name']}"),
        "uploader": {"login": visit.login, "type": "User"},
    }


def _begun(release: int, name: str, request: Request, visit: Visit) -> Entry:
    entry: Entry = {
        "release": release,
        "name": name,
        "label": request.query_params.get("label", ""),
        "content_type": request.headers.get("content-type", "application/octet-stream"),
        "state": "starter",
        "size": 0,
        "digest": None,
        "download_count": 0,
        "created_at": timestamp(),
        "updated_at": timestamp(),
    }
    return visit.ledger.save(visit.name, "assets", entry)


def _release(number: int, visit: Visit) -> Entry:
    for entry in visit.ledger.releases(visit.name):
        if entry["id"] == number and (visit.token.write or not entry["draft"]):
            return entry
    raise not_found()


def _asset(request: Request, visit: Visit) -> Entry:
    for entry in visit.ledger.entries(visit.name, "assets"):
        if entry["id"] == request.path_params["id"]:
            _release(entry["release"], visit)
            return entry
    raise not_found()
