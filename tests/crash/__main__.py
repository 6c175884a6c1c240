"""`python -m tests.crash --kills 200 --seed 1`: deliveries in which everything is killed.

Exit code 0 when each delivery has left exactly one of each of its effects; 1 with the seed, the
kills and what is there twice or missing otherwise.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from sandbox import postgres
from tests.crash.moments import deck, hands, some_time
from tests.crash.plays import Wrong, disturbed
from tests.crash.site import Site
from tests.crash.tables import Figures, tables
from tests.crash.warm_site import WarmSite


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=12, help="kills in one delivery")
    parser.add_argument(
        "--minutes", type=float, default=60, help="begin no other delivery after so many"
    )
    parser.add_argument("--home", type=Path, help="keep everything here, for a look at it")
    parser.add_argument("--warm", action="store_true", help="PostgreSQL and a warm worker")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = Figures()
        try:
            play(given.home or Path(folder), given, figures)
        except Wrong as wrong:
            print(f"seed {given.seed}, delivery {len(figures.stories)}: {wrong}", flush=True)
        print(tables(figures))
    return 1 if figures.wrong else 0


def play(home: Path, given: argparse.Namespace, figures: Figures) -> None:
    """Until so many were killed, or the time is over. Raises Wrong at the first difference."""
    limit = time.monotonic() + given.minutes * 60
    with _site(home.resolve(), warm=given.warm) as site:
        chance = Random(given.seed)
        cards = deck(given.kills, chance)
        for hand in hands(cards, given.each):
            story = disturbed(site, hand, figures)
            cards += [some_time(chance) for _ in story.left]  # their moment did not come
            said = f"{figures.kills} kills, {len(figures.stories)} deliveries"
            kills, failures = ", ".join(map(str, story.killed)), " ".join(story.failures)
            print(f"{said}, {story.seconds:.0f} s: {kills}; {story.retries} retries {failures}",
                  file=sys.stderr, flush=True)  # fmt: skip
            if time.monotonic() > limit:
                return


@contextlib.contextmanager
def _site(home: Path, *, warm: bool) -> Iterator[Site]:
    with contextlib.ExitStack() as stack:
        binaries = postgres.binaries()
        if not warm:
            yield stack.enter_context(Site(home))
        elif binaries:
            database = stack.enter_context(postgres.postgres(binaries))
            yield stack.enter_context(WarmSite(home, database))
        else:
            sys.exit("a warm worker needs PostgreSQL, and none is installed")


if __name__ == "__main__":
    sys.exit(main())
