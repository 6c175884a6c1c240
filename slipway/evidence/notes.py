"""The part of the release notes that tells what is known about the image. Pure."""

import re

from slipway.markdown import code, escape
from slipway.model import Evidence, Image
from slipway.release.changelog import LIMIT

_BEGIN, _END = "<!-- slipway: image -->", "<!-- slipway: end of image -->"
_BLOCK = re.compile(rf"\s*{_BEGIN}((?!{_BEGIN}).)*{_END}\s*\Z", re.DOTALL)


def with_image(notes: str, image: Image, evidence: Evidence) -> str:
    """The notes with the image's part at their end, in the place of an older one.

    Notes that would become too long for the forge are cut before it.
    """
    key = f"; key {code(evidence.key)}" if evidence.key else ""
    lines = [
        _BEGIN,
        "### Image",
        "",
        f"* {code(image.reference)}",
        f"* Provenance: {escape(evidence.provenance)}{key}",
        f"* Bill of materials: {escape(evidence.sbom)}",
        f"* Vulnerabilities: {escape(evidence.scan.summary)}",
        _END,
    ]
    block = "\n".join(lines)
    kept = _BLOCK.sub("", notes).rstrip()
    room = LIMIT - len(block) - 2
    if len(kept) > room:
        kept = kept[: kept.rfind("\n", 0, room)].rstrip()
    return f"{kept}\n\n{block}" if kept else block
