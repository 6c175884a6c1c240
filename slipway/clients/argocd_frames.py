"""The framing of Argo CD's event stream: server-sent events with its own habits.

An event is `data: `, JSON, a space and three line feeds; a comment line keeps the connection alive;
an error has the framing of an event. Source: Argo CD v3.5 line, grpc-gateway v1.16.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

LARGEST = 8 << 20  # bytes of one event
Kind = Literal["event", "alive", "error"]


@dataclass(frozen=True)
class Frame:
    """One thing the stream said; `text` is the message of an error."""

    kind: Kind
    text: str = ""


@dataclass
class Frames:
    """Bytes in, frames out, wherever the bytes are cut. ValueError: this is no such stream."""

    _rest: bytes = b""
    _data: list[bytes] = field(default_factory=list)

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """The frames that `chunk` completes."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) + sum(map(len, self._data)) > LARGEST:
            raise ValueError(f"an event is larger than {LARGEST} bytes")
        for line in lines:
            yield from self._line(line.removesuffix(b"\r"))

    def _line(self, line: bytes) -> Iterator[Frame]:
        name, _, value = line.partition(b":")
        if not line and self._data:
            yield _frame(b"\n".join(self._data))
            self._data.clear()
        elif line and not name:
            yield Frame("alive")
        elif name == b"data":
            self._data.append(value)


def _frame(data: bytes) -> Frame:
    found = json.loads(data)  # a JSONDecodeError is a ValueError
    if not isinstance(found, dict):
        raise ValueError("an event is no object")  # noqa: TRY004  # of the content, not of a type
    error = found.get("error")
    if error is None:
        return Frame("event")
    return Frame("error", str(error.get("message") if isinstance(error, dict) else error))
