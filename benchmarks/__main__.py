"""`make bench`: print a table, and write `.slipway/bench.json`. With names, measure only those."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    gitops,
    notice,
    orchestration,
    registry,
    start,
    throughput,
    versions,
    yaml_edit,
)

ROUNDS = 5
RESULTS = Path(".slipway/bench.json")
Figures = dict[str, float]
BENCHMARKS: dict[str, tuple[str, Callable[[], Figures]]] = {
    "yaml": ("one value of a YAML file", lambda: yaml_edit.measure(ROUNDS)),
    "versions": (
        "next version, 20,000 commits and 30 new ones",
        lambda: versions.measure(ROUNDS),
    ),
    "registry": (
        "push of 64 MiB, MiB/s and share of a bare PUT",
        lambda: registry.measure(ROUNDS),
    ),
    "notice": ("notice lag beyond the settle time", lambda: notice.measure(ROUNDS)),
    "gitops": (
        "GitOps write, 10,000 files and 5,000 commits; 100 at once",
        lambda: gitops.measure(3),
    ),
    "start": ("start latency, event → first step", lambda: start.measure(ROUNDS)),
    "orchestration": (
        "orchestration cost, commit → staging proven",
        lambda: orchestration.measure(3),
    ),
    "throughput": ("deliveries at once, PostgreSQL", throughput.measure),
}


def main(wanted: list[str]) -> int:
    unknown = sorted(set(wanted) - set(BENCHMARKS))
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
        return 2
    figures: dict[str, Figures] = {}
    for name in wanted or BENCHMARKS:
        title, measure = BENCHMARKS[name]
        began = time.monotonic()
        figures[title] = measure()
        print(f"{title}  ({time.monotonic() - began:.0f} s)")
        for key, value in figures[title].items():
            print(f"  {key:<44}{value:9.2f}", flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n")
    print(f"written to {RESULTS}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
