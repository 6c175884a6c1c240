"""Which files an Argo CD Application reads, and which of ours it does not."""

from dataclasses import replace
from typing import Any

import pytest

from slipway.engines import flux_reads
from slipway.engines.argocd_reads import reads
from slipway.engines.flux_chain import Chain
from slipway.errors import NotProven
from slipway.readiness.reach import unread
from slipway.service import Application, GitOps
from slipway.sync.reach import Reach
from tests.unit.flux_objects import applied, recorded, released

OURS = GitOps(repository="https://github.com/parraletz/gitops-cf")
SSH = "git@github.com:parraletz/gitops-cf.git"
OCI = "oci://ghcr.io/parraletz/charts/books-api"
VALUES = "books/api/values-staging.yaml"
APPLICATION = "apps/staging/books-api.yaml"

# The staging Application of the original set-up: its values file is named in a comment only.
CHART: dict[str, Any] = {
    "repoURL": OCI, "targetRevision": "9.0.0", "chart": "books-api", "path": ".",
    "helm": {"valuesObject": {"image": {"tag": "9.0.0"}}},
}  # fmt: skip
REF: dict[str, Any] = {"repoURL": SSH, "targetRevision": "main", "ref": "values"}


def told(source: dict[str, Any] | list[dict[str, Any]], *files: str) -> tuple[str, ...]:
    """Those of `files` that are not read."""
    spec = {"sources": source} if isinstance(source, list) else {"source": source}
    return unread(reads(spec, OURS), files)


def ours(path: str | None = None, **kind: Any) -> dict[str, Any]:
    return {"repoURL": f"{OURS.repository}.git", **({"path": path} if path else {}), **kind}


def test_S71_G47_a_ref_source_that_no_source_uses_deploys_nothing() -> None:
    assert reads({"sources": [CHART, REF]}, OURS) == ()
    assert told([CHART, REF], VALUES, APPLICATION) == (VALUES, APPLICATION)


def test_G47_a_ref_source_reads_the_values_files_that_use_it() -> None:
    used = {**CHART, "helm": {"valueFiles": [f"$values/{VALUES}", "values-prod.yaml"]}}
    assert told([used, REF], VALUES, APPLICATION, "values-prod.yaml") == (
        APPLICATION, "values-prod.yaml",
    )  # fmt: skip
    assert told([used, {**REF, "ref": "other"}], VALUES) == (VALUES,)
    assert told([used, {**REF, "repoURL": "https://github.com/a/b"}], VALUES) == (VALUES,)


def test_G47_a_chart_reads_its_own_files_and_the_values_files_it_names() -> None:
    chart = ours("books/api", helm={"valueFiles": ["values-staging.yaml", "../shared.yaml"]})
    read = [VALUES, "books/shared.yaml", "books/api/values.yaml", "books/api/templates/a/b.yaml"]
    read += ["books/api/files/config.yaml", "books/api/templates/values-map.yaml"]  # by .Files
    dead = ["books/api/values-production.yaml", "books/api/values.prod.yml", APPLICATION]
    assert told(chart, *read, *dead) == tuple(dead)


@pytest.mark.parametrize(
    ("named", "file"),
    [
        ("/books/values.yaml", "books/values.yaml"),  # from the repository's root
        ("./values-x.yaml", "books/api/values-x.yaml"),
        ("values-$ARGOCD_APP_NAME.yaml", "books/api/values-books-api-staging.yaml"),
        ("${ARGOCD_ENV_X}/values-*.yaml", "books/api/a/values-b.yaml"),
    ],
)
def test_G47_names_of_values_files_as_argo_cd_reads_them(named: str, file: str) -> None:
    assert told(ours("books/api", helm={"valueFiles": [named]}), file, "books/dead.yaml") == (
        "books/dead.yaml",
    )


def test_G47_a_values_file_from_elsewhere_is_none_of_ours() -> None:
    chart = ours("books/api", helm={"valueFiles": ["https://x.y/books/api/values-x.yaml"]})
    assert told(chart, "books/api/values-x.yaml") == ("books/api/values-x.yaml",)
    assert (
        told(ours("a", helm={"fileParameters": [{"name": "n", "path": "n.txt"}]}), "a/n.txt") == ()
    )


@pytest.mark.parametrize("kind", [{}, {"kustomize": {"namePrefix": "x-"}}])
def test_G47_kustomize_or_an_unknown_type_reads_all_of_its_path(kind: dict[str, Any]) -> None:
    assert told(ours("apps/staging", **kind), APPLICATION, VALUES) == (VALUES,)
    assert (
        told(ours("overlays/staging", **kind), "base/kustomization.yaml") == ()
    )  # may be its base
    assert told(ours(**kind), APPLICATION, VALUES) == ()


