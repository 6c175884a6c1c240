"""When an environment may be changed, by its windows."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from slipway.gates.calendar import shut
from slipway.service import Windows

OFFICE = {"schedule": "0 9 * * 1-5", "duration": "8h"}
MADRID = ZoneInfo("Europe/Madrid")
FIRST, LAST = datetime(2026, 1, 1), datetime(2027, 1, 1)  # noqa: DTZ001  # the zone comes later


def at(*parts: int) -> datetime:
    """A moment on Madrid's clock, in UTC."""
    return datetime(*parts, tzinfo=MADRID).astimezone(UTC)  # type: ignore[arg-type,misc]


def windows(**keys: object) -> Windows:
    return Windows.model_validate({"zone": "Europe/Madrid", **keys})


def test_open_inside_a_window_and_closed_at_its_end() -> None:
    office = windows(allow=[OFFICE])
    assert shut(office, at(2026, 11, 26, 9)) is None
    assert shut(office, at(2026, 11, 26, 16, 59)) is None
    closed = shut(office, at(2026, 11, 27, 17))  # a Friday
    assert closed is not None
    assert closed.until == at(2026, 11, 30, 9)


def test_an_excluded_time_wins() -> None:
    freeze = {"schedule": "0 0 20 12 *", "duration": "18d", "reason": "year's end"}
    closed = shut(windows(allow=[OFFICE], exclude=[freeze]), at(2026, 12, 21, 10))
    assert closed is not None
    assert "year's end" in closed.reason
    assert closed.until == at(2027, 1, 7, 9)


def test_a_holiday_is_a_whole_day_in_the_zone() -> None:
    holiday = windows(holidays=["2026-12-25"])
    assert shut(holiday, at(2026, 12, 24, 23, 59)) is None
    closed = shut(holiday, at(2026, 12, 25, 0))
    assert closed is not None
    assert closed.until == at(2026, 12, 26, 0)


@pytest.mark.parametrize("day", [(2026, 3, 29), (2026, 10, 25)])  # the clocks change
def test_a_night_ends_at_its_hour_when_the_clocks_change(day: tuple[int, int, int]) -> None:
    night = windows(exclude=[{"schedule": "0 22 * * 6", "duration": "8h"}])
    assert shut(night, at(*day, 5, 59)) is not None
    assert shut(night, at(*day, 6)) is None


def test_a_start_that_the_clocks_skip_is_not_lost() -> None:
    early = windows(allow=[{"schedule": "30 2 * * *", "duration": "2h"}])
    closed = shut(early, at(2026, 3, 29, 1))
    assert closed is not None
    assert closed.until == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_what_never_opens_is_looked_at_again_later() -> None:
    never = windows(exclude=[{"schedule": "0 0 * * *", "duration": "1d"}])
    closed = shut(never, at(2026, 3, 1))
    assert closed is not None
    assert closed.until > at(2026, 3, 2)


@settings(max_examples=60, deadline=None)
@given(
    st.datetimes(FIRST, LAST, timezones=st.just(UTC)),
    st.integers(0, 23), st.integers(1, 30), st.integers(0, 6), st.booleans(),
)  # fmt: skip
def test_it_opens_when_it_says_and_not_before(
    now: datetime, hour: int, lasts: int, weekday: int, excluded: bool
) -> None:
    span = {"schedule": f"15 {hour} * * {weekday}", "duration": f"{lasts}h"}
    gate = windows(**{"exclude" if excluded else "allow": [span]}, holidays=[date(2026, 3, 29)])
    closed = shut(gate, now)
    if closed is None:
        return
    assert closed.until > now
    assert shut(gate, closed.until) is None
    step = (closed.until - now) / 20
    assert all(shut(gate, now + step * n) for n in range(20))
    assert shut(gate, closed.until - timedelta(seconds=1)) is not None


@pytest.mark.parametrize("wrong", ["0 9 * *", "61 9 * * *", "0 9 30 2 *", "@daily"])
def test_a_schedule_without_times_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError, match="schedule"):
        windows(allow=[{"schedule": wrong, "duration": "1h"}])


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="no time zone"):
        Windows(zone="Mars/Base")
