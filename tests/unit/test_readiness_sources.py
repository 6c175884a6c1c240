"""Acceptance cases of the readiness decision: sources, and the revisions they are compared by."""

import pytest

from slipway.engines.argocd_sources import pins, pushed, tags
from slipway.readiness.observation import Pin, Tag
from slipway.readiness.references import same_repository
from slipway.readiness.verdict import Failed, Known, Ready, Superseded, Waiting
from tests.unit.readiness_objects import (
    CHART,
    CHART_DIGEST,
    DIGEST,
    GITOPS,
    KNOWN,
    LINEAGE,
    MANUAL_APP,
    STATE,
    WANTS_9,
    A,
    Judge,
    Object,
    X,
    Y,
    Z,
    app,
    deployment,
    seen,
    settled,
)

OURS = {"repoURL": "https://github.com/parraletz/gitops-cf", "targetRevision": "main"}
LIVE_9 = [deployment("ghcr.io/parraletz/books-api:9.0.0")]
HYDRATED = "d00dfeed" * 5
LAST = "status.sourceHydrator.lastSuccessfulOperation"


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/parraletz/gitops-cf.git",
        "https://GitHub.com/parraletz/gitops-cf/",
        "https://token@github.com:443/parraletz/gitops-cf",
        "git@github.com:parraletz/gitops-cf.git",
        "ssh://git@github.com:22/parraletz/gitops-cf",
        "ssh://git@github.com/parraletz/gitops-cf.git/",
    ],
)
def test_S03_one_repository_has_many_addresses(url: str) -> None:
    assert same_repository(url, "https://github.com/parraletz/gitops-cf")
    assert pushed([{"repoURL": url, "targetRevision": "main"}], GITOPS) == (0,)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://github.com/parraletz/gitops-cf", "https://github.com/parraletz/gitops"),
        ("https://github.com/parraletz/gitops-cf", "https://gitlab.com/parraletz/gitops-cf"),
        ("http://127.0.0.1:8001/gitops", "http://127.0.0.1:8002/gitops"),
        ("https://github.com/Parraletz/gitops-cf", "https://github.com/parraletz/gitops-cf"),
    ],
)
def test_S03_other_addresses_are_other_repositories(one: str, other: str) -> None:
    assert not same_repository(one, other)


def test_S03_sources_of_one_address_are_told_apart() -> None:
    chart = OURS | {"chart": "books-api", "targetRevision": "9.0.0"}
    values, rendered = OURS | {"ref": "values"}, OURS | {"path": "books/api", "name": "api"}
    pinned, elsewhere = OURS | {"targetRevision": "v1"}, OURS | {"targetRevision": "release"}
    assert pushed([chart, values], GITOPS) == (1,)
    assert pushed([chart, values, rendered, pinned, elsewhere], GITOPS) == (1, 2)
    assert pushed([chart, pinned], GITOPS) == (1,)
    assert pushed([chart], GITOPS) == ()
    head = OURS | {"targetRevision": "HEAD"}
    assert pushed([head, rendered], GITOPS) == (0, 1)
    assert pushed([head, elsewhere], GITOPS.model_copy(update={"branch": "release"})) == (1,)
    assert pushed([pinned, head], GITOPS.model_copy(update={"branch": "release"})) == (1,)


def two_sources(*revisions: str) -> Object:
    """A chart's folder and its values files, from one repository and branch."""
    found = [OURS | {"path": "books/api"}, OURS | {"ref": "values"}]
    found[0] |= {"helm": {"valueFiles": ["$values/books/api/values-staging.yaml"]}}
    return {
        "spec.source": None,
        "spec.sources": found,
        "status.sync.comparedTo.source": {"repoURL": ""},
        "status.sync.comparedTo.sources": found,
        "status.sync.revision": None,
        "status.sync.revisions": list(revisions),
        f"{STATE}.syncResult": {"revisions": list(revisions), "sources": found},
    }


def test_S02_S03_every_source_that_follows_our_branch_holds_x() -> None:
    assert isinstance(settled(seen(two_sources(X, Y))), Ready)
    waiting = settled(seen(two_sources(X, A)))
    assert isinstance(waiting, Waiting)
    assert A[:12] in waiting.reason
    assert isinstance(settled(seen(two_sources(X, Z))), Superseded)
    assert isinstance(settled(seen(two_sources(X))), Waiting)


