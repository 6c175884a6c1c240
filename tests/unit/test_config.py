"""Service files: what is accepted, and how each mistake is told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.config import parse_service, read_service, service_names
from slipway.errors import InvalidInput
from slipway.service import Service

ROOT = Path(__file__).parents[2]
SHIPPED = (ROOT / "services" / "books-api.yaml").read_text()


def refused(text: str, name: str = "books-api") -> str:
    with pytest.raises(InvalidInput) as caught:
        parse_service(text, "services/books-api.yaml", name)
    return str(caught.value)


def line_of(text: str, part: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if part in line)


def test_the_shipped_service_file_is_accepted() -> None:
    service = read_service(ROOT / "services", "books-api")
    assert [environment.name for environment in service.environments] == ["staging", "production"]
    assert service.environments[1].gate is not None


def test_an_unknown_key_is_named_with_file_line_and_what_is_allowed() -> None:
    text = SHIPPED.replace("  branch: main\nrelease", "  brunch: main\nrelease")
    told = refused(text)
    assert f"services/books-api.yaml:{line_of(text, 'brunch')}: source.brunch: unknown key" in told
    assert "did you mean 'branch'?" in told
    assert "repository, branch, path" in told
    assert "nothing was touched" in told


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("expires: 24h", "expires: 24", "environments[1].gate.expires"),
        ("sync: manual", "sync: sometimes", "environments[1].application.sync"),
        ("sync: manual", "sync: manual, settle: 0s", "environments[1].application.settle"),
        ("builder: docker", "builder: magic", "image.builder"),
        (
            "status: 200, json: non-empty-list}\n      version",
            "status: many}\n      version",
            "smoke",
        ),
        ("file: books/api/values-staging.yaml", "file: ../values.yaml", "updates[0].file"),
        ("file: books/api/values-staging.yaml", "file: /etc/passwd", "updates[0].file"),
        ("file: books/api/values-staging.yaml", "file: .git/config", "updates[0].file"),
        ('value: "{version}"', 'value: "{sha}"', "updates[0].value"),
        ("after: [staging]", "after: staging", "environments[1].after"),
        ("name: production", "name: -production", "environments[1].name"),
    ],
)
def test_a_wrong_value_is_named_by_its_key(old: str, new: str, key: str) -> None:
    assert old in SHIPPED
    assert key in refused(SHIPPED.replace(old, new, 1))


@pytest.mark.parametrize("option", ["terminate: true", "suspended: accept"])
def test_what_Flux_does_not_know_is_refused(option: str) -> None:
    own = SHIPPED.replace("sync: manual", option)
    told = refused(own.replace("engine: argocd", "engine: flux"))
    assert "environments[1].application" in told
    assert f"{option.partition(':')[0]}: " in told
    jobs = SHIPPED.replace("sync: manual", "runs_in: jobs")
    for text in (own, jobs.replace("engine: argocd", "engine: flux")):
        parse_service(text, "services/books-api.yaml", "books-api")


def test_every_mistake_is_told_at_once() -> None:
    text = SHIPPED.replace("expires: 24h", "expires: soon").replace("branch: main", "brunch: main")
    told = refused(text)
    assert told.count("brunch") >= 2
    assert "gate.expires" in told


def test_a_missing_key_is_named() -> None:
    text = SHIPPED.replace(
        "gitops:\n  repository: https://github.com/parraletz/gitops-cf\n", "gitops:\n"
    )
    assert "gitops.repository: missing" in refused(text)


def test_a_duplicate_environment_is_refused_with_its_line() -> None:
    text = SHIPPED.replace("name: production", "name: staging")
    told = refused(text)
    assert "environments[1].name: 'staging' is there twice" in told
    assert f":{line_of(text, 'after: [staging]') - 1}:" in told


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ("[production]", "must be listed before"),
        ("[nowhere]", "no environment 'nowhere'; there are production, staging"),
    ],
)
def test_an_order_that_cannot_be_is_refused(after: str, said: str) -> None:
    assert said in refused(SHIPPED.replace("after: [staging]", f"after: {after}"))


def test_a_cycle_of_environments_is_refused() -> None:
    text = SHIPPED.replace("  - name: staging\n", "  - name: staging\n    after: [production]\n")
    assert "environments[0].after: 'production' must be listed before 'staging'" in refused(text)


def test_a_file_named_unlike_its_service_is_refused() -> None:
    assert "call the file books-api.yaml" in refused(SHIPPED, name="other")


def test_X09_credentials_in_a_url_are_refused_and_not_repeated() -> None:
    told = refused(
        SHIPPED.replace("https://github.com/parraletz/books-api", "https://me:hunter2@x.y/z")
    )
    assert "source.repository" in told
    assert "hunter2" not in told


def test_X31_a_duplicate_key_is_refused() -> None:
    assert "duplicate key" in refused(SHIPPED + "\nservice: other\n")


@pytest.mark.parametrize("text", ["", "[]", "just text", "a: b: c", "\tservice: x"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    assert "services/books-api.yaml:1" in refused(text)


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_stumble(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_service(text, "f.yaml", "f")


def test_a_missing_service_names_those_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "books-api.yaml").write_text(SHIPPED)
    with pytest.raises(InvalidInput, match=r"known services in .*: books-api"):
        read_service(tmp_path, "bookz")
    assert service_names(tmp_path) == ["books-api"]


@pytest.mark.parametrize("name", ["../books-api", "/etc/passwd", ""])
def test_X26_a_service_name_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "services").mkdir()
    (tmp_path / "books-api.yaml").write_text(SHIPPED)
    with pytest.raises(InvalidInput, match="there is no service"):
        read_service(tmp_path / "services", name)


def test_what_was_read_survives_being_stored() -> None:
    service = read_service(ROOT / "services", "books-api")
    assert Service.model_validate_json(service.model_dump_json()) == service
