"""What one write is asked to do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from slipway.decision import Approval
from slipway.manifests.edits import identity
from slipway.manifests.message import commit_message, undo_trailers
from slipway.model import Candidate, Image, Proof
from slipway.service import Environment, Service
from slipway.settings import Settings
from slipway.timing import Stopwatch


@dataclass(frozen=True)
class Undo:
    """That a write is a rollback: the image it leaves, which the files must hold, and why."""

    leaving: Image
    reason: str


@dataclass(frozen=True)
class Order:
    """What is carried where, by which run, and with whose approval."""

    service: Service
    environment: Environment
    image: Image
    settings: Settings
    run: str
    began: datetime  # when the run did
    approvals: tuple[Approval, ...]
    candidate: Candidate | None
    earlier: Sequence[Proof]  # of the environments before this one
    watch: Stopwatch
    report: Callable[[str], None]
    undo: Undo | None = None  # a declared rollback

    @property
    def decided(self) -> datetime:
        """From when on a change by others is news: the approver saw what was there before."""
        return max((approval.at for approval in self.approvals), default=self.began)

    @property
    def identity(self) -> dict[str, str]:
        """The trailers of every commit that carries this image here."""
        return identity(self.service.service, self.environment.name, self.image)

    @property
    def message(self) -> str:
        """Of the commit that this run makes."""
        message = commit_message(
            self.service, self.environment.name, self.image, self.run, self.approvals
        )
        return (
            message + undo_trailers(self.undo.leaving, self.undo.reason) if self.undo else message
        )

    @property
    def leaving(self) -> Image | None:
        """The image that a rollback takes back."""
        return self.undo.leaving if self.undo else None

    @property
    def undone(self) -> str:
        """What a rollback takes back and why, for people; empty where it is none."""
        return f"{self.undo.leaving.version}: {self.undo.reason}" if self.undo else ""

    @property
    def signs(self) -> bool:
        """Whether our commits are to be signed."""
        return self.settings.optional("gitops_signing_key") is not None
