"""What a Docker engine says while it builds and pushes, read to a result or an error. No I/O.

The engine reports most failures as a line of text in a stream that ends normally, and the SDK does
not raise for them. So a result counts only when the engine names it, and the text tells the rest.
"""

import re
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from slipway.clients.registry_words import BUSY, DENIED, LOGIN, NETWORK, UNKNOWN
from slipway.errors import Conflict, Final, NotFound, Retryable, SlipwayError, Unauthorized
from slipway.text import LOG_LINES, ending, shown

_CORRECT = "correct the Dockerfile or the source, and release again"
_LATER = "the engine could not reach the registry; retry"
_OURS = re.compile(r"^(COPY|ADD) failed|dockerfile parse error|Cannot locate specified Dockerfile")
# The first that matches tells the kind; its order is from what is certain to what may be chance.
_KINDS: tuple[tuple[re.Pattern[str], str, type[SlipwayError], str], ...] = (
    (_OURS, "could not", Final, _CORRECT),
    (
        re.compile("requires BuildKit"),
        "could not",
        Final,
        "use the builder 'buildah', which knows what BuildKit does",
    ),
    (
        re.compile("no space left"),
        "could not",
        Final,
        "free disk space on the Docker engine",
    ),
    (
        UNKNOWN,
        "could not",
        NotFound,
        "check the name and tag of the base image, or image.repository",
    ),
    (
        LOGIN,
        "could not",
        Unauthorized,
        "check SLIPWAY_REGISTRY_USERNAME and SLIPWAY_REGISTRY_PASSWORD",
    ),
    (
        DENIED,
        "no permission to",
        Unauthorized,
        "check the rights of SLIPWAY_REGISTRY_USERNAME, and the repository's name",
    ),
    (BUSY, "could not", Retryable, _LATER),
    (NETWORK, "could not", Retryable, _LATER),
)
_TAKEN = re.compile(r"already points at|immutable|cannot be overwritten", re.IGNORECASE)
_ABSENT = re.compile(r"tag does not exist|image does not exist locally", re.IGNORECASE)
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
    message = f"could not {what}: {shown(said)}{log}"
    detail = line.get("errorDetail")
    code = detail.get("code") if isinstance(detail, Mapping) else None
    if code == 137:
        return Final(message, "the command was killed, mostly for lack of memory: give it more")
    if code:  # the text quotes the command, which can contain anything
        return Final(message, _CORRECT)
    return engine_error(said, what, log)


def push_error(said: str, what: str, log: str = "", *, retried: bool = False) -> SlipwayError:
    """The error for a push stream's last line. `retried`: the engine itself tried for long."""
    message = f"could not {what}: {shown(said)}{log}"
    if _TAKEN.search(said):
        return Conflict(message, "release a new version; a version is never overwritten")
    if _ABSENT.search(said):
        return NotFound(message, "the image was removed from the engine meanwhile; build it again")
    if retried and BUSY.search(said):
        return Final(message, "the engine retried by itself: look at the registry and its disk")
    return engine_error(said, what, log)


def engine_error(said: str, what: str, log: str = "") -> SlipwayError:
    """The error for any refusal of the engine or, through it, of a registry."""
    for pattern, act, kind, hint in _KINDS:
        if pattern.search(said):
            return kind(f"{act} {what}: {shown(said)}{log}", hint)
    return Final(f"could not {what}: {shown(said)}{log}", "the engine refuses; its words say why")


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
                self._lines.append(text)

    @property
    def text(self) -> str:
        """The lines below a heading; empty when there are none."""
        return ending(self._lines)


def _aux(line: Mapping[str, Any]) -> Mapping[str, str]:
    aux = line.get("aux")
    return aux if isinstance(aux, Mapping) else {}


def _cut_off(what: str, missing: str, log: str) -> Retryable:
    return Retryable(
        f"could not {what}: the engine stopped talking before it named {missing}{log}",
        "nothing is known about the outcome; retry",
    )
