"""The timeline as a picture: SVG without script, font or anything from elsewhere. Pure.

The steps stand one after the other on one line of time. What lies between them, such as hours in
which people thought, is left out of the line and told beside the step that came after it.
"""

import base64
from collections.abc import Sequence
from datetime import timedelta
from html import escape

from slipway.markdown import duration
from slipway.text import printable
from slipway.timeline import Step

_WIDTH, _ROW, _NAMES, _TIMES = 760, 24, 210, 150  # pixels
_LEAST_GAP = 5.0  # seconds between two steps that are worth telling
_LEAST = 1.5  # pixels of a bar
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2937}"
    ".ground{fill:#fff}.work{fill:#2563eb}.wait{fill:#93c5fd}.gap{fill:#6b7280;font-size:11px}"
    "@media(prefers-color-scheme:dark){text{fill:#e5e7eb}.ground{fill:#111827}"
    ".wait{fill:#1e3a8a}.gap{fill:#9ca3af}}"
)


def picture(timed: Sequence[Step]) -> str:
    """The steps as bars: dark where they worked, light where they waited for a server."""
    total = sum(step.timing.seconds for step in timed) or 1.0
    scale = (_WIDTH - _NAMES - _TIMES) / total
    rows, left = [], float(_NAMES)
    for number, step in enumerate(timed):
        rows.append(_row(step, number, left, scale, _gap(timed, number)))
        left += step.timing.seconds * scale
    height = _ROW * len(timed) + 28
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH} {height}'"
        f" width='{_WIDTH}' height='{height}' role='img'><title>Timeline</title>"
        f"<style>{_STYLE}</style><rect class='ground' width='{_WIDTH}' height='{height}'/>"
        f"{''.join(rows)}{_legend(height)}</svg>"
    )


def as_url(svg: str) -> str:
    """The picture within an address, for pages that load nothing."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def _row(step: Step, number: int, left: float, scale: float, gap: float) -> str:
    seconds, waited = step.timing.seconds, min(step.timing.waited, step.timing.seconds)
    top, worked = number * _ROW + 4, max((seconds - waited) * scale, _LEAST)
    name = escape(printable(step.name, 32))
    bars = f"<rect class='work' x='{left:.1f}' y='{top}' width='{worked:.1f}' height='16'/>"
    if waited:
        bars += (
            f"<rect class='wait' x='{left + worked:.1f}' y='{top}'"
            f" width='{waited * scale:.1f}' height='16'/>"
        )
    end = left + max(seconds * scale, _LEAST) + 6
    later = f" <tspan class='gap'>{escape(duration(gap))} later</tspan>" if gap else ""
    return (
        f"<text x='8' y='{top + 13}'>{name}</text>{bars}"
        f"<text x='{end:.1f}' y='{top + 13}'>{escape(duration(seconds))}{later}</text>"
    )


def _gap(timed: Sequence[Step], number: int) -> float:
    """Seconds between a step and the end of the one before; 0 where they are not worth telling."""
    if number == 0:
        return 0.0
    before = timed[number - 1].timing
    end = before.started + timedelta(seconds=before.seconds)
    gap = (timed[number].timing.started - end).total_seconds()
    return gap if gap >= _LEAST_GAP else 0.0


def _legend(height: int) -> str:
    y = height - 18
    return (
        f"<rect class='work' x='{_NAMES}' y='{y}' width='12' height='12'/>"
        f"<text class='gap' x='{_NAMES + 18}' y='{y + 10}'>work</text>"
        f"<rect class='wait' x='{_NAMES + 64}' y='{y}' width='12' height='12'/>"
        f"<text class='gap' x='{_NAMES + 82}' y='{y + 10}'>waiting for a server</text>"
    )
