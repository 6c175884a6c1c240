"""Whether what was written reaches the application at all: said, or refused, before the wait."""

from dataclasses import dataclass

from slipway.errors import NotProven
from slipway.readiness.observation import Observation
from slipway.readiness.reach import unread
from slipway.service import Application


@dataclass
class Reach:
    """The files of one promotion, looked at once."""

    application: Application
    files: tuple[str, ...]  # paths, or patterns of paths

    def check(self, seen: Observation) -> str:
        """A sentence about files that deploy nothing here, if there are such.

        NotProven when none of the files is read: the commit deploys nothing here.
        """
        reads = _together(seen)
        lost, self.files = (unread(reads, self.files), ()) if self.files else ((), ())
        if not lost or reads is None:
            return ""
        named = ", ".join(lost)
        if len(lost) < self._written:
            return f"application '{self.application.name}' does not read {named}"
        raise NotProven(
            f"application '{self.application.name}' is not proven: it does not read {named}, so the"
            f" commit deploys nothing; it reads {', '.join(reads) or 'nothing of the repository'}",
            "correct updates[].file in the service file, or the application's path and valueFiles",
        )

    def __post_init__(self) -> None:
        self._written = len(dict.fromkeys(self.files))


def _together(seen: Observation) -> tuple[str, ...] | None:
    """What the application and the one that deploys its manifest read."""
    if seen.parent is None:
        return seen.reads
    above = _together(seen.parent)
    return None if above is None or seen.reads is None else (*above, *seen.reads)
