"""What the decision must know beside the reading: how commits relate, what tags point at."""

from collections.abc import Callable
from dataclasses import dataclass, field

from slipway.clients.registry import open_repository
from slipway.errors import SlipwayError
from slipway.model import Lineage
from slipway.readiness.observation import Observation
from slipway.readiness.references import is_full_sha
from slipway.readiness.verdict import Known
from slipway.settings import Settings
from slipway.timing import Stopwatch

_FRESH = 5.0  # seconds for which a tag is believed
_AGAIN, _GROWTH, _SELDOM = 1.0, 2.0, 120.0  # seconds until what is unknown is asked for again


@dataclass
class Knowledge:
    """Asked where it is needed, and remembered."""

    lineage: Callable[[str], Lineage]
    settings: Settings
    watch: Stopwatch
    wanted: str
    trouble: str = ""  # why a tag could not be read at the last try
    _relations: dict[str, Lineage] = field(default_factory=dict)
    _unknown: dict[str, tuple[float, float]] = field(default_factory=dict)  # due, and pause after
    _digests: dict[str, tuple[float, str]] = field(default_factory=dict)  # until when

    def about(self, seen: Observation) -> Known:
        """What is known about everything that a reading names."""
        for revision in filter(is_full_sha, seen.commits - {self.wanted}):
            if self._relations.get(revision, "unknown") == "unknown":
                self._relate(revision)
        found = {reference: self._digest(reference) for reference in seen.references}
        digests = {reference: digest for reference, digest in found.items() if digest}
        return Known(dict(self._relations), digests)

    def _relate(self, revision: str) -> None:
        """Ask how it relates, unless that was in vain a moment ago: it costs a clone."""
        due, pause = self._unknown.get(revision, (0.0, _AGAIN))
        if self.watch.elapsed >= due:
            self._relations[revision] = self.lineage(revision)
            later = min(pause * _GROWTH, _SELDOM)
            self._unknown[revision] = (self.watch.elapsed + pause, later)

    def _digest(self, reference: str) -> str:
        """Empty while the registry cannot be read."""
        until, digest = self._digests.get(reference, (0.0, ""))
        if self.watch.elapsed >= until:
            digest = self._read(reference)
            self._digests[reference] = (self.watch.elapsed + _FRESH, digest)
        return digest

    def _read(self, reference: str) -> str:
        name, _, tag = reference.rpartition(":")
        try:
            with open_repository(name, self.settings) as repository:
                found = repository.find(tag)
        except SlipwayError as error:
            self.trouble = error.message
            return ""
        self.trouble = ""
        return found.digest if found else ""
