"""`slipway new` and `slipway manifests`, as a person and as a script use them."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from slipway.cli import main
from slipway.config import read_service
from slipway.layout.text import mapping, scalar

NEW = [
    "--repository", "https://github.com/acme/books", "--image", "ghcr.io/acme/books",
    "--gitops", "https://github.com/acme/gitops",
]  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SLIPWAY_SERVICES", str(tmp_path / "services"))
    return tmp_path / "services"


def test_a_new_service_passes_the_check(folder: Path, capsys: Any) -> None:
    assert main(["new", "books", *NEW, "--approver", "ana@example.com"]) == 0
    said = capsys.readouterr().out
    for command in ("check", "manifests", "plan"):
        assert f"slipway {command} books" in said
    assert main(["check", "--offline", "books"]) == 0
    staging, production = read_service(folder, "books").environments
    assert (staging.gate, staging.application.sync) == (None, "automatic")
    assert production.gate is not None
    assert production.gate.approvers == ("ana@example.com",)
    assert (production.after, production.application.sync) == (("staging",), "manual")


def test_a_new_service_has_the_environments_that_are_named(folder: Path) -> None:
    names = ["--environment", "on", "--environment", "qa", "--environment", "live"]
    assert main(["new", "1", *NEW, *names]) == 0  # names that YAML could take for something else
    service = read_service(folder, "1")
    assert [environment.name for environment in service.environments] == ["on", "qa", "live"]
    assert [environment.after for environment in service.environments] == [(), ("on",), ("qa",)]
    assert "# gate:" in (folder / "1.yaml").read_text()


def test_a_new_service_for_Flux(folder: Path) -> None:
    assert main(["new", "books", *NEW, "--engine", "flux"]) == 0
    units = [e.application for e in read_service(folder, "books").environments]
    assert {(unit.engine, unit.project, unit.sync) for unit in units} == {
        ("flux", "default", "automatic")
    }
    assert main(["manifests", "books"]) == 0


def test_a_file_that_exists_is_never_overwritten(folder: Path, capsys: Any) -> None:
    folder.mkdir()
    (folder / "books.yaml").write_text("mine\n")
    assert main(["new", "books", *NEW, "--json"]) == 1
    assert "exists, and is left as it is" in json.loads(capsys.readouterr().out)["error"]
    assert (folder / "books.yaml").read_text() == "mine\n"


@pytest.mark.parametrize("bad", ["../books", "Books", ""])
def test_a_name_that_cannot_be_one_writes_nothing(folder: Path, bad: str, capsys: Any) -> None:
    assert main(["new", bad, *NEW]) == 1
    assert "service: " in capsys.readouterr().out
    assert not folder.exists()
    assert not (folder.parent / "books.yaml").exists()


def test_a_value_that_is_not_accepted_is_named(folder: Path, capsys: Any) -> None:
    assert main(["new", "books", "--repository", "git@x:y", *NEW[2:]]) == 1
    assert "source.repository: must be an http" in capsys.readouterr().out
    assert not folder.exists()


def test_scripts_get_JSON(folder: Path, capsys: Any) -> None:
    assert main(["new", "books", *NEW, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["file"] == str(folder / "books.yaml")
    assert main(["manifests", "books", "--json"]) == 0
    files = json.loads(capsys.readouterr().out)
    assert yaml.safe_load(files["apps/staging/books.yaml"])["kind"] == "Application"


def test_the_printed_manifests_are_one_YAML_stream(folder: Path, capsys: Any) -> None:
    main(["new", "books", *NEW])
    with (folder / "books.yaml").open("a") as file:
        file.write("chart: {path: helm/books, repository: oci://ghcr.io/acme/charts}\n")
    capsys.readouterr()
    assert main(["manifests", "books"]) == 0
    said = capsys.readouterr().out
    kinds = [document.get("kind") for document in yaml.safe_load_all(said)]
    assert kinds.count("Application") == 3
    assert kinds.count("AppProject") == 1
    assert "# apps/production/books.yaml\n" in said
    assert "# variants/published-chart/apps/staging/books.yaml\n# # Instead of" in said


def test_manifests_are_written_once_and_values_are_kept(tmp_path: Path, capsys: Any) -> None:
    main(["new", "books", *NEW])
    place = tmp_path / "gitops"
    assert main(["manifests", "books", "--output", str(place)]) == 0
    values = place / "books" / "values-staging.yaml"
    values.write_text(values.read_text().replace("0.1.0", "2.0.0"))
    capsys.readouterr()
    assert main(["manifests", "books", "--output", str(place), "--json"]) == 0
    outcomes = json.loads(capsys.readouterr().out)
    assert outcomes["books/values-staging.yaml"] == "kept"
    assert set(outcomes.values()) == {"kept", "unchanged"}
    assert "2.0.0" in values.read_text()


def test_a_manifest_that_differs_stops_everything(tmp_path: Path, capsys: Any) -> None:
    main(["new", "books", *NEW])
    mine = tmp_path / "apps" / "staging" / "books.yaml"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine\n")
    assert main(["manifests", "books", "--output", str(tmp_path)]) == 1
    assert "nothing was written: apps/staging/books.yaml" in capsys.readouterr().out
    assert mine.read_text() == "mine\n"
    assert not (tmp_path / "bootstrap").exists()


def test_an_unknown_service_is_named(capsys: Any) -> None:
    assert main(["manifests", "books"]) == 1
    assert "there is no service 'books'" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    ["on", "1.10", "a: b", "a #b", "a:b", "a:", "- a", "", "~", "null", "*x", "@x", "x, y", ".",
     ".5", "0x1", "./a/b", "https://a.b/c", "oci://a:5000/b", "$values/a", "é", "main", "a[0]"],
)  # fmt: skip
def test_any_text_is_read_back_as_text(text: str) -> None:
    for form in (f"a: {scalar(text)}", f"[{scalar(text)}]", f"{scalar(text)}: x"):
        found = yaml.safe_load(form)
        assert found in ({"a": text}, [text], {text: "x"})
    assert yaml.safe_load(mapping({text: {"b": [{"c": text}]}})) == {text: {"b": [{"c": text}]}}
