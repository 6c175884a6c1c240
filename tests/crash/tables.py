"""The figures of many deliveries, as Markdown."""

import time
from collections import Counter
from dataclasses import dataclass, field

from tests.crash.delivery import Story
from tests.crash.moments import NAMES, SIDES, TARGETS, Kill


@dataclass
class Figures:
    """What was done so far."""

    stories: list[Story] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    @property
    def killed(self) -> list[Kill]:
        return [kill for story in self.stories for kill in story.killed]

    @property
    def kills(self) -> int:
        return len(self.killed)


def tables(figures: Figures) -> str:
    """All of it."""
    return "\n\n".join([_whole(figures), _by(figures, "target"), _by(figures, "step")])


def _whole(figures: Figures) -> str:
    stories = figures.stories
    rows = {
        "kills": figures.kills,
        "deliveries": len(stories),
        "retries": sum(story.retries for story in stories),
        "of them, of runs that nobody had marked as crashed": sum(
            story.presumed_dead for story in stories
        ),
        "effects twice, missing or different": len(figures.wrong),
        "wall time": f"{time.monotonic() - figures.began:.0f} s",
    }
    return _table(["", ""], [[name, str(value)] for name, value in rows.items()])


def _by(figures: Figures, what: str) -> str:
    """Kills by target or step, and by side."""
    sides = SIDES if what == "step" else (*SIDES, "random")
    counted = Counter((getattr(kill, what), kill.side) for kill in figures.killed)
    names = NAMES if what == "step" else TARGETS
    rows = [[name, *(str(counted[name, side]) for side in sides)] for name in names]
    return _table([what, *sides], rows)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
