"""What a commit message holds, read as release-please 17 reads it. Pure.

python-semantic-release's parser decides what a message asks for; it is handed the plain form that
is made here, because real messages are not plain: types in capitals, no space behind the colon,
several commits in one message, `BREAKING CHANGE` in the middle of a paragraph, footers that are
commits of their own. Texts are untrusted and bounded.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_LONGEST = 100_000  # characters of a message that are read
_WIDEST = 1000  # characters of a line that is kept
_GUARD = "> "  # keeps the parser from reading "Closes: #1" or "BREAKING CHANGE:" in a subject
_HEADER = re.compile(r"([^\s():!]+)(?:\(([^()\n]+)\))?(!)?:(.*)")
_FOOTER = re.compile(r"(?:BREAKING[ -]CHANGE|[^\s():!]+(?:\([^()\n]+\))?!?)(?::| #)")
_BREAKING_FOOTER = re.compile(r"BREAKING[ -]CHANGE(?::| #)(.*)", re.DOTALL)
_BREAKING_TEXT = re.compile(r"^BREAKING CHANGE:|BREAKING-CHANGE:", re.MULTILINE)
_RELEASE_AS = re.compile(r"release-as:(.*)", re.IGNORECASE | re.DOTALL)
_NEXT_COMMIT = re.compile(
    r"\n\n(?=(?:feat|fix|docs|style|refactor|perf|test|build|ci|chore|revert)(?:\([^\n]*?\))?: )"
)


class Message(NamedTuple):
    """One conventional commit; a commit's message may hold several. Its texts are untrusted."""

    kind: str  # in small letters; empty where only `release_as` was found
    scope: str = ""
    marked: bool = False  # with "!"
    subject: str = ""
    breaking: tuple[str, ...] = ()  # one line each
    release_as: str = ""  # what a footer Release-As asks for, as it is written
    footer: bool = False  # it stands where a footer like "Refs: 12" could stand


def messages_in(text: str) -> list[Message]:
    """The conventional commits in the message of one commit, in their order."""
    text = text[:_LONGEST].replace("\r\n", "\n").replace("\r", "\n")
    whole, *nested = _nested(_overridden(text))
    pieces = [*_NEXT_COMMIT.split(whole), *nested]
    return [message for piece in pieces for message in _read(piece)]


def plain(message: Message) -> str:
    """The message as python-semantic-release's parser reads it without a doubt.

    The scope is left out: the parser lets one reach as far as the line's last parenthesis.
    """
    header = f"{message.kind}{'!' if message.marked else ''}: {_GUARD}{message.subject}"
    return "\n\n".join([header, *(f"BREAKING CHANGE: {text}" for text in message.breaking)])


def summary(descriptions: Sequence[str]) -> str:
    """The subject among the descriptions that the parser found in a plain message."""
    return descriptions[0].removeprefix(_GUARD)


def _overridden(text: str) -> str:
    """A squashed pull request's body may hold the message that counts instead."""
    _, _, after = text.partition("BEGIN_COMMIT_OVERRIDE")
    return after.partition("END_COMMIT_OVERRIDE")[0].strip() or text


def _nested(text: str) -> list[str]:
    whole, *parts = text.split("BEGIN_NESTED_COMMIT")
    nested = []
    for part in parts:
        inner, _, rest = part.partition("END_NESTED_COMMIT")
        nested.append(inner)
        whole += rest
    return [whole, *nested]


def _read(piece: str) -> Iterator[Message]:
    first, *lines = piece.strip("\ufeff \t\n\v\f\u00a0").split("\n")
    start = _footers_start(lines)
    body, footers = "\n".join(lines[:start]), _unfolded(lines[start:])
    found = (_RELEASE_AS.fullmatch(footer) for footer in footers)
    asked = next((_line(match[1]) for match in found if match), "")
    header = _HEADER.fullmatch(first)
    if header:
        breaking = [*_breaking_in(body), *_breaking_among(footers)]
        yield _message(header)._replace(breaking=tuple(breaking), release_as=asked)
        for footer in footers:
            yield from (message._replace(footer=True) for message in _read(footer))
    elif asked:
        yield Message("", release_as=asked)


def _message(header: re.Match[str]) -> Message:
    kind, scope, mark, subject = header.groups()
    return Message(kind.lower(), _line(scope or ""), bool(mark), _line(subject) or "…")


def _line(text: str) -> str:
    return " ".join(text.split())[:_WIDEST]


def _footers_start(lines: list[str]) -> int:
    """Where the footers begin: from there on every line is one, or goes on with it, or is empty."""
    start = len(lines)
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number]
        if _FOOTER.match(line):
            start = number
        elif line and not line[0].isspace():
            break
    return start


def _unfolded(lines: list[str]) -> list[str]:
    """Footers one by one; the lines that go on with one lose their indentation."""
    footers: list[str] = []
    for line in lines:
        if _FOOTER.match(line):
            footers.append(line)
        elif footers and line.strip():
            footers[-1] += "\n" + line.strip()
    return footers


def _breaking_in(body: str) -> Iterator[str]:
    """Breaking changes told in the body, each to the end of its paragraph."""
    for text in _BREAKING_TEXT.split(body)[1:]:
        paragraph = _line(text.strip().split("\n\n")[0])
        if paragraph:
            yield paragraph


def _breaking_among(footers: list[str]) -> Iterator[str]:
    for match in filter(None, map(_BREAKING_FOOTER.fullmatch, footers)):
        if match[1].strip():
            yield _line(match[1])
