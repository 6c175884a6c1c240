"""The sync wait against the Argo CD stand-in: What counts as live, and who starts the sync."""

import pytest

from sandbox.rendering.repository import Repository
from slipway.errors import Superseded
from tests.contract.argocd_world import GITOPS, WATCHER, World
from tests.contract.sync_wait import DIGEST, MANUAL, history, live, wait


def test_S53_an_automated_sync_is_proven_and_never_started_by_us(argo: World) -> None:
    first = live(argo)
    waiting = wait(argo, argo.push_image("1.1.0"), "1.1.0")
    proof = waiting()
    assert (proof.revision, proof.observed) == (waiting.revision, waiting.revision)
    assert (proof.application, proof.digest) == ("books", DIGEST)
    assert proof.url == f"{argo.server.url}/applications/books"
    assert argo.server.traffic.writes() == []
    assert history(argo) == [first, waiting.revision]
    assert len(waiting.asked) == len(set(waiting.asked))
    assert waiting.said == list(dict.fromkeys(waiting.said))  # nothing is said twice


def test_S53_a_manual_service_on_an_automated_application_posts_nothing(argo: World) -> None:
    live(argo)
    wait(argo, argo.push_image("1.1.0"), "1.1.0", application=MANUAL)()
    assert argo.server.traffic.writes() == []


def test_S21_a_manual_sync_is_started_once_at_what_was_observed(argo: World) -> None:
    first = live(argo, automatic=False)
    waiting = wait(argo, argo.push_image("1.1.0"), "1.1.0", application=MANUAL)
    waiting()
    assert [request.status for request in argo.server.traffic.writes()] == [200]
    assert history(argo) == [first, waiting.revision]
    assert argo.get()["status"]["operationState"]["operation"]["sync"].get("prune") is None


def test_S21_without_the_right_to_start_it_waits_for_a_person(argo: World) -> None:
    live(argo, automatic=False)

    def person(sentence: str) -> None:
        if "waiting for a person" in sentence:
            argo.sync().raise_for_status()

    revision = argo.push_image("1.1.0")
    proof = wait(argo, revision, "1.1.0", token=WATCHER.token, on_report=person)()
    assert proof.observed == revision


def test_S43_a_manual_sync_is_started_again_when_the_application_was_changed(argo: World) -> None:
    first = live(argo, automatic=False)
    helm = {"releaseName": "books", "valueFiles": ["values-staging.yaml"]}

    def person(sentence: str) -> None:
        if "making sure" in sentence and len(history(argo)) == 2:
            more = {"helm": helm | {"valuesObject": {"replicaCount": 2}}}
            argo.patch({"spec": {"source": more}}).raise_for_status()

    revision = argo.push_image("1.1.0")
    waiting = wait(argo, revision, "1.1.0", application=MANUAL, on_report=person, settle=20)
    assert waiting().observed == revision
    assert history(argo) == [first, revision, revision]
    assert argo.argocd.truth("books").replicas == 2


def test_S03_a_manual_sync_of_several_sources_names_the_one_we_push_to(argo: World) -> None:
    first = argo.push_image("1.0.0")
    values = {"repoURL": GITOPS, "targetRevision": "main", "ref": "values"}
    chart = {"path": "books", "helm": {"valueFiles": ["$values/books/values-staging.yaml"]}}
    sources = [values, {"repoURL": f"{GITOPS}/", "targetRevision": first, **chart}]
    argo.argocd._world.repositories[f"{GITOPS}/"] = Repository(GITOPS, argo.git.path)
    argo.add(automatic=False, sources=sources)
    revision = argo.push_image("1.1.0")
    proof = wait(argo, revision, "1.1.0", application=MANUAL)()
    assert proof.observed == revision
    asked = argo.get()["status"]["operationState"]["operation"]["sync"]
    assert asked["revisions"] == [revision, first]


def test_S06_a_commit_that_changes_nothing_is_proven_without_an_operation(argo: World) -> None:
    first = live(argo)
    revision = argo.push_values("1.0.0", note="nothing that is rendered")
    assert wait(argo, revision, "1.0.0")().observed == revision
    assert history(argo) == [first]


def test_S02_a_later_commit_with_our_values_is_accepted(argo: World) -> None:
    live(argo)
    ours = argo.push_image("1.1.0")
    later = argo.push_values("1.1.0", note="later")
    waiting = wait(argo, ours, "1.1.0", lineage={later: "newer"})
    assert waiting().observed == later


def test_S02_a_later_commit_with_other_values_supersedes(argo: World) -> None:
    live(argo)
    ours = argo.push_image("1.1.0")
    later = argo.push_image("1.2.0")
    with pytest.raises(Superseded, match=later[:7]):
        wait(argo, ours, "1.1.0", lineage={later: "changed"})()
