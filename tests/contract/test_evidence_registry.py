"""Signing for an image in Debian's docker-registry, which has no referrers API."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from slipway.evidence.provenance import PREDICATE
from tests.contract.docker_engine import RegistryLogin
from tests.contract.evidence_place import Place, a_place

pytestmark = pytest.mark.docker


@pytest.fixture
def place(tmp_path: Path, real_registry: RegistryLogin) -> Iterator[Place]:
    with a_place(tmp_path) as place:
        place.login = real_registry
        place.set(
            registry_username=real_registry.username,
            registry_password=SecretStr(real_registry.password),
            plain_http_registries=(real_registry.address,),
        )
        yield place


def test_B40_attached_by_tag_and_by_the_fallback_list(place: Place) -> None:
    release, image, evidence = place.delivered("3.0.0")
    assert evidence.key == place.key
    assert place.get(f"referrers/{image.digest}") is None
    [envelope], [bundle] = place.layers(image, PREDICATE), place.bundles(image, PREDICATE)
    assert envelope == bundle["dsseEnvelope"]
    assert place.verify(release, image).commit == release.sha
    place.attest(release, image, run="run-2")
    assert len(place.layers(image, PREDICATE)) == len(place.bundles(image, PREDICATE)) == 1