@pytest.mark.parametrize(
    ("directory", "dead"),
    [
        ({}, ["apps/a/b.yaml", "apps/x.txt"]),
        ({"recurse": True}, ["apps/x.txt"]),
        ({"disableExtensionFilter": True}, ["apps/a/b.yaml"]),
        ({"recurse": True, "include": "*.yml"}, ["apps/x.yaml", "apps/x.txt", "apps/a/b.yaml"]),
        ({"include": "{x.yaml,y.yaml}"}, ["apps/a/b.yaml", "apps/x.txt", "apps/x.yml"]),
        ({"exclude": "x.*"}, ["apps/a/b.yaml", "apps/x.txt", "apps/x.yaml", "apps/x.yml"]),
        ({"include": "[xy].yaml", "exclude": "{a,[b]}"}, ["apps/a/b.yaml", "apps/x.txt"]),
    ],
)
def test_G47_a_folder_of_manifests(directory: dict[str, Any], dead: list[str]) -> None:
    files = ("apps/x.yaml", "apps/x.yml", "apps/a/b.yaml", "apps/x.txt")
    assert sorted(told(ours("apps", directory=directory), *files)) == sorted(dead)


def test_G47_what_one_source_leaves_out_another_may_read() -> None:
    leaves_out = ours("apps", directory={"exclude": "x.yaml"})
    assert told([leaves_out], "apps/x.yaml") == ("apps/x.yaml",)
    assert told([ours("apps"), leaves_out], "apps/x.yaml") == ()


def test_G47_the_patterns_are_fit_for_people() -> None:
    chart = ours("books/api", helm={"valueFiles": ["$values/books/a.yaml", "b.yaml"]})
    assert (reads({"sources": [chart, REF]}, OURS) or ())[-2:] == (
        "books/api/b.yaml", "books/a.yaml",
    )  # fmt: skip


def test_G47_what_a_plugin_reads_cannot_be_told() -> None:
    assert reads({"source": ours("a", plugin={"name": "x"})}, OURS) is None
    assert told(ours("a", plugin={}), VALUES) == ()


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"source": None},
        {"source": {"repoURL": "https://github.com/other/repository", "path": "books/api"}},
        {"source": {"repoURL": OURS.repository, "chart": "books-api"}},
        {"source": CHART},
    ],
)
def test_G47_other_repositories_and_registries_read_nothing_of_ours(spec: dict[str, Any]) -> None:
    assert reads(spec, OURS) == ()


def test_G47_with_hydration_the_dry_source_is_read() -> None:
    spec = {"sourceHydrator": {"drySource": ours("books/api"), "syncSource": {"path": "x"}}}
    assert unread(reads(spec, OURS), [VALUES, "x/a.yaml"]) == ("x/a.yaml",)


def test_G47_an_unread_file_is_named_once() -> None:
    assert unread(("a/**", "!a/x"), ["a/x", "a/y", "a/x", "b"]) == ("a/x", "b")


def reached(reads_of: tuple[str, ...] | None, *files: str, above: Any = None) -> str:
    """What is said about files, or raised."""
    parent = None if above is None else replace(applied(), reads=above)
    seen = replace(applied(), reads=reads_of, parent=parent)
    return Reach(Application(name="books"), files).check(seen)


KUSTOMIZE = "apps/books/overlays/staging"
BASE = "apps/books/base/deployment.yaml"
FLUX_KUSTOMIZE = Chain(recorded("kustomization"), recorded("gitrepository"))


@pytest.mark.parametrize(
    "found",
    [
        reads({"source": ours(KUSTOMIZE)}, OURS),
        reads({"source": ours(KUSTOMIZE, kustomize={})}, OURS),
        flux_reads.reads(FLUX_KUSTOMIZE),
    ],
)
def test_G47_a_base_that_nothing_names_is_said_and_no_error(found: Any) -> None:
    assert reached(found, BASE) == f"application 'books' does not surely read {BASE}"
    assert reached(found, BASE, above=("root/**",)).endswith(BASE)
    assert reached(found, "apps/books/base/kustomization.yaml") == ""


def test_G47_a_dependency_by_file_is_said_and_no_error() -> None:
    chart = ours("books/api", helm={"valueFiles": ["values-staging.yaml"]})
    found = reads({"source": chart}, OURS)
    assert "does not surely read books/common/values.yaml" in reached(
        found, "books/common/values.yaml"
    )


@pytest.mark.parametrize("above", [None, ("apps/*.yaml",)])
def test_G47_S71_a_values_file_beside_the_chart_that_nothing_names_is_an_error(above: Any) -> None:
    chart = ours("books/api", helm={"valueFiles": ["values-production.yaml"]})
    with pytest.raises(NotProven, match="does not read books/api/values-staging") as error:
        reached(reads({"source": chart}, OURS), VALUES, above=above)
    assert "values-production.yaml" in error.value.message
    assert "~" not in error.value.message
    assert "!" not in error.value.message
    with pytest.raises(NotProven, match="does not read books/api/values-production"):
        reached(released().reads, "books/api/values-production.yaml", above=above)


def test_G47_one_chart_used_twice_reads_the_values_files_of_both() -> None:
    both = [ours("books/api", helm={"valueFiles": [f"values-{name}.yaml"]}) for name in "ab"]
    files = [f"books/api/values-{name}.yaml" for name in "abc"]
    assert told(both, *files) == ("books/api/values-c.yaml",)


def test_G47_what_one_source_may_read_another_surely_reads() -> None:
    assert told([ours("books/api", helm={}), ours("apps")], "books/api/files/x.json") == ()
