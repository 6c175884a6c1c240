"""The timeline as a picture."""

import base64
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from slipway.timeline import Step
from slipway.timeline_picture import as_url, picture
from slipway.value import Timing

BEGAN = datetime(2026, 11, 27, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"


def step(name: str, after: float, seconds: float, waited: float = 0.0) -> Step:
    started = BEGAN + timedelta(seconds=after)
    return Step(name, Timing(started=started, seconds=seconds, waited=waited))


def bars(svg: str, kind: str) -> list[tuple[float, float]]:
    """Left edge and width of the bars of one kind; the legend's is left out."""
    found = [e for e in ET.fromstring(svg).iter(f"{SVG}rect") if e.get("class") == kind]
    return [(float(e.attrib["x"]), float(e.attrib["width"])) for e in found[:-1]]


def texts(svg: str) -> str:
    return " ".join("".join(e.itertext()) for e in ET.fromstring(svg).iter(f"{SVG}text"))


def test_bars_follow_each_other_and_are_as_long_as_their_steps() -> None:
    svg = picture([step("release", 0, 10), step("sync wait", 10, 30, waited=20)])
    (first, short), (second, worked) = bars(svg, "work")
    [(light, waited)] = bars(svg, "wait")
    assert second == first + short
    assert light == second + worked
    assert (waited, worked) == (2 * short, short)


def test_what_lies_between_two_steps_is_told_and_takes_no_room() -> None:
    svg = picture([step("release", 0, 10), step("GitOps update", 3610, 10)])
    (first, width), (second, _) = bars(svg, "work")
    assert second == first + width
    assert "1 h 00 min later" in texts(svg)
    assert "later" not in texts(picture([step("release", 0, 10), step("build", 11, 10)]))


lengths = st.floats(0, 1e6)
any_steps = st.lists(
    st.builds(step, st.text(max_size=40), st.floats(0, 1e6), lengths, lengths), max_size=8
)


@given(any_steps)
def test_any_steps_are_a_picture_that_runs_nothing_and_loads_nothing(timed: list[Step]) -> None:
    svg = picture(timed)
    elements = list(ET.fromstring(svg).iter())
    assert {e.tag.removeprefix(SVG) for e in elements} <= {
        "svg", "title", "style", "rect", "text", "tspan",
    }  # fmt: skip
    assert not [value for e in elements for value in e.attrib.values() if ":" in value]
    assert base64.b64decode(as_url(svg).partition(",")[2]).decode() == svg
    for left, width in bars(svg, "work") + bars(svg, "wait"):
        assert width >= 0
        assert left + width <= 760 - 100
