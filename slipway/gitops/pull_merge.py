"""What is done about an open pull request: wait for a person, or merge it once it is green."""

from slipway.clients.github import FullPull, Queue, Refused
from slipway.errors import Final
from slipway.gitops.pull_desk import Desk, Waiting, called
from slipway.release.checks import Red, judge
from slipway.release.checks import Waiting as Unfinished


def advance(desk: Desk, pull: FullPull, sha: str, queue: Queue | None) -> Waiting:
    """One step towards the merge of `sha`. Raises Final when nothing is worth waiting for."""
    if pull.head_sha != sha:
        return Waiting(f"{called(pull)} does not show {sha[:10]} yet")
    if queue and queue.waiting:
        desk.queued, desk.missed = sha, 0
        place = f", at position {queue.position}" if queue.position else ""
        return Waiting(f"{called(pull)} is in the merge queue{place}: {pull.html_url}")
    if queue and desk.queued == sha:
        return _left_queue(desk, pull)
    if pull.draft:
        return Waiting(f"{called(pull)} is a draft: mark it as ready: {pull.html_url}")
    if desk.order.environment.pull_request.merge == "person":
        return Waiting(f"{called(pull)} waits for a person to merge it: {pull.html_url}")
    return _unfinished(desk, pull) or _merge(desk, pull, queue)


def _left_queue(desk: Desk, pull: FullPull) -> Waiting:
    """It was in the queue, and is neither there nor merged; two looks have to say so."""
    desk.missed += 1
    if desk.missed < 2:
        return Waiting(f"{called(pull)} has left the merge queue", soon=True)
    if desk.order.environment.pull_request.merge == "person":
        return Waiting(f"{called(pull)} was taken out of the merge queue: {pull.html_url}")
    raise Final(
        f"{desk.order.environment.name}: {called(pull)} was taken out of the merge queue without"
        f" being merged: {pull.html_url}",
        "its page says why; repair that and run again, which puts it back into the queue",
    )


def _unfinished(desk: Desk, pull: FullPull) -> Waiting | None:
    """What the named checks still lack. Raises Final for one that is red."""
    wanted = desk.order.environment.pull_request.checks
    if not wanted:
        return None
    verdict = judge(desk.forge.checks(pull.head_sha), wanted, "pass")
    if isinstance(verdict, Red):
        raise Final(
            f"{desk.order.environment.name}: {called(pull)} is not merged: {verdict.reason}",
            "repair it, or run the check again; then run again",
        )
    if isinstance(verdict, Unfinished):
        return Waiting(f"{called(pull)} waits: {verdict.reason} yet")
    return None


def _merge(desk: Desk, pull: FullPull, queue: Queue | None) -> Waiting:
    if queue and queue.required:
        return _enqueue(desk, pull)
    if pull.mergeable_state == "blocked" and desk.refused[0] == pull.head_sha:
        return _not_yet(pull, desk.refused[1])  # nothing changed since the forge said so
    message = str(desk.clone.repo.commit(pull.head_sha).message)
    answer = desk.forge.merge_pull(pull, desk.order.environment.pull_request.method, message)
    if isinstance(answer, str):
        return Waiting(f"{called(pull)} was merged as {answer[:10]}", soon=True)
    return _after_refusal(desk, pull, answer)


def _after_refusal(desk: Desk, pull: FullPull, refused: Refused) -> Waiting:
    if refused.why == "queue":
        return _enqueue(desk, pull)
    if refused.why == "method":
        raise Final(
            f"{desk.order.environment.name}: {called(pull)} cannot be merged: {refused.words}",
            "set pull_request.method to one that the repository allows",
        )
    if refused.why == "moved":
        return Waiting(f"{called(pull)} or its base moved during the merge", soon=True)
    desk.refused = (pull.head_sha, refused.words)
    return _not_yet(pull, refused.words)


def _enqueue(desk: Desk, pull: FullPull) -> Waiting:
    refused = desk.forge.enqueue(pull)
    if refused:
        return _not_yet(pull, refused.words)
    desk.queued, desk.missed = pull.head_sha, 0
    return Waiting(f"{called(pull)} was put into the merge queue: {pull.html_url}")


def _not_yet(pull: FullPull, words: str) -> Waiting:
    return Waiting(f"{called(pull)} is not merged yet: {words}: {pull.html_url}")
