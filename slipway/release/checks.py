"""Whether the checks of a commit let it be released. No I/O: the forge's client brings them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from slipway.text import printable
from slipway.value import Value

State = Literal["waiting", "passed", "failed", "skipped"]


class Check(Value):
    """One check of a commit, in its newest attempt."""

    name: str
    state: State
    source: str  # "check run", "status" or "workflow run"
    url: str
    detail: str  # the forge's own word for the state


@dataclass(frozen=True)
class Green:
    """Every wanted check is there and passed."""


@dataclass(frozen=True)
class Waiting:
    """Some wanted checks are missing or not finished; `reason` names them."""

    reason: str


@dataclass(frozen=True)
class Red:
    """Some wanted checks failed; nothing is worth waiting for."""

    reason: str


def judge(
    checks: Iterable[Check], wanted: Collection[str], skipped: Literal["pass", "fail"]
) -> Green | Waiting | Red:
    """The verdict on the `wanted` names; checks of other names do not matter.

    A name that several sources report is as good as the worst of them. One that nobody reports is
    waited for: just after a push the list is empty.
    """
    seen: dict[str, list[Check]] = {name: [] for name in wanted}
    for check in checks:
        seen.get(check.name, []).append(check)
    red = [check for found in seen.values() for check in found if _is_red(check, skipped)]
    if red:
        return Red("; ".join(_described(check) for check in red))
    waiting = [
        f"check '{printable(name)}' did not {'finish' if found else 'report'}"
        for name, found in seen.items()
        if not found or any(check.state == "waiting" for check in found)
    ]
    return Waiting("; ".join(waiting)) if waiting else Green()


def _is_red(check: Check, skipped: Literal["pass", "fail"]) -> bool:
    return check.state == "failed" or (check.state == "skipped" and skipped == "fail")


def _described(check: Check) -> str:
    where = f": {printable(check.url)}" if check.url else ""
    return f"check '{printable(check.name)}' is red ({printable(check.detail)}){where}"
