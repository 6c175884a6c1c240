"""One value of a YAML file changed: ours, against loading and dumping the file with ruamel.yaml.

The library's round trip is what a script does; it also rewrites what it was not asked to.
"""

import io
import statistics
import time
from collections.abc import Callable

from ruamel.yaml import YAML

from slipway.manifests.editor import set_scalar

_SIZES = {"2 KB": 20, "20 KB": 200, "200 KB": 2000}  # entries of about 100 bytes
_KEY = "image.tag"


def measure(rounds: int) -> dict[str, float]:
    """Milliseconds, and their ratio, for each size."""
    figures: dict[str, float] = {}
    for size, entries in _SIZES.items():
        source = _values(entries)
        ours, trip = (_milliseconds(rounds, change, source) for change in (_set, _round_trip))
        figures |= {f"{size}: ms": ours, f"{size}: ruamel ms": trip, f"{size}: ratio": ours / trip}
    return figures


def _values(entries: int) -> bytes:
    lines = ["# Values of one environment.", "image:", '  tag: "1.0.0"  # ours', "settings:"]
    lines += [
        f'  - name: setting-{number:05}  # why it is there\n    value: "{"x" * 40}"\n    on: true'
        for number in range(entries)
    ]
    return ("\n".join(lines) + "\n").encode()


def _round_trip(source: bytes) -> bytes:
    yaml, out = YAML(), io.BytesIO()
    document = yaml.load(source)
    document["image"]["tag"] = "1.1.0"
    yaml.dump(document, out)
    return out.getvalue()


def _set(source: bytes) -> object:
    return set_scalar(source, _KEY, "1.1.0", file="values.yaml")


def _milliseconds(rounds: int, change: Callable[[bytes], object], source: bytes) -> float:
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        change(source)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)
