"""Every environment is examined before anything is changed."""

from collections.abc import Iterator

import pytest

from slipway.errors import InvalidInput, NotFound
from slipway.service import Environment
from slipway.sync import examine_all
from tests.proof.place import Place, a_place


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with a_place(tmp_path_factory.mktemp("examine"), 6) as ready:
        yield ready


def environments(place: Place, **application: str) -> tuple[Environment, ...]:
    """Both, with the applications changed."""
    return tuple(
        each.model_copy(update={"application": each.application.model_copy(update=application)})
        for each in place.services["books"].environments
    )


def told(place: Place, given: tuple[Environment, ...]) -> tuple[str, ...]:
    return examine_all(given, place.settings, place.services["books"].gitops)


def test_S28_what_is_right_everywhere_is_no_news(place: Place) -> None:
    assert told(place, environments(place)) == ()


def test_S28_all_that_is_wrong_is_told_at_once(place: Place) -> None:
    both = environments(place, name="nowhere")
    with pytest.raises(InvalidInput) as error:
        told(place, both)
    assert error.value.message.count("'nowhere'") == 2
    with pytest.raises(NotFound, match="nowhere"):
        told(place, (environments(place)[0], both[1]))


def test_S28_an_application_that_its_parent_makes_may_be_missing(place: Place) -> None:
    child = environments(place, name="not-there-yet", parent="staging")[:1]
    [sentence] = told(place, child)
    assert sentence.startswith("staging: not there yet: ")


def test_S28_an_engine_that_is_away_is_not_a_mistake(place: Place) -> None:
    place.api.down.set()
    try:
        sentences = told(place, environments(place))
    finally:
        place.api.down.clear()
    assert [sentence.partition(":")[0] for sentence in sentences] == ["staging", "production"]
    assert all("not known yet" in sentence for sentence in sentences)
