"""The merge queue of a base branch: takes pull requests in, and merges them after a moment.

It moves on whenever somebody looks; nothing runs in between.
"""

import threading
import time
from typing import TYPE_CHECKING

from sandbox.forge.ledger import Entry
from sandbox.forge.protection import Protection
from sandbox.forge.wire import Refusal

if TYPE_CHECKING:
    from sandbox.forge.pulls import PullRequests

_BOT = "github-merge-queue[bot]"
_ONE_AT_A_TIME = threading.Lock()  # requests come one by one, tests from their own thread


class MergeQueue:
    """The queue of one repository's pull requests; an entry's `queued` is when it came in."""

    def __init__(self, pulls: "PullRequests") -> None:
        self._pulls = pulls

    def enqueue(self, entry: Entry, expected_head: str | None) -> Entry:
        """Let it in; refused as GitHub does."""
        rules = self._pulls.protection(entry["base"])
        if not rules.queue:
            raise Refusal(422, "Pull request Merge queue is not enabled on the base branch")
        if entry["queued"]:
            raise Refusal(422, "Pull request is already in the queue")
        if expected_head not in (None, entry["head_sha"]):
            raise Refusal(422, "Pull request Head branch was modified. Review and try again.")
        refusal = self._pulls.refusal(entry)
        if refusal:
            raise Refusal(422, f"Pull request {refusal}")
        entry = self._pulls.save({**entry, "queued": time.time()})
        standing = self.standing(entry)
        assert standing is not None
        return standing

    def remove(self, entry: Entry) -> Entry:
        """Take it out, by a person or because its branch moved."""
        return self._pulls.save({**entry, "queued": None})

    def standing(self, entry: Entry) -> Entry | None:
        """Its place; None when it is not in the queue."""
        if not entry["queued"]:
            return None
        before = [e for e in self._waiting(entry["base"]) if e["queued"] < entry["queued"]]
        return {"position": len(before) + 1, "state": "AWAITING_CHECKS"}

    def move(self) -> None:
        """Merge, or throw out, all that have waited long enough, first come first."""
        with _ONE_AT_A_TIME:
            due = [entry for entry in self._pulls.stored() if entry["queued"]]
            for entry in sorted(due, key=lambda entry: float(entry["queued"])):
                rules = self._pulls.protection(entry["base"])
                if time.time() >= entry["queued"] + rules.queue_seconds:
                    self._end(entry, rules)

    def _end(self, entry: Entry, rules: Protection) -> None:
        try:
            if rules.queue_checks == "success":
                self._pulls.land({**entry, "queued": None}, rules.queue, _BOT, {})
            else:
                self.remove(entry)
        except Refusal:
            self.remove(entry)

    def _waiting(self, base: str) -> list[Entry]:
        return [e for e in self._pulls.stored() if e["queued"] and e["base"] == base]
