"""Private folders for one step: sources, credentials, secrets, a tool's own store.

A folder is gone after its block. A killed process cannot tidy up, but its lock ends with it: the
next one that needs such a folder removes what is not locked.
"""

import contextlib
import fcntl
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from slipway.clients.process import environment

_PREFIX = "slipway-step-"


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder of this user alone, until the block ends."""
    for leftover in _leftovers():
        _remove(leftover)
    folder, lock = _locked()
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(lock)


def _locked() -> tuple[Path, int]:
    # It gets the name that others look for only when it is locked.
    new = Path(tempfile.mkdtemp(prefix=f"new-{_PREFIX}"))
    lock = os.open(new, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return new.rename(new.with_name(new.name.removeprefix("new-"))), lock


def _leftovers() -> Iterator[Path]:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            found = folder.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
                lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    yield folder
                finally:
                    os.close(lock)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists() and shutil.which("buildah"):
        # Its files, where it ran without root, belong to the users of a name space.
        subprocess.run(
            ["buildah", "unshare", "rm", "-rf", "--", str(folder)],
            env=environment(folder),
            capture_output=True,
            check=False,
        )
