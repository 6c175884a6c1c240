"""Whether a change reaches the application at all. Pure.

What an application reads is told by path patterns. One that begins with `!` takes paths out again,
one with `~` selects paths that it may read without naming them, such as a base; the last pattern
that fits a path decides. None instead of patterns means that it cannot be told.
"""

from collections.abc import Iterable

from slipway.manifests.globs import matches

_TAKES_OUT, _MAY_READ = "!", "~"


def unread(reads: tuple[str, ...] | None, files: Iterable[str]) -> tuple[str, ...]:
    """Those of `files` that no pattern surely selects."""
    return _those(reads, files, ("", _TAKES_OUT, _MAY_READ))


def surely_unread(reads: tuple[str, ...] | None, files: Iterable[str]) -> tuple[str, ...]:
    """Those of `files` that are not selected: a commit to them changes nothing there."""
    return _those(reads, files, ("", _TAKES_OUT))


def named(reads: tuple[str, ...]) -> tuple[str, ...]:
    """The patterns that select what is surely read, for people."""
    return tuple(each for each in reads if each[:1] not in (_TAKES_OUT, _MAY_READ))


def _those(
    reads: tuple[str, ...] | None, files: Iterable[str], kinds: tuple[str, ...]
) -> tuple[str, ...]:
    if reads is None:
        return ()
    return tuple(file for file in dict.fromkeys(files) if _kind(reads, file) in kinds)


def _kind(reads: tuple[str, ...], file: str) -> str:
    """What decides about a file: `!` or `~`, "+" when it is read; empty when no pattern fits."""
    fitting = [each[:1] for each in reads if matches(each.lstrip("!~"), file)]
    last = fitting[-1] if fitting else None
    return "" if last is None else last if last in (_TAKES_OUT, _MAY_READ) else "+"
