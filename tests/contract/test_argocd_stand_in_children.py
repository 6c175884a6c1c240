"""App-of-apps in the Argo CD stand-in: a parent whose manifests are Applications."""

import json
from typing import Any

from tests.contract.argocd_world import GITOPS, World, manifest, states

Json = dict[str, Any]
TRACKING = "argocd.argoproj.io/tracking-id"


def child(tag: str = "", **metadata: Any) -> Json:
    """The manifest of `books`; with a tag, its values are in the spec."""
    own = manifest("books")
    if tag:
        own["spec"]["source"]["helm"]["valuesObject"] = {"image": {"tag": tag}}
    named = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}
    return {**named, **own, "metadata": {**own["metadata"], "namespace": "argocd", **metadata}}


def push(world: World, *children: Json, note: str = "") -> str:
    text = "\n---\n".join(json.dumps(each) for each in children)
    return world.git.push({"apps/books.yaml": text, "apps/README.md": note, "NOTE.md": note})


def add_parent(world: World, automatic: bool = True) -> None:
    source = {"repoURL": GITOPS, "targetRevision": "main", "path": "apps", "directory": {}}
    destination = {"server": "https://kubernetes.default.svc", "namespace": "argocd"}
    world.add("apps", automatic, source=source, destination=destination)


def test_n_a_parent_makes_its_children_and_is_healthy_before_they_are(argo: World) -> None:
    argo.push_values(tag="no-such-tag")
    revision = push(argo, child())
    add_parent(argo)
    parent = argo.until_live(revision, "apps")
    [resource] = parent["status"]["resources"]
    assert (resource["kind"], resource["group"]) == ("Application", "argoproj.io")
    assert "health" not in resource  # an Application has no health check
    books = argo.until(lambda each: states(each)[0] == "Synced")
    assert states(books)[2] == "Progressing"
    identity = "apps:argoproj.io/Application:argocd/books"
    assert books["metadata"]["annotations"][TRACKING] == identity


def test_n_a_changed_child_is_still_what_it_was_compared_to(argo: World) -> None:
    argo.images.push_server("1.0.0")
    argo.push_values(tag="1.0.0", replicas=0)
    first = push(argo, child("1.0.0"))
    add_parent(argo)
    argo.until_live(first, "apps")
    argo.until_live(first)
    recorder = argo.record(name="books")
    argo.until(lambda _: recorder.applications())
    second = push(argo, child("1.1.0"))
    argo.refresh("apps")
    argo.until_live(second, "apps")
    argo.until(
        lambda each: (
            states(each)[0] == "Synced" and argo.argocd.truth("books").reference.endswith(":1.1.0")
        )
    )
    lagging = [
        each
        for each in recorder.applications()
        if each["spec"]["source"]["helm"]["valuesObject"]["image"]["tag"] == "1.1.0"
        and each["status"]["sync"]["comparedTo"]["source"] != each["spec"]["source"]
    ]
    assert {states(each)[::2] for each in lagging} == {("Synced", "Healthy")}


def test_n_a_child_nobody_wants_is_pruned_with_what_it_made(argo: World) -> None:
    argo.images.push_server("1.0.0")
    argo.push_values(tag="1.0.0")
    finalizers = ["resources-finalizer.argocd.argoproj.io"]
    first = push(
        argo, child(finalizers=finalizers), child(name="other") | {"spec": child()["spec"]}
    )
    add_parent(argo, automatic=False)
    argo.until(lambda each: states(each)[0] == "OutOfSync", "apps")
    argo.sync("apps").raise_for_status()
    argo.until_live(first, "apps")
    argo.until(lambda each: states(each)[2] == "Healthy")
    second = push(argo, child(name="other") | {"spec": child()["spec"]})
    seen = argo.refresh("apps")
    assert states(seen)[:2] == ("OutOfSync", second)
    argo.sync("apps", prune=True).raise_for_status()
    argo.until_live(second, "apps")
    path, project = "/api/v1/applications/books", {"project": "default"}
    argo.until(lambda _: argo.api.get(path, params=project).status_code == 404, "apps")
    assert argo.api.get(path).status_code == 403


def test_a_child_edited_by_hand_makes_the_parent_out_of_sync(argo: World) -> None:
    argo.push_values(tag="1.0.0", replicas=0)
    first = push(argo, child())
    add_parent(argo)
    argo.until_live(first, "apps")
    argo.until_live(first)
    argo.patch({"spec": {"source": {"targetRevision": "other"}}})
    argo.until(lambda each: states(each)[:2] == ("OutOfSync", first), "apps")
