"""What the layout of the product promises."""

import importlib
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
PRODUCT = ("flows", "tasks", "slipway")


@pytest.mark.parametrize("folder", ["flows", "tasks"])
def test_no_file_is_called_like_a_module_of_somebody_else(folder: str) -> None:
    """A folder that got onto the path would shadow it."""
    ours = {path.stem for path in (ROOT / folder).glob("*.py")} - {"__init__"}
    installed = {name for name in packages_distributions() if name not in PRODUCT}
    assert ours
    assert ours & (set(sys.stdlib_module_names) | installed) == set()


@pytest.mark.parametrize("folder", PRODUCT)
def test_the_product_does_not_know_what_it_is_tried_against(folder: str) -> None:
    files = list((ROOT / folder).rglob("*.py"))
    assert files
    found = [p for p in files if re.search(r"sandbox|\bmock|\bfake", p.read_text(), re.IGNORECASE)]
    assert found == []


def test_R70_the_library_for_versions_is_used_as_functions_by_one_module() -> None:
    files = [path for folder in PRODUCT for path in (ROOT / folder).rglob("*.py")]
    using = [path for path in files if "semantic_release" in path.read_text()]
    assert using == [ROOT / "slipway" / "clients" / "semantic.py"]
    imported = re.findall(
        r"^(?:from|import) (semantic_release\S*)", using[0].read_text(), re.MULTILINE
    )
    assert set(imported) == {
        "semantic_release.commit_parser",
        "semantic_release.enums",
        "semantic_release.version.version",
    }


@pytest.mark.parametrize("text", ["deliver", "promote"])
def test_the_deployments_name_flows_by_module(text: str) -> None:
    document = YAML(typ="safe", pure=True).load(ROOT / "deployments" / "prefect.yaml")
    [entrypoint] = {
        each["entrypoint"] for each in document["deployments"] if text in each["entrypoint"]
    }
    module, _, name = entrypoint.rpartition(".")
    assert getattr(importlib.import_module(module), name).name == text
    assert document["pull"] == []
