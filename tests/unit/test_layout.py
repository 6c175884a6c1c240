"""The manifests that are printed: valid, read by the engine, and the ones the demo runs with."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from slipway.config import read_service
from slipway.engines import flux_reads
from slipway.engines.argocd_reads import reads
from slipway.engines.flux_chain import Chain
from slipway.errors import InvalidInput
from slipway.layout import VARIANT, Engine, layout
from slipway.manifests.editor import get_scalar, set_scalar
from slipway.readiness.reach import unread
from slipway.service import Application, Service

ROOT = Path(__file__).parents[2]
SWAGGER = json.loads((ROOT / "tests/contract/argocd-swagger-subset.json").read_text())
BOOKS = read_service(ROOT / "services", "books-api")
OCI = "oci://ghcr.io/parraletz/charts/books-api"
CHART = f"spec.sources[repoURL={OCI}]"


def changed(*updates: dict[str, Any], application: dict[str, Any] | None = None) -> Service:
    """The service with one environment that has these updates."""
    content = BOOKS.model_dump(by_alias=True)
    staging = content["environments"][0]
    staging["updates"] = updates or staging["updates"]
    staging["application"] |= application or {}
    return Service.model_validate({**content, "environments": [staging]})


def every(service: Service, engine: Any = None) -> dict[str, str]:
    made = layout(service, engine)
    return {**made.manifests, **made.seeds, **made.variants}


def loaded(files: dict[str, str]) -> dict[str, Any]:
    return {path: yaml.safe_load(text) for path, text in files.items()}


SERVICES = {
    "values": BOOKS,
    "project and parent": changed(application={"project": "books", "parent": "everything"}),
    "kustomize": changed(
        {"file": "apps/staging/kustomization.yaml", "key": "images[name=ghcr.io/x/y].newTag"},
        {"file": "apps/staging/kustomization.yaml", "key": "images[name=ghcr.io/x/y].digest",
         "value": "{digest}"},
    ),
    "plain": changed(
        {"file": "books/deployment.yaml", "key": "spec.template.spec.containers[0].image"}
    ),
    "chart from the registry": changed(
        {"file": "apps/staging/books-api.yaml", "key": f"{CHART}.targetRevision"},
        {"file": "apps/staging/books-api.yaml", "key": f"{CHART}.helm.valuesObject.image.tag"},
    ),
    "chart and values": changed(
        {"file": "apps/staging/books-api.yaml", "key": f"{CHART}.targetRevision"},
        {"file": "books/api/values-staging.yaml", "key": "image.tag"},
    ),
    "odd names": changed(
        {"file": "1.10/on: #/values.yaml", "key": 'image."on".tag'},
        application={"name": "10", "project": "on"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())
def test_G47_every_file_that_is_written_is_read_by_the_printed_application(
    service: Service,
) -> None:
    found = loaded(dict(layout(service).manifests))
    applications = {o["metadata"]["name"]: o for o in found.values() if o["kind"] == "Application"}
    parent = service.environments[0].application.parent or "gitops-cf"
    above = reads(applications[parent]["spec"], service.gitops) or ()
    for environment in service.environments:
        spec = applications[environment.application.name]["spec"]
        read = (*(reads(spec, service.gitops) or ()), *above)
        assert unread(read, [update.file for update in environment.updates]) == ()
        assert spec["project"] == environment.application.project
        automated = spec["syncPolicy"].get("automated")
        manual = environment.application.sync == "manual"
        assert automated == (None if manual else {"prune": True, "selfHeal": True})


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())
def test_every_argo_cd_object_follows_its_description(service: Service) -> None:
    for path, manifest in loaded(every(service)).items():
        if manifest.get("kind") == "Application":
            _described(manifest["spec"], "v1alpha1ApplicationSpec")
            sources = manifest["spec"].get("sources") or [manifest["spec"]["source"]]
            assert all(isinstance(source.get("targetRevision"), str) for source in sources), path
            assert "annotations" not in manifest["metadata"]


def test_the_description_finds_mistakes() -> None:
    with pytest.raises(ValidationError):
        _described({"syncPolicy": {"retry": {"refreshed": True}}}, "v1alpha1ApplicationSpec")


def _described(value: dict[str, Any], name: str) -> None:
    """Judge by the server's own description, in which unknown fields are wrong for once."""
    closed = {
        key: {"additionalProperties": False, **shape} if "properties" in shape else shape
        for key, shape in SWAGGER["definitions"].items()
    }
    Draft202012Validator({"definitions": closed, "$ref": f"#/definitions/{name}"}).validate(value)


@pytest.mark.parametrize(("engine", "place", "count"), [("argocd", "apps", 2), ("flux", "flux", 3)])
def test_the_demo_runs_the_printed_manifests(engine: Engine, place: str, count: int) -> None:
    printed = layout(BOOKS, engine).manifests
    folder = ROOT / "sandbox" / "gitops"
    there = sorted(folder.glob(f"{place}/**/*.yaml"))
    assert len(there) == count
    for path in there:
        text = printed[path.relative_to(folder).as_posix()]
        address = BOOKS.gitops.repository
        assert path.read_text() == text.replace(address, f"{address}.git")


