"""Whether something is held. Pure."""

from slipway.ledger.entries import Hold, Ledger


def hold_on(ledger: Ledger, environment: str, version: str) -> Hold | None:
    """The hold that forbids this version there; one that forbids every version comes first."""
    fitting = [
        hold
        for hold in ledger.holds
        if hold.environment in (None, environment) and hold.version in (None, version)
    ]
    return min(fitting, key=lambda hold: (hold.version is not None, hold.at), default=None)
