"""The changelog section of a version, and where it goes in the file. Pure.

The shape is release-please's, so a file it wrote goes on without a seam. Commit texts are
untrusted: HTML is escaped, mentions and images are neutralised.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Self

from slipway.release.versions import Intent, Version
from slipway.service import Section
from slipway.text import printable

LIMIT = 125_000  # characters GitHub accepts as the body of a release
_TITLE = b"# Changelog\n\n"
_VERSION_HEADING = re.compile(rb"^#+ \[?v?\d+\.\d+\.\d+", re.MULTILINE)
_MENTION = re.compile(r"@(?=[A-Za-z0-9])")


class Links(NamedTuple):
    """Addresses of a repository's pages on the forge."""

    repository: str  # https://host/owner/name

    @classmethod
    def of(cls, url: str) -> Self:
        """From the URL that git uses."""
        return cls(url.removesuffix(".git"))

    def commit(self, sha: str) -> str:
        """One commit."""
        return f"{self.repository}/commit/{sha}"

    def commits(self, revision: str) -> str:
        """The commits up to a revision."""
        return f"{self.repository}/commits/{revision}"

    def compare(self, old: str, new: str) -> str:
        """What came between two tags."""
        return f"{self.repository}/compare/{old}...{new}"

    def issue(self, number: str) -> str:
        """An issue or pull request."""
        return f"{self.repository}/issues/{number}"

    def release(self, tag: str) -> str:
        """The release of a tag."""
        return f"{self.repository}/releases/tag/{tag}"


def escaped(text: str) -> str:
    """Untrusted text on one line, for Markdown: no HTML, no mention, no image."""
    line = printable(text, 1000).replace("&", "&amp;")
    line = line.replace("<", "&lt;").replace(">", "&gt;").replace("![", "!\\[")
    return _MENTION.sub("@\u200b", line)


def section(
    version: Version,
    tags: tuple[str | None, str],
    changes: Sequence[Intent],
    date: datetime,
    links: Links,
    sections: Sequence[Section],
) -> str:
    """The version's section in Markdown, from its heading to the last entry's line end.

    `tags` are those of the previous version, if any, and of this one; `changes` come newest first
    and are sorted by scope and text below their headings.
    """
    old, new = tags
    name = f"[{version}]({links.compare(old, new)})" if old else str(version)
    breaking = [
        _entry(change._replace(summary=text), links)
        for change in changes
        for text in change.breaking
    ]
    parts = [f"## {name} ({date:%Y-%m-%d})\n", *_block("⚠ BREAKING CHANGES", breaking)]
    ordered = sorted(changes, key=lambda change: (change.scope + change.summary).casefold())
    for each in sections:
        entries = [_entry(change, links) for change in ordered if change.kind in each.types]
        parts += _block(each.title, entries)
    return "\n\n".join(parts)


def _block(heading: str, entries: list[str]) -> list[str]:
    return [f"### {heading}\n\n" + "".join(entries)] if entries else []


def _entry(change: Intent, links: Links) -> str:
    scope = f"**{escaped(change.scope)}:** " if change.scope else ""
    number = change.pull.removeprefix("#")
    pull = f" ([#{number}]({links.issue(number)}))" if number.isdigit() else ""
    commit = f" ([{change.sha[:7]}]({links.commit(change.sha)}))"
    return f"* {scope}{escaped(change.summary)}{pull}{commit}\n"


def with_section(file: bytes | None, version: Version, text: str) -> bytes:
    """The changelog with the section `text` above all older ones, whose bytes stay as they are.

    A missing file is made; a file that has a section of this version already stays as it is.
    """
    if file is None:
        return _TITLE + text.encode()
    if has_section(file, version):
        return file
    added = text.encode()
    newest = _VERSION_HEADING.search(file)
    if newest:
        place, added = newest.start(), added + b"\n"
    else:  # below the title, and whatever else is there
        place, added = len(file), (b"\n" if file.endswith(b"\n") else b"\n\n") + added
    if b"\r\n" in file:
        added = added.replace(b"\n", b"\r\n")
    return file[:place] + added + file[place:]


def has_section(file: bytes, version: Version) -> bool:
    """Whether the changelog has a section of the version."""
    pattern = rb"^#+ \[?v?%s(?:[\]\s(]|\Z)" % re.escape(str(version).encode())
    return re.search(pattern, file, re.MULTILINE) is not None


def shortened(notes: str, link: str, limit: int) -> str:
    """Notes of at most `limit` characters: cut after an entry, with a link to the whole."""
    if len(notes) <= limit:
        return notes
    tail = f"\n… cut here; everything: {link}\n"
    end = notes.rfind("\n", 0, limit - len(tail))
    return notes[: end + 1] + tail
