"""Cron schedules, against a matcher that looks at every minute."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.readiness.cron import parse

START = datetime.fromisoformat("2026-08-22 10:00")  # a Saturday


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("* * * * *", "2026-08-22 10:01"),
        ("*/15 * * * *", "2026-08-22 10:15"),
        ("0 22 * * *", "2026-08-22 22:00"),
        ("0 10 * * *", "2026-08-23 10:00"),
        ("30 9 * * MON-FRI", "2026-08-24 09:30"),
        ("30 9 * * 1-5", "2026-08-24 09:30"),
        ("0 0 1 * *", "2026-09-01 00:00"),
        ("0 0 1 jan ?", "2027-01-01 00:00"),
        ("5/20 10 * * *", "2026-08-22 10:05"),
        ("7,9 10-12/2 * * *", "2026-08-22 10:07"),
        ("0 0 29 2 *", "2028-02-29 00:00"),
        ("0 0 13 * FRI", "2026-08-28 00:00"),  # both fields: either is enough
        ("0 0 */1 * FRI", "2026-08-28 00:00"),  # a star with a step of 1 is still a star
        ("0 0 */2 * FRI", "2026-08-23 00:00"),  # with a larger step it is a range
        ("0 0 *,13 * FRI", "2026-08-28 00:00"),
    ],
)
def test_the_next_time_of_a_schedule(expression: str, expected: str) -> None:
    assert parse(expression).after(START) == datetime.fromisoformat(expected)


def test_a_day_that_no_month_has_never_comes() -> None:
    assert parse("0 0 30 2 *").after(START) is None


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "* * * *",
        "0 * * * * *",
        "@daily",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 7",
        "*/0 * * * *",
        "5-3 * * * *",
        "a * * * *",
        "* * L * *",
        "* * * * 5#2",
        "-1 * * * *",
        "1-2-3 * * * *",
        "٣ * * * *",
    ],
)
def test_what_the_engine_does_not_read_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"is not|values to unpack"):
        parse(expression)


def field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    span = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    step = st.integers(1, 12).map(lambda every: f"/{every}")
    item = (
        st.just("*")
        | number.map(str)
        | span
        | st.tuples(span | st.just("*") | number.map(str), step).map("".join)
    )
    return st.lists(item, min_size=1, max_size=3).map(",".join)


def fits(text: str, value: int, high: int) -> bool:
    """The meaning of one field, item by item."""
    for item in text.split(","):
        ends, _, step = item.partition("/")
        low, _, end = ends.partition("-")
        first = value if ends == "*" and not step else (0 if low == "*" else int(low))
        if ends == "*" and step:
            first = 1 if high in (31, 12) else 0
        last = high if ends == "*" or (step and not end) else int(end or low)
        if first <= value <= last and (value - first) % int(step or 1) == 0:
            return True
    return False


def star(text: str) -> bool:
    return any(item in ("*", "*/1") for item in text.split(","))


def starts(fields: tuple[str, ...], at: datetime) -> bool:
    minute, hour, day, month, weekday = fields
    days, weekdays = fits(day, at.day, 31), fits(weekday, at.isoweekday() % 7, 6)
    on = days and weekdays if star(day) or star(weekday) else days or weekdays
    return (
        on and fits(minute, at.minute, 59) and fits(hour, at.hour, 23) and fits(month, at.month, 12)
    )


FIELDS = st.tuples(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6))
MOMENTS = st.datetimes(START, START + timedelta(days=900))


@given(FIELDS, MOMENTS)
def test_a_found_time_fits_and_none_before_it_does(
    fields: tuple[str, ...], moment: datetime
) -> None:
    found = parse(" ".join(fields)).after(moment)
    assert found is None or starts(fields, found)
    at = moment.replace(second=0, microsecond=0)
    for _ in range(1500):
        at += timedelta(minutes=1)
        if found is not None and at >= found:
            return
        assert not starts(fields, at), at
