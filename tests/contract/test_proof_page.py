"""What a release page tells of its version, from a real ledger, on the Git host's GitHub API."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from slipway import ledger
from slipway.ledger.entries import Proven, RolledBack
from slipway.proof_page import tell_proof
from slipway.service import Service
from slipway.settings import Settings
from tests.contract.gitops_place import image
from tests.contract.release_place import NAME, Place, a_place
from tests.releases import bare_release

BEGAN = datetime(2026, 11, 26, 9, tzinfo=UTC)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with a_place(tmp_path) as made:
        yield made


def parts(place: Place) -> tuple[Service, Settings]:
    """The service, whose source repository holds the ledger too."""
    gitops = place.service.gitops.model_copy(update={"repository": place.service.source.repository})
    settings = place.settings.model_copy(update={"gitops_token": place.settings.source_token})
    return place.service.model_copy(update={"gitops": gitops}), settings


def proven(minutes: int, version: str = "1.0.0") -> Proven:
    return Proven(
        service="shop",
        environment="staging",
        release=bare_release("shop", version),
        image=image(version),
        revision="c" * 40,
        at=BEGAN + timedelta(minutes=minutes),
        run=f"run-{minutes}",
    )  # fmt: skip


def back(minutes: int) -> RolledBack:
    return RolledBack(
        service="shop", environment="staging", version="1.0.0", digest="sha256:a", to="0.9.0",
        to_digest="sha256:b", reason="<b>smoke</b> @all", at=BEGAN + timedelta(minutes=minutes),
        run=f"run-{minutes}",
    )  # fmt: skip


def body(place: Place) -> str:
    [page] = place.host.github.ledger.releases(NAME)
    return str(page["body"])


def test_a_version_is_told_with_place_time_digest_and_commit_and_only_once(place: Place) -> None:
    service, settings = parts(place)
    ledger.record(service, settings, proven(1))
    assert tell_proof(service, "1.0.0", settings)
    assert (
        "* **staging**, 2026-11-26 09:01:00 UTC: "
        f"`{image('1.0.0').digest}`, by commit `{'c' * 10}`" in body(place)
    )
    before = body(place)
    assert not tell_proof(service, "1.0.0", settings)
    assert body(place) == before


def test_one_that_was_taken_back_is_told_until_it_is_proven_again(place: Place) -> None:
    service, settings = parts(place)
    ledger.record(service, settings, proven(1), back(2))
    tell_proof(service, "1.0.0", settings)
    assert "taken back to `0.9.0`, 2026-11-26 09:02:00 UTC" in body(place)
    assert "<b>" not in body(place)
    ledger.record(service, settings, proven(3))
    tell_proof(service, "1.0.0", settings)
    assert "taken back" not in body(place)
    assert body(place).count("### Proven") == 1


def test_nothing_is_written_where_nothing_is_known_or_there_is_no_page(place: Place) -> None:
    service, settings = parts(place)
    assert not tell_proof(service, "1.0.0", settings)
    ledger.record(service, settings, proven(1, "2.0.0"))
    assert not tell_proof(service, "2.0.0", settings)
    assert body(place) == ""
