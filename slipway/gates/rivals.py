"""Which of several runs of one service gives way, where they meet at one environment. Pure.

The newest version goes on and older ones end as superseded. The answer does not depend on who came
first: two runs that look at each other at the same moment reach the same end, provided each has
put its own tags on before it looks. A run of the same version is no rival.
"""

from collections.abc import Iterable

from slipway.release.versions import Version
from slipway.value import Value

_VERSION, _GATE, _TURN = "version:", "gate:", "changes:"


class Rival(Value):
    """Another unfinished run of the same service that has reached the same environment."""

    run: str  # id of the flow run
    version: str  # SemVer
    waits: bool  # no process of it is at work: it is suspended, or starts again at a later time


class Standing(Value):
    """Where a run stands among its rivals."""

    newer: Rival | None  # the newest one that is newer: this run gives way to it
    outdated: tuple[Rival, ...] = ()  # older ones that wait: this run ends them


def version_tags(service: str, version: str) -> frozenset[str]:
    """The tags by which a run of this service and version is found."""
    return frozenset({service, f"{_VERSION}{version}"})


def gate_tag(environment: str) -> str:
    """The tag of a run that has reached the gate of this environment."""
    return f"{_GATE}{environment}"


def turn_tag(environment: str) -> str:
    """The tag of a run while it changes this environment."""
    return f"{_TURN}{environment}"


def at_gate(tags: Iterable[str], service: str, version: str, environment: str) -> frozenset[str]:
    """The tags of a run that has come to this environment: it has left every other one."""
    others = (tag for tag in tags if not tag.startswith((_GATE, _TURN)))
    return frozenset({*others, *version_tags(service, version), gate_tag(environment)})


def version_of(tags: Iterable[str]) -> str | None:
    """The version a run's tags name; None where they name none, several, or no SemVer version."""
    named = {tag.removeprefix(_VERSION) for tag in tags if tag.startswith(_VERSION)}
    only = named.pop() if len(named) == 1 else ""
    return only if Version.parsed(only) else None


def standing(version: str, rivals: Iterable[Rival]) -> Standing:
    """Who gives way to whom. A run that gives way ends nobody: the newer one does.

    An older rival that is at work is left alone: it looks for itself before it writes. A version
    that is not SemVer has no order, so it neither gives way nor is given way to.
    """
    own = Version.parsed(version)
    ranked = [(rank, rival) for rival in rivals if (rank := Version.parsed(rival.version))]
    if own is None:
        return Standing(newer=None)
    newer = max(
        (pair for pair in ranked if pair[0] > own),
        key=lambda pair: (pair[0], pair[1].run),
        default=None,
    )
    if newer:
        return Standing(newer=newer[1])
    older = sorted(rival.run for rank, rival in ranked if rank < own and rival.waits)
    chosen = {rival.run: rival for _, rival in ranked}
    return Standing(newer=None, outdated=tuple(chosen[run] for run in older))
