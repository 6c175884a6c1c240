"""What must become live, what can be said about it, and what is remembered in between."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from slipway.model import Lineage

Ask = Literal["refresh", "hard", "sync", "terminate"]


@dataclass(frozen=True)
class Wanted:
    """What must become live."""

    revision: str  # commit in the GitOps repository, 40 hex
    repository: str  # of the image
    version: str
    digest: str
    settle: timedelta  # all must hold for this long
    grace: timedelta  # a bad state may last this long
    start: bool = False  # we start the sync ourselves when the engine does not
    terminate: bool = False  # we may end a sync that keeps retrying an older commit
    accept_suspended: bool = False  # a paused rollout counts as live
    jobs: bool = False  # the image runs in hooks, Jobs or CronJobs
    files: tuple[str, ...] = ()  # paths, or patterns of paths, that were written
    parent: str = ""  # name of the application that deploys this one's manifest


@dataclass(frozen=True)
class Known:
    """What is known about names that the engine reports; one that is missing is unknown."""

    lineage: Mapping[str, Lineage] = field(default_factory=dict)  # full SHA to its relation to X
    digests: Mapping[str, str] = field(default_factory=dict)  # host/path:tag to "sha256:…"


@dataclass(frozen=True)
class Ready:
    """Live and healthy, proven."""

    observed: str
    healthy_since: datetime
    summary: str


@dataclass(frozen=True)
class Waiting:
    """Not yet, and why; `ask` is what could help."""

    reason: str
    ask: Ask | None = None
    state: str = ""  # short name; the time in one state is counted
    of_parent: bool = False  # the ask is for the parent application


@dataclass(frozen=True)
class Failed:
    """It will not become live by waiting."""

    reason: str
    hint: str


@dataclass(frozen=True)
class Superseded:
    """A newer commit has replaced what X set."""

    reason: str


@dataclass(frozen=True)
class Blocked:
    """Nothing may be changed now; that is no failure. `until` is None when no end is known."""

    reason: str
    until: datetime | None


Verdict = Ready | Waiting | Failed | Superseded | Blocked


@dataclass(frozen=True)
class Progress:
    """What is remembered from one reading to the next. Times are ours, not the engine's."""

    state: tuple[object, ...] = ()
    since: datetime | None = None  # first reading in this state
    readings: int = 0  # consecutive readings in this state
    reconciled_at: datetime | None = None  # the engine's compare when the state began
    trouble_since: datetime | None = None
    hard_refreshed: bool = False
    sources: int | None = None
    inherited: datetime | None = None  # start of the operation that was over before our wait
    # Jobs of a sync of X, by its start and "Job/name", that were seen Healthy or Degraded.
    ended: Mapping[tuple[datetime | None, str], str] = field(default_factory=dict)
    parent: "Progress | None" = None  # the same about the application that deploys this one
