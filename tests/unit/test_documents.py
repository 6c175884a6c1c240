"""What the documents say is there: links, targets, keys, variables, help texts."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from slipway.config import parse_service
from slipway.schema import schema
from slipway.service import Service
from slipway.settings import Settings
from tests import service_reference
from tests.service_reference import STEPS, configured, key_of, reference, told

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
READMES = [ROOT / "README.md", ROOT / "README.es.md"]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def prose(text: str) -> str:
    return FENCE.sub("", text)


def blocks(text: str, language: str) -> list[str]:
    return [body for kind, body in FENCE.findall(text) if kind == language]


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    for target in LINK.findall(prose(document.read_text())):
        if not target.startswith(("http://", "https://", "#")):
            assert (document.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("document", [*READMES, ROOT / "CONTRIBUTING.md"], ids=named)
def test_every_make_target_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = set(
        re.findall(
            r"(?:`|^\$ )(?:[A-Z_]+=[^\s`]+ )*make ([a-z]+)", document.read_text(), re.MULTILINE
        )
    )
    assert used
    assert used <= targets


def test_every_scenario_of_the_demo_is_in_the_readmes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "--help"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "300"},  # names are not broken at their hyphens
        check=True,
        capture_output=True,
        text=True,
    )
    scenarios = re.findall(r"another story: (.*?) \(also", " ".join(done.stdout.split()))[0].split(
        ", "
    )
    for readme in READMES:
        told = ROW.findall(readme.read_text())
        assert [name for name in scenarios if name not in told] == []
        assert [name for name in told if name not in scenarios] == []


@pytest.mark.parametrize("document", STEPS, ids=named)
def test_every_documented_key_exists(document: Path) -> None:
    known = branches()
    keys = [key for key, _, _ in configured(document)]
    assert [key for key in keys if key_of(key, known, document) is None] == []


def test_every_key_of_the_service_file_is_documented() -> None:
    assert {key.path for key in service_reference.every_key()} - set(told()) == {"service"}


def test_the_reference_of_the_service_file_is_current() -> None:
    assert service_reference.PAGE.read_text() == reference(), "make reference"


def branches() -> set[str]:
    """Every key that holds a value, and every one that holds keys."""
    found = set()
    for path in (key.path for key in service_reference.every_key()):
        parts = path.split(".")
        found |= {".".join(parts[:n]).removesuffix("[]") for n in range(1, len(parts) + 1)}
    return found


@pytest.mark.parametrize("document", STEPS, ids=named)
def test_every_step_has_the_same_chapters(document: Path) -> None:
    chapters = re.findall(r"^## (.*)$", prose(document.read_text()), re.MULTILINE)
    for chapter in ("What it does", "Configuration", "Output", "Errors", "Examples"):
        assert chapter in chapters


def test_every_setting_is_documented_with_its_default() -> None:
    table = (ROOT / "docs" / "settings.md").read_text().partition("## Least rights")[0]
    rows = re.findall(r"^\| `(SLIPWAY_\w+)` \| (\S+) \| (.*) \|$", table, re.MULTILINE)
    told = {name: default.strip("`") for name, default, _ in rows}
    defaults = {}
    for name, field in Settings.model_fields.items():
        empty = field.default in (None, "", (), {})
        defaults[f"SLIPWAY_{name.upper()}"] = "\u2013" if empty else str(field.default)
    assert told == defaults
    secrets = {name for name, _, meaning in rows if meaning.startswith("secret:")}
    fields = Settings.model_fields.items()
    assert secrets == {f"SLIPWAY_{n.upper()}" for n, f in fields if "Secret" in str(f.annotation)}


def test_no_document_names_an_unknown_setting() -> None:
    known = {f"SLIPWAY_{name.upper()}" for name in Settings.model_fields}
    known |= {"SLIPWAY_REQUIRE_DOCKER", "SLIPWAY_REQUIRE_BROWSER", "SLIPWAY_SCREENSHOTS"}
    for document in DOCUMENTS:
        assert set(re.findall(r"SLIPWAY_[A-Z_]+", document.read_text())) <= known, document


@pytest.mark.parametrize("readme", READMES, ids=named)
def test_the_service_file_of_the_readme_is_accepted(readme: Path) -> None:
    [example] = blocks(readme.read_text(), "yaml")
    service = parse_service(example, "README.md", "books-api")
    assert [each.name for each in service.environments] == ["staging", "production"]


@pytest.mark.parametrize("document", STEPS, ids=named)
def test_the_examples_of_a_step_are_accepted(document: Path) -> None:
    shipped = YAML(typ="safe", pure=True).load(ROOT / "services" / "books-api.yaml")
    for example in blocks(document.read_text(), "yaml"):
        given = YAML(typ="safe", pure=True).load(example)
        service = {**shipped, "environments": [dict(shipped["environments"][0])]}
        for key, value in given.items():
            if key == "environments":
                service["environments"] = [
                    *service["environments"],
                    shipped["environments"][1] | value[0],
                ]
            elif key in Service.model_fields:
                service[key] = value
            else:
                service["environments"][0][key] = value
        Service.model_validate(service)


def test_the_help_in_the_readme_is_the_command_s() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "slipway.cli", "--help"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1"},
    )
    [shown] = blocks((ROOT / "README.md").read_text(), "text")
    assert shown.split() == done.stdout.split()


def test_the_committed_schema_is_current() -> None:
    assert (ROOT / "services" / "service.schema.json").read_text() == schema(), "make schema"


def test_the_pictures_are_small_enough_to_open_at_once() -> None:
    pictures = list((ROOT / "docs" / "img").iterdir())
    names = {"approval.png", "expired.png", "rejection.png", "report.png"}
    assert {picture.name for picture in pictures} == names
    assert all(picture.stat().st_size < 300_000 for picture in pictures)


def test_the_two_readmes_have_the_same_blocks() -> None:
    english, spanish = (FENCE.findall(readme.read_text()) for readme in READMES)
    assert [kind for kind, _ in english if kind != "text"] == [kind for kind, _ in spanish]
    same = ("text", "mermaid")  # the help is English; a picture has words, and each its own
    assert [b for b in english if b[0] not in same] == [b for b in spanish if b[0] != "mermaid"]
    shapes = [
        re.findall(r"\w+(?=\[|\{)|-->|--", *blocks(r.read_text(), "mermaid")) for r in READMES
    ]
    assert len(shapes[0]) == len(shapes[1])


def test_the_workflow_calls_only_what_the_project_has() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yaml").read_text()
    workflow = YAML(typ="safe", pure=True).load(text)
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert not any("uses" in step for step in steps)
    assert workflow["permissions"] == {}
    runs = [step["run"] for step in steps]
    assert ".ci/run" in runs
    assert "make proof" in runs
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
