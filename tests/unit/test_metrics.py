"""Four figures, on ledgers whose figures are known."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.ledger.entries import Ledger, Proven, RolledBack
from slipway.metrics.figures import Deployment, deployments, figures
from slipway.metrics.page import metrics_page
from slipway.metrics.text import metrics_text, told
from slipway.model import Image, Release
from slipway.timing import Stopwatch

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
BEGIN = NOW - 28 * DAY
NOTHING = Stopwatch().read()


def proven(version: str, at: datetime, run: str = "", environment: str = "production") -> Proven:
    digest = f"sha256:{version.replace('.', '').ljust(64, '0')}"
    return Proven(
        service="shop",
        environment=environment,
        release=Release(
            service="shop", version=version, tag=f"v{version}", sha="a" * 40, previous=None,
            commits=(), notes="", url="", created=True, timing=NOTHING,
        ),
        image=Image(
            repository="r", version=version, digest=digest, revision="", builder="", created=False,
            timing=NOTHING,
        ),
        revision="b" * 40,
        at=at,
        run=run or f"run of {version}",
    )  # fmt: skip


def back(version: str, to: str, at: datetime, run: str) -> RolledBack:
    return RolledBack(
        service="shop", environment="production", version=version, digest="d", to=to,
        to_digest="e", reason="smoke", at=at, run=run,
    )  # fmt: skip


def ledger(*entries: Proven | RolledBack) -> Ledger:
    return Ledger(
        service="shop",
        proven=tuple(e for e in entries if isinstance(e, Proven))[::-1],
        rollbacks=tuple(e for e in entries if isinstance(e, RolledBack))[::-1],
    )


def test_a_version_counts_once_and_only_where_it_is_for_customers() -> None:
    found = deployments(
        ledger(
            proven("1.0.0", BEGIN, environment="staging"),
            proven("1.0.0", BEGIN + DAY),
            proven("1.0.0", BEGIN + 2 * DAY, run="again"),
        ),
        "production",
        {},
    )
    assert [(each.version, each.at) for each in found] == [("1.0.0", BEGIN + DAY)]


def test_a_version_that_was_taken_back_has_failed_until_something_is_proven_again() -> None:
    found = deployments(
        ledger(
            proven("1.0.0", BEGIN),
            proven("1.1.0", BEGIN + DAY),
            back("1.1.0", "1.0.0", BEGIN + 2 * DAY, "undo"),
            proven("1.0.0", BEGIN + 2 * DAY + timedelta(minutes=5), run="undo"),
        ),
        "production",
        {},
    )
    assert [(each.version, bool(each.failed)) for each in found] == [
        ("1.0.0", False), ("1.1.0", True),
    ]  # fmt: skip
    shown = figures("shop", "production", found, BEGIN, NOW)
    assert shown.failure_rate == 0.5
    assert shown.recovery_time == 300
    assert shown.unrestored == 0


def test_one_that_never_was_proven_is_a_deployment_that_failed() -> None:
    found = deployments(
        ledger(proven("1.0.0", BEGIN), back("1.1.0", "1.0.0", BEGIN + DAY, "undo")),
        "production",
        {},
    )
    shown = figures("shop", "production", found, BEGIN, NOW)
    assert (len(shown.deployments), shown.failure_rate) == (2, 0.5)
    assert (shown.recovery_time, shown.unrestored) == (None, 1)
    assert "1 not restored yet" in metrics_text(shown)


def test_lead_time_is_the_median_of_all_commits() -> None:
    at = BEGIN + 10 * DAY
    commits = {"1.0.0": [at - DAY, at - 2 * DAY, at - 6 * DAY]}
    found = deployments(ledger(proven("1.0.0", at)), "production", commits)
    shown = figures("shop", "production", found, BEGIN, NOW)
    assert shown.lead_time == (2 * DAY).total_seconds()
    assert shown.lead_time_slow == (6 * DAY).total_seconds()
    assert shown.a_week == pytest.approx(0.25)


def test_without_a_deployment_nothing_is_said() -> None:
    shown = figures("shop", "production", (), BEGIN, NOW)
    assert (shown.lead_time, shown.failure_rate, shown.recovery_time) == (None, None, None)
    assert "No deployment in this time" in metrics_text(shown)
    assert "%" not in dict(told(shown))["change failure rate"]


def test_what_is_outside_of_the_time_does_not_count() -> None:
    found = deployments(ledger(proven("1.0.0", BEGIN - DAY)), "production", {})
    assert figures("shop", "production", found, BEGIN, NOW).deployments == ()


moments = st.integers(0, 28 * 24).map(lambda hours: BEGIN + timedelta(hours=hours))
one = st.builds(
    Deployment,
    version=st.text(max_size=20),
    at=moments,
    failed=st.none() | moments,
    restored=st.none() | moments,
    commits=st.lists(moments, max_size=3).map(tuple),
)


@given(st.lists(one, max_size=6))
def test_any_figures_are_a_page_and_a_text_that_hold_their_shape(every: list[Deployment]) -> None:
    shown = figures("<shop>", "prod&uction", every, BEGIN, NOW)
    assert shown.failure_rate is None or 0 <= shown.failure_rate <= 1
    page = metrics_page(shown)
    body = page.removeprefix("<!DOCTYPE html>\n")
    if all(version.isprintable() for version in (each.version for each in every)):
        tree = ET.fromstring(body)  # our own page
        assert {element.tag.rpartition("}")[2] for element in tree.iter()}.isdisjoint({"script"})
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    rows = [line for line in metrics_text(shown).splitlines() if line.startswith("|")]
    assert all(line.count(" | ") == line.strip("|").count(" | ") for line in rows)
