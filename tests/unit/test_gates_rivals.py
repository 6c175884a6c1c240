"""Which of several runs of one service gives way: pure rules."""

from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.gates.rivals import Rival, gate_tag, standing, version_of, version_tags
from slipway.release.versions import Version

OLD = Rival(run="a", version="1.9.0", waits=True)
NEW = Rival(run="b", version="1.10.0", waits=True)

some_versions = st.sampled_from(["1.1.0", "1.2.0-rc.1", "1.2.0-rc.10", "1.2.0", "1.10.0", "2.0.0"])


def test_an_older_run_gives_way_to_a_newer_one_that_has_reached_the_gate() -> None:
    assert standing("1.9.0", [NEW]).newer == NEW


def test_it_gives_way_to_a_newer_one_at_work_too() -> None:
    busy = NEW.model_copy(update={"waits": False})
    assert standing("1.9.0", [busy]).newer == busy


def test_a_newer_run_ends_older_ones_that_wait() -> None:
    found = standing("1.10.0", [OLD])
    assert (found.newer, found.outdated) == (None, (OLD,))


def test_an_older_run_at_work_is_not_ended_from_outside() -> None:
    assert standing("1.10.0", [OLD.model_copy(update={"waits": False})]).outdated == ()


def test_one_that_gives_way_ends_nobody() -> None:
    assert standing("1.9.5", [OLD, NEW]).outdated == ()


def test_the_same_version_twice_is_not_a_rival() -> None:
    found = standing("1.9.0", [OLD])
    assert (found.newer, found.outdated) == (None, ())


def test_a_pre_release_gives_way_to_its_release() -> None:
    assert standing("1.10.0-rc.2", [NEW]).newer == NEW


def test_a_version_without_an_order_is_left_alone() -> None:
    odd = OLD.model_copy(update={"version": "latest"})
    assert standing("1.10.0", [odd]).outdated == ()
    assert standing("latest", [NEW]).newer is None


@settings(deadline=None)
@given(st.lists(some_versions, min_size=2, max_size=6))
def test_whoever_looks_first_the_newest_version_goes_on_alone(versions: list[str]) -> None:
    runs = [Rival(run=str(n), version=version, waits=True) for n, version in enumerate(versions)]
    newest = max(filter(None, map(Version.parsed, versions)))
    for run in runs:
        others = [other for other in runs if other != run]
        found = standing(run.version, others)
        if Version.parsed(run.version) == newest:
            older = {other.run for other in others if Version.parsed(other.version) != newest}
            assert found.newer is None
            assert {rival.run for rival in found.outdated} == older
        else:
            assert found.newer is not None
            assert Version.parsed(found.newer.version) == newest


@settings(deadline=None)
@given(some_versions)
def test_a_version_survives_the_tags(version: str) -> None:
    tags = {*version_tags("books-api", version), gate_tag("production"), "mine"}
    assert version_of(tags) == version


def test_tags_that_name_no_version_or_two_name_none() -> None:
    assert version_of(["books-api", "gate:production"]) is None
    assert version_of(["version:1.0.0", "version:1.1.0"]) is None
    assert version_of(["version:newest"]) is None
