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


@pytest.mark.parametrize("text", ["deliver", "promote"])
def test_the_deployments_name_flows_by_module(text: str) -> None:
    document = YAML(typ="safe", pure=True).load(ROOT / "deployments" / "prefect.yaml")
    [entrypoint] = {
        each["entrypoint"] for each in document["deployments"] if text in each["entrypoint"]
    }
    module, _, name = entrypoint.rpartition(".")
    assert getattr(importlib.import_module(module), name).name == text
    assert document["pull"] == []
