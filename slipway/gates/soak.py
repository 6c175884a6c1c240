"""Whether a version has run long enough where it has to run first: healthy all the time. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from slipway.errors import Conflict, Superseded
from slipway.gates.calendar import Shut
from slipway.ledger.entries import Ledger, Proven
from slipway.model import EnvironmentStatus, Image

_LOOK = timedelta(minutes=1)  # until the next look at what is not healthy now


def soaking(
    ledger: Ledger,
    row: EnvironmentStatus,
    image: Image,
    soak: timedelta,
    now: datetime,
) -> Shut | None:
    """Why the environment of `row` has not shown enough of the image yet; None: it has.

    The clock starts when the image was proven there, and again whenever it was not healthy: the
    engine's own time of health counts, so an unhealthy moment that nobody saw counts too.
    Raises Conflict (never proven there) and Superseded (another version is asked for there).
    """
    proven = _first(ledger, row.environment, image.digest)
    if proven is None:
        raise Conflict(
            f"{image.version} is not proven in {row.environment}, where it has to run first",
            f"deliver or promote it into {row.environment}, then start again",
        )
    if row.digest and row.digest != image.digest:
        raise Superseded(
            f"{row.environment} is asked for {row.version} now, so {image.version} cannot be seen"
            " there any longer",
            "nothing to do: deliver the newer version, or promote this one there again",
        )
    if not row.proven or row.since is None:
        return Shut(f"{row.environment} is not healthy now: {row.reason}", now + _LOOK)
    since = max(proven.at, row.since)
    if now - since >= soak:
        return None
    return Shut(f"{row.environment}: healthy since {since:%H:%M:%S} UTC", since + soak)


def _first(ledger: Ledger, environment: str, digest: str) -> Proven | None:
    """The oldest of the newest proofs there that are all of this image."""
    found = None
    for entry in _of(ledger.proven, environment):
        if entry.image.digest != digest:
            break
        found = entry
    return found


def _of(proven: Iterable[Proven], environment: str) -> list[Proven]:
    """Newest first."""
    own = (entry for entry in proven if entry.environment == environment)
    return sorted(own, key=lambda entry: entry.at, reverse=True)
