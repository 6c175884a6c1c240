"""Killed at any point of signing and attaching, the next run completes it: one provenance."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.serving import Fault, Scope
from slipway.errors import Retryable
from slipway.evidence import sbom
from slipway.evidence.provenance import PREDICATE
from slipway.model import Image, Release
from tests.contract.evidence_place import PASSWORD, TOKEN, Place, a_place, program
from tests.contract.killing import child, killed_at, request

_CHILD = """
import sys
from slipway.evidence.collect import attest
from slipway.model import Image, Release
from slipway.service import Service
from slipway.settings import load
service, release, image = (kind.model_validate_json(text) for kind, text in
                           zip((Service, Release, Image), sys.argv[1:4]))
print(attest(service, release, image, load(), sys.argv[4]).model_dump_json())
"""


@pytest.fixture(params=[True, False], ids=["with-api", "without-api"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with a_place(tmp_path, referrers=request.param) as place:
        yield place


def start(place: Place, release: Release, image: Image, run: str) -> "subprocess.Popen[str]":
    environment = {
        "SLIPWAY_GITHUB_API_URL": place.settings.github_api_url,
        "SLIPWAY_SOURCE_TOKEN": TOKEN,
        "SLIPWAY_REGISTRY_USERNAME": "robot",
        "SLIPWAY_REGISTRY_PASSWORD": PASSWORD,
        "SLIPWAY_PLAIN_HTTP_REGISTRIES": place.login.address,
        "SLIPWAY_SIGNING_KEY": place.settings.secret("signing_key").get_secret_value(),
    }
    told = [each.model_dump_json(by_alias=True) for each in (place.service, release, image)]
    return child(_CHILD, [*told, run], environment)


def killed(
    place: Place, release: Release, image: Image, moment: str, when: Callable[[Scope], bool]
) -> None:
    killed_at(place.gate, moment, when, lambda: start(place, release, image, "run-1"))


def nth(number: int, when: Callable[[Scope], bool]) -> Callable[[Scope], bool]:
    """True for the request that is the `number`th of those that match."""
    seen: list[bool] = []

    def decide(scope: Scope) -> bool:
        if when(scope):
            seen.append(True)
            return len(seen) == number
        return False

    return decide


BLOB, MANIFEST = request("PUT", "/blobs/uploads/"), request("PUT", "/manifests/")
POINTS: dict[str, tuple[str, Callable[[], Callable[[Scope], bool]]]] = {
    "before anything": ("before", lambda: request("POST", "/blobs/uploads/")),
    "after the envelope, before its list": ("after", lambda: nth(1, BLOB)),
    "after the list's configuration": ("after", lambda: nth(2, BLOB)),
    "before cosign's tag": ("before", lambda: nth(1, MANIFEST)),
    "after cosign's tag": ("after", lambda: nth(1, MANIFEST)),
    "after the bundle": ("after", lambda: nth(4, BLOB)),
    "before the referrer": ("before", lambda: nth(2, MANIFEST)),
    "after the referrer": ("after", lambda: nth(2, MANIFEST)),
}


@pytest.mark.parametrize("point", POINTS)
def test_B36_a_killed_run_is_completed_with_one_provenance(place: Place, point: str) -> None:
    release = place.release()
    image = place.built(release)
    moment, when = POINTS[point]
    killed(place, release, image, moment, when())
    evidence = place.attest(release, image, run="run-2")
    assert evidence.key == place.key
    [envelope], [bundle] = place.layers(image, PREDICATE), place.bundles(image, PREDICATE)
    assert envelope == bundle["dsseEnvelope"]
    place.server.traffic.reset()
    place.attest(release, image, run="run-3")
    assert place.pushed() == []


@pytest.mark.parametrize("place", [True], indirect=True, ids=["with-api"])
@pytest.mark.parametrize("number", range(1, 5))
def test_B36_killed_between_provenance_and_bill_of_materials(
    place: Place, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bom = '{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}'
    program(tmp_path / "bin", "syft", f"echo '{bom}'")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    place.image_rules = {"sbom": True}
    release = place.release()
    image = place.built(release)
    killed(place, release, image, "after", nth(number, MANIFEST))
    evidence = place.attest(release, image, run="run-2")
    assert evidence.sbom == "attached: 0 components (syft, from the image)"
    for kind in (PREDICATE, sbom.PREDICATE):
        [envelope], [bundle] = place.layers(image, kind), place.bundles(image, kind)
        assert envelope == bundle["dsseEnvelope"]


@pytest.mark.parametrize("place", [False], indirect=True, ids=["without-api"])
def test_B36_killed_between_referrer_and_its_list(place: Place) -> None:
    release = place.release()
    image = place.built(release)
    killed(place, release, image, "before", nth(3, MANIFEST))
    place.attest(release, image, run="run-2")
    assert len(place.layers(image, PREDICATE)) == len(place.bundles(image, PREDICATE)) == 1


def test_B36_a_killed_builds_image_is_signed_for_and_says_so(place: Place) -> None:
    release = place.release()
    place.built(release)  # and killed: nobody signed
    image = place.built(release)
    assert not image.created
    place.attest(release, image)
    said = place.verify(release, image)
    assert (said.commit, said.found) == (release.sha, True)


@pytest.mark.parametrize("place", [True], indirect=True, ids=["with-api"])
@pytest.mark.parametrize("path", ["/manifests/", "/blobs/uploads/"])
def test_a_lost_answer_doubles_nothing(place: Place, path: str) -> None:
    release = place.release()
    image = place.built(release)
    place.server.traffic.faults.append(Fault(method="PUT", path=path, lose_answer=True))
    with pytest.raises(Retryable):
        place.attest(release, image)
    place.attest(release, image)
    assert len(place.layers(image, PREDICATE)) == len(place.bundles(image, PREDICATE)) == 1


def test_B41_two_runs_at_once_leave_what_counts_in_both_ways(place: Place) -> None:
    release = place.release()
    image = place.built(release)
    children = [start(place, release, image, f"run-{number}") for number in (1, 2)]
    for each in children:
        each.communicate(timeout=60)
    for each in children:
        if each.returncode:  # what a step's policy would try again
            place.attest(release, image, run="again")
    assert place.verify(release, image).key == place.key
    assert place.layers(image, PREDICATE)
    assert place.bundles(image, PREDICATE)
