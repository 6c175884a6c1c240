"""Applications that another one deploys, and charts that are known by a digest."""

import json
from typing import Any

import pytest

from slipway.errors import NotProven
from slipway.settings import Settings
from tests.contract.argocd_world import GITOPS, ROBOT, World, manifest
from tests.contract.oci import push_blob, put_manifest
from tests.contract.sample_image import layer
from tests.contract.sync_wait import MANUAL, history, wait

UNDER = {"parent": "apps"}
HERE = "https://kubernetes.default.svc"
Json = dict[str, Any]


def child(tag: str, automatic: bool = True) -> Json:
    own = manifest("books", automatic)
    own["spec"]["source"]["helm"]["valuesObject"] = {"image": {"tag": tag}}
    named = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}
    return {**named, **own, "metadata": {**own["metadata"], "namespace": "argocd"}}


def push(argo: World, tag: str, automatic: bool = True) -> str:
    argo.images.push_server(tag)
    return argo.git.push({"apps/books.yaml": json.dumps(child(tag, automatic))})


def family(argo: World, automatic: bool = True) -> str:
    """A parent and its child, both live at their first revision."""
    argo.push_values(tag="1.0.0")
    first = push(argo, "1.0.0", automatic)
    source = {"repoURL": GITOPS, "targetRevision": "main", "path": "apps", "directory": {}}
    argo.add("apps", automatic, source=source, destination={"server": HERE, "namespace": "argocd"})
    if not automatic:
        argo.until(lambda each: each["status"]["sync"]["status"] == "OutOfSync", "apps")
        argo.sync("apps").raise_for_status()
    argo.until_live(first, "apps")
    if not automatic:
        argo.until(lambda each: each["status"]["sync"]["status"] == "OutOfSync")
        argo.sync().raise_for_status()
    argo.until_live(first)
    argo.server.traffic.reset()
    return first


def test_S07_a_child_is_proven_by_its_new_manifest_and_its_own_health(argo: World) -> None:
    family(argo)
    revision = push(argo, "1.1.0")
    waiting = wait(argo, revision, "1.1.0", application=UNDER, files=("apps/books.yaml",))
    assert waiting().revision == revision
    assert argo.argocd.truth("books").reference.partition("@")[0].endswith(":1.1.0")
    refreshed = [r.path for r in argo.server.traffic.requests if "refresh=normal" in r.query]
    assert refreshed[0].endswith("/apps")  # the parent first


def test_S07_a_healthy_parent_alone_is_not_enough(argo: World) -> None:
    family(argo)
    revision = argo.git.push({"apps/books.yaml": json.dumps(child("9.9.9-missing"))})
    with pytest.raises(NotProven, match=r"ErrImagePull|ImagePullBackOff"):
        wait(argo, revision, "9.9.9-missing", application=UNDER, grace=5)()


def test_S07_S21_the_child_is_started_and_its_parent_is_left_to_a_person(argo: World) -> None:
    first, before = family(argo, automatic=False), []

    def person(sentence: str) -> None:
        if "waiting for a person to sync apps" in sentence:
            before.extend(argo.server.traffic.writes())
            argo.sync("apps").raise_for_status()

    revision = push(argo, "1.1.0", automatic=False)
    waiting = wait(argo, revision, "1.1.0", application=UNDER | MANUAL, on_report=person)
    assert waiting().revision == revision
    started = [request.path for request in argo.server.traffic.writes()]
    assert [path.split("/")[-2] for path in started] == ["apps", "books"]
    assert not before
    assert history(argo) == [first, revision]


def chart(argo: World, tag: str, note: str) -> str:
    """A chart in a real registry, as `helm push` leaves it there; the address without tag."""
    name = "team/chart"
    files = {"books/Chart.yaml": f"name: books\ndescription: {note}\n"}
    packed = layer({**files, "books/values.yaml": "replicaCount: 1\n"})
    content = push_blob(argo.images.client, name, packed)
    kind = "application/vnd.oci.image.manifest.v1+json"
    body = {
        "schemaVersion": 2,
        "mediaType": kind,
        "config": push_blob(argo.images.client, name, b"{}"),
        "layers": [content | {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip"}],
    }
    put_manifest(argo.images.client, name, tag, json.dumps(body).encode()).raise_for_status()
    return f"oci://{argo.images.host}/{name}"


def charted(argo: World) -> None:
    """An application of a chart by tag, with values from the repository."""
    helm = {"valueFiles": ["$values/books/values-staging.yaml"]}
    url = chart(argo, "stable", "first")
    reference = {"repoURL": GITOPS, "targetRevision": "main", "ref": "values"}
    sources = [{"repoURL": url, "targetRevision": "stable", "path": ".", "helm": helm}, reference]
    spec = manifest("books")["spec"]
    del spec["source"]
    argo.push_image("1.0.0")
    argo.argocd.add({"metadata": {"name": "books"}, "spec": {**spec, "sources": sources}})
    argo.until(lambda each: each["status"]["health"].get("status") == "Healthy")


@pytest.mark.parametrize("readable", [True, False])
def test_S05_a_chart_by_tag_is_live_once_its_digest_is(argo: World, readable: bool) -> None:
    charted(argo)
    chart(argo, "stable", "second")
    revision = argo.push_image("1.1.0")
    user, password = argo.images.credentials[argo.images.host]
    known = Settings(
        argocd_url=argo.server.url,
        argocd_token=ROBOT.token,
        registry_username=user,
        registry_password=password if readable else "wrong",
        plain_http_registries=(argo.images.host,),
    )
    waiting = wait(argo, revision, "1.1.0", settings=known, timeout=200 if readable else 30)
    if readable:
        assert waiting().observed == revision
        assert argo.argocd.truth("books").reference.partition("@")[0].endswith(":1.1.0")
    else:
        with pytest.raises(NotProven, match="chart:stable") as late:
            waiting()
        assert "last error: could not read" in late.value.message
