"""Services that are delivered at once, from one repository into one GitOps repository."""

from pathlib import Path

import pytest

from tests.acceptance.postgres import postgres
from tests.scale.fleet import Fleet
from tests.scale.play import play


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_twenty_services_at_once_are_proven_and_nothing_is_lost_or_done_twice(
    tmp_path: Path,
) -> None:
    with postgres() as database, Fleet(tmp_path, database, services=20, limit=3) as fleet:
        found = play(fleet)
    assert found.services == 20
    assert found.wrong == []
