"""`make bench`: print a table, and write `.slipway/bench.json`."""

import json
import sys
from pathlib import Path

from benchmarks import gitops, notice, orchestration, registry, start, versions

ROUNDS = 5
RESULTS = Path(".slipway/bench.json")


def main() -> int:
    figures = {
        "next version, 20,000 commits and 30 new ones": versions.measure(ROUNDS),
        "push of 64 MiB, MiB/s and share of a bare PUT": registry.measure(ROUNDS),
        "notice lag beyond the settle time": notice.measure(ROUNDS),
        "GitOps write, 10,000 files and 5,000 commits; 100 at once": gitops.measure(ROUNDS),
        "start latency, event → first step": start.measure(ROUNDS),
        "orchestration cost, commit → staging proven": orchestration.measure(ROUNDS),
    }
    for name, values in figures.items():
        print(name)
        for key, value in values.items():
            print(f"  {key:<16}{value:8.2f}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n")
    print(f"written to {RESULTS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
