"""`write: commit`: one commit pushed to the branch that the engine reads, or none.

Safe to repeat at any point. The edit is computed anew on every head, never replayed; a commit that
was pushed before a crash is found again by its trailers.
"""

import random

from slipway.clients.git import Author, PushRace, cloned
from slipway.gitops.compute import computed, promotion, require_decision, written_before
from slipway.manifests.edits import commit_message
from slipway.model import Approval, Image, Promotion
from slipway.service import Environment, Service
from slipway.settings import Settings
from slipway.timing import Stopwatch

_TRIES = 8  # pushes against a branch that others move
_JITTER = random.SystemRandom()


def write(
    service: Service,
    environment: Environment,
    image: Image,
    settings: Settings,
    *,
    run: str,
    approval: Approval | None,
    watch: Stopwatch,
) -> Promotion:
    """Commit and push the edits, unless the values are there already. `run` names the delivery.

    Raises Conflict (not what was approved), Superseded (a newer version is there), Protected (the
    branch's rules), PushRace (others kept moving the branch), and what cloning raises.
    """
    gitops, author = service.gitops, Author(settings.author_name, settings.author_email)
    message = commit_message(service, environment.name, image, run, approval)
    ref = f"refs/heads/{gitops.branch}"
    with cloned(
        gitops.repository, gitops.branch, settings.secret("gitops_token"), sparse=True
    ) as clone:
        for attempt in range(1, _TRIES + 1):
            change, files = computed(clone, environment, image)
            if not change.edits:
                return written_before(clone, service, image, change, run, watch)
            require_decision(environment, change, image, approval)
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
                return promotion(service, change, revision, f"wrote {said}", watch, committed=True)
    raise AssertionError("the last attempt returns or raises")
