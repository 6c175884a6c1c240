"""What a rollback writes down before it writes anything else, in a real repository."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from slipway import ledger
from slipway.errors import Held, InvalidInput, NotFound
from slipway.gates.rollback import proven_before
from slipway.ledger.entries import Hold, Proven
from slipway.model import Image
from slipway.rollback import Back, begin, begun, plan
from slipway.rollback.text import rollback_text
from tests.contract.gitops_place import Desk, a_desk, image
from tests.releases import bare_release

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
PLACE = "staging"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """1.1.0 and 1.2.0 were proven; 1.3.0 is what the files ask for."""
    with a_desk(tmp_path) as made:
        for hour, version in ((1, "1.1.0"), (2, "1.2.0")):
            made.write(version=version, run=f"run-{version}")
            ledger.record(made.service, made.settings, proven(version, hour))
        made.write(version="1.3.0", run="run-3")
        yield made


def proven(version: str, hour: int) -> Proven:
    release = bare_release("books-api", version)
    return Proven(
        service="books-api", environment=PLACE, release=release, image=digest(version),
        revision="c" * 40, at=NOW - timedelta(hours=9 - hour), run=f"run-{version}",
    )  # fmt: skip


def digest(version: str) -> Image:
    """Each version has a digest of its own."""
    return image(version, version[2])


def go(desk: Desk, run: str = "run-3", version: str | None = None) -> Back:
    return begin(
        desk.service, desk.service.environment(PLACE), digest("1.3.0"), "smoke test", run, NOW,
        desk.settings, version=version,
    )  # fmt: skip


def hold(desk: Desk, version: str | None) -> None:
    held = Hold(
        service="books-api", environment=PLACE, version=version, reason="fair",
        by="ana@example.com", at=NOW,
    )  # fmt: skip
    ledger.record(desk.service, desk.settings, held)


def test_intent_and_hold_are_written_before_the_manifests(desk: Desk) -> None:
    head = desk.head()
    back = go(desk)
    assert (back.leaving.version, back.to.image.version) == ("1.3.0", "1.2.0")
    found = ledger.read(desk.service, desk.settings)
    [entry], [held] = found.rollbacks, found.holds
    assert (entry.version, entry.to, entry.run) == ("1.3.0", "1.2.0", "run-3")
    assert (held.environment, held.version, held.by) == (PLACE, "1.3.0", "slipway")
    assert desk.head() == head


def test_a_run_that_was_stopped_finds_what_it_had_begun_and_begins_it_once(desk: Desk) -> None:
    first = go(desk)
    environment = desk.service.environment(PLACE)
    again = begun(desk.service, environment, "run-3", desk.settings)
    assert again is not None
    assert (again.leaving.digest, again.to) == (first.leaving.digest, first.to)
    assert go(desk).to == first.to
    assert begun(desk.service, environment, "run-4", desk.settings) is None
    assert len(ledger.read(desk.service, desk.settings).rollbacks) == 1


def test_a_named_version_is_taken_if_it_was_proven_there(desk: Desk) -> None:
    assert go(desk, version="1.1.0").to.image.version == "1.1.0"
    with pytest.raises(NotFound, match=r"no books-api 0\.9\.0") as refused:
        go(desk, run="run-5", version="0.9.0")
    assert "1.2.0, 1.1.0" in refused.value.hint


def test_a_held_version_is_passed_over_and_refused_by_name(desk: Desk) -> None:
    hold(desk, "1.2.0")
    assert go(desk).to.image.version == "1.1.0"
    with pytest.raises(Held, match=r"1\.2\.0 is held there by ana"):
        go(desk, run="run-5", version="1.2.0")


def test_an_environment_that_a_person_holds_is_not_taken_back(desk: Desk) -> None:
    hold(desk, None)
    with pytest.raises(Held, match="everything is held there by ana"):
        go(desk)
    assert ledger.read(desk.service, desk.settings).rollbacks == ()


def test_without_a_proof_of_another_image_there_is_nothing_to_go_back_to(desk: Desk) -> None:
    production = desk.service.environment("production")
    with pytest.raises(NotFound, match="was ever proven there"):
        begin(desk.service, production, image("1.3.0"), "x", "run-3", NOW, desk.settings)
    assert ledger.read(desk.service, desk.settings).holds == ()


def test_files_that_name_no_one_version_are_not_guessed_about(desk: Desk) -> None:
    desk.commit({"staging.yaml": b"image:\n  repository: x\n  tag: 9.9.9\n"})
    with pytest.raises(InvalidInput, match="do not name one version"):
        begin(desk.service, desk.service.environment(PLACE), None, "x", "run-3", NOW, desk.settings)


def test_a_plan_shows_the_diff_and_writes_nothing(desk: Desk) -> None:
    planned = plan(
        desk.service, desk.service.environment(PLACE), digest("1.3.0"), "HTTP 503 # [x](y)",
        desk.settings,
    )  # fmt: skip
    assert {(edit.old, edit.new) for edit in planned.change.edits} == {("1.3.0", "1.2.0")}
    assert ledger.read(desk.service, desk.settings).rollbacks == ()
    text = rollback_text(planned, planned.back.reason)
    assert "\n+  tag: 1.2.0" in text or '\n+  tag: "1.2.0"' in text
    assert "[x](y)" not in text


def test_an_image_that_another_run_has_proven_there_is_not_what_is_new(desk: Desk) -> None:
    found = ledger.read(desk.service, desk.settings)
    known = digest("1.2.0").digest
    assert proven_before(found, "run-9", PLACE, known)
    assert not proven_before(found, "run-1.2.0", PLACE, known)
    assert not proven_before(found, "run-9", "production", known)
