"""The part of the release notes that tells what is known about the image. Pure."""

from slipway.markdown import code, escape
from slipway.model import Evidence, Image
from slipway.release.blocks import with_block


def with_image(notes: str, image: Image, evidence: Evidence) -> str:
    """The notes with the image's part below them, in the place of an older one."""
    key = f"; key {code(evidence.key)}" if evidence.key else ""
    lines = [
        "### Image",
        "",
        f"* {code(image.reference)}",
        f"* Provenance: {escape(evidence.provenance)}{key}",
        f"* Bill of materials: {escape(evidence.sbom)}",
        f"* Vulnerabilities: {escape(evidence.scan.summary)}",
    ]
    return with_block(notes, "image", lines)
