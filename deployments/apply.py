"""`python -m deployments.apply`: work pool, deployments and automations, as the files here say.

It may run again at any time, after every upgrade say: what is there is brought up to date, nothing
comes a second time. With `--blocks` the secrets of the environment (`SLIPWAY_…`) are saved as
Prefect Secret blocks, for workers that cannot be given an environment.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

from prefect import get_client
from prefect.blocks.system import Secret
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectNotFound
from prefect.workers.base import BaseWorker
from pydantic import SecretStr
from ruamel.yaml import YAML

from slipway.settings import Settings, block_name, load

HERE = Path(__file__).parent


def main() -> None:
    """Bring a Prefect server in step with the files here."""
    parser = argparse.ArgumentParser(prog="deployments.apply", description=__doc__)
    parser.add_argument("--type", default="process", help="of the work pool, where it is missing")
    parser.add_argument("--command", help="what starts a run, in a work pool that is made now")
    parser.add_argument("--blocks", action="store_true", help="save the secrets as blocks")
    given = parser.parse_args()
    with get_client(sync_client=True) as client:
        _pool(client, given.type, given.command)
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    subprocess.run([*command, "--prefect-file", str(HERE / "prefect.yaml")], check=True)
    with get_client(sync_client=True) as client:
        for automation in _automations():
            _apply(client, automation)
    if given.blocks:
        _save_blocks(load())


def _pool(client: SyncPrefectClient, kind: str, command: str | None) -> None:
    try:
        client.read_work_pool("slipway")
    except ObjectNotFound:
        pool = WorkPoolCreate(name="slipway", type=kind)
        if command:
            pool.base_job_template = _template(kind, command)
        client.create_work_pool(pool)


def _template(kind: str, command: str) -> dict[str, Any]:
    """What a work pool of that type begins with, with another command for its runs."""
    worker = BaseWorker.get_worker_class_from_type(kind)
    if worker is None:
        sys.exit(f"no worker of the type {kind} is installed here, so --command cannot be set")
    template = worker.get_default_base_job_template()
    template["variables"]["properties"]["command"]["default"] = command
    return template


def _automations() -> list[AutomationCore]:
    read: dict[str, Any] = YAML(typ="safe", pure=True).load(HERE / "automations.yaml")
    return [AutomationCore.model_validate(each) for each in read["automations"]]


def _apply(client: SyncPrefectClient, automation: AutomationCore) -> None:
    there = client.read_automations_by_name(automation.name)
    if there:
        client.update_automation(there[0].id, automation)
    else:
        client.create_automation(automation)
    for surplus in there[1:]:
        client.delete_automation(surplus.id)


def _save_blocks(settings: Settings) -> None:
    for field in settings.secret_fields():
        value: SecretStr | None = getattr(settings, field)
        if value is not None:
            Secret(value=value).save(block_name(field), overwrite=True)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