@pytest.mark.parametrize("name", ["chart from the registry", "chart and values"])
def test_G31_the_updates_find_their_values_in_the_printed_files(name: str) -> None:
    service = SERVICES[name]
    files = every(service)
    for update in service.environments[0].updates:
        text = files[update.file].encode()
        assert get_scalar(text, update.key, file=update.file) == "0.1.0"
        edited = set_scalar(text, update.key, "1.10", file=update.file)
        assert edited.text.count(b'"1.10"') == 1


def test_the_published_chart_is_offered_with_the_update_it_needs() -> None:
    variants = layout(BOOKS).variants
    text = variants[f"{VARIANT}apps/staging/books-api.yaml"]
    spec = yaml.safe_load(text)["spec"]
    assert [source["repoURL"] for source in spec["sources"]] == [OCI, BOOKS.gitops.repository]
    assert spec["sources"][0]["helm"]["valueFiles"] == ["$values/books/api/values-staging.yaml"]
    assert unread(reads(spec, BOOKS.gitops), ["books/api/values-staging.yaml"]) == ()
    needed = yaml.safe_load(text.splitlines()[2].removeprefix("#"))[0]
    assert get_scalar(text.encode(), needed["key"], file=needed["file"]) == "0.1.0"


def test_the_project_permits_what_its_applications_do_and_nothing_else() -> None:
    service = changed(application={"project": "books"})
    project = loaded(every(service))["bootstrap/books-project.yaml"]
    assert project["spec"]["sourceRepos"] == [service.gitops.repository, OCI]
    assert [place["namespace"] for place in project["spec"]["destinations"]] == [
        "books-api-staging"
    ]
    assert not any("*, *" in policy for policy in project["spec"]["roles"][0]["policies"])
    assert "bootstrap/default-project.yaml" not in every(BOOKS)


def test_Flux_releases_a_commit_with_the_files_that_are_written() -> None:
    files = loaded(every(BOOKS, "flux"))
    release = files["flux/staging/books-api.yaml"]
    chart = release["spec"]["chart"]["spec"]
    assert release["apiVersion"] == "helm.toolkit.fluxcd.io/v2"
    assert chart["reconcileStrategy"] == "Revision"
    assert chart["valuesFiles"] == ["./books/api/values.yaml", "./books/api/values-staging.yaml"]
    source = files["flux/gitops-cf.yaml"]
    assert source["spec"]["url"] == BOOKS.gitops.repository
    assert chart["sourceRef"] == {"kind": source["kind"], **source["metadata"]}
    assert source["metadata"] == {"name": "gitops-cf", "namespace": "flux-system"}
    assert not any(path.startswith(("apps/", "bootstrap/")) for path in files)


@pytest.mark.parametrize("name", ["values", "kustomize", "plain", "odd names"])
def test_G47_every_file_that_is_written_is_read_by_the_printed_Flux_object(name: str) -> None:
    service = SERVICES[name]
    found = loaded(dict(layout(service, "flux").manifests))
    for environment in service.environments:
        chain = Chain(
            last=found[f"flux/{environment.name}/books-api.yaml"],
            source=found["flux/gitops-cf.yaml"],
        )
        read = flux_reads.reads(chain)
        assert read
        assert unread(read, [update.file for update in environment.updates]) == ()


@pytest.mark.parametrize("name", ["values", "kustomize"])
def test_Flux_objects_of_different_namespaces_share_one_source(name: str) -> None:
    service = changed(*SERVICES[name].environments[0].updates, application={"namespace": "shop"})
    other = service.environments[0].model_copy(
        update={"name": "qa", "application": Application(name="books-api-qa", namespace="qa")}
    )
    both = service.model_copy(update={"environments": (*service.environments, other)})
    objects = loaded(dict(layout(both, "flux").manifests)).values()
    [source] = (each for each in objects if each["kind"] == "GitRepository")
    others = [each for each in objects if each is not source]
    assert {each["metadata"]["namespace"] for each in others} == {"shop", "qa"}
    for each in others:
        [reference] = _found(each, "sourceRef")
        assert reference == {"kind": "GitRepository", **source["metadata"]}


def _found(value: Any, key: str) -> list[Any]:
    """Every value of that key, at any depth."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = [value[key]] if isinstance(value, dict) and key in value else []
    return own + [found for each in inner for found in _found(each, key)]


def test_Flux_applies_a_kustomization_and_waits_for_it() -> None:
    made = loaded(every(SERVICES["kustomize"], "flux"))
    applied = made["flux/staging/books-api.yaml"]
    assert (applied["kind"], applied["spec"]["path"]) == ("Kustomization", "./apps/staging")
    assert applied["spec"]["wait"] is True
    image = made["apps/staging/kustomization.yaml"]["images"][0]
    assert image == {"name": "ghcr.io/x/y", "newTag": "0.1.0", "digest": ""}


def test_the_service_s_own_engine_is_the_default() -> None:
    service = changed(application={"engine": "flux"})
    assert layout(service) == layout(service, "flux")
    assert layout(changed(application={"engine": "argocd-core"})) == layout(changed(), "argocd")


@pytest.mark.parametrize(
    ("update", "engine", "said"),
    [
        ({"file": "apps/*/x.yaml", "key": "a"}, None, "in which folder"),
        ({"file": "apps/x.yaml", "key": f"{CHART}.targetRevision"}, "flux", "Flux has none of"),
    ],
)
def test_updates_that_tell_no_place_are_refused(
    update: dict[str, Any], engine: Any, said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        layout(changed(update), engine)
