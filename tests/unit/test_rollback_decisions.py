"""Whether an environment is taken back, and to what."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    NotProven,
    Rejected,
    Retryable,
    SlipwayError,
    Superseded,
    Unauthorized,
)
from slipway.gates.rollback import target, unfinished, verdict
from slipway.ledger.entries import Ledger, Proven, RolledBack
from slipway.model import Image
from slipway.value import Timing
from tests.releases import bare_release

NOW = datetime(2026, 1, 2, tzinfo=UTC)
QUICK = settings(max_examples=100, deadline=None)


def proven(version: str, digest: str, minutes: int, environment: str = "production") -> Proven:
    image = Image(
        repository="registry.example/acme/shop", version=version, digest=digest, revision="a" * 40,
        builder="layer", created=True, timing=Timing(started=NOW),
    )  # fmt: skip
    return Proven(
        service="shop", environment=environment, release=bare_release("shop", version), image=image,
        revision="b" * 40, at=NOW + timedelta(minutes=minutes), run="r",
    )  # fmt: skip


def rolled_back(run: str, environment: str, minutes: int = 0) -> RolledBack:
    return RolledBack(
        service="shop", environment=environment, version="1.2.0", digest="d2", to="1.1.0",
        to_digest="d1", reason="it fails", at=NOW + timedelta(minutes=minutes), run=run,
    )  # fmt: skip


def ledger(*entries: Proven) -> Ledger:
    return Ledger(service="shop", proven=entries)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NotProven("m", "h"), "failed"),
        (Retryable("m", "h"), "unknown"),
        *((kind("m", "h"), "neither") for kind in (Superseded, Conflict, Unauthorized, Rejected)),
    ],
)
def test_only_a_proof_that_failed_is_a_reason_to_go_back(error: SlipwayError, said: str) -> None:
    assert verdict(error) == said


def test_the_target_is_what_was_proven_last_and_is_not_the_image_to_leave() -> None:
    history = ledger(proven("1.2.0", "d2", 2), proven("1.1.0", "d1", 1), proven("1.0.0", "d0", 0))
    assert target(history, "production", "d2").image.digest == "d1"
    assert target(history, "production", "d9").image.digest == "d2"


@QUICK
@given(st.permutations([("1.0.0", "d0", 0), ("1.1.0", "d1", 1), ("1.2.0", "d2", 2)]))
def test_the_order_in_which_the_ledger_lists_does_not_matter(
    order: list[tuple[str, str, int]],
) -> None:
    assert target(ledger(*(proven(*e) for e in order)), "production", "d2").image.digest == "d1"


def test_what_another_environment_has_proven_does_not_count() -> None:
    history = ledger(proven("1.1.0", "d1", 1, environment="staging"))
    with pytest.raises(NotFound, match="production: no version of shop but this one"):
        target(history, "production", "d2")


def test_a_named_version_is_taken_by_the_digest_that_was_proven_last() -> None:
    history = ledger(proven("1.0.0", "old", 0), proven("1.0.0", "new", 1), proven("1.1.0", "x", 2))
    assert target(history, "production", "d2", "1.0.0").image.digest == "new"


def test_a_named_version_that_was_never_proven_is_refused_and_the_proven_ones_are_told() -> None:
    with pytest.raises(NotFound, match=r"no shop 0\.9\.0") as caught:
        target(
            ledger(proven("1.1.0", "d1", 1), proven("1.0.0", "d0", 0)), "production", "d2", "0.9.0"
        )
    assert "1.1.0, 1.0.0" in caught.value.hint


def test_the_version_to_leave_is_no_target() -> None:
    with pytest.raises(InvalidInput, match=r"shop 1\.2\.0 is what production is asked for"):
        target(ledger(proven("1.2.0", "d2", 2)), "production", "d2", "1.2.0")


def test_a_run_finishes_only_the_rollback_that_it_began_in_that_environment() -> None:
    mine = rolled_back("mine", "production")
    others = (rolled_back("mine", "staging", 1), rolled_back("another", "production", 2))
    history = Ledger(service="shop", rollbacks=(*others, mine))
    assert unfinished(history, "mine", "production") == mine
    assert unfinished(history, "a third", "production") is None
