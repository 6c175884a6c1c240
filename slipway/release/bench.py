"""What one run of the release step works with, and what it has done so far."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from slipway.clients.git import Author, Clone, cloned
from slipway.clients.github import GitHub
from slipway.release.versions import Version
from slipway.service import Service
from slipway.settings import Settings
from slipway.timing import Stopwatch


@dataclass
class Bench:
    """One run: its service, a fresh clone, the forge, and what was done with them."""

    service: Service
    run: str  # id of the caller; empty: only reads
    clone: Clone
    forge: GitHub
    author: Author
    watch: Stopwatch
    report: Callable[[str], None]  # takes a sentence for people
    built: set[str] = field(default_factory=set)  # commits whose push was tried
    finished: set[Version] = field(default_factory=set)  # this run did something for them
    warnings: list[str] = field(default_factory=list)  # what went wrong beside the release

    @property
    def mark(self) -> str:
        """The line by which a run finds again what it has made; empty for one that only reads."""
        return f"Slipway-Run: {self.run}" if self.run else ""


@contextlib.contextmanager
def opened(
    service: Service, settings: Settings, run: str, report: Callable[[str], None]
) -> Iterator[Bench]:
    """A bench over a fresh full clone without file contents; closed after the block."""
    source, token, watch = service.source, settings.secret("source_token"), Stopwatch()
    author = Author(settings.author_name, settings.author_email)
    with (
        GitHub(settings.github_api_url, source.repository, token) as forge,
        cloned(source.repository, source.branch, token, depth=None, tags=True) as clone,
    ):
        yield Bench(service, run, clone, forge, author, watch, report)
