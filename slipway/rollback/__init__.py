"""Take an environment back: what to, what is written down before, and what people read.

The intent and the hold are in the ledger before the manifests are touched, so a run that is killed
in between knows what it had begun, and nothing brings the failed version in again.
"""

from datetime import datetime

from slipway import gitops, ledger
from slipway.errors import Held, NotFound
from slipway.gates.rollback import target, unfinished
from slipway.gitops.claimed import image_asked_for
from slipway.ledger.entries import Hold, Ledger, Proven, RolledBack
from slipway.ledger.holds import hold_on
from slipway.model import Change, Image
from slipway.service import Environment, Service
from slipway.settings import Settings
from slipway.value import Value


class Back(Value):
    """A rollback: the image that is left, what was proven before, and why."""

    leaving: Image
    to: Proven
    failed: Change | None = None  # what is taken back, where it is known
    reason: str


class Planned(Value):
    """A rollback that nobody has begun, and what it would change."""

    back: Back
    change: Change


def begun(service: Service, environment: Environment, run: str, settings: Settings) -> Back | None:
    """The rollback that this run had begun before it was stopped. Raises as `ledger.read` does."""
    return _begun(ledger.read(service, settings), environment.name, run)


def plan(
    service: Service,
    environment: Environment,
    leaving: Image | None,
    reason: str,
    settings: Settings,
    version: str | None = None,
) -> Planned:
    """What a rollback would do now; nothing is written. Raises as `begin` does."""
    back = _back(
        ledger.read(service, settings), service, environment, leaving, reason, settings, version
    )
    change = gitops.plan(service, environment, back.to.image, settings, back.leaving)
    return Planned(back=back, change=change)


def begin(
    service: Service,
    environment: Environment,
    leaving: Image | None,
    reason: str,
    run: str,
    now: datetime,
    settings: Settings,
    *,
    failed: Change | None = None,
    version: str | None = None,
) -> Back:
    """Choose what to go back to, and write down that it begins and that the left version is held.

    `leaving` None: whatever the files ask for now. `failed` is the change that had brought it,
    where it is known. `version` None: what was proven there last.
    Raises Held (the environment, or the named version), InvalidInput and NotFound (nothing fits),
    and what reading or writing the ledger raises.
    """
    found = ledger.read(service, settings)
    before = _begun(found, environment.name, run)
    if before:
        return before
    back = _back(found, service, environment, leaving, reason, settings, version)
    back = back.model_copy(update={"failed": failed})
    entry = RolledBack(
        service=service.service,
        environment=environment.name,
        version=back.leaving.version,
        digest=back.leaving.digest,
        to=back.to.image.version,
        to_digest=back.to.image.digest,
        failed=failed,
        reason=reason,
        at=now,
        run=run,
    )
    held = Hold(
        service=service.service,
        environment=environment.name,
        version=back.leaving.version,
        reason=reason,
        by="slipway",
        at=now,
        run=run,
    )
    other = back.leaving.version != back.to.image.version
    ledger.record(service, settings, entry, *([held] if other else []))
    return back


def _back(
    found: Ledger,
    service: Service,
    environment: Environment,
    leaving: Image | None,
    reason: str,
    settings: Settings,
    version: str | None,
) -> Back:
    _refuse_held(found, environment.name, version)
    left = leaving or image_asked_for(service, environment, settings)
    free = found if version else _without_held(found, environment.name)
    to = target(free, environment.name, left.digest, version)
    return Back(leaving=left, to=to, reason=reason)


def _begun(found: Ledger, environment: str, run: str) -> Back | None:
    entry = unfinished(found, run, environment)
    if entry is None:
        return None
    to = next(
        (
            each
            for each in found.proven
            if (each.environment, each.image.digest) == (environment, entry.to_digest)
        ),
        None,
    )
    if to is None:
        raise NotFound(
            f"{environment}: that {entry.to} was proven there is not in the ledger any more",
            "start a rollback to a version that was proven there",
        )
    leaving = to.image.model_copy(update={"version": entry.version, "digest": entry.digest})
    return Back(leaving=leaving, to=to, failed=entry.failed, reason=entry.reason)


def _refuse_held(found: Ledger, environment: str, version: str | None) -> None:
    hold = hold_on(found, environment, version or "")
    if hold:
        what = hold.version or "everything"
        raise Held(
            f"{environment}: {what} is held there by {hold.by}: {hold.reason}",
            "release the hold first, if it is to be changed all the same",
        )


def _without_held(found: Ledger, environment: str) -> Ledger:
    """Without the versions that nobody may bring in again."""
    free = (each for each in found.proven if not hold_on(found, environment, each.image.version))
    return found.model_copy(update={"proven": tuple(free)})
