"""`python -m tests.proof --runs 500`: many deliveries in bad weather, and what was wrong.

Exit code 0 when nothing was: no false success, no lost update, no damaged file, no double commit.
"""

import argparse
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.proof.place import a_place
from tests.proof.runs import Report, counted, run

_AT_ONCE = 25  # runs in one installation


def play(runs: int, seed: int) -> Report:
    """So many runs in one installation, one after the other."""
    report = Report()
    with (
        tempfile.TemporaryDirectory() as folder,
        a_place(Path(folder), seed) as place,
        counted(place, report),
    ):
        for number in range(runs):
            run(place, seed * 10_000 + number, report)
    return report


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.proof", description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    parts = [min(_AT_ONCE, given.runs - done) for done in range(0, given.runs, _AT_ONCE)]
    seeds = range(given.seed, given.seed + len(parts))
    began, total = time.monotonic(), Report()
    with ProcessPoolExecutor(given.processes) as pool:
        for report in pool.map(play, parts, seeds):
            total.add(report)
            print(f"{total.runs} runs, {len(total.wrong)} wrong", file=sys.stderr, flush=True)
    print(f"{total.runs} runs in {time.monotonic() - began:.0f} s, {total.killed} processes killed")
    print("outcomes:", ", ".join(f"{name} {count}" for name, count in total.outcomes.most_common()))
    print("engines:", ", ".join(f"{name} {count}" for name, count in total.engines.most_common()))
    print("requests:", ", ".join(f"{name} {count}" for name, count in total.weather.most_common()))
    print(f"commits in the repository: {total.commits}")
    print(f"ended in doubt: {len(total.doubtful)}")
    for sentence in total.doubtful:
        print("  ", " ".join(sentence.split()))
    print(f"wrong: {len(total.wrong)}")
    for sentence in total.wrong:
        print("  ", sentence)
    return 1 if total.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
