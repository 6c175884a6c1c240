"""An older version never overwrites a newer one, also where the values tell no version."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway import gitops
from slipway.errors import Superseded
from slipway.manifests.message import commit_message
from slipway.service import Service, Update
from slipway.timing import Stopwatch
from tests.contract.gitops_place import NAME, VALUES, Desk, a_desk, image


def digests(letter: str) -> bytes:
    return f'image:\n  digest: "sha256:{letter * 64}"\n'.encode()


def with_updates(service: Service, *updates: Update) -> Service:
    staging = service.environment("staging").model_copy(update={"updates": updates})
    return service.model_copy(update={"environments": (staging, *service.environments[1:])})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        update = Update(file="d.yaml", key="image.digest", value="{digest}")
        made.service = with_updates(made.service, update)
        made.commit({"d.yaml": digests("1")})
        yield made


def delivers(desk: Desk, version: str, letter: str, environment: str = "staging") -> str:
    """Another run writes that version, with this digest."""
    text = commit_message(desk.service, environment, image(version, letter), "another", None)
    return desk.host.commit(NAME, "main", {"d.yaml": digests(letter)}, text)


def test_G06_G62_a_newer_digest_that_wins_the_race_is_not_undone(desk: Desk) -> None:
    desk.host.before_push = lambda name: delivers(desk, "1.3.0", "3")
    with pytest.raises(Superseded, match=r"newer than 1\.2\.0") as refused:
        desk.write(version="1.2.0", watch=Stopwatch(sleep=lambda seconds: None))
    assert f"of 1.3.0, by {desk.head()}" in refused.value.message
    assert "the flow rollback" in refused.value.hint
    assert desk.head() in refused.value.message
    assert desk.read("d.yaml") == digests("3")


def test_G06_a_newer_digest_below_other_commits_is_not_overwritten(desk: Desk) -> None:
    delivers(desk, "1.3.0", "3")
    delivers(desk, "9.0.0", "3", "elsewhere")
    for number in range(60):
        desk.commit({"other": b"%d" % number})
    with pytest.raises(Superseded):
        desk.write(version="1.2.0")
    with pytest.raises(Superseded):
        desk.plan(version="1.2.0")


def test_an_older_digest_and_an_unknown_one_are_replaced(desk: Desk) -> None:
    assert desk.write(version="1.0.1").committed  # over a digest that no delivery wrote
    delivers(desk, "1.1.0", "3")
    assert desk.write(version="1.2.0", run="run-2").committed


def test_what_a_person_went_back_to_counts_as_what_it_was(desk: Desk) -> None:
    delivers(desk, "1.1.0", "2")
    delivers(desk, "1.3.0", "3")
    desk.commit({"d.yaml": digests("2")}, "revert")
    assert desk.write(version="1.2.0").committed
    desk.commit({"d.yaml": digests("3")})
    with pytest.raises(Superseded):
        desk.write(version="1.2.0", run="run-2")


def test_G06_the_template_of_the_service_file_may_have_changed_since(desk: Desk) -> None:
    update = Update(file="staging.yaml", key="image.tag")
    desk.service = with_updates(desk.service, update)
    desk.write(version="1.3.0")
    pinned = with_updates(desk.service, update.model_copy(update={"value": "{digest}"}))
    where = pinned.environment("staging")
    with pytest.raises(Superseded, match=r"is already 1\.3\.0, of 1\.3\.0"):
        gitops.plan(pinned, where, image("1.2.0"), desk.settings)


def test_G06_a_tag_with_and_without_v(desk: Desk) -> None:
    desk.service = with_updates(desk.service, Update(file="staging.yaml", key="image.tag"))
    desk.commit({"staging.yaml": VALUES.replace(b"1.0.0", b"v3.0.0")})
    with pytest.raises(Superseded, match=r"already v3\.0\.0") as refused:
        desk.plan(version="2.0.0")
    assert "the flow rollback" in refused.value.hint
    assert desk.plan(version="3.0.1").edits


def test_a_version_beside_the_digest_is_enough(desk: Desk) -> None:
    desk.service = with_updates(
        desk.service,
        Update(file="d.yaml", key="image.digest", value="{digest}"),
        Update(file="staging.yaml", key="image.tag"),
    )
    asked = len(desk.server.traffic.requests)
    desk.plan(version="1.2.0")
    few = len(desk.server.traffic.requests) - asked
    desk.service = with_updates(desk.service, desk.service.environment("staging").updates[0])
    desk.plan(version="1.2.0")
    assert len(desk.server.traffic.requests) - asked - few > few  # only this one needs history
