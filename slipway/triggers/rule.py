"""Which service an event starts, and under which key. Pure."""

import hashlib
from collections.abc import Mapping

from slipway.manifests.globs import matches
from slipway.release.versions import of_tag
from slipway.service import Service
from slipway.triggers.events import Event, Kind, address

_TAGS = "refs/tags/"


def why_not(service: Service, event: Event) -> str:
    """Why the event starts nothing of the service; empty when it starts its delivery."""
    source = service.source
    if event.repository != address(source.repository):
        return f"it is about another repository than {source.repository}"
    wanted = kinds(service)
    if event.kind not in wanted:
        return f"{event.kind} is not among triggers.events ({', '.join(wanted)})"
    if event.ref.startswith(_TAGS):
        form = service.release.tag_format
        tag = event.ref.removeprefix(_TAGS)
        return "" if of_tag(tag, form) else f"the tag {tag} has not the form {form}"
    if event.ref != f"refs/heads/{source.branch}":
        return f"{event.ref} is not the branch {source.branch}"
    if event.paths is not None and not any(_concerns(service, path) for path in event.paths):
        return "no file that it changed is one of the service's"
    return ""


def kinds(service: Service) -> tuple[Kind, ...]:
    """The events that start the service: those it names, else what its way to release needs."""
    default: tuple[Kind, ...] = ("tag",) if service.release.mode == "tag" else ("push",)
    return service.triggers.events or default


def watched(service: Service, refs: Mapping[str, str]) -> str | None:
    """The one of a repository's refs whose commit a delivery is about; None where it has none.

    The branch, or in mode `tag` the tag of the highest version.
    """
    branch = f"refs/heads/{service.source.branch}"
    if service.release.mode != "tag":
        return branch if branch in refs else None
    form = service.release.tag_format
    named = ((of_tag(ref.removeprefix(_TAGS), form), ref) for ref in refs if ref.startswith(_TAGS))
    versions = [(version, ref) for version, ref in named if version]
    return max(versions)[1] if versions else None


def key(service: str, repository: str, ref: str, commit: str) -> str:
    """The idempotency key of the run: one state of one ref starts one run of a service."""
    told = "\n".join((service, address(repository), ref, commit))
    return f"slipway-{hashlib.sha256(told.encode()).hexdigest()}"


def _concerns(service: Service, path: str) -> bool:
    folder = service.source.path
    patterns = service.triggers.paths or (("**",) if folder == "." else (f"{folder}/**",))
    return any(matches(pattern, path) for pattern in patterns)
