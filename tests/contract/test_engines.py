"""One suite over every engine: what the sync wait says about the same course of events."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.serving import Fault
from slipway.errors import NotFound, NotProven, Retryable, Superseded, Unauthorized
from tests.contract.engine_places import ARGO_CD, Place
from tests.contract.flux_place import FluxPlace
from tests.contract.sample_image import CRASHING, Pushed, layer
from tests.contract.sync_wait import DIGEST

ENGINES: dict[str, type[Place]] = {**ARGO_CD, "flux": FluxPlace}


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path, sync_images: Pushed) -> Iterator[Place]:
    with ENGINES[request.param].begun(request.param, tmp_path, sync_images) as begun:
        yield begun


def test_S35_an_automated_sync_is_proven(place: Place) -> None:
    first = place.live()
    waiting = place.wait(place.push("1.1.0"), "1.1.0")
    proof = waiting()
    assert (proof.revision, proof.observed) == (waiting.revision, waiting.revision)
    assert (proof.application, proof.digest) == ("books", DIGEST)
    assert place.history() == [first, waiting.revision]
    assert waiting.said == list(dict.fromkeys(waiting.said))  # nothing is said twice


def test_S06_S35_a_commit_that_changes_nothing_is_proven_without_an_operation(
    place: Place,
) -> None:
    first = place.live()
    revision = place.push_values("1.0.0", note="nothing that is rendered")
    assert place.wait(revision, "1.0.0")().observed == revision
    # A chart that follows the repository is upgraded with every commit.
    assert place.history() == ([first, revision] if place.engine == "flux" else [first])


def test_S02_S35_a_later_commit_with_other_values_supersedes(place: Place) -> None:
    place.live()
    ours, later = place.push("1.1.0"), place.push("1.2.0")
    with pytest.raises(Superseded, match=later[:7]):
        place.wait(ours, "1.1.0", lineage={later: "changed"})()


def test_S02_S35_a_later_commit_with_our_values_is_accepted(place: Place) -> None:
    place.live()
    ours, later = place.push("1.1.0"), place.push_values("1.1.0", note="later")
    assert place.wait(ours, "1.1.0", lineage={later: "newer"})().observed == later


def test_S14_S35_a_sync_that_fails_ends_the_wait_with_its_message(place: Place) -> None:
    place.live()
    place.refuse("exceeded quota: pods")
    with pytest.raises(NotProven, match="exceeded quota: pods"):
        place.wait(place.push("1.1.0"), "1.1.0")()


def test_S35_S36_S57_an_image_that_cannot_be_pulled_fails_early_with_events(place: Place) -> None:
    place.live()
    revision = place.push_values("9.9.9-missing")
    with pytest.raises(NotProven, match=r"ErrImagePull|ImagePullBackOff") as failed:
        place.wait(revision, "9.9.9-missing", grace=5)()
    assert "Failed to pull image" in failed.value.message  # from the Pod's events


def test_S24_S35_a_version_that_crashes_is_not_proven(place: Place) -> None:
    place.live()
    place.world.images.push("1.1.0-crash", layer({"app/server.py": CRASHING}))
    revision = place.push_values("1.1.0-crash")
    with pytest.raises(NotProven, match="CrashLoopBackOff"):
        place.wait(revision, "1.1.0-crash", grace=3)()


def test_S31_S35_an_api_that_is_down_for_a_moment_does_not_matter(place: Place) -> None:
    place.live()
    revision = place.push("1.1.0")
    place.down(3)
    place.traffic.faults += [Fault(drop=True, times=2), Fault(status=429)]
    assert place.wait(revision, "1.1.0")().observed == revision


def test_S31_S35_an_api_that_stays_down_is_unknown_and_never_a_failure(place: Place) -> None:
    place.live()
    revision = place.push("1.1.0")
    place.down(-1)
    with pytest.raises(Retryable, match="unknown") as unknown:
        place.wait(revision, "1.1.0", timeout=10)()
    assert "503" in unknown.value.message


def test_S30_S35_S41_a_controller_that_is_down_ends_at_the_deadline(place: Place) -> None:
    place.live()
    place.freeze()
    with pytest.raises(NotProven, match="not live after 3 s") as late:
        place.wait(place.push("1.1.0"), "1.1.0", timeout=3, speed=1)()
    assert "still looks at" in late.value.message  # the last state
    assert "is the controller running?" in late.value.message  # the last error


def test_S09_S35_a_missing_application_ends_the_wait_at_the_first_look(place: Place) -> None:
    place.live()
    with pytest.raises(NotFound, match="gone"):
        place.wait("f" * 40, "1.0.0", application={"name": "gone"})()


def test_S09_S35_a_credential_without_permissions_ends_the_wait_at_the_first_look(
    place: Place,
) -> None:
    revision = place.live()
    with pytest.raises(Unauthorized) as error:
        place.wait(revision, "1.0.0", stranger=True)()
    assert "allow" in error.value.hint


def test_S35_S44_an_application_that_is_being_deleted_is_told_at_once(place: Place) -> None:
    revision = place.live()
    place.delete()
    with pytest.raises(NotProven, match="being deleted"):
        place.wait(revision, "1.0.0")()


def test_S34_S35_a_change_is_noticed_at_once(place: Place) -> None:
    place.live()
    with place.opened() as (engine, application):
        engine.observe(application)
        place.push_values("1.0.0", note="told by nobody but the refresh")
        assert engine.refresh(application)
        engine.await_change(application, 10)
        assert engine.observe(application).sync == "Synced"


def test_S36_a_diagnosis_never_raises(place: Place) -> None:
    place.live()
    with place.opened() as (engine, application):
        place.traffic.faults.append(Fault(status=500, times=-1))
        assert engine.explain(application) == ""
