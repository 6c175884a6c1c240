"""What an engine says about one application, already interpreted and free of its own formats.

Field meanings: Argo CD source, v3.5 line. Times are the engine's own, in UTC and whole seconds.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Workload:
    """A live Deployment, StatefulSet, DaemonSet, Rollout, Job or CronJob; counts are Pods."""

    kind: str
    name: str
    images: tuple[str, ...]  # full references in the live Pod template
    generation: int
    observed_generation: int
    replicas: int  # wanted
    total: int  # running from any template, old ones included
    updated: int  # running from the newest template
    available: int
    trouble: str | None = None  # why a Pod of the newest ReplicaSet cannot run

    @property
    def rolled_out(self) -> bool:
        """Every wanted Pod runs the newest template and is available, and there is at least one."""
        counts = {self.replicas, self.total, self.updated, self.available}
        return (
            self.observed_generation >= self.generation and len(counts) == 1 and self.replicas > 0
        )

    @property
    def begun(self) -> bool:
        """Pods of the newest template are available: what a paused rollout comes to.

        Only what is available beyond all the older Pods is surely a new one.
        """
        return (
            self.observed_generation >= self.generation
            and self.updated > 0
            and self.available > self.total - self.updated
            and self.trouble is None
        )

    @property
    def idle(self) -> bool:
        """Scaled to zero: it shows nothing, and there is nothing to wait for."""
        return self.replicas == 0 and self.total == 0

    @property
    def batch(self) -> bool:
        """It runs to an end, or by a schedule: nothing of it serves requests."""
        return self.kind in ("Job", "CronJob")


@dataclass(frozen=True)
class Ran:
    """A hook, Job or CronJob that an operation ran or applied."""

    name: str  # kind/name
    images: tuple[str, ...]
    done: bool  # a hook or Job is through, and well; a schedule is there

    @property
    def is_job(self) -> bool:
        """It runs to an end, after which it may be removed."""
        return self.name.startswith("Job/")


@dataclass(frozen=True)
class Operation:
    """The current or the last sync run."""

    phase: str  # Running, Terminating, Succeeded, Failed, Error
    revisions: tuple[str, ...]  # applied, by source; before that the revisions asked for
    started_at: datetime | None
    finished_at: datetime | None  # also set while a failed run waits for its retry
    message: str = ""
    retry_count: int = 0
    dry_run: bool = False
    partial: bool = False  # of some resources only: self-heal or a person's choice
    has_result: bool = True  # it says what was applied
    failed_resources: tuple[str, ...] = ()
    retry_limit: int = 0
    retry_newest: bool = False  # a retry takes the newest revision, not the one it began with
    of_spec: bool = False  # it applied today's sources
    ran: tuple[Ran, ...] = ()
    parked: bool = False  # it waits for a sync window

    @property
    def finished(self) -> bool:
        """It has a final phase; `finished_at` alone does not say so."""
        return self.phase in ("Succeeded", "Failed", "Error") and self.finished_at is not None


@dataclass(frozen=True)
class Condition:
    """Something the engine complains about."""

    type: str
    message: str


@dataclass(frozen=True)
class Resource:
    """One resource of the application; hooks are none."""

    kind: str
    name: str
    health: str  # empty: it has none, or it is not told

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True)
class Stop:
    """Why waiting cannot help, told by the engine's own rules."""

    reason: str
    hint: str


@dataclass(frozen=True)
class Block:
    """Why nothing may be changed now; `until` is None when no end is known."""

    reason: str
    until: datetime | None = None


@dataclass(frozen=True)
class Tag:
    """A source of an OCI registry that names a tag: the engine reports what it resolved to."""

    index: int  # of the source
    reference: str  # host[:port]/path:tag


@dataclass(frozen=True)
class Pin:
    """A source whose revision is known beforehand: a chart's version, an OCI digest."""

    index: int  # of the source
    revision: str


@dataclass(frozen=True)
class Observation:
    """One reading of one application."""

    sources: int  # how many sources it has
    index: int  # which of them is the repository we push to; -1: none, its parent reads it
    revisions: tuple[str, ...]  # what the last compare rendered, by source; may be empty
    compared_to_spec: bool  # the last compare used today's sources and destination
    sync: str  # Synced, OutOfSync, Unknown or empty
    health: str  # Healthy, Progressing, Degraded, Suspended, Missing, Unknown or empty
    health_since: datetime | None
    reconciled_at: datetime | None  # start of the last compare
    operation_requested: bool  # asked for or running; a dry run does not count
    operation: Operation | None
    conditions: tuple[Condition, ...]
    deleting: bool
    skip_reconcile: bool
    auto_sync: bool
    has_parent: bool  # the application object is itself deployed by another application
    out_of_sync: tuple[str, ...]  # resources that differ, "kind/name"
    workloads: tuple[Workload, ...]
    stop: Stop | None = None  # it can never become live as it is
    block: Block | None = None  # a sync window, or the like
    hold: str = ""  # in progress for a reason that no other field tells
    health_proven: bool = True  # False: the engine only knows that it was applied
    # Path patterns of the repository we push to whose files it reads; None: cannot be told.
    reads: tuple[str, ...] | None = None
    parent: "Observation | None" = None  # of the application that deploys this one's manifest
    tags: tuple[Tag, ...] = ()  # sources whose revision is proven by the registry's digest
    pins: tuple[Pin, ...] = ()
    others: tuple[int, ...] = ()  # more sources that follow the branch we push to
    spec_values: tuple[str, ...] = ()  # every value in the description of its sources
    resources: tuple[Resource, ...] = ()
    hydrated: bool = False  # its revisions are dry commits, none of which can be synced by name

    @property
    def revision(self) -> str:
        """What was rendered from the repository we push to; empty when that is not known."""
        return self.at(self.index)

    @property
    def operation_revision(self) -> str:
        """The same for the operation; empty when that is not known."""
        return self.applied_at(self.index)

    @property
    def ours(self) -> tuple[int, ...]:
        """Indices of the sources that follow the branch we push to."""
        return tuple(index for index in (self.index, *self.others) if index >= 0)

    @property
    def pushed(self) -> tuple[str, ...]:
        """What was rendered from each source that follows the branch we push to."""
        return tuple(self.at(index) for index in self.ours)

    @property
    def commits(self) -> frozenset[str]:
        """Every revision whose relation to the wanted commit the decision may ask for."""
        parents = self.parent.commits if self.parent else frozenset()
        return parents | ({*self.pushed, *map(self.applied_at, self.ours)} - {""})

    @property
    def references(self) -> frozenset[str]:
        """Every tag of an OCI registry whose digest the decision may ask for."""
        parents = self.parent.references if self.parent else frozenset()
        return parents | {tag.reference for tag in self.tags}

    def at(self, index: int) -> str:
        """What was rendered from a source; empty when that is not known."""
        return self._at(index, self.revisions)

    def applied_at(self, index: int) -> str:
        """What the operation took from a source; empty when that is not known."""
        return self._at(index, self.operation.revisions if self.operation else ())

    def _at(self, index: int, revisions: tuple[str, ...]) -> str:
        known = len(revisions) == self.sources and 0 <= index < self.sources
        return revisions[index] if known else ""
