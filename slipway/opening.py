"""Everything that may close an environment for a time: holds, soak, windows. Reads, writes nothing.

What a person has closed comes first, for a person has to open it.
"""

from datetime import datetime, timedelta

from slipway import gitops, ledger
from slipway.errors import Held
from slipway.gates.calendar import Shut, shut
from slipway.gates.soak import soaking
from slipway.ledger.entries import Hold
from slipway.ledger.holds import hold_on
from slipway.model import Image
from slipway.service import Environment, Service
from slipway.settings import Settings
from slipway.status import status
from slipway.text import opens_in
from slipway.value import Value

_LOOK = timedelta(minutes=10)  # until the next look at what only a person can open


class Closed(Value):
    """An environment must not be changed now, and nothing is wrong."""

    reason: str  # one sentence, with the time that is left where it is known
    until: datetime  # UTC: when to look again


def closed_now(
    service: Service,
    environment: Environment,
    image: Image,
    settings: Settings,
    now: datetime,
    *,
    urgent: bool,
) -> Closed | None:
    """What closes the environment for the image now; None: it is open, or asked for it already.

    A change that has begun is not held up. An `urgent` one waits for no soak and no window. Raises
    Held for a version that is held, what `soaking` raises, and what reading the ledger, the
    repository and the engines raises.
    """
    found = _closed(service, environment, image, settings, now, urgent=urgent)
    if found and not gitops.plan(service, environment, image, settings).edits:
        return None
    return found


def _closed(
    service: Service,
    environment: Environment,
    image: Image,
    settings: Settings,
    now: datetime,
    *,
    urgent: bool,
) -> Closed | None:
    known = ledger.read(service, settings)
    hold = hold_on(known, environment.name, image.version)
    if hold:
        return _held(environment, hold, now)
    gate = environment.gate
    if gate is None or urgent:
        return None
    found = _soaking(known, service, environment, image, settings, now)
    if found is None and gate.windows:
        found = shut(gate.windows, now)
    if found is None:
        return None
    reason = f"{environment.name}: {found.reason}; {opens_in(found.until, now)}"
    return Closed(reason=reason, until=found.until)


def _held(environment: Environment, hold: Hold, now: datetime) -> Closed:
    since = f"by {hold.by} since {hold.at:%Y-%m-%d %H:%M} UTC: {hold.reason}"
    if hold.version:
        raise Held(
            f"{environment.name}: {hold.version} is held there {since}",
            "when the cause is gone: `slipway release-hold`, see the runbook; then retry the run",
        )
    reason = f"{environment.name} is held {since}; looked at again in 10 min"
    return Closed(reason=reason, until=now + _LOOK)


def _soaking(
    known: ledger.entries.Ledger,
    service: Service,
    environment: Environment,
    image: Image,
    settings: Settings,
    now: datetime,
) -> Shut | None:
    gate = environment.gate
    if gate is None or not gate.soak:
        return None
    rows = [row for row in status(service, settings) if row.environment in environment.after]
    found = (soaking(known, row, image, gate.soak, now) for row in rows)
    return next((each for each in found if each), None)
