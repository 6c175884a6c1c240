"""One reading beside what is wanted: the questions that the clauses of readiness ask."""

from dataclasses import dataclass

from slipway.model import Lineage
from slipway.readiness.observation import Observation, Operation, Workload
from slipway.readiness.references import is_full_sha, runs
from slipway.readiness.verdict import Known, Progress, Wanted


@dataclass(frozen=True)
class Look:
    """One reading beside what is wanted."""

    seen: Observation
    wanted: Wanted
    known: Known
    previous: Progress

    def relation(self, revision: str) -> Lineage:
        """How a revision relates to the wanted commit."""
        if revision == self.wanted.revision:
            return "same"
        return self.known.lineage.get(revision, "unknown") if is_full_sha(revision) else "unknown"

    def contains(self, revision: str) -> bool:
        """X is in that revision, and its values are still there."""
        return self.relation(revision) in ("same", "newer")

    @property
    def operation(self) -> Operation | None:
        """The operation, unless it is a dry run: that one applies nothing."""
        operation = self.seen.operation
        return None if operation is None or operation.dry_run else operation

    @property
    def failed(self) -> bool:
        """A whole sync of X, or of a commit that contains X, ended badly."""
        operation = self.operation
        return (
            operation is not None
            and not self.seen.operation_requested
            and operation.finished
            and operation.phase != "Succeeded"
            and not operation.partial
            and self.contains(self.seen.operation_revision)
        )

    @property
    def applied(self) -> bool:
        """A whole sync of X, or of a commit that contains X, succeeded."""
        operation = self.operation
        return (
            operation is not None
            and operation.phase == "Succeeded"
            and operation.has_result
            and not operation.partial
            and self.contains(self.seen.operation_revision)
        )

    @property
    def pending(self) -> bool:
        """X was applied, and a later commit waits for a sync by hand (nothing else is amiss)."""
        seen = self.seen
        return (
            self.applied
            and not seen.auto_sync
            and seen.sync == "OutOfSync"
            and seen.revision != seen.operation_revision
        )

    @property
    def may_start(self) -> bool:
        """A sync is ours to start: the engine will not do it by itself."""
        return self.wanted.start and not self.seen.auto_sync

    @property
    def carriers(self) -> tuple[Workload, ...]:
        """Live workloads whose Pod template holds the wanted image."""
        wanted = self.wanted
        return tuple(
            workload
            for workload in self.seen.workloads
            if any(
                runs(image, wanted.repository, wanted.version, wanted.digest)
                for image in workload.images
            )
        )
