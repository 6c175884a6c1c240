"""Four figures, on ledgers whose figures are known."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.ledger.entries import Entry, Failed, Ledger, Proven, RolledBack
from slipway.ledger.files import reaches_back_to
from slipway.metrics.deployments import Deployment, Failure, deployments
from slipway.metrics.figures import figures
from slipway.metrics.page import metrics_page
from slipway.metrics.text import metrics_text, told
from slipway.model import Image
from slipway.timing import Stopwatch
from tests.releases import bare_release

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
BEGIN = NOW - 28 * DAY
NOTHING = Stopwatch().read()


def proven(version: str, at: datetime, run: str = "", environment: str = "production") -> Proven:
    digest = f"sha256:{version.replace('.', '').ljust(64, '0')}"
    return Proven(
        service="shop",
        environment=environment,
        release=bare_release("shop", version),
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


def ledger(*entries: Entry) -> Ledger:
    return Ledger(
        service="shop",
        proven=tuple(e for e in entries if isinstance(e, Proven))[::-1],
        failures=tuple(e for e in entries if isinstance(e, Failed))[::-1],
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


def failed(version: str, at: datetime, environment: str = "production") -> Failed:
    return Failed(
        service="shop", environment=environment, version=version, digest="d", reason="smoke",
        at=at, run=f"run of {version}",
    )  # fmt: skip


def told_of(*entries: Entry) -> dict[str, list[tuple[timedelta, timedelta | None]]]:
    """Of each deployment the failures: when, and how long they took; oldest first."""
    return {
        each.version: [(f.at - BEGIN, f.restored and f.restored - f.at) for f in each.failures]
        for each in deployments(ledger(*entries), "production", {})
    }


MINUTES = timedelta(minutes=5)


def test_a_version_that_was_taken_back_has_failed_until_something_is_proven_again() -> None:
    entries = (
        proven("1.0.0", BEGIN),
        proven("1.1.0", BEGIN + DAY),
        back("1.1.0", "1.0.0", BEGIN + 2 * DAY, "undo"),
        proven("1.0.0", BEGIN + 2 * DAY + MINUTES, run="undo"),
    )
    assert told_of(*entries) == {"1.0.0": [], "1.1.0": [(2 * DAY, MINUTES)]}
    found = deployments(ledger(*entries), "production", {})
    shown = figures("shop", "production", found, BEGIN, NOW)
    assert (shown.failure_rate, shown.recovery_time, shown.unrestored) == (0.5, 300, 0)


def test_one_that_never_was_proven_is_a_deployment_that_failed() -> None:
    found = deployments(
        ledger(proven("1.0.0", BEGIN), failed("1.1.0", BEGIN + DAY), failed("2.0.0", BEGIN)),
        "production",
        {},
    )
    shown = figures("shop", "production", found, BEGIN + MINUTES, NOW)
    assert (len(shown.deployments), shown.failure_rate) == (1, 1.0)
    assert (shown.recovery_time, shown.unrestored) == (None, 1)
    assert "1 not restored yet" in metrics_text(shown)
    assert "nothing to recover from" not in metrics_text(shown)


def test_a_failure_that_is_taken_back_in_two_attempts_is_one() -> None:
    assert told_of(
        proven("0.9.0", BEGIN - DAY),
        proven("1.0.0", BEGIN),
        failed("1.1.0", BEGIN + DAY),
        back("1.1.0", "1.0.0", BEGIN + DAY + MINUTES, "undo"),
        back("1.0.0", "0.9.0", BEGIN + DAY + 2 * MINUTES, "undo further"),  # 1.0.0 is not to blame
        proven("0.9.0", BEGIN + DAY + 3 * MINUTES, run="undo further"),
    ) == {"0.9.0": [], "1.0.0": [], "1.1.0": [(DAY, 3 * MINUTES)]}


def test_a_repair_that_fails_is_another_failure_and_both_end_with_the_next_proof() -> None:
    assert told_of(
        failed("1.1.0", BEGIN),
        failed("1.2.0", BEGIN + MINUTES),
        failed("1.2.0", BEGIN + 2 * MINUTES),  # a retry
        proven("1.3.0", BEGIN + 3 * MINUTES),
    ) == {
        "1.1.0": [(timedelta(), 3 * MINUTES)],
        "1.2.0": [(MINUTES, 2 * MINUTES)],
        "1.3.0": [],
    }


def test_a_version_that_fails_again_after_it_was_well_has_two_failures() -> None:
    assert told_of(
        failed("1.0.0", BEGIN),
        proven("1.0.0", BEGIN + MINUTES),
        back("1.0.0", "0.9.0", BEGIN + DAY, "undo"),
    ) == {"1.0.0": [(timedelta(), MINUTES), (DAY, None)]}


def test_what_is_older_than_the_ledger_is_not_a_deployment_when_it_comes_back() -> None:
    assert told_of(
        back("1.1.0", "1.0.0", BEGIN, "undo"), proven("1.0.0", BEGIN + MINUTES, run="undo")
    ) == {"1.1.0": [(timedelta(), MINUTES)]}


def test_a_failure_counts_when_it_comes_however_old_its_version_is() -> None:
    found = deployments(
        ledger(proven("1.0.0", BEGIN), failed("1.0.0", BEGIN + 20 * DAY)), "production", {}
    )
    shown = figures("shop", "production", found, BEGIN + 19 * DAY, NOW)
    assert (shown.deployments, shown.unrestored, shown.recovery_time) == ((), 1, None)
    assert "1 not restored yet" in metrics_text(shown)
    again = ledger(
        proven("1.0.0", BEGIN), failed("1.0.0", BEGIN + 20 * DAY),
        proven("1.0.0", BEGIN + 20 * DAY + MINUTES, run="again"),
    )  # fmt: skip
    found = deployments(again, "production", {})
    shown = figures("shop", "production", found, BEGIN + 19 * DAY, NOW)
    assert (shown.unrestored, shown.recovery_time) == (0, MINUTES.total_seconds())
    later = figures("shop", "production", found, BEGIN + 21 * DAY, NOW)
    assert later.recovery_time is None
    assert "No deployment in this time" in metrics_text(later)


def test_a_commit_that_is_younger_than_its_proof_has_no_lead_time() -> None:
    commits = {"1.0.0": [BEGIN + DAY]}
    found = deployments(ledger(proven("1.0.0", BEGIN)), "production", commits)
    assert figures("shop", "production", found, BEGIN, NOW).lead_time == 0


def test_commits_count_from_the_proof_and_not_from_the_failure_before() -> None:
    commits = {"1.0.0": [BEGIN]}
    entries = ledger(failed("1.0.0", BEGIN + DAY), proven("1.0.0", BEGIN + 2 * DAY))
    found = deployments(entries, "production", commits)
    shown = figures("shop", "production", found, BEGIN, NOW)
    assert shown.lead_time == (2 * DAY).total_seconds()


def test_that_the_ledger_does_not_reach_back_is_told() -> None:
    full = ledger(*(proven(f"1.{n}.0", BEGIN + n * MINUTES) for n in range(200)))
    assert not reaches_back_to(full, "production", BEGIN - DAY)
    assert reaches_back_to(full, "production", BEGIN)
    assert reaches_back_to(full, "staging", BEGIN - DAY)
    shown = figures("shop", "production", (), BEGIN, NOW, whole=False)
    assert "there were more" in dict(told(shown))["deployment frequency"]


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
    assert dict(told(shown))["deployment frequency"] == "none in this time"


def test_what_is_outside_of_the_time_does_not_count() -> None:
    found = deployments(ledger(proven("1.0.0", BEGIN - DAY)), "production", {})
    assert figures("shop", "production", found, BEGIN, NOW).deployments == ()


moments = st.integers(0, 28 * 24).map(lambda hours: BEGIN + timedelta(hours=hours))
one = st.builds(
    Deployment,
    version=st.text(max_size=20),
    at=moments,
    proven=st.none() | moments,
    failures=st.lists(st.builds(Failure, at=moments, restored=st.none() | moments)).map(tuple),
    commits=st.lists(moments, max_size=3).map(tuple),
)


@given(st.lists(one, max_size=6))
def test_any_figures_are_a_page_and_a_text_that_hold_their_shape(every: list[Deployment]) -> None:
    shown = figures("<shop>", "prod&uction", every, BEGIN, NOW)
    assert shown.failure_rate is None or 0 <= shown.failure_rate <= 1
    page = metrics_page(shown)
    body = page.removeprefix("<!DOCTYPE html>\n")
    tree = ET.fromstring(body)  # our own page
    assert {element.tag.rpartition("}")[2] for element in tree.iter()}.isdisjoint({"script"})
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    rows = [line for line in metrics_text(shown).splitlines() if line.startswith("|")]
    assert all(line.count(" | ") == line.strip("|").count(" | ") for line in rows)
