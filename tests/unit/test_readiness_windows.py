"""Sync windows: who may sync when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.readiness.windows import Target, Window, block, forbidden, selects, target
from tests.unit.readiness_objects import app

NOW = datetime(2026, 8, 22, 10, 30, tzinfo=UTC)  # a Saturday
APP = Target("books-api-staging", "books-api-staging", "https://kubernetes.default.svc")


def window(kind: str = "deny", schedule: str = "0 10 * * *", **more: object) -> Window:
    return {"kind": kind, "schedule": schedule, "duration": "1h", "applications": ["*"]} | more


NIGHT = window("allow", "0 22 * * *", duration="2h")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_S20_without_a_window_everyone_may_sync() -> None:
    assert block([], APP, NOW, manual=False) is None
    assert block([window(applications=["other"])], APP, NOW, manual=False) is None


@pytest.mark.parametrize("manual", [True, False])
def test_S20_an_open_deny_window_blocks_until_it_closes(manual: bool) -> None:
    found = block([window()], APP, NOW, manual)
    assert found is not None
    assert found.until == at("2026-08-22 11:00")
    assert "deny window is open: '0 10 * * *' for 1h" in found.reason


def test_S20_an_automated_sync_needs_an_open_allow_window_if_there_is_any() -> None:
    found = block([NIGHT], APP, NOW, manual=False)
    assert found is not None
    assert found.until == at("2026-08-22 22:00:01")
    assert block([NIGHT], APP, at("2026-08-22 23:00"), manual=False) is None
    assert block([NIGHT, window("allow")], APP, NOW, manual=False) is None


def test_S20_a_person_may_sync_where_every_window_in_the_way_says_so() -> None:
    open_to_people, closed = window(manualSync=True), window()
    assert block([open_to_people], APP, NOW, manual=True) is None
    assert block([open_to_people], APP, NOW, manual=False) is not None
    assert block([open_to_people, closed], APP, NOW, manual=True) is not None
    assert block([{**NIGHT, "manualSync": True}], APP, NOW, manual=True) is None
    assert block([{**NIGHT, "manualSync": True}, NIGHT], APP, NOW, manual=True) is not None


def test_S20_a_deny_window_wins_over_an_allow_window() -> None:
    found = block([window("allow", duration="3h"), window()], APP, NOW, manual=False)
    assert found is not None
    assert found.until == at("2026-08-22 11:00")


def test_S20_the_end_is_when_a_sync_is_allowed_not_when_one_window_closes() -> None:
    later = window(schedule="45 10 * * *", duration="1h30m")
    found = block([window(), later, window("allow", "0 0 * * SUN")], APP, NOW, manual=False)
    assert found is not None
    assert found.until == at("2026-08-23 00:00:01")


def test_S20_a_window_has_its_own_time_zone() -> None:
    lima = window(schedule="0 5 * * *", timeZone="America/Lima")  # 10:00 UTC
    found = block([lima], APP, NOW, manual=False)
    assert found is not None
    assert found.until == at("2026-08-22 11:00")
    assert block([lima | {"timeZone": "Europe/Madrid"}], APP, NOW, manual=False) is None


def test_S20_a_block_without_end_has_none() -> None:
    always = window(schedule="* * * * *", duration="24h")
    found = block([always], APP, NOW, manual=False)
    assert found is not None
    assert found.until is None


@pytest.mark.parametrize(
    "broken",
    [{"schedule": "@daily"}, {"duration": "soon"}, {"duration": ""}, {"timeZone": "Nowhere/Land"}],
)
def test_S20_a_window_that_cannot_be_read_counts_against_the_sync(broken: Window) -> None:
    for kind in ("deny", "allow"):
        found = block([{**window(kind), **broken}], APP, NOW, manual=False)
        assert found is not None
        assert found.until is None


def test_S20_what_the_server_says_is_open_decides_by_the_same_rule() -> None:
    deny, allow = {"kind": "deny"}, {"kind": "allow"}
    assert not forbidden([], [], manual=False)
    assert not forbidden([allow], [allow], manual=False)
    assert "no allow window" in forbidden([allow], [], manual=False)
    assert "deny" in forbidden([allow, deny], [allow, deny], manual=False)
    assert not forbidden([deny], [{**deny, "manualSync": True}], manual=True)


@pytest.mark.parametrize(
    ("lists", "selected"),
    [
        ({}, False),
        ({"applications": ["books-*"]}, True),
        ({"applications": ["{shop,books}-api-staging"]}, True),
        ({"applications": ["books"]}, False),
        ({"namespaces": ["books-api-stagin?"]}, True),
        ({"clusters": ["https://kubernetes.default.*"]}, True),
        ({"clusters": ["in-cluster"]}, False),
        ({"applications": ["books"], "namespaces": ["*"]}, True),
        ({"applications": ["books"], "namespaces": ["*"], "andOperator": True}, False),
        ({"applications": ["*"], "namespaces": ["*"], "andOperator": True}, True),
        ({"applications": None, "namespaces": []}, False),
    ],
)
def test_S69_windows_select_by_name_namespace_or_cluster(lists: Window, selected: bool) -> None:
    assert selects({"kind": "deny", **lists}, APP) is selected


def test_S69_an_application_object_tells_what_windows_select_by() -> None:
    assert target(app()) == APP
    assert target({}) == Target("")


TEXTS = st.sampled_from(["0 10 * * *", "*/5 * * * *", "0 0 * * 0", "bad", "30 22 1 * *"])
WINDOWS = st.lists(
    st.builds(
        window,
        st.sampled_from(["allow", "deny"]),
        TEXTS,
        duration=st.sampled_from(["1h", "90m", "30s", "48h", "x"]),
        manualSync=st.booleans(),
        timeZone=st.sampled_from(["", "UTC", "America/Lima", "Europe/Madrid", "?"]),
    ),
    max_size=4,
)


@given(WINDOWS, st.integers(0, 60 * 24 * 30), st.booleans())
def test_S20_a_block_ends_when_it_says(windows: list[Window], minutes: int, manual: bool) -> None:
    now = NOW + timedelta(minutes=minutes)
    found = block(windows, APP, now, manual)
    if found and found.until:
        assert found.until > now
        assert block(windows, APP, found.until, manual) is None
        assert block(windows, APP, found.until - timedelta(seconds=1), manual) is not None
