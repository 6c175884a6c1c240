"""One reading beside what is wanted: the questions that the clauses of readiness ask."""

from dataclasses import dataclass, replace

from slipway.manifests.globs import is_pattern
from slipway.model import Lineage
from slipway.readiness.observation import Observation, Operation, Ran, Workload
from slipway.readiness.reach import unread
from slipway.readiness.references import is_full_sha, is_of, names, runs
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
        wanted = replace(self.wanted, terminate=False, start=False)
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
        version, digest = self.wanted.version, self.wanted.digest
        return any(
            names(value, version) or (digest and digest in value) for value in self.seen.spec_values
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
        """The operation was surely of a commit without X, or of sources that are no more."""
        if self.seen.index < 0:
            return not self.ours
        return self._outdated or self.relation(self.seen.operation_revision) == "without"

    @property
    def _outdated(self) -> bool:
        """The application was changed since the operation: the engine starts another one."""
        operation = self.operation
        return operation is not None and operation.has_result and not operation.of_spec

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
            and not self._outdated
            and self.ours
        )

    @property
    def applied(self) -> bool:
        """A whole sync of X, or of a commit that contains X, succeeded, with today's sources."""
        operation = self.operation
        return (
            operation is not None
            and operation.phase == "Succeeded"
            and operation.has_result
            and not operation.partial
            and operation.of_spec
            and self.ours
            and self._took_all
        )

    @property
    def _took_all(self) -> bool:
        """The operation took X from every source of ours, and what the other ones must be."""
        seen, digests = self.seen, self.known.digests
        artifacts = [(tag.index, digests.get(tag.reference)) for tag in seen.tags]
        artifacts += [(pin.index, pin.revision) for pin in seen.pins]
        return all(self.contains(seen.applied_at(index)) for index in seen.ours) and all(
            seen.applied_at(index) == wanted for index, wanted in artifacts
        )

    @property
    def pending(self) -> bool:
        """X was applied, and a later commit waits for a sync by hand (nothing else is amiss)."""
        seen = self.seen
        return (
            self.applied
            and not seen.auto_sync
            and seen.sync == "OutOfSync"
            and seen.pushed != tuple(map(seen.applied_at, seen.ours))
        )

    @property
    def is_compared(self) -> bool:
        """The last compare began after the last sync ended; both are in whole seconds."""
        operation, reconciled = self.operation, self.seen.reconciled_at
        if operation is None or reconciled is None:
            return reconciled is not None
        return operation.finished_at is not None and reconciled > operation.finished_at

    @property
    def may_start(self) -> bool:
        """A sync is ours to start: the engine will not do it by itself."""
        return self.wanted.start and not self.seen.auto_sync

    @property
    def gone(self) -> frozenset[str]:
        """Jobs that X's sync ran to a good end and that were removed since: not missing, done."""
        return frozenset(self.missing & {ran.name for ran in self.done if ran.is_job})

    @property
    def missing(self) -> frozenset[str]:
        """Resources that are not there."""
        return frozenset(str(r) for r in self.seen.resources if r.health == "Missing")

    @property
    def done(self) -> tuple[Ran, ...]:
        """What X's sync ran to a good end, by its own word or as was seen before."""
        ran = self.operation.ran if self.operation and self.applied else ()
        return tuple(each for each in ran if each.done or self.ended(each.name) == "Healthy")

    def ended(self, job: str) -> str:
        """How a Job of this operation was seen to end: Healthy, Degraded, or empty."""
        started = self.operation.started_at if self.operation else None
        return self.previous.ended.get((started, job), "")

    @property
    def carriers(self) -> tuple[Workload, ...]:
        """Live workloads whose Pod template holds the wanted image, and no other one of its kind.

        With another tag or digest beside it nobody knows which of the two does the work.
        """
        return tuple(
            workload
            for workload in self.seen.workloads
            if (self.wanted.jobs or not workload.batch)
            and self._any_runs(workload.images)
            and not self._any_other(workload.images)
        )

    @property
    def ran(self) -> bool:
        """Where the image runs in jobs only: a hook or job of X's sync ran it."""
        return self.wanted.jobs and any(self._any_runs(each.images) for each in self.done)

    def _any_runs(self, images: tuple[str, ...]) -> bool:
        return any(map(self._runs, images))

    def _any_other(self, images: tuple[str, ...]) -> bool:
        repository = self.wanted.repository
        return any(is_of(image, repository) and not self._runs(image) for image in images)

    def _runs(self, image: str) -> bool:
        wanted = self.wanted
        return runs(image, wanted.repository, wanted.version, wanted.digest)
