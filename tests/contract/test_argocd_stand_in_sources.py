"""Sources of the Argo CD stand-in: charts by digest and by version, references, plain manifests."""

import json
from typing import Any

from tests.contract.argocd_world import GITOPS, World, manifest, states
from tests.contract.oci import digest_of, push_blob, put_manifest
from tests.contract.sample_image import layer
from tests.contract.sync_wait import live

Json = dict[str, Any]
CHART = "oci://registry.example.com/charts/books"
HELM = "https://charts.example.com"
REF = {"repoURL": GITOPS, "targetRevision": "main", "ref": "values"}


def add(world: World, *sources: Json, automatic: bool = True) -> None:
    spec = manifest("books", automatic)["spec"]
    del spec["source"]
    metadata = {"name": "books"}
    world.argocd.add({"metadata": metadata, "spec": {**spec, "sources": list(sources)}})


def values(world: World, tag: str, replicas: int = 0) -> str:
    image = f"image: {{repository: {world.images.repository}, tag: {tag!r}}}"
    return f"replicaCount: {replicas}\n{image}\n"


def revisions(application: Json) -> list[str]:
    return list(application["status"]["sync"].get("revisions", []))


def image(world: World) -> str:
    return world.argocd.truth("books").reference.partition("@")[0].rpartition(":")[2]


def test_g_a_chart_by_tag_is_known_by_its_digest(argo: World) -> None:
    first = argo.argocd.charts.publish(CHART, "1.0.0", values(argo, "1.0.0"))
    head = argo.git.push({"NOTE.md": "1"})
    add(argo, {"repoURL": CHART, "targetRevision": "1.0.0", "path": "."}, REF)
    seen = argo.until(lambda each: states(each)[::2] == ("Synced", "Healthy"))
    assert revisions(seen) == [first, head]
    assert seen["status"]["operationState"]["syncResult"]["revisions"] == [first, head]
    path = f"/api/v1/applications/books/revisions/{first}"
    assert argo.api.get(f"{path}/ocimetadata").json() == {"version": "1.0.0"}
    assert argo.api.get(f"{path}/metadata").status_code == 500


def test_g_an_unused_reference_moves_its_revision_and_nothing_else(argo: World) -> None:
    digest = argo.argocd.charts.publish(CHART, "1.0.0", values(argo, "1.0.0"))
    argo.git.push({"NOTE.md": "1"})
    add(argo, {"repoURL": CHART, "targetRevision": "1.0.0", "path": "."}, REF)
    before = argo.until(lambda each: states(each)[::2] == ("Synced", "Healthy"))
    head = argo.git.push({"NOTE.md": "2"})
    after = argo.refresh()
    assert states(after)[::2] == ("Synced", "Healthy")
    assert revisions(after) == [digest, head]
    assert after["status"]["operationState"] == before["status"]["operationState"]


def test_g_values_of_a_reference_render_the_chart_anew(argo: World) -> None:
    argo.argocd.charts.publish(CHART, "1.0.0", values(argo, "never"))
    argo.push_values(tag="1.0.0", replicas=0)
    helm = {"valueFiles": ["$values/books/values-staging.yaml"]}
    add(argo, {"repoURL": CHART, "targetRevision": "1.0.0", "path": ".", "helm": helm}, REF)
    argo.until(lambda each: states(each)[::2] == ("Synced", "Healthy"))
    assert image(argo) == "1.0.0"
    head = argo.push_values(tag="1.1.0", replicas=0)
    argo.refresh()
    argo.until(lambda each: states(each)[0] == "Synced" and revisions(each)[1] == head)
    assert image(argo) == "1.1.0"


def test_h_a_moved_tag_is_another_digest(argo: World) -> None:
    first = argo.argocd.charts.publish(CHART, "stable", values(argo, "1.0.0"))
    add(argo, {"repoURL": CHART, "targetRevision": "stable", "path": "."})
    argo.until(lambda each: states(each)[0] == "Synced" and revisions(each) == [first])
    second = argo.argocd.charts.publish(CHART, "stable", values(argo, "1.1.0"))
    argo.refresh()
    argo.until(lambda each: states(each)[0] == "Synced" and revisions(each) == [second])
    assert image(argo) == "1.1.0"


def test_h_a_range_is_known_by_its_version_and_needs_hard_when_published_anew(argo: World) -> None:
    address = f"{HELM}/books"
    for version in ("1.0.0", "1.10.0", "1.9.0", "2.0.0"):
        argo.argocd.charts.publish(address, version, values(argo, version))
    source: Json = {"repoURL": HELM, "chart": "books", "targetRevision": "1.*"}
    argo.argocd.add(
        {"metadata": {"name": "books"}, "spec": {**manifest("books")["spec"], "source": source}}
    )
    seen = argo.until(lambda each: states(each)[::2] == ("Synced", "Healthy"))
    assert seen["status"]["sync"]["revision"] == "1.10.0"
    argo.argocd.charts.publish(address, "1.10.0", values(argo, "1.10.1"))
    assert states(argo.refresh())[0] == "Synced"  # invisible
    assert image(argo) == "1.10.0"
    assert states(argo.get(refresh="hard"))[0] == "OutOfSync"
    path = "/api/v1/applications/books/revisions/1.10.0/chartdetails"
    assert argo.api.get(path).status_code == 200


