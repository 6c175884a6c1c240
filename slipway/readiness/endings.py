"""What ends a wait at once: no waiting can mend it, or a newer commit has taken over."""

from collections.abc import Iterator
from dataclasses import replace

from slipway.readiness.look import Look
from slipway.readiness.observation import Observation
from slipway.readiness.verdict import Failed, Superseded


def at_once(look: Look) -> Failed | Superseded | None:
    """What no waiting can mend, of the application or of the one that deploys its manifest."""
    own = _at_once(look)
    if own or look.parent is None:
        return own
    above = at_once(look.parent) or failure(look.parent)
    return replace(above, reason=f"the parent application: {above.reason}") if above else None


def _at_once(look: Look) -> Failed | Superseded | None:
    stop = next(_stops(look), None)
    if stop:
        return stop
    changed = next((r for r in look.seen.pushed if look.relation(r) == "changed"), None)
    return Superseded(f"commit {changed[:7]} has replaced the values we wrote") if changed else None


def _stops(look: Look) -> Iterator[Failed]:
    seen, before = look.seen, look.previous.sources
    if seen.deleting:
        yield Failed("the application is being deleted", "find out who deletes it, and why")
    if seen.skip_reconcile:
        yield Failed(
            "reconciliation of the application is switched off",
            "remove its annotation argocd.argoproj.io/skip-reconcile",
        )
    if seen.stop and _stays(look.parent):
        yield Failed(seen.stop.reason, seen.stop.hint)
    if seen.sources != before:
        yield Failed(
            f"the application had {before} sources and now has {seen.sources}",
            "somebody changed the application during the wait; run the promotion again",
        )
    if seen.reads == () and seen.index >= 0 and not (seen.parent or seen.has_parent):
        yield Failed(
            f"the commit deploys nothing: no source uses the reference of source {seen.index + 1}",
            "use its values files as $REF/path in another source, or write the file that is read",
        )


def _stays(parent: Look | None) -> bool:
    """Whether X itself can no longer change the application's own manifest."""
    return parent is None or (parent.contained and parent.seen.sync == "Synced")


def failure(look: Look) -> Failed | None:
    """The sync of X ended badly, or a Job of it did, and nobody will try it again."""
    seen, operation = look.seen, look.operation
    lost = ", ".join(sorted(job for job in look.missing if look.ended(job) == "Degraded"))
    if lost:
        return Failed(f"{lost} failed, and was removed since", no_retry(look))
    if operation is None or not look.failed:
        return None
    inherited = look.previous.inherited
    if look.may_start and inherited and operation.started_at == inherited:
        return None  # it failed before this wait: we start it again
    if seen.auto_sync and look.contains(seen.revision) and _differs(seen):
        return None  # a later commit is there: the engine tries that one by itself
    resources = "".join(f"; {resource}" for resource in operation.failed_resources)
    which = seen.operation_revision[:7] or look.wanted.version
    return Failed(
        f"the sync of {which} ended {operation.phase}: {operation.message}{resources}",
        no_retry(look),
    )


def _differs(seen: Observation) -> bool:
    return seen.revision != seen.operation_revision


def no_retry(look: Look) -> str:
    """What to do after a sync that failed."""
    return f"the engine does not try this commit again: push a fix, or {back(look)}"


def back(look: Look) -> str:
    """The way back; Argo CD refuses a rollback with automated sync on, a commit works always."""
    return f"go back with `git revert {look.wanted.revision[:7]}` in the GitOps repository"
