"""POST sync: the checks of the API server, in its order."""

from typing import Any

from sandbox.argocd.access import Wanted, find
from sandbox.argocd.accounts import Account, require
from sandbox.argocd.application import (
    Object,
    automated,
    revision_fields,
    revisions_in,
    source_fields,
    sources_of,
    start_operation,
    target,
)
from sandbox.argocd.errors import DENIED, PRECONDITION, UNKNOWN, ApiError
from sandbox.argocd.world import World
from sandbox.rendering.repository import RepoError

_COPIED = ("dryRun", "prune", "resources")


def sync(world: World, account: Account, name: str, body: Object) -> Object:
    """Set the operation and answer with the application; raises ApiError."""
    wanted = Wanted(name, body.get("project") or "", body.get("appnamespace") or "")
    application = find(world, account, wanted)
    if not world.windows(application).allow(manual=True):
        raise ApiError(DENIED, "cannot sync: blocked by sync window")
    require(account, "sync", target(application))
    if "deletionTimestamp" in application["metadata"]:
        raise ApiError(PRECONDITION, "application is deleting")
    revisions = _revisions(world, application, body)
    operation = _operation(application, account, body, revisions)

    return start(world, account, name, operation)


def start(world: World, account: Account, name: str, operation: Object) -> Object:
    """Take the application's one slot; raises ApiError when it is taken."""

    def change(current: Object) -> None:
        if current.get("operation"):
            raise ApiError(PRECONDITION, "another operation is already in progress")
        start_operation(current, operation)

    after = world.store.patch(name, change)
    revisions = ", ".join(revisions_in(operation["sync"]))
    message = f"{account.name} initiated sync to {revisions}"
    world.record(after, "Normal", "OperationStarted", message)
    return after


def _revisions(world: World, application: Object, body: Object) -> list[str]:
    sources = sources_of(application)
    targets = [each.get("targetRevision") or "HEAD" for each in sources]
    asked = _asked(targets, body, multiple="sources" in application["spec"])
    for revision, expected in zip(asked, targets, strict=True):
        if revision != expected and automated(application) is not None and not body.get("dryrun"):
            text = f"Cannot sync to {revision}: auto-sync currently set to {expected}"
            raise ApiError(PRECONDITION, text)
    try:
        pairs = zip(sources, asked, strict=True)
        return [world.resolve(each, revision, live=True) for each, revision in pairs]
    except RepoError as error:
        raise ApiError(PRECONDITION, f"error resolving repo revision: {error}") from error


def _asked(targets: list[str], body: Object, multiple: bool) -> list[str]:
    """Each source's revision: the asked one, else its targetRevision."""
    if not multiple:
        return [body.get("revision") or targets[0]]
    positions, revisions = body.get("sourcepositions") or [], body.get("revisions") or []
    if len(positions) != len(revisions):
        text = "source positions and revisions must have the same length"
        raise ApiError(UNKNOWN, text)
    asked = list(targets)
    for position, revision in zip(positions, revisions, strict=True):
        if not 1 <= position <= len(targets):
            raise ApiError(UNKNOWN, f"source position is out of range: {position}")
        asked[position - 1] = revision
    return asked


def _operation(application: Object, account: Account, body: Object, revisions: list[str]) -> Object:
    policy = application["spec"].get("syncPolicy", {})
    request: Object = {name: body.get(name.lower()) for name in _COPIED}
    operation: dict[str, Any] = {
        "sync": {
            **revision_fields(application["spec"], revisions),
            **source_fields(application["spec"]),
            **{name: value for name, value in request.items() if value},
            "syncStrategy": body.get("strategy") or {"hook": {}},
        },
        "initiatedBy": {"username": account.name},
        "retry": body.get("retrystrategy") or policy.get("retry") or {},
    }
    options = body.get("syncoptions")
    items = policy.get("syncOptions") if options is None else options.get("items")
    if items:
        operation["sync"]["syncOptions"] = items
    if body.get("infos"):
        operation["info"] = body["infos"]
    return operation
