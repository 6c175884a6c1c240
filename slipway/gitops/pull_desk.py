"""What one run of a pull request's step works with, and what it has seen so far."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from slipway.clients.git import Clone
from slipway.clients.github import FullPull, GitHub
from slipway.gitops.order import Order
from slipway.gitops.pull_text import WITHDRAWN
from slipway.manifests.edits import place, trailers_of
from slipway.model import Change
from slipway.text import printable


@dataclass(frozen=True)
class Waiting:
    """Nothing is wrong, and it is not done: why, in one sentence for people."""

    reason: str
    soon: bool = False  # worth another look at once


@dataclass(frozen=True)
class Tip:
    """A commit that a branch for pull requests ends with."""

    sha: str
    parent: str  # 40 hex; empty unless there is exactly one
    who: str  # its author, untrusted
    ours: bool  # made by this step, for this environment of this service
    signed: bool  # by our key; not looked at where there is none
    trailers: dict[str, str]


@dataclass
class Desk:
    """One run: what it is to do, the two sides of the repository, and what was seen there."""

    order: Order
    clone: Clone
    forge: GitHub
    seen: int = 0  # number of the pull request that this run found open, or opened
    proposed: Change | None = None  # what it carries
    decided: str = ""  # the base's commit of when it was decided, as far as dates tell
    queued: str = ""  # its head when it was last seen in the merge queue
    missed: int = 0  # looks that did not find it there afterwards
    refused: tuple[str, str] = ("", "")  # head that was not merged, and the forge's words
    tip: str = ""  # of our branch, at the last look; empty: there is none
    _tips: dict[str, Tip] = field(default_factory=dict)
    _said: str = ""

    @property
    def branch(self) -> str:
        """The branch that carries this environment's changes."""
        name = f"slipway/{self.order.service.service}/{self.order.environment.name}"
        base = self.order.service.gitops.branch
        return name if base == "main" else f"{name}@{base}"

    def newest(self) -> FullPull | None:
        """The pull request of our branch that was opened last, as it is now."""
        found = self.forge.newest_pull(self.branch, self.clone.branch)
        return self.forge.pull(found.number) if found else None

    def closed(self) -> Iterator[FullPull]:
        """The pull requests of our branch that a person closed for exactly this image."""
        for pull in self.forge.closed_pulls(self.branch, self.clone.branch):
            if not pull.merged and WITHDRAWN not in pull.body and self.carries(pull.head_sha):
                yield self.forge.pull(pull.number)

    def refresh(self) -> None:
        """Look where the two branches are; fetch the base if it has moved."""
        base, ours = (f"refs/heads/{name}" for name in (self.clone.branch, self.branch))
        found = self.clone.remote(base, ours)
        self.tip = found.get(ours, "")
        if found.get(base) != self.clone.head:
            self.clone.refetch()

    def read(self, sha: str) -> Tip:
        """The commit, fetched where it is not here yet."""
        if sha not in self._tips:
            self.clone.obtain(sha)
            self._tips[sha] = self._read(sha)
        return self._tips[sha]

    def carries(self, sha: str) -> bool:
        """Whether the commit is one of ours for exactly this image."""
        tip = self.read(sha)
        return tip.ours and self.order.identity.items() <= tip.trailers.items()

    def say(self, sentence: str) -> None:
        """Report it, unless it was the last thing said."""
        if sentence != self._said:
            self._said = sentence
            self.order.report(sentence)

    def _read(self, sha: str) -> Tip:
        commit = self.clone.repo.commit(sha)
        parents = [parent.hexsha for parent in commit.parents]
        trailers = trailers_of(str(commit.message))
        here = place(self.order.service.service, self.order.environment.name)
        # Who amends or picks a commit of ours becomes its committer, or moves its date.
        untouched = (commit.author.email, commit.authored_date) == (
            commit.committer.email,
            commit.committed_date,
        )
        named = here.items() <= trailers.items()
        return Tip(
            sha=sha,
            parent=parents[0] if len(parents) == 1 else "",
            who=printable(f"{commit.author.name} <{commit.author.email}>"),
            signed=self.order.signs and self.clone.signed(sha),
            ours=len(parents) == 1 and untouched and named,
            trailers=trailers,
        )


def called(pull: FullPull) -> str:
    """How people find it."""
    return f"pull request #{pull.number}"
