"""How a revision that an engine reports relates to the commit that was written."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.serving import Fault
from slipway import gitops
from tests.contract.gitops_place import VALUES, Desk, a_desk, image


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        yield made


def test_lineage_of_what_an_engine_reports(desk: Desk) -> None:
    before = desk.head()
    ours = desk.write().revision
    beside = desk.commit({"production.yaml": b"x: 1\n"})
    changed = desk.commit({"staging.yaml": VALUES})
    asked = len(desk.server.traffic.requests)
    assert desk.lineage(ours, ours) == "same"
    assert desk.lineage(ours, "1.1.0") == "unknown"
    assert len(desk.server.traffic.requests) == asked  # both are told without asking
    assert desk.lineage(ours, beside) == "newer"
    assert desk.lineage(ours, changed) == "changed"
    assert desk.lineage(ours, before) == "without"
    assert desk.lineage(ours, "f" * 40) == "unknown"
    desk.server.traffic.faults.append(Fault(status=503, times=-1))
    assert desk.lineage(ours, beside) == "unknown"


def test_a_later_file_that_a_pattern_matches_is_not_ours(desk: Desk) -> None:
    desk.commit({f"apps/{name}/values.yaml": VALUES for name in ("a", "b")})
    where = desk.service.environment("staging")
    update = where.updates[0].model_copy(update={"file": "apps/*/values.yaml"})
    where = where.model_copy(update={"updates": (update,)})

    def relation(observed: str) -> str:
        return gitops.lineage(desk.service, where, image(), desk.settings, ours, observed)

    now = datetime.now(UTC)
    ours = gitops.write(
        desk.service, where, image(), desk.settings, run="r", began=now, approvals=()
    ).revision
    assert relation(desk.commit({"apps/new/values.yaml": VALUES})) == "newer"
    assert relation(desk.commit({"apps/odd/values.yaml": b"x: 1\n"})) == "newer"
    assert relation(desk.commit({"apps/b/values.yaml": VALUES})) == "changed"
