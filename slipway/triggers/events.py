"""What an event of the forge says, as far as it matters. Its payload is untrusted. Pure.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from slipway.errors import InvalidInput
from slipway.text import printable
from slipway.value import Value

Kind = Literal["push", "tag", "release", "pull-request"]
LISTED = 2048  # commits of a push that its payload holds at the most
_Ref = Annotated[str, Field(pattern=r"^refs/(heads|tags)/[A-Za-z0-9_][A-Za-z0-9._/+-]*$")]
_Sha = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._/+-]*$", max_length=255)]


class Event(Value):
    """One thing that has happened in a repository, and may start a delivery."""

    kind: Kind
    repository: str  # its address, as `address` writes it
    ref: str  # "refs/heads/main"
    paths: tuple[str, ...] | None = None  # that a push has changed; None: not known


class _Repository(BaseModel):
    clone_url: Annotated[str, Field(min_length=1, max_length=2000)]


class _Files(BaseModel):
    added: tuple[str, ...] = ()
    modified: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class _Push(BaseModel):
    repository: _Repository
    ref: _Ref
    after: _Sha
    deleted: bool = False
    created: bool = False
    forced: bool = False
    commits: tuple[_Files, ...] = ()


class _Release(BaseModel):
    tag_name: _Name
    draft: bool = False


class _Released(BaseModel):
    repository: _Repository
    action: str
    release: _Release


class _Base(BaseModel):
    ref: _Name


class _Pull(BaseModel):
    merged: bool = False
    base: _Base


class _Pulled(BaseModel):
    repository: _Repository
    action: str
    pull_request: _Pull


def address(url: str) -> str:
    """A repository's address, so that two ways to write it are the same."""
    return url.rstrip("/").removesuffix(".git").lower()


def read(name: str, payload: Any) -> Event | None:
    """The event of that name (header X-GitHub-Event); None for one that has moved nothing.

    Raises InvalidInput where the name is not one that is used here, or the payload is none of it.
    """
    readers = {"push": _push, "release": _release, "pull_request": _pull_request}
    if name == "ping":
        return None
    if name not in readers:
        raise InvalidInput(
            f"the event {printable(name, 60)} starts nothing",
            f"in the webhook's settings, choose only {', '.join(sorted(readers))}",
        )
    try:
        return readers[name](payload)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the payload"
        raise InvalidInput(
            f"event {name}: {printable(where, 100)}: {printable(first['msg'], 200)}",
            "the payload is not what GitHub sends",
        ) from None


def _push(payload: Any) -> Event | None:
    push = _Push.model_validate(payload)
    if push.deleted:
        return None
    kind: Kind = "tag" if push.ref.startswith("refs/tags/") else "push"
    complete = not (push.created or push.forced) and 0 < len(push.commits) < LISTED
    changed = {p for each in push.commits for p in (*each.added, *each.modified, *each.removed)}
    return Event(
        kind=kind,
        repository=address(push.repository.clone_url),
        ref=push.ref,
        paths=tuple(sorted(changed)) if complete else None,
    )


def _release(payload: Any) -> Event | None:
    told = _Released.model_validate(payload)
    if told.action != "published" or told.release.draft:
        return None
    ref = f"refs/tags/{told.release.tag_name}"
    return Event(kind="release", repository=address(told.repository.clone_url), ref=ref)


def _pull_request(payload: Any) -> Event | None:
    told = _Pulled.model_validate(payload)
    if told.action != "closed" or not told.pull_request.merged:
        return None
    ref = f"refs/heads/{told.pull_request.base.ref}"
    return Event(kind="pull-request", repository=address(told.repository.clone_url), ref=ref)
