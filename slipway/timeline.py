"""Which steps a delivery took, how long each was, and how much of it was waiting. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from slipway.markdown import duration, escape, moment, table
from slipway.model import Candidate, Proof
from slipway.value import Timing


class Step(NamedTuple):
    """One line of the timeline."""

    name: str
    timing: Timing


def steps(candidate: Candidate, proofs: Sequence[Proof]) -> list[Step]:
    """The steps of a delivery in their order."""
    found = [
        Step("release", candidate.release.timing),
        Step("build", candidate.image.timing),
        Step("sign and scan", candidate.evidence.timing),
    ]
    if candidate.chart:
        found.append(Step("chart", candidate.chart.timing))
    for proof in proofs:
        found += [
            Step(f"GitOps update, {proof.environment}", proof.promotion.timing),
            Step(f"sync wait, {proof.environment}", proof.sync.timing),
            Step(f"smoke test, {proof.environment}", proof.smoke.timing),
        ]
    return found


def timeline(timed: Sequence[Step]) -> str:
    """A table of the steps: start, duration, and how much of it was waiting for a server."""
    seconds = sum(step.timing.seconds for step in timed)
    waited = sum(step.timing.waited for step in timed)
    rows = [
        (escape(s.name), moment(s.timing.started), *_times(s.timing.seconds, s.timing.waited))
        for s in timed
    ]
    total = ("**all steps**", "", *_times(seconds, waited))
    return table(("Step", "Started", "Took", "Of it waiting", "Share"), [*rows, total])


def _times(seconds: float, waited: float) -> tuple[str, str, str]:
    share = f"{waited / seconds:.0%}" if seconds > 0 else "-"
    return duration(seconds), duration(waited), share
