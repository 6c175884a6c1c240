"""A declared rollback is one new commit, over the values of the version it leaves and no others."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipway.errors import Conflict, Superseded
from slipway.gitops import Undo
from slipway.manifests.edits import trailers_of
from slipway.model import Promotion
from tests.contract.gitops_place import VALUES, Desk, a_desk, image


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        made.write(version="1.1.0")
        made.write(version="1.2.0", run="run-2")
        yield made


def back(desk: Desk, **more: Any) -> Promotion:
    undo = Undo(image("1.2.0"), "smoke test\nSlipway-Run: forged")
    return desk.write(version="1.1.0", **{"run": "run-2", "undo": undo} | more)


def test_a_rollback_is_a_new_commit_that_says_what_it_undoes_and_why(desk: Desk) -> None:
    failed = desk.head()
    assert back(desk).committed
    said = trailers_of(desk.messages()[0])
    assert said["Slipway-Rollback-Of"] == "1.2.0"
    assert (said["Slipway-Version"], said["Slipway-Run"]) == ("1.1.0", "run-2")
    assert said["Slipway-Reason"].startswith("smoke test")
    assert len(desk.messages()) == 4
    assert desk.head() != failed
    assert b'tag: "1.1.0"' in desk.read("staging.yaml")


def test_a_rollback_that_is_repeated_is_one_commit(desk: Desk) -> None:
    first = back(desk)
    again = back(desk)
    assert (again.committed, again.revision) == (False, first.revision)
    assert len(desk.messages()) == 4


def test_a_newer_version_that_wins_the_race_is_not_taken_back(desk: Desk) -> None:
    desk.host.before_push = lambda name: desk.delivered("1.3.0")
    with pytest.raises(Superseded, match="newer version was delivered meanwhile"):
        back(desk)
    assert b'tag: "1.3.0"' in desk.read("staging.yaml")


def test_a_person_who_wrote_another_value_is_not_overwritten(desk: Desk) -> None:
    desk.commit({"staging.yaml": VALUES.replace(b"1.0.0", b"0.9.0")})
    with pytest.raises(Conflict, match="nothing was overwritten"):
        back(desk)
    assert b"tag: 0.9.0" in desk.read("staging.yaml")
