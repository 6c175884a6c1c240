"""Where the ledger lies, how it is read, and how an entry gets into it: whole, or not at all."""

import itertools
import random
from collections.abc import Callable, Mapping

from slipway.clients.git import Author, PushRace
from slipway.clients.git_files import Files, opened
from slipway.ledger.entries import Decided, Entry, Failed, Hold, Ledger, Proven, RolledBack
from slipway.ledger.files import content, hold_place, ledger, outdated, place
from slipway.service import Service
from slipway.settings import Settings
from slipway.text import printable
from slipway.timing import Stopwatch

REF = "refs/slipway/ledger"
_TRIES = 20  # pushes against a ref that others move
_LONGEST = 5.0  # seconds between two
_JITTER = random.SystemRandom()

_Changes = Mapping[str, bytes | None]


def read(service: Service, settings: Settings) -> Ledger:
    """What the ledger says about a service now; nothing where there is none yet.

    Raises Final (damaged), and what reading a repository raises.
    """
    token = settings.optional("gitops_token")
    with opened(service.gitops.repository, REF, token) as ref:
        return ledger(service.service, ref.read(service.service).found)


def record(service: Service, settings: Settings, *entries: Entry) -> None:
    """Write entries down, in one commit; those that are there already are not written again.

    Raises PushRace (others kept moving the ref), Final (damaged), and what pushing raises.
    """
    new = {place(entry): content(entry) for entry in entries}

    def missing(files: Files) -> _Changes:
        changes = {path: text for path, text in new.items() if files.found.get(path) != text}
        if not changes:
            return {}
        then = ledger(service.service, {**files.found, **changes})
        return {**changes, **dict.fromkeys(outdated(then))}

    _change(service, settings, missing, "; ".join(map(_said, entries)))


def release_hold(
    service: Service,
    settings: Settings,
    environment: str | None,
    version: str | None,
    by: str,
    reason: str,
) -> tuple[Hold, ...]:
    """Release the hold of this environment (None: all) and version (None: any); what was held.

    Nothing is released where there is no such hold. Who did it, and why, is in the ref's history.
    """
    path = hold_place(service.service, environment, version)
    where = _where(service.service, environment, version)
    seen = _change(
        service,
        settings,
        lambda files: {path: None} if path in files.found else {},
        f"{where} released by {printable(by)}: {printable(reason)}",
    )
    return ledger(service.service, {p: t for p, t in seen.found.items() if p == path}).holds


def _change(
    service: Service, settings: Settings, changes: Callable[[Files], _Changes], message: str
) -> Files:
    """Make the changes, computed anew on every state of the ref; the state they were made on."""
    author = Author(settings.author_name, settings.author_email)
    token, watch = settings.secret("gitops_token"), Stopwatch()
    with opened(service.gitops.repository, REF, token) as ref:
        for attempt in itertools.count(1):
            files = ref.read(service.service)
            wanted = changes(files)
            if not wanted:
                return files
            try:
                ref.change(files.head, wanted, message, author)
            except PushRace:
                if attempt == _TRIES:
                    raise
                watch.sleep(_JITTER.uniform(0, min(_LONGEST, 0.1 * 2**attempt)))
            else:
                return files
    raise AssertionError  # the loop has no other end


def _said(entry: Entry) -> str:
    match entry:
        case Hold():
            where = _where(entry.service, entry.environment, entry.version)
            return f"{where} held by {printable(entry.by)}: {printable(entry.reason)}"
        case Proven():
            return f"{entry.service} {entry.image.version} proven in {entry.environment}"
        case Failed():
            return f"{entry.service} {entry.version} failed in {entry.environment}"
        case RolledBack():
            return (
                f"{entry.service}: {entry.environment} goes back from {entry.version} to {entry.to}"
            )
        case Decided(approval=approval):
            about = approval.subject
            what = f"{about.service} {about.version} in {about.environment}"
            return f"{what}: {approval.decision} by {printable(approval.approver)}"


def _where(service: str, environment: str | None, version: str | None) -> str:
    return f"{service}{f' {version}' if version else ''} in {environment or 'every environment'}"
