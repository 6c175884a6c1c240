"""A forked process on its way to be a flow run's: what `python -m prefect.engine` would have."""

import ctypes
import os
import runpy
import signal
import sys
import time
from dataclasses import dataclass

from workers.launch import as_at_start

_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, prctl(2)
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass
class Wanted:
    """A flow run's process, asked for."""

    environment: dict[str, str]
    folder: str
    streams: list[int]


def become(wanted: Wanted, server: int, own: dict[str, str]) -> None:
    """Be the flow run's process: its environment, settings, folder and streams; then the engine."""
    _libc.prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != server:  # it died in between
        os.kill(os.getpid(), signal.SIGKILL)
    as_at_start()
    for target, stream in enumerate(wanted.streams):
        os.dup2(stream, target)
        os.close(stream)
    os.chdir(wanted.folder)
    sys.path.insert(0, wanted.folder)  # as `python -m` does; this process was started with -P
    os.environ.clear()
    os.environ.update(wanted.environment)
    time.tzset()
    if _prefects(wanted.environment) != _prefects(own):
        _refresh_prefect()
    sys.modules.pop("prefect.engine", None)  # it is run, not imported
    runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)


def _refresh_prefect() -> None:
    """Prefect reads its settings and sets up its logs when it is imported: once more."""
    from prefect.context import refresh_global_settings_context  # noqa: PLC0415
    from prefect.logging.configuration import setup_logging  # noqa: PLC0415
    from prefect.settings import get_current_settings  # noqa: PLC0415

    logs = get_current_settings().logging
    refresh_global_settings_context()
    if get_current_settings().logging != logs:
        setup_logging(incremental=False)


def own_environment() -> dict[str, str]:
    """Ours, with what Prefect read elsewhere, as the worker passes it on to its runs."""
    from prefect.settings import get_current_settings  # noqa: PLC0415

    return os.environ | get_current_settings().to_environment_variables(exclude_unset=True)


def _prefects(environment: dict[str, str]) -> dict[str, str]:
    """What Prefect reads settings from. Names with two underscores are words to one run."""
    return {
        name: text
        for name, text in environment.items()
        if name.startswith("PREFECT_") and not name.startswith("PREFECT__")
    }
