"""`python -m tests.scale --services 20`: that many deliveries at once, and what they cost.

Exit code 0 when every one is proven, with one tag, one page, one image and one commit each.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.acceptance.postgres import postgres
from tests.scale.fleet import Fleet
from tests.scale.play import play


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.scale", description=__doc__)
    parser.add_argument("--services", type=int, default=20)
    parser.add_argument("--limit", type=int, default=3, help="runs at once, of each of two workers")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as home,
        postgres() as database,
        Fleet(Path(home), database, given.services, given.limit) as fleet,
    ):
        found = play(fleet)
    print(found.told)
    for sentence in found.wrong:
        print("  ", sentence)
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
