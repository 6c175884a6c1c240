"""What a fork server imports so that no run has to, and whether the disk still holds the same."""

import contextlib
import gc
import importlib
import pkgutil
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

PRELOADED = (
    "prefect.main", "prefect.flow_engine", "prefect.task_engine", "prefect._internal.metrics",
    "prefect._internal.observers", "prefect.utilities.visualization",  # those on first use
    "anyio._backends._asyncio", "encodings.idna", "rich._emoji_codes", "ruamel.yaml.mergevalue",
    "slipway.builders.docker",
    "flows.deliver", "flows.promote", "flows.rollback", "flows.reap", "flows.watch", "flows.report",
)  # fmt: skip
CALLED = ("slipway.clients.http:trusted",)  # what each run would read anew


@dataclass
class Code:
    """The files that were imported: what runs is stale once one of them has changed."""

    files: dict[str, tuple[int, int]]

    @classmethod
    def imported(cls) -> "Code":
        """Of every module that is not installed in the environment: what a team edits."""
        places = sysconfig.get_paths()
        installed = tuple(places[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))
        names = {getattr(module, "__file__", None) or "" for module in sys.modules.values()}
        own = {name for name in names if name and not name.startswith(installed)}
        return cls({name: _mark(name) for name in sorted(own)})

    def changed(self) -> str:
        """A file that is another one now, or nothing."""
        return next((name for name, mark in self.files.items() if _mark(name) != mark), "")


def preload() -> Code:
    """Import what runs need. Ends the process where an import starts a thread: no fork is safe."""
    for name in PRELOADED:
        importlib.import_module(name)
        threads = len(list(Path("/proc/self/task").iterdir()))
        if threads > 1:
            sys.exit(f"importing {name} started {threads - 1} threads, so nothing can be forked")
    _complete_models()
    for name in CALLED:
        pkgutil.resolve_name(name)()
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page of the parent
    return Code.imported()


def _complete_models() -> None:
    """Pydantic puts off much of a model to its first use, which is in each run otherwise."""
    classes: list[type[BaseModel]] = [BaseModel]
    while classes:
        found = classes.pop()
        classes += found.__subclasses__()
        with contextlib.suppress(Exception):  # one that cannot be completed says so to its user
            found.model_rebuild()


def _mark(name: str) -> tuple[int, int]:
    try:
        found = Path(name).stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)
