"""Whose work a promotion lets in, read from a real repository."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from slipway.model import Change, Edit, Release
from slipway.release.unreleased import commits_since, unreleased
from slipway.service import Service
from slipway.settings import Settings
from tests.contract.git_place import NAME, TOKEN, Desk, a_desk
from tests.contract.gitops_place import service_for
from tests.unit.report_values import release

MIA, LEO, KIM = "Mia Torres <mia@example.com>", "Leo <leo@example.com>", "Kim <kim@example.com>"
SETTINGS = Settings(source_token=SecretStr(TOKEN))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """First by Mia, 1.0.0; then by Leo with Kim, 1.1.0; then by Mia, 1.2.0."""
    with a_desk(tmp_path) as made:
        made.git("tag", "v1.0.0", "main")
        message = f"feat: two\n\n* by both\n\nCo-Authored-By: {KIM}\n\nCloses #1"
        made.host.commit(NAME, "main", {"a": b"2"}, message, LEO)
        made.git("tag", "v1.1.0", "main")
        made.host.commit(NAME, "main", {"a": b"3"}, "feat: three", MIA)
        made.git("tag", "v1.2.0", "main")
        yield made


def service(desk: Desk) -> Service:
    plain = service_for(desk.url)
    source = plain.source.model_copy(update={"repository": desk.url})
    return plain.model_copy(update={"source": source})


def cut(desk: Desk) -> Release:
    """Release 1.2.0, with its own commit."""
    with desk.cloned(depth=None, tags=True) as clone:
        found = tuple(clone.log(clone.tags()["v1.1.0"], clone.head))
        made = {"version": "1.2.0", "previous": "1.1.0", "sha": clone.head, "commits": found}
    return release().model_copy(update=made)


def over(*old: str) -> Change:
    """The change that replaces these values by 1.2.0."""
    edits = (Edit(file="v.yaml", key=f"k{n}", old=each, new="1.2.0") for n, each in enumerate(old))
    return Change(environment="production", edits=tuple(edits), diff="", base="d" * 40)


def test_A10_authors_and_co_authors_since_what_runs_there_now(desk: Desk) -> None:
    found = unreleased(service(desk), cut(desk), over("1.0.0"), SETTINGS)
    assert found.authors.told
    assert set(found.authors.names) == {MIA, LEO, KIM}
    assert [commit.subject for commit in found.commits] == ["feat: three", "feat: two"]


def test_A10_only_the_releases_own_where_the_one_before_runs(desk: Desk) -> None:

    found = unreleased(service(desk), cut(desk), over("1.1.0"), SETTINGS)
    assert (found.authors.names, found.authors.told) == ((MIA,), True)


@pytest.mark.parametrize("old", [(), ("0.9.0",), ("unknown",)], ids=["nothing", "no tag", "no one"])
def test_A10_everybody_is_an_author_where_it_cannot_be_told(
    desk: Desk, old: tuple[str, ...]
) -> None:
    found = unreleased(service(desk), cut(desk), over(*old), SETTINGS)
    assert not found.authors.told
    assert set(found.authors.names) == {MIA, LEO, KIM}
    assert [commit.subject for commit in found.commits] == ["feat: three"]
    assert commits_since(service(desk), cut(desk), over(*old), SETTINGS) == found.commits
