"""The part of the release notes that tells what is known about the image. Pure."""

import re

from slipway.markdown import code, escape
from slipway.model import Evidence, Image

_BEGIN, _END = "<!-- slipway: image -->", "<!-- slipway: end of image -->"
_BLOCK = re.compile(rf"\s*{_BEGIN}((?!{_BEGIN}).)*{_END}\s*\Z", re.DOTALL)


def with_image(notes: str, image: Image, evidence: Evidence) -> str:
    """The notes with the image's part at their end, in the place of an older one."""
    kept = _BLOCK.sub("", notes).rstrip()
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
    return "\n".join([kept, "", *lines] if kept else lines)
