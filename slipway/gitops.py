"""Carries an image into an environment: one commit in the GitOps repository, or none.

Safe to repeat at any point. The edit is computed anew on every head, never replayed; a commit that
was pushed before a crash is found again by its trailers.
"""

import random

from slipway.clients.git import Author, Clone, PushRace, cloned
from slipway.errors import Conflict, Retryable
from slipway.manifests.edits import (
    Computed,
    commit_message,
    compute,
    holds,
    identity,
    require_approved,
    trailers_of,
)
from slipway.model import Approval, Change, Image, Lineage, Promotion
from slipway.readiness.references import is_full_sha
from slipway.service import Environment, Service
from slipway.settings import Settings
from slipway.timing import Stopwatch

_TRIES = 8  # pushes against a branch that others move
_LOOK_BACK = 50  # commits searched for our own
_JITTER = random.SystemRandom()


def plan(service: Service, environment: Environment, image: Image, settings: Settings) -> Change:
    """What `write` would change now; writes nothing. Raises as `write` does."""
    gitops = service.gitops
    with cloned(gitops.repository, gitops.branch, settings.optional("gitops_token")) as clone:
        return _computed(clone, environment, image).change


def write(
    service: Service,
    environment: Environment,
    image: Image,
    settings: Settings,
    *,
    run: str,
    approval: Approval | None,
    watch: Stopwatch | None = None,
) -> Promotion:
    """Commit and push the edits, unless the values are there already. `run` names the delivery.

    Raises Conflict (not what was approved), Superseded (a newer version is there), Protected (the
    branch's rules), PushRace (others kept moving the branch), and what cloning raises.
    """
    watch = watch or Stopwatch()
    gitops, author = service.gitops, Author(settings.author_name, settings.author_email)
    message = commit_message(service.service, environment.name, image, run, approval)
    ref = f"refs/heads/{gitops.branch}"
    with cloned(gitops.repository, gitops.branch, settings.secret("gitops_token")) as clone:
        for attempt in range(1, _TRIES + 1):
            change, files = _computed(clone, environment, image)
            if not change.edits:
                return _written_before(clone, service, image, change, run, watch)
            _require_decision(environment, change, image, approval)
            try:
                revision = clone.commit(clone.head, files, message, author)
                clone.push({ref: revision}, expect={ref: clone.head})
            except PushRace:
                if attempt == _TRIES:
                    raise
                watch.sleep(_JITTER.uniform(0, min(5.0, 0.2 * 2**attempt)))
                clone.refetch()
            else:
                said = ", ".join(f"{edit.key} = {edit.new}" for edit in change.edits)
                return _promotion(service, change, revision, f"wrote {said}", watch, committed=True)
    raise AssertionError("the last attempt returns or raises")


def lineage(
    service: Service,
    environment: Environment,
    image: Image,
    settings: Settings,
    wanted: str,
    observed: str,
) -> Lineage:
    """How the revision an engine reports relates to the commit that was written.

    "unknown" also while the repository cannot be read; Final errors (a token that was revoked, a
    repository that is gone) are raised.
    """
    if wanted == observed:
        return "same"
    if not (is_full_sha(wanted) and is_full_sha(observed)):
        return "unknown"
    gitops = service.gitops
    try:
        with cloned(gitops.repository, gitops.branch, settings.optional("gitops_token")) as clone:
            contained = clone.contains(observed, wanted)
            if contained is None:
                return "unknown"
            if not contained:
                return "without"
            kept = holds(environment, image, _contents(clone, environment, observed))
            return "newer" if kept else "changed"
    except Retryable:
        return "unknown"


def _contents(clone: Clone, environment: Environment, revision: str) -> dict[str, bytes | None]:
    files = dict.fromkeys(update.file for update in environment.updates)
    return {path: clone.read(path, revision) for path in files}


def _computed(clone: Clone, environment: Environment, image: Image) -> Computed:
    contents = _contents(clone, environment, clone.head)
    return compute(environment, image, contents, clone.head)


def _require_decision(
    environment: Environment, change: Change, image: Image, approval: Approval | None
) -> None:
    if environment.gate is not None and approval is None:
        raise Conflict(
            f"{environment.name} is changed only with an approval, and there is none",
            "let the delivery ask one of the approvers, or remove the gate from the service file",
        )
    require_approved(change, image, approval)


def _written_before(
    clone: Clone, service: Service, image: Image, change: Change, run: str, watch: Stopwatch
) -> Promotion:
    """The promotion for values that are there already: by our own commit, if it can be found."""
    found = _own_commit(clone, identity(service.service, change.environment, image))
    if found is None:
        reason = f"the values were there already; no commit for {image.version} is among the latest"
        return _promotion(service, change, clone.head, reason, watch, committed=False)
    revision, by = found
    reason = (
        "this run had written the values already"
        if by == run
        else f"the values were written already by run {by}"
    )
    return _promotion(service, change, revision, reason, watch, committed=False)


def _own_commit(clone: Clone, wanted: dict[str, str]) -> tuple[str, str] | None:
    clone.deepen(_LOOK_BACK)
    for revision, message in clone.messages(None, clone.head).items():
        trailers = trailers_of(message)
        if wanted.items() <= trailers.items():
            return revision, trailers.get("Slipway-Run", "unknown")
    return None


def _promotion(
    service: Service,
    change: Change,
    revision: str,
    reason: str,
    watch: Stopwatch,
    *,
    committed: bool,
) -> Promotion:
    page = service.gitops.repository.removesuffix("/").removesuffix(".git")
    return Promotion(
        environment=change.environment,
        revision=revision,
        change=change,
        committed=committed,
        reason=reason,
        url=f"{page}/commit/{revision}",
        timing=watch.read(),
    )
