"""POST /api/webhook: a forge tells of a push, the applications that follow it are refreshed."""

import hashlib
import hmac
import json
import re

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sandbox.argocd.application import Object, sources_of
from sandbox.argocd.world import World


async def webhook(world: World, secret: str, request: Request) -> Response:
    """Answer at once; the refresh itself happens later."""
    body = await request.body()
    if secret and not _signed(secret, body, request.headers.get("x-hub-signature-256", "")):
        return PlainTextResponse("HMAC verification failed", 400)
    if request.headers.get("x-github-event") != "push":
        return PlainTextResponse("Unknown webhook event", 400)
    try:
        payload = json.loads(body)
        repository = payload["repository"]
        branch = str(payload["ref"]).removeprefix("refs/heads/")
        urls = {
            _plain(str(repository[key])) for key in ("html_url", "clone_url") if key in repository
        }
    except (ValueError, KeyError, TypeError):
        return PlainTextResponse("Webhook processing failed", 400)
    default = branch == repository.get("default_branch")
    for application in world.store.all():
        if _follows(application, urls, branch, default):
            world.refresh(application["metadata"]["name"])
    return Response(status_code=200)


def _follows(application: Object, urls: set[str], branch: str, default: bool) -> bool:
    for source in sources_of(application):
        revision = source.get("targetRevision") or "HEAD"
        revision = revision.removeprefix("refs/heads/")
        if _plain(source["repoURL"]) in urls:
            return bool(revision == branch or (revision == "HEAD" and default))
    return False


def _plain(url: str) -> str:
    """Without scheme, user and `.git`, so that any way to write it matches."""
    address = re.sub(r"^\w+://", "", url).rpartition("@")[2]
    return address.removesuffix("/").removesuffix(".git").replace(":", "/").lower()


def _signed(secret: str, body: bytes, signature: str) -> bool:
    wanted = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"sha256={wanted}", signature)
