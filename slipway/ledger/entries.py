"""What the ledger holds: one file an entry, and where each lies. Pure."""

from datetime import datetime

from slipway.decision import Approval
from slipway.model import Change, Image, Release
from slipway.value import Value


class Hold(Value):
    """An environment must not be changed, or not be given one version, until it is released."""

    service: str
    environment: str | None  # None: every environment
    version: str | None  # None: whatever the version
    reason: str
    by: str  # a person, or "slipway"
    at: datetime  # UTC
    run: str = ""  # flow run that held it; empty: by hand


class Proven(Value):
    """A version was proven live, healthy and answering in one environment."""

    service: str
    environment: str
    release: Release  # without notes and commits
    image: Image
    revision: str  # GitOps commit, 40 hex
    at: datetime  # UTC, when the smoke test passed
    run: str  # flow run id


class Decided(Value):
    """One answer of one person, whether it counts or not."""

    approval: Approval
    counts: bool
    why_not: str = ""  # one sentence where it does not count


class Failed(Value):
    """The proof of a version has failed in one environment; an unknown one is no failure."""

    service: str
    environment: str
    version: str
    digest: str
    reason: str
    at: datetime  # UTC
    run: str


class RolledBack(Value):
    """An environment was, or is being, taken back to an earlier proven version.

    Written before the commit: a run that is killed in between knows what it had begun.
    """

    service: str
    environment: str
    version: str  # that failed
    digest: str
    to: str  # version
    to_digest: str
    failed: Change | None = None  # what is taken back, where it is known
    reason: str
    at: datetime  # UTC
    run: str


Entry = Hold | Proven | Failed | Decided | RolledBack


class Ledger(Value):
    """Everything the ledger says about one service, at one moment."""

    service: str
    holds: tuple[Hold, ...] = ()
    proven: tuple[Proven, ...] = ()  # newest first
    failures: tuple[Failed, ...] = ()  # newest first
    decisions: tuple[Decided, ...] = ()  # newest first
    rollbacks: tuple[RolledBack, ...] = ()  # newest first
