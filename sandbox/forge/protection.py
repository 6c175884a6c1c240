"""What a base branch asks of a pull request before it is merged, and GitHub's words when it lacks.

The words are those of GitHub's classic branch protection and of its repository settings.
"""

from dataclasses import dataclass

from sandbox.forge.ledger import Entry, Ledger
from sandbox.forge.merges import METHODS

_GREEN = ("success", "neutral", "skipped")
_METHOD_OFF = {
    "merge": "Merge commits are not allowed on this repository.",
    "squash": "Squash merges are not allowed on this repository.",
    "rebase": "Rebase merges are not allowed on this repository.",
}
QUEUE_ONLY = "Changes must be made through the merge queue"


@dataclass
class Protection:
    """The rules of one base branch; a test may change them while the server runs."""

    methods: tuple[str, ...] = METHODS  # that are switched on
    checks: tuple[str, ...] = ()  # green on the head
    reviews: int = 0  # approving ones
    up_to_date: bool = False  # the head holds the base's tip
    queue: str = ""  # the merge queue's method; empty: there is none
    queue_seconds: float = 0.0  # before the queue merges
    queue_checks: str = "success"  # how the queue's own checks end

    def method_refusal(self, method: str) -> str:
        """Why this method does not merge here; empty when it may."""
        return "" if method in self.methods else _METHOD_OFF[method]

    def lacks(self, entry: Entry, checks: dict[str, str]) -> str:
        """The first thing that is missing, in GitHub's words; empty when nothing is."""
        for name in self.checks:
            state = checks.get(name, "expected")
            if state not in _GREEN:
                return f'Required status check "{name}" is {state}.'
        missing = self.reviews > len(entry["approvals"])
        if missing and self.reviews == 1:
            return "At least 1 approving review is required by reviewers with write access."
        if missing:
            asked = f"At least {self.reviews} approving reviews are required"
            return f"{asked} by reviewers with write access."
        return ""


def conclusions(ledger: Ledger, name: str, sha: str) -> dict[str, str]:
    """How the checks and statuses of a commit stand, the newest of each name."""
    found: dict[str, str] = {}
    for run in ledger.entries(name, "check_runs"):
        if run["head_sha"] == sha:
            ended = str(run["conclusion"] or "in progress")
            found[str(run["name"])] = "failing" if ended == "failure" else ended
    for status in reversed(ledger.statuses(name, sha)):
        bad = status["state"] in ("failure", "error")
        found[str(status["context"])] = "failing" if bad else str(status["state"])
    return found
