"""What is signed is shown to whoever decides, and what is not signed gets nowhere."""

import base64
import json

import pytest

from tests.acceptance.installation import Installation
from tests.acceptance.scene_delivery import Delivery


@pytest.mark.parametrize("part", ["**Provenance** signed provenance, attached and verified; key `"])
def test_B55_the_question_and_the_report_say_who_signed(delivery: Delivery, part: str) -> None:
    assert part in delivery.question
    assert part in delivery.report


def test_B54_nothing_reads_as_scanned_without_a_scanner(delivery: Delivery) -> None:
    for text in (delivery.question, delivery.report):
        assert "**Vulnerabilities** not scanned: no scanner is configured" in text
        assert "no known vulnerabilities" not in text


def test_B36_B47_one_provenance_names_the_run_that_was_killed_and_went_on(
    site: Installation, delivery: Delivery
) -> None:
    store, name = site.world.registry.store, site.world.repository.partition("/")[2]
    manifest = store.manifest(name, f"{delivery.digest.replace(':', '-')}.att")
    [layer] = json.loads(manifest.body)["layers"]
    envelope = json.loads(store.content(layer["digest"]).read_bytes())
    said = json.loads(base64.b64decode(envelope["payload"]))["predicate"]
    assert said["runDetails"]["metadata"]["invocationId"] == delivery.run


def test_B51_an_image_without_provenance_stops_before_anything_is_asked_or_written(
    site: Installation, delivery: Delivery
) -> None:
    run = site.promote("refused", "1.0.0")  # which somebody else has built
    assert "has no provenance that counts: none is attached" in site.failed(run)
    steps = [task["name"] for task in site.api.task_runs(run)]
    assert "verify production" in steps
    assert not [name for name in steps if name.startswith(("preview", "ask", "update"))]
