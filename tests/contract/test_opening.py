"""Whether an environment is open for an image, with a real ledger and a real repository."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from slipway import ledger
from slipway.errors import Held
from slipway.ledger.entries import Hold
from slipway.opening import Closed, closed_now
from slipway.service import Environment, Gate
from tests.contract.gitops_place import Desk, a_desk, image

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
SHUT = Gate.model_validate({"windows": {"holidays": ["2026-11-26"]}})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        yield made


def hold(desk: Desk, version: str | None = None) -> None:
    held = Hold(
        service="books-api", environment="staging", version=version, reason="the fair",
        by="ana@example.com", at=NOW,
    )  # fmt: skip
    ledger.record(desk.service, desk.settings, held)


def look(desk: Desk, gate: Gate | None = None, *, urgent: bool = False) -> Closed | None:
    environment: Environment = desk.service.environment("staging").model_copy(update={"gate": gate})
    return closed_now(desk.service, environment, image(), desk.settings, NOW, urgent=urgent)


def test_without_a_hold_and_a_gate_it_is_open(desk: Desk) -> None:
    assert look(desk) is None


def test_a_held_environment_is_looked_at_again(desk: Desk) -> None:
    hold(desk)
    found = look(desk, urgent=True)  # a hold is a person's, whatever the hurry
    assert found is not None
    assert "staging is held by ana@example.com" in found.reason
    assert found.until > NOW


def test_a_held_version_ends_the_run(desk: Desk) -> None:
    hold(desk, "1.1.0")
    with pytest.raises(Held, match=r"1\.1\.0 is held there by ana"):
        look(desk)


def test_a_closed_window_tells_when_it_opens_and_an_urgent_change_does_not_wait(
    desk: Desk,
) -> None:
    found = look(desk, SHUT)
    assert found is not None
    assert found.until == datetime(2026, 11, 27, tzinfo=UTC)
    assert "opens in 12 h" in found.reason
    assert look(desk, SHUT, urgent=True) is None


def test_a_change_that_has_begun_is_not_held_up(desk: Desk) -> None:
    desk.write()
    assert look(desk, SHUT) is None
    hold(desk)
    assert look(desk) is None