def test_a_chart_is_pulled_from_a_registry(argo: World) -> None:
    """As `helm push` leaves it there."""
    files = {"books/Chart.yaml": "name: books\nversion: 1.0.0\n"}
    packed = layer({**files, "books/values.yaml": values(argo, "1.0.0")})
    name = "team/app"
    content = push_blob(argo.images.client, name, packed)
    chart_layer = {**content, "mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip"}
    kind = "application/vnd.oci.image.manifest.v1+json"
    config = push_blob(argo.images.client, name, b"{}")
    body = {"schemaVersion": 2, "mediaType": kind, "config": config, "layers": [chart_layer]}
    packed_manifest = json.dumps(body).encode()
    put_manifest(argo.images.client, name, "chart-1.0.0", packed_manifest).raise_for_status()
    url = f"oci://{argo.images.host}/{name}"
    add(argo, {"repoURL": url, "targetRevision": "chart-1.0.0", "path": "."})
    seen = argo.until(lambda each: states(each)[::2] == ("Synced", "Healthy"))
    assert revisions(seen) == [digest_of(packed_manifest)]
    missing = {"repoURL": url, "targetRevision": "no-such-tag", "path": "."}
    spec = {**argo.get()["spec"], "sources": [missing]}
    argo.argocd.change({"metadata": {"name": "books"}, "spec": spec})
    broken = argo.until(lambda each: states(each)[0] == "Unknown")
    assert broken["status"]["conditions"][0]["type"] == "ComparisonError"


def test_values_object_and_parameters_win_over_files(argo: World) -> None:
    argo.push_values(tag="1.0.0", replicas=0)
    spec = manifest("books")["spec"]
    helm: Json = {
        "valuesObject": {"image": {"tag": "1.1.0"}},
        "valueFiles": ["values-staging.yaml"],
    }
    source: Json = {**spec["source"], "helm": helm}
    argo.argocd.add({"metadata": {"name": "books"}, "spec": {**spec, "source": source}})
    argo.until(lambda each: states(each)[::2] == ("Synced", "Healthy"))
    assert image(argo) == "1.1.0"
    helm["parameters"] = [{"name": "image.tag", "value": "1.2.0"}]
    argo.argocd.change({"metadata": {"name": "books"}, "spec": {**spec, "source": source}})
    argo.until(lambda each: states(each)[0] == "Synced" and image(argo) == "1.2.0")


def test_plain_manifests_and_kustomize_images(argo: World) -> None:
    container = {"name": "books", "image": argo.images.repository}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "books"},
        "spec": {"replicas": 0, "template": {"spec": {"containers": [container]}}},
    }
    wanted = {
        "resources": ["deployment.yaml"],
        "images": [{"name": argo.images.repository, "newTag": "1.0.0"}],
    }
    argo.git.push(
        {
            "plain/deployment.yaml": json.dumps(deployment),
            "plain/kustomization.yaml": json.dumps(wanted),
        }
    )
    source = {"repoURL": GITOPS, "targetRevision": "main", "path": "plain"}
    spec = {**manifest("books")["spec"], "source": source}
    argo.argocd.add({"metadata": {"name": "books"}, "spec": spec})
    argo.until(lambda each: states(each)[::2] == ("Synced", "Healthy"))
    assert image(argo) == "1.0.0"
    wanted["images"] = [{"name": argo.images.repository, "digest": "sha256:" + "0" * 64}]
    argo.git.push({"plain/kustomization.yaml": json.dumps(wanted)})
    argo.refresh()
    argo.until(lambda _: argo.argocd.truth("books").reference.endswith("@sha256:" + "0" * 64))


def test_a_hydrated_branch_is_what_is_compared(argo: World) -> None:
    first = live(argo)
    hydrator = {
        "drySource": {"repoURL": GITOPS, "targetRevision": "dry", "path": "books"},
        "syncSource": {"targetBranch": "main", "path": "books"},
    }
    spec = manifest("books")["spec"]
    source = spec.pop("source")
    argo.argocd.change(
        {"metadata": {"name": "books"}, "spec": {**spec, "sourceHydrator": hydrator}}
    )
    dry = "d" * 40
    argo.argocd.hydrated("books", dry, first)
    seen = argo.until(lambda each: each["status"]["sourceHydrator"])
    last = seen["status"]["sourceHydrator"]["lastSuccessfulOperation"]
    assert (last["drySHA"], last["hydratedSHA"]) == (dry, first)
    seen = argo.until(lambda each: "helm" not in each["status"]["sync"]["comparedTo"]["source"])
    compared = seen["status"]["sync"]["comparedTo"]["source"]
    assert compared["targetRevision"] == source["targetRevision"]
