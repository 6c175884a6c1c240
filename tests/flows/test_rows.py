"""Prefect's task-run rows lag behind the runs, so nothing is decided by them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = re.compile(r"read_task_run|filter_task_run|task_runs/|count_task_run")


def test_A64_no_decision_reads_task_run_rows() -> None:
    sources = [
        path for name in ("flows", "tasks", "slipway") for path in (ROOT / name).rglob("*.py")
    ]
    assert len(sources) > 100
    assert [path.name for path in sources if ROWS.search(path.read_text())] == []
