"""Whether an environment is taken back, and to what. Pure: no clock, no server."""

from typing import Literal

from slipway.errors import InvalidInput, NotFound, NotProven, Retryable, SlipwayError
from slipway.ledger.entries import Ledger, Proven, RolledBack

Verdict = Literal["failed", "unknown", "neither"]


def verdict(error: SlipwayError) -> Verdict:
    """What an error says about the version that was on its way.

    Only a proof that failed is a reason to go back. What survived every attempt is unknown: the
    version may be well. Everything else (superseded, changed by a person, no rights) is neither.
    """
    if isinstance(error, NotProven):
        return "failed"
    return "unknown" if isinstance(error, Retryable) else "neither"


def target(ledger: Ledger, environment: str, leaving: str, version: str | None = None) -> Proven:
    """What was proven in the environment before: the newest other image, or the named version.

    `leaving` is the digest that the environment is asked for now. A version that was proven with
    several digests means the one that was proven last.
    Raises InvalidInput for a named version that is the one to leave, NotFound when nothing fits.
    """
    proven = [entry for entry in ledger.proven if entry.environment == environment]
    fitting = [entry for entry in proven if version in (None, entry.image.version)]
    other = [entry for entry in fitting if entry.image.digest != leaving]
    if other:
        return max(other, key=lambda entry: entry.at)
    if fitting and version is not None:
        raise InvalidInput(
            f"{ledger.service} {version} is what {environment} is asked for already",
            f"name another version, of those that were proven: {_versions(proven)}",
        )
    raise NotFound(
        f"{environment}: {_subject(ledger.service, version)} was ever proven there",
        f"proven there: {_versions(proven)}; promote a version that was not",
    )


def unfinished(ledger: Ledger, run: str, environment: str) -> RolledBack | None:
    """The rollback that this run had begun before it was stopped: it only has to be finished."""
    mine = (e for e in ledger.rollbacks if e.run == run and e.environment == environment)
    return max(mine, key=lambda entry: entry.at, default=None)


def proven_before(ledger: Ledger, run: str, environment: str, digest: str) -> bool:
    """Whether another run has proven this image there: then it is not the image that is new."""
    return any(
        (entry.environment, entry.image.digest) == (environment, digest) and entry.run != run
        for entry in ledger.proven
    )


def _subject(service: str, version: str | None) -> str:
    return f"no version of {service} but this one" if version is None else f"no {service} {version}"


def _versions(proven: list[Proven]) -> str:
    newest = sorted(proven, key=lambda entry: entry.at, reverse=True)
    return ", ".join(dict.fromkeys(entry.image.version for entry in newest)) or "none"