def test_S57_pods_that_cannot_start_are_not_ours_while_a_source_is_behind() -> None:
    live = [deployment(updatedReplicas=1)]
    behind = seen(two_sources(X, A), live, tree="tree-image-pull")
    assert behind.workloads[0].trouble
    assert isinstance(settled(behind, after=600), Waiting)
    there = seen(two_sources(X, X), live, tree="tree-image-pull")
    assert isinstance(settled(there, after=60), Failed)


def test_S03_a_list_of_one_source_is_like_a_single_one() -> None:
    found = [app()["spec"]["source"]]
    one: Object = {"spec.source": None, "spec.sources": found, "status.sync.revision": None}
    one |= {"status.sync.revisions": [X], "status.sync.comparedTo.sources": found}
    assert isinstance(settled(seen(one)), Ready)
    assert isinstance(settled(seen(one | {"status.sync.revisions": [A]})), Waiting)


def test_S03_a_hydrated_application_is_proven_by_its_dry_commit() -> None:
    reading = seen(name="hydrated")
    assert (reading.revision, reading.operation_revision) == (X, X)
    assert reading.compared_to_spec
    assert reading.hydrated
    assert isinstance(settled(reading), Ready)


@pytest.mark.parametrize(
    "changes",
    [
        {f"{LAST}.drySHA": A},
        {f"{LAST}.hydratedSHA": "beef" * 10},  # X is hydrated, and not synced yet
        {LAST: None},
        {"status.sync.revision": X},  # no hydrated commit has this id
        {"spec.sourceHydrator.syncSource.targetBranch": "env/production"},
        {"spec.sourceHydrator.drySource.path": "books/other"},  # not hydrated yet
        {f"{LAST}.sourceHydrator": None},
    ],
)
def test_S03_S43_a_hydrated_application_without_x_is_not_done(changes: Object) -> None:
    assert isinstance(settled(seen(changes, name="hydrated"), after=300), Waiting)


def test_S03_hydration_under_way_is_said_and_a_failed_one_fails() -> None:
    current = "status.sourceHydrator.currentOperation"
    behind = {f"{LAST}.drySHA": A, f"{current}.drySHA": X}
    waiting = settled(seen(behind | {f"{current}.phase": "Hydrating"}, name="hydrated"))
    assert isinstance(waiting, Waiting)
    assert f"manifests of {X[:7]} are being hydrated" in waiting.reason
    failed = {f"{current}.phase": "Failed", f"{current}.message": "push was refused"}
    judge, reading = Judge(), seen(behind | failed, name="hydrated")
    verdicts = [judge(reading, at) for at in (0, 30, 60)]
    assert isinstance(verdicts[1], Waiting)
    assert isinstance(verdicts[2], Failed)
    assert "push was refused" in verdicts[2].reason


def test_S04_a_revision_is_missing_for_one_source() -> None:
    reading = seen(two_sources(X, X) | {"status.sync.revisions": [X, X, X]})
    assert isinstance(settled(reading), Waiting)


def test_S05_what_sources_report_is_known_beforehand() -> None:
    oci = {"repoURL": "oci://ghcr.io/parraletz/charts/books-api", "chart": "books-api"}
    helm = {"repoURL": "https://charts.example.com", "chart": "redis"}
    bare = {"repoURL": "ghcr.io/parraletz/charts", "chart": "books-api"}
    found = [
        oci | {"targetRevision": "9.0.0"},
        oci | {"targetRevision": "9.*"},
        oci | {"targetRevision": DIGEST},
        helm | {"targetRevision": "1.2.3"},
        helm | {"targetRevision": ">=1.2"},
        bare | {"targetRevision": "9.0.0-rc.1"},
        OURS,
    ]
    assert tags(found) == (Tag(0, CHART),)
    assert pins(found) == (Pin(2, DIGEST), Pin(3, "1.2.3"), Pin(5, "9.0.0-rc.1"))


