"""Parts of a release's page that are kept up to date below its notes. Pure.

They are found by marks in comments, which the page does not show, and only at its end: what the
notes themselves hold is never taken for one.
"""

import re
from collections.abc import Sequence

from slipway.release.changelog import LIMIT

_LAST = re.compile(
    r"\s*<!-- slipway: (\w+) -->((?:(?!<!-- slipway: ).)*)<!-- slipway: end of \1 -->\s*\Z",
    re.DOTALL,
)


def with_block(notes: str, name: str, lines: Sequence[str]) -> str:
    """The notes with these lines as the block `name`, in the place of an older one of that name.

    Notes that would become too long for the forge are cut before the blocks.
    """
    blocks: dict[str, str] = {}
    kept = notes
    while found := _LAST.search(kept):
        kept = kept[: found.start()]
        blocks = {found[1]: found[2].strip().replace("\r\n", "\n"), **blocks}
    blocks[name] = "\n".join(lines).strip()
    written = "\n\n".join(
        f"<!-- slipway: {key} -->\n{text}\n<!-- slipway: end of {key} -->"
        for key, text in blocks.items()
    )
    kept = kept.rstrip()
    room = LIMIT - len(written) - 2
    if len(kept) > room:
        kept = kept[: kept.rfind("\n", 0, room)].rstrip()
    return f"{kept}\n\n{written}" if kept else written
