"""What a Docker engine says while it builds and pushes, read to a result or an error. No I/O.

The engine reports most failures as a line of text in a stream that ends normally, and the SDK does
not raise for them. So a result counts only when the engine names it, and the text tells the rest.
"""

import re
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from slipway.errors import Conflict, Final, NotFound, Retryable, SlipwayError, Unauthorized
from slipway.text import printable, redacted

LOG_LINES = 20  # of the log, in an error
_NETWORK = re.compile(
    r"connection refused|connection reset|no such host|no route to host|network is unreachable"
    r"|i/o timeout|timed? ?out|deadline exceeded|server misbehaving|name resolution"
    r"|unexpected EOF|\bEOF$|request canceled|Client\.Timeout",
    re.IGNORECASE,
)
_BUSY = re.compile(
    r"toomanyrequests|too many requests|(HTTP|status|code)[a-z ]*:? (429|5\d\d)\b", re.IGNORECASE
)
_OURS = re.compile(r"^(COPY|ADD) failed|dockerfile parse error|Cannot locate specified Dockerfile")
_LOGIN = re.compile(
    r"no basic auth credentials|unauthorized|authentication required|incorrect username|\b401\b",
    re.IGNORECASE,
)
_TAKEN = re.compile(r"already points at|immutable|cannot be overwritten", re.IGNORECASE)
_ABSENT = re.compile(r"tag does not exist|image does not exist locally", re.IGNORECASE)
_CORRECT = "correct the Dockerfile or the source, and release again"
_PUSH_PROGRESS = re.compile(r"Retrying in \d+ second")


def built(lines: Iterable[Mapping[str, Any]], what: str) -> str:
    """The id of the image that a build stream reports; raises the error it ends with.

    An id is good for this engine only: it is not the image's digest in a registry.
    """
    log, image = _Log(), ""
    for line in lines:
        log.add(line)
        if "error" in line:
            raise build_error(line, what, log.text)
        image = _aux(line).get("ID", image)
    if not image:
        raise _cut_off(what, "an image", log.text)
    return image


def pushed(lines: Iterable[Mapping[str, Any]], what: str) -> str:
    """The digest that a push stream reports; raises the error it ends with."""
    log, digest, retried = _Log(), "", False
    for line in lines:
        log.add(line)
        retried = retried or bool(_PUSH_PROGRESS.search(str(line.get("status", ""))))
        if "error" in line:
            raise push_error(str(line["error"]), what, log.text, retried=retried)
        digest = _aux(line).get("Digest", digest)
    if not digest:
        raise _cut_off(what, "a digest", log.text)
    return digest


def build_error(line: Mapping[str, Any], what: str, log: str = "") -> SlipwayError:
    """The error for a build stream's last line."""
    said = str(line["error"])
    message = f"could not {what}: {_shown(said)}{log}"
    detail = line.get("errorDetail")
    code = detail.get("code") if isinstance(detail, Mapping) else None
    if code == 137:
        return Final(message, "the command was killed, mostly for lack of memory: give it more")
    if code:  # the text quotes the command, which can contain anything
        return Final(message, _CORRECT)
    return engine_error(said, what, log)


def push_error(said: str, what: str, log: str = "", *, retried: bool = False) -> SlipwayError:
    """The error for a push stream's last line. `retried`: the engine itself tried for long."""
    message = f"could not {what}: {_shown(said)}{log}"
    if _TAKEN.search(said):
        return Conflict(message, "release a new version; a version is never overwritten")
    if _ABSENT.search(said):
        return NotFound(message, "the image was removed from the engine meanwhile; build it again")
    if retried and _BUSY.search(said):
        return Final(message, "the engine retried by itself: look at the registry and its disk")
    return engine_error(said, what, log)


def engine_error(said: str, what: str, log: str = "") -> SlipwayError:
    """The error for any refusal of the engine or, through it, of a registry."""
    message = f"could not {what}: {_shown(said)}{log}"
    if _OURS.search(said):
        return Final(message, _CORRECT)
    if "no space left" in said:
        return Final(message, "free disk space on the Docker engine")
    if _LOGIN.search(said):
        return Unauthorized(
            message, "check SLIPWAY_REGISTRY_USERNAME and SLIPWAY_REGISTRY_PASSWORD"
        )
    if re.search(r"\bdenied\b", said):
        return Unauthorized(
            f"no permission to {what}: {_shown(said)}{log}",
            "check the rights of SLIPWAY_REGISTRY_USERNAME, and the repository's name",
        )
    if _BUSY.search(said) or _NETWORK.search(said):
        return Retryable(message, "the engine could not reach the registry; retry")
    return Final(message, "the engine refuses; its words above say why")


class _Log:
    """The last lines of what people would have seen."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=LOG_LINES)

    def add(self, line: Mapping[str, Any]) -> None:
        if line.get("progressDetail"):
            return  # a moving bar, not a line
        parts = [line.get("id"), line.get("status"), line.get("stream")]
        for text in " ".join(str(part) for part in parts if part).splitlines():
            if text.strip():
                self._lines.append(_shown(text))

    @property
    def text(self) -> str:
        """The lines below a heading; empty when there are none."""
        if not self._lines:
            return ""
        return "\n".join([f"\nlast {len(self._lines)} lines of the log:", *self._lines])


def _aux(line: Mapping[str, Any]) -> Mapping[str, str]:
    aux = line.get("aux")
    return aux if isinstance(aux, Mapping) else {}


def _cut_off(what: str, missing: str, log: str) -> Retryable:
    return Retryable(
        f"could not {what}: the engine stopped talking before it named {missing}{log}",
        "nothing is known about the outcome; retry",
    )


def _shown(text: str) -> str:
    return printable(redacted(text), 500)
