"""`write: commit`: one commit pushed to the branch that the engine reads, or none.

Safe to repeat at any point. The edit is computed anew on every head, never replayed; a commit that
was pushed before a crash is found again by its trailers.
"""

import itertools
import random

from slipway.clients.git import Author, PushRace, cloned
from slipway.gitops.compute import computed, promotion, require_decision, written_before
from slipway.gitops.others import require_undisturbed
from slipway.gitops.turns import turn
from slipway.manifests.edits import commit_message
from slipway.model import Approval, Image, Promotion
from slipway.service import Environment, Service
from slipway.settings import Settings
from slipway.timing import Stopwatch

_TRIES = 20  # pushes against a branch that others move
_PATIENCE = 300.0  # seconds for all of them
_LONGEST = 15.0  # seconds between two
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

    Raises Conflict (not what was approved, or a person changed a value meanwhile), Superseded (a
    newer version is there), Protected and Refused (the server's rules), PushRace (others kept
    moving the branch), Final (a signature that did not arrive), and what cloning raises.
    """
    gitops, author = service.gitops, Author(settings.author_name, settings.author_email)
    message = commit_message(service, environment.name, image, run, approval)
    ref, key = f"refs/heads/{gitops.branch}", settings.optional("gitops_signing_key")
    token, seen = settings.secret("gitops_token"), None
    with (
        turn(gitops.repository, gitops.branch, watch),
        cloned(gitops.repository, gitops.branch, token, sparse=True, signing_key=key) as clone,
    ):
        for attempt in itertools.count(1):
            begin = watch.elapsed
            change, files = computed(clone, environment, image)
            if seen is not None:
                require_undisturbed(clone, environment, seen, change)
            if not change.edits:
                return written_before(clone, service, image, change, run, watch)
            require_decision(environment, change, image, approval)
            try:
                revision = clone.commit(clone.head, files, message, author)
                clone.push({ref: revision}, expect={ref: clone.head})
                break
            except PushRace:
                if attempt == _TRIES or watch.elapsed > _PATIENCE:
                    raise
                watch.sleep(_pause(attempt, watch.elapsed - begin))
                seen = change
                clone.refetch()
        if key:
            clone.require_signed(revision)
    said = ", ".join(f"{edit.key} = {edit.new}" for edit in change.edits)
    return promotion(service, change, revision, f"wrote {said}", watch, committed=True)


def _pause(attempt: int, last: float) -> float:
    """Seconds before the next attempt: as likely short as long, in the measure of the last one.

    The more often we lose, the more others there must be, and the wider the time they share.
    """
    return _JITTER.uniform(0, min(_LONGEST, max(0.1, last) * 2 ** min(attempt, 10)))
