"""Where a chain begins, and whether that link is done: registries, other repositories, old states."""

from dataclasses import replace
from typing import Any

import pytest

from slipway.engines.argocd_workloads import workload
from slipway.engines.flux_chain import Chain
from slipway.engines.flux_status import observation
from slipway.errors import InvalidInput
from slipway.readiness.observation import Tag
from slipway.readiness.verdict import Ready, Waiting
from tests.unit.flux_objects import GITOPS, applied, changed, condition, recorded, released
from tests.unit.readiness_objects import Judge, deployment

STRATEGY = "spec.chart.spec.reconcileStrategy"
OCI_DIGEST = "sha256:" + "e5" * 32
FROM_REGISTRY = {
    "spec.chart": None,
    "spec.chartRef": {"kind": "OCIRepository", "name": "charts", "namespace": "flux-system"},
    "status.lastAttemptedRevision": "9.0.0+e5e5e5e5e5e5",
    "status.lastAttemptedRevisionDigest": OCI_DIGEST,
    "status.history.0.chartVersion": "9.0.0+e5e5e5e5e5e5",
    "status.history.0.ociDigest": OCI_DIGEST,
    "spec.values": {"image": {"tag": "2.0.0"}},
}


def from_registry(reference: Any, source: Any = None) -> Chain:
    """A release, live, of a chart in a registry."""
    found = {
        "kind": "OCIRepository",
        "spec.url": "oci://ghcr.io/parraletz/charts/books-api",
        "spec.ref": reference,
        "status.artifact.revision": f"9.0.0@{OCI_DIGEST}",
    }
    return Chain(
        recorded("helmrelease", FROM_REGISTRY), recorded("gitrepository", found | (source or {}))
    )


def below(chain: Chain) -> Any:
    """The verdict on a chain below a parent that is live at X, after some time."""
    judge = Judge()
    seen = observation(chain, [workload(deployment())], GITOPS, applied())
    judge(seen)
    return judge(seen, 30)


def test_a_chart_from_a_registry_needs_a_parent_that_reads_our_repository() -> None:
    chain = from_registry({"tag": "9.0.0"})
    with pytest.raises(InvalidInput, match=r"application\.parent") as error:
        observation(chain, (), GITOPS)
    assert "OCIRepository/gitops-cf" in error.value.message
    reading = observation(chain, (), GITOPS, applied())
    assert (reading.index, reading.revisions) == (-1, (OCI_DIGEST,))
    assert reading.tags == (Tag(0, "ghcr.io/parraletz/charts/books-api:9.0.0"),)


@pytest.mark.parametrize(
    ("reference", "tags", "pins"),
    [
        (None, ("latest",), ()),
        ({"tag": "9.0.0"}, ("9.0.0",), ()),
        ({"tag": "9.0.0", "semver": "9.x"}, (), ()),
        ({"tag": "9.0.0", "digest": OCI_DIGEST}, (), (OCI_DIGEST,)),
    ],
)
def test_S05_what_a_registry_is_asked_for_is_what_wins_in_the_reference(
    reference: Any, tags: tuple[str, ...], pins: tuple[str, ...]
) -> None:
    reading = observation(from_registry(reference), (), GITOPS, applied())
    assert tuple(tag.reference.rpartition(":")[2] for tag in reading.tags) == tags
    assert tuple(pin.revision for pin in reading.pins) == pins


def test_S05_another_digest_in_the_reference_is_not_live_before_it_is_released() -> None:
    assert isinstance(below(from_registry({"digest": OCI_DIGEST})), Ready)
    verdict = below(from_registry({"digest": "sha256:" + "b1" * 32}))
    assert isinstance(verdict, Waiting)
    assert "not sha256:b1b1" in verdict.reason


LOOKING = [
    condition("Reconciling", "True", message="building artifact: new generation 1 -> 2"),
    condition("Ready", "Unknown", message="building artifact: new generation 1 -> 2"),
]
BEHIND = {"metadata.generation": 3, "status.conditions": LOOKING}


@pytest.mark.parametrize("reference", [{"semver": "9.x"}, {"digest": OCI_DIGEST}])
def test_S05_S74_a_source_that_has_not_looked_at_its_new_reference_holds_the_chart_back(
    reference: Any,
) -> None:
    # The release is Ready, of the chart that the source had before its specification changed.
    assert isinstance(below(from_registry(reference)), Ready)
    verdict = below(from_registry(reference, BEHIND))
    assert isinstance(verdict, Waiting)
    assert "OCIRepository/gitops-cf is not ready: Progressing: building artifact" in verdict.reason


@pytest.mark.parametrize(
    "unready",
    [
        {"metadata.generation": 7},
        {"status.conditions": LOOKING},
        {"status.conditions": [condition("Ready", "Unknown")]},
        {"status.conditions": None},
    ],
)
def test_S74_S79_a_link_that_is_not_ready_is_never_part_of_a_proof(unready: Any) -> None:
    judge = Judge()
    for reading in (released({}, {}, unready), released({}, unready), applied({}, unready)):
        judge(reading)
        assert isinstance(judge(reading, 30), Waiting)


def other_repository(strategy: str = "Revision") -> Chain:
    """A release whose chart is in the repository of the code."""
    elsewhere = {"spec.url": "https://github.com/parraletz/books-api"}
    last = {"spec.values": {"image": {"tag": "2.0.0"}}, STRATEGY: strategy}
    return Chain(
        recorded("helmrelease", last),
        recorded("gitrepository", elsewhere),
        recorded("helmchart", {"spec.reconcileStrategy": strategy}),
    )


@pytest.mark.parametrize("strategy", ["Revision", "ChartVersion"])
def test_S07_a_chart_in_another_repository_is_judged_below_the_parent_that_reads_ours(
    strategy: str,
) -> None:
    chain = other_repository(strategy)
    with pytest.raises(InvalidInput, match=r"application\.parent"):
        observation(chain, (), GITOPS)
    reading = observation(chain, (), GITOPS, applied())
    assert (reading.index, reading.reads, reading.pushed) == (-1, (), ())
    assert isinstance(below(chain), Ready)


def test_S07_its_description_has_to_name_the_version() -> None:
    chain = other_repository()
    old = changed(dict(chain.last), {"spec.values": {"image": {"tag": "1.9.0"}}})
    assert isinstance(below(replace(chain, last=old)), Waiting)