@pytest.mark.parametrize("digests", [{}, {CHART: DIGEST}])
def test_S05_an_oci_source_is_proven_by_the_digest_of_its_tag(digests: dict[str, str]) -> None:
    reading = seen(live=LIVE_9, name="values-by-reference")
    assert isinstance(settled(reading, WANTS_9), Ready)
    waiting = settled(reading, WANTS_9, Known(LINEAGE, digests))
    assert isinstance(waiting, Waiting)
    assert CHART in waiting.reason
    assert waiting.ask == ("refresh" if digests else None)


def pending(digest: str, *commits: str, **source: str) -> Object:
    """Synced by hand, and a later commit waits; `source` is otherwise in what was applied."""
    found = app(name="values-by-reference")["spec"]["sources"]
    result = {"revisions": [digest, *commits], "sources": [found[0] | source, *found[1:]]}
    waits = {"status.sync.status": "OutOfSync", "status.sync.revisions": [CHART_DIGEST, Y]}
    done = app()["status"]["operationState"] | {"syncResult": result}
    return MANUAL_APP | waits | {STATE: done}


def test_S05_S43_S54_x_is_applied_when_every_source_was() -> None:
    def ready(changes: Object) -> bool:
        reading = seen(changes, LIVE_9, name="values-by-reference")
        return isinstance(settled(reading, WANTS_9), Ready)

    assert ready(pending(CHART_DIGEST, X))
    assert not ready(pending("sha256:" + "0f" * 32, X))
    assert not ready(pending(CHART_DIGEST, A))
    assert not ready(pending(CHART_DIGEST, X, targetRevision="8.0.0"))
    assert not ready(pending(CHART_DIGEST))


@pytest.mark.parametrize("applied", [(X, A), (A, X)])
def test_S02_S54_x_is_applied_from_every_source_that_follows_our_branch(
    applied: tuple[str, str],
) -> None:
    changes = two_sources(X, X) | MANUAL_APP | {"status.sync.status": "OutOfSync"}
    changes |= {"status.sync.revisions": [Y, Y]}
    assert isinstance(settled(seen(changes)), Ready)
    changes |= {f"{STATE}.syncResult": changes[f"{STATE}.syncResult"] | {"revisions": [*applied]}}
    assert isinstance(settled(seen(changes)), Waiting)


@pytest.mark.parametrize("revision", ["9.0.0", "", "sha256:7d86"])
def test_S05_an_oci_source_that_reports_no_digest_is_not_done(revision: str) -> None:
    changes: Object = {"status.sync.revisions": [revision, X]}
    reading = seen(changes, LIVE_9, name="values-by-reference")
    assert isinstance(settled(reading, WANTS_9), Waiting)


def test_S05_a_chart_of_a_helm_repository_is_proven_by_its_version() -> None:
    found = [{"repoURL": "https://charts.example.com", "chart": "api", "targetRevision": "1.2.3"}]
    found += [OURS | {"path": "books/api"}]
    both = two_sources("1.2.3", X)
    both |= {"spec.sources": found, "status.sync.comparedTo.sources": found}
    assert isinstance(settled(seen(both)), Ready)
    assert isinstance(settled(seen(both | {"status.sync.revisions": ["1.2.2", X]})), Waiting)


@pytest.mark.parametrize("revision", ["main", "", "HEAD", "v2.0.0"])
def test_S05_a_branch_or_an_empty_revision_is_unknown_not_different(revision: str) -> None:
    reading = seen({"status.sync.revision": revision})
    assert isinstance(settled(reading, after=600), Waiting)


def test_S71_a_reference_that_no_source_uses_deploys_nothing() -> None:
    unused = seen(live=LIVE_9, name="several-sources")
    verdict = settled(unused, WANTS_9, KNOWN)
    assert isinstance(verdict, Failed)
    assert "deploys nothing" in verdict.reason
    assert "source 2" in verdict.reason
    tracked: Object = {"metadata.annotations": {"argocd.argoproj.io/tracking-id": "root:..."}}
    own_manifest = seen(tracked, LIVE_9, name="several-sources")
    assert isinstance(settled(own_manifest, WANTS_9), Ready)
