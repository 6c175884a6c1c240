"""One reading beside what is wanted: the questions that the clauses of readiness ask."""

from dataclasses import dataclass, replace

from slipway.manifests.globs import is_pattern
from slipway.model import Lineage
from slipway.readiness.observation import Observation, Operation, Workload
from slipway.readiness.reach import unread
from slipway.readiness.references import is_full_sha, names, runs
from slipway.readiness.verdict import Known, Progress, Wanted


@dataclass(frozen=True)
class Look:
    """One reading beside what is wanted."""

    seen: Observation
    wanted: Wanted
    known: Known
    previous: Progress

    @property
    def parent(self) -> "Look | None":
        """The same for the application that deploys this one's manifest."""
        if self.seen.parent is None:
            return None
        wanted = replace(self.wanted, terminate=False)
        return Look(self.seen.parent, wanted, self.known, self.previous.parent or Progress())

    def relation(self, revision: str) -> Lineage:
        """How a revision relates to the wanted commit."""
        if revision == self.wanted.revision:
            return "same"
        return self.known.lineage.get(revision, "unknown") if is_full_sha(revision) else "unknown"

    def contains(self, revision: str) -> bool:
        """X is in that revision, and its values are still there."""
        return self.relation(revision) in ("same", "newer")

    @property
    def contained(self) -> bool:
        """X is in what was rendered from every source that follows the branch we push to."""
        return all(self.contains(revision) for revision in self.seen.pushed)

    @property
    def by_manifest(self) -> bool:
        """What was written is, or is also, the manifest of the application itself.

        Then the parent reads a file that the application does not; of patterns nobody can tell.
        """
        seen, parent = self.seen, self.seen.parent
        if parent is None:
            return False
        files = [file for file in self.wanted.files if not is_pattern(file)]
        others = unread(seen.reads, files)
        return seen.index < 0 or len(unread(parent.reads, others)) < len(others)

    @property
    def carries(self) -> bool:
        """The application's own description names the wanted version or digest."""
        wanted = self.wanted
        return any(
            names(value, wanted.version) or wanted.digest in value
            for value in self.seen.spec_values
        )

    @property
    def operation(self) -> Operation | None:
        """The operation, unless it is a dry run: that one applies nothing."""
        operation = self.seen.operation
        return None if operation is None or operation.dry_run else operation

    @property
    def ours(self) -> bool:
        """The operation was of X, or of a commit that contains X."""
        if self.seen.index < 0:
            return self.operation is not None and self.operation.of_spec and self.carries
        return self.contains(self.seen.operation_revision)

    @property
    def older(self) -> bool:
        """The operation was surely of a commit without X."""
        if self.seen.index < 0:
            return not self.ours
        return self.relation(self.seen.operation_revision) == "without"

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
            and self.ours
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
            and self.ours
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
    def gone(self) -> frozenset[str]:
        """Jobs that X's sync ran and that were removed since: they are done, not missing."""
        missing = {str(r) for r in self.seen.resources if r.health == "Missing"}
        applied = self.operation.jobs if self.operation and self.applied else ()
        return frozenset(missing & set(applied))

    @property
    def carriers(self) -> tuple[Workload, ...]:
        """Live workloads whose Pod template holds the wanted image."""
        return tuple(
            workload
            for workload in self.seen.workloads
            if (self.wanted.jobs or not workload.batch) and self._any_runs(workload.images)
        )

    @property
    def ran(self) -> bool:
        """Where the image runs in jobs only: a hook or job of X's sync ran it."""
        operation = self.operation
        applied = self.wanted.jobs and operation is not None and self.applied
        return applied and self._any_runs(operation.images if operation else ())

    def _any_runs(self, images: tuple[str, ...]) -> bool:
        wanted = self.wanted
        return any(
            runs(image, wanted.repository, wanted.version, wanted.digest) for image in images
        )
