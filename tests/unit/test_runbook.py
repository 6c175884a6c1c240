"""The runbook knows every way to end, and names nothing that does not exist."""

import importlib
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from prefect.settings.models.root import Settings as PrefectSettings
from ruamel.yaml import YAML

from flows.ending import NAMES
from flows.serve import FLOWS
from slipway import errors, notices
from slipway.errors import SlipwayError

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
PAGES = [ROOT / "docs" / "runbook.md", ROOT / "docs" / "prefect-access.md"]
CODE = re.compile(r"`([^`\n]+)`")
HEADINGS = re.findall(r"^### (.+)$", RUNBOOK, re.MULTILINE)
PREFECTS_OWN = {
    "Completed", "Crashed", "Cancelled", "Cancelling", "TimedOut", "Suspended",
    "AwaitingRetry", "Resuming", "Scheduled", "Late", "Pending", "Running",
}  # fmt: skip


def _kinds() -> list[str]:
    return [
        name
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, SlipwayError) and each is not SlipwayError
    ]


def _states_of_the_flows() -> set[str]:
    text = "".join(path.read_text() for path in (ROOT / "flows").glob("*.py"))
    automations = YAML(typ="safe", pure=True).load(ROOT / "deployments" / "automations.yaml")
    renamed = {
        action["name"]
        for automation in automations["automations"]
        for action in automation["actions"]
        if action["type"] == "change-flow-run-state"
    }
    return set(re.findall(r'\bname="([A-Z]\w+)"', text)) | renamed | set(NAMES.values())


def _commands() -> list[str]:
    spans = [span for page in PAGES for span in CODE.findall(page.read_text())]
    return sorted({span for span in spans if span.startswith(("slipway ", "prefect "))})


@cache
def _help(command: str) -> str:
    """What the command's help says; its last word is known when its own help is shown."""
    program, *words = command.split()
    module = {"slipway": "slipway.cli", "prefect": "prefect"}[program]
    done = subprocess.run(
        [sys.executable, "-m", module, *words, "--help"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", _kinds())
def test_each_kind_of_error_is_in_the_runbook(name: str) -> None:
    assert name in HEADINGS or f"`{name}`" in RUNBOOK


@pytest.mark.parametrize("name", sorted(_states_of_the_flows() | PREFECTS_OWN))
def test_each_state_is_in_the_runbook(name: str) -> None:
    told = HEADINGS + re.findall(r"^\| (\w[^|]*) \|", RUNBOOK, re.MULTILINE)
    assert any(re.search(rf"\b{name}\b", each) for each in told) or f"**{name}**" in RUNBOOK


@pytest.mark.parametrize("name", [*notices.ENDINGS, "Waiting for approval", "Delivered"])
def test_each_notice_is_in_the_runbook(name: str) -> None:
    assert f"*{name}*" in RUNBOOK.partition("## Who is told")[2]


@pytest.mark.parametrize("command", _commands())
def test_each_command_of_the_runbook_exists(command: str) -> None:
    program, *rest = command.split()
    words = []
    for word in rest:
        if not re.fullmatch(r"[a-z-]+", word) or word.startswith("-"):
            break
        words.append(word)
    assert words
    told = _help(" ".join([program, *words]))
    assert f"{program} {' '.join(words)}" in " ".join(told.split())
    for option in re.findall(r"(?:^| )(--?[a-z][a-z-]*)", command):
        assert re.search(rf"(?<![\w-]){option}\b", told), option


def test_each_flow_of_the_runbook_exists() -> None:
    text = "".join(page.read_text() for page in PAGES)
    known = {flow.name for flow in FLOWS}
    deployments = set(re.findall(r"\b([a-z-]+)/SERVICE\b", text))
    assert deployments
    assert deployments <= known
    for module, name in re.findall(r"\b(flows\.\w+)\.(\w+)`", text):
        assert getattr(importlib.import_module(module), name).name in known


def test_each_setting_of_prefect_exists() -> None:
    text = PAGES[1].read_text()
    named = set(re.findall(r"PREFECT_[A-Z_]+", text))
    assert len(named) > 4
    assert named <= set(_prefect_settings())


def _prefect_settings() -> set[str]:
    from prefect.settings.legacy import _get_settings_fields  # noqa: PLC0415  # their only list

    return {field.name for field in _get_settings_fields(PrefectSettings).values()}
