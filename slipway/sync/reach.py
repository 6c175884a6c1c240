"""Whether what was written reaches the application at all: said, or refused, before the wait."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from slipway.errors import NotProven
from slipway.readiness.observation import Observation
from slipway.readiness.reach import named, surely_unread, unread
from slipway.service import Application


@dataclass
class Reach:
    """The files of one promotion, looked at once."""

    application: Application
    files: tuple[str, ...]  # paths, or patterns of paths

    def check(self, seen: Observation) -> str:
        """A sentence about files that deploy nothing here, or perhaps nothing.

        NotProven when surely none of the files is read: the commit deploys nothing here.
        """
        files, self.files = tuple(dict.fromkeys(self.files)), ()
        lost, dead = _left(unread, seen, files), _left(surely_unread, seen, files)
        if not lost:
            return ""
        if len(dead) < len(files):
            may = "" if dead == lost else "surely "
            return f"application '{self.application.name}' does not {may}read {', '.join(lost)}"
        reads = ", ".join(_named(seen)) or "nothing of the repository"
        raise NotProven(
            f"application '{self.application.name}' is not proven: it does not read"
            f" {', '.join(lost)}, so the commit deploys nothing; it reads {reads}",
            "correct updates[].file in the service file, or the application's path and valueFiles",
        )


def _left(
    rule: Callable[[tuple[str, ...] | None, Iterable[str]], tuple[str, ...]],
    seen: Observation,
    files: tuple[str, ...],
) -> tuple[str, ...]:
    """What neither the application nor the one that deploys its manifest reads."""
    lost = rule(seen.reads, files)
    return _left(rule, seen.parent, lost) if seen.parent else lost


def _named(seen: Observation) -> tuple[str, ...]:
    above = _named(seen.parent) if seen.parent else ()
    return tuple(dict.fromkeys((*above, *named(seen.reads or ()))))
