"""Soak: how long a version has run where it has to run first."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from slipway.errors import Conflict, Superseded
from slipway.gates.soak import soaking
from slipway.ledger.entries import Ledger, Proven
from slipway.model import EnvironmentStatus, Image
from slipway.service.environment import Gate
from slipway.value import Timing
from tests.releases import bare_release

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("gate", "part"),
    [
        ({}, "a gate needs approvers, soak or windows"),
        ({"windows": {"holidays": ["2026-12-08"]}, "quorum": 2}, "quorum"),
    ],
)
def test_a_gate_that_cannot_be_meant_is_refused(gate: dict[str, Any], part: str) -> None:
    with pytest.raises(ValidationError, match=part):
        Gate.model_validate(gate)


IMAGE = Image(
    repository="r/b", version="1.1.0", digest="sha256:" + "a" * 64, revision="b" * 40,
    builder="layer", created=True, timing=Timing(started=NOW),
)  # fmt: skip


def proven(minutes: int, digest: str = IMAGE.digest) -> Proven:
    """So many minutes ago, in staging."""
    release = bare_release("b", "1.1.0")
    return Proven(
        service="b", environment="staging", release=release, revision="c" * 40, run="r",
        image=IMAGE.model_copy(update={"digest": digest}), at=NOW - timedelta(minutes=minutes),
    )  # fmt: skip


def row(healthy: int | None, digest: str = IMAGE.digest) -> EnvironmentStatus:
    """Healthy for so many minutes; None: not now."""
    since = None if healthy is None else NOW - timedelta(minutes=healthy)
    return EnvironmentStatus(
        environment="staging", version="1.1.0", digest=digest, revision="c" * 40, since=since,
        proven=healthy is not None, reason="degraded" if healthy is None else "",
    )  # fmt: skip


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("was_proven", "healthy", "left"),
    [
        (90, 90, None),
        (90, 40, 20),  # it was unhealthy in between: from then on
        (30, 600, 30),  # the health of the version before does not count
        (59, 59, 1),
        (60, 60, None),
    ],
)
def test_soak_counts_from_the_proof_and_anew_after_every_unhealthy_moment(
    was_proven: int, healthy: int, left: int | None
) -> None:
    found = soaking(
        Ledger(service="b", proven=(proven(was_proven),)), row(healthy), IMAGE, HOUR, NOW
    )
    if left is None:
        assert found is None
    else:
        assert found is not None
        assert found.until == NOW + timedelta(minutes=left)


def test_soak_of_what_is_not_healthy_now_is_looked_at_again_soon() -> None:
    found = soaking(Ledger(service="b", proven=(proven(90),)), row(None), IMAGE, HOUR, NOW)
    assert found is not None
    assert "staging is not healthy now: degraded" in found.reason


def test_soak_begins_with_the_first_of_the_proofs_in_a_row() -> None:
    other = "sha256:" + "c" * 64
    whole = Ledger(service="b", proven=(proven(10), proven(70), proven(80, other), proven(900)))
    assert soaking(whole, row(500), IMAGE, HOUR, NOW) is None
    again = Ledger(service="b", proven=(proven(10), proven(80, other), proven(900)))
    found = soaking(again, row(500), IMAGE, HOUR, NOW)
    assert found is not None
    assert found.until == NOW + timedelta(minutes=50)


def test_what_was_never_proven_there_cannot_soak() -> None:
    with pytest.raises(Conflict, match="not proven in staging"):
        soaking(Ledger(service="b"), row(90), IMAGE, HOUR, NOW)


def test_what_is_no_longer_asked_for_there_cannot_soak() -> None:
    whole = Ledger(service="b", proven=(proven(90),))
    with pytest.raises(Superseded, match="asked for"):
        soaking(whole, row(90, "sha256:" + "c" * 64), IMAGE, HOUR, NOW)
