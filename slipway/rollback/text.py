"""What people read about a rollback, before it and after it. Pure."""

from slipway.markdown import code, escape
from slipway.model import Proof
from slipway.report import diff_on_base, in_two, listed, proven_so_far
from slipway.rollback import Back, Planned


def rollback_text(planned: Planned, unknown: str) -> str:
    """What a rollback would do, for whoever decides about it; goes into a question.

    `unknown` says why nobody knows whether the version that is there now is well.
    """
    left = code(planned.back.leaving.version)
    return "\n\n".join(
        [
            f"It is **not known** whether {left} is well: {escape(unknown, 1000)}",
            _rows(planned.back),
            f"## What changes in Git\n\n{diff_on_base(planned.change)}",
        ]
    )


def rollback_report(service: str, back: Back, proof: Proof) -> str:
    """The report of a rollback that is proven."""
    place = escape(proof.environment)
    parts = [
        f"# {escape(service)}: {place} is back at {escape(back.to.image.version)}",
        f"Why: {escape(back.reason, 2000)}",
        _rows(back),
        f"## Proof\n\n{proven_so_far([proof], back.to.image)}",
    ]
    if back.failed is not None:
        parts.append(f"## What had been written\n\n{diff_on_base(back.failed)}")
    parts.append(f"## What the rollback wrote\n\n{diff_on_base(proof.promotion.change)}")
    return "\n\n".join(parts)


def _rows(back: Back) -> str:
    left, to = back.leaving, back.to
    return listed(
        [
            ("From", f"{code(left.version)} {in_two(left.digest)}"),
            ("To", f"{code(to.image.version)} {in_two(to.image.digest)}"),
            ("Proven there", f"{to.at:%Y-%m-%d %H:%M} UTC, by run {code(to.run)}"),
            ("Held from now on", code(left.version)),
        ]
    )
