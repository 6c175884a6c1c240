"""A change of a file as people read it. Pure."""

import difflib


def unified(path: str, before: bytes, after: bytes) -> str:
    """What changes in a file, as a unified diff; empty when nothing does."""
    old, new = _lines(before), _lines(after)
    lines = difflib.unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm="")
    return "".join(f"{line}\n" for line in lines)


def _lines(content: bytes) -> list[str]:
    """Lines for people: only LF and CRLF end one, so that the diff shows the file's own lines."""
    text = content.decode("utf-8", "replace").removesuffix("\n")
    return [line.removesuffix("\r") for line in text.split("\n")]
