"""What an engine says about one application, already interpreted and free of its own formats.

Field meanings: Argo CD source, v3.5 line. Times are the engine's own, in UTC and whole seconds.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Workload:
    """A live Deployment, StatefulSet, DaemonSet or Rollout; counts are Pods."""

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
    resource_version: str
    workloads: tuple[Workload, ...]
    stop: Stop | None = None  # it can never become live as it is
    block: Block | None = None  # a sync window, or the like
    hold: str = ""  # in progress for a reason that no other field tells
    health_proven: bool = True  # False: the engine only knows that it was applied
    # Path patterns of the repository we push to whose files it reads; None: cannot be told.
    reads: tuple[str, ...] | None = None
    parent: "Observation | None" = None  # of the application that deploys this one's manifest
    tags: tuple[Tag, ...] = ()  # sources whose revision is proven by the registry's digest

    @property
    def revision(self) -> str:
        """What was rendered from the repository we push to; empty when that is not known."""
        return self._pushed(self.revisions)

    @property
    def operation_revision(self) -> str:
        """The same for the operation; empty when that is not known."""
        return self._pushed(self.operation.revisions if self.operation else ())

    @property
    def commits(self) -> frozenset[str]:
        """Every revision whose relation to the wanted commit the decision may ask for."""
        parents = self.parent.commits if self.parent else frozenset()
        return parents | ({self.revision, self.operation_revision} - {""})

    def _pushed(self, revisions: tuple[str, ...]) -> str:
        known = len(revisions) == self.sources and self.index >= 0
        return revisions[self.index] if known else ""
