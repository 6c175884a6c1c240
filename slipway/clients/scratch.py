"""Private folders for tools that need files: credentials, secrets, a store of their own.

A folder is gone after its block. A killed process cannot tidy up, but its lock ends with it: the
next one that needs such a folder removes what is not locked.
"""

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path


def removed(folder: Path) -> None:
    """Remove a folder and what is in it, as far as that is allowed."""
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def scratch(purpose: str, remove: Callable[[Path], None] = removed) -> Iterator[Path]:
    """A folder of this user alone for one `purpose`, until the block ends."""
    for leftover in _leftovers(purpose):
        remove(leftover)
    folder, lock = _locked(purpose)
    try:
        yield folder
    finally:
        remove(folder)
        os.close(lock)


def _locked(purpose: str) -> tuple[Path, int]:
    # It gets the name that others look for only when it is locked.
    new = Path(tempfile.mkdtemp(prefix=f"slipway-new-{purpose}-"))
    lock = os.open(new, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return new.rename(new.with_name(new.name.replace("-new-", "-", 1))), lock


def _leftovers(purpose: str) -> Iterator[Path]:
    for folder in Path(tempfile.gettempdir()).glob(f"slipway-{purpose}-*"):
        with contextlib.suppress(OSError):
            found = folder.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
                lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    yield folder
                finally:
                    os.close(lock)
