"""Whether a change reaches the application at all. Pure."""

from collections.abc import Iterable

from slipway.manifests.globs import matches


def unread(reads: tuple[str, ...] | None, files: Iterable[str]) -> tuple[str, ...]:
    """Those of `files` that no pattern of `reads` selects: a commit to them changes nothing there.

    A pattern that begins with `!` takes paths out again, as in a .gitignore; the last that fits a
    path decides. None means that it cannot be told, so nothing is reported.
    """
    if reads is None:
        return ()
    return tuple(file for file in dict.fromkeys(files) if not _read(reads, file))


def _read(reads: tuple[str, ...], file: str) -> bool:
    fitting = [pattern for pattern in reads if matches(pattern.removeprefix("!"), file)]
    return bool(fitting) and not fitting[-1].startswith("!")
