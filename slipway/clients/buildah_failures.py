"""What a failure of buildah means, told from the texts it printed. Pure.

The texts were observed with buildah 1.28. What a step of the Dockerfile printed comes before
buildah's own `Error:`, and is only quoted.
"""

import re
from collections.abc import Sequence

from slipway.clients.registry_words import BUSY, DENIED, LOGIN, NETWORK, UNKNOWN
from slipway.errors import Final, InvalidInput, NotFound, Retryable, SlipwayError, Unauthorized
from slipway.text import ending, shown

# A warning that names what a base image is for, and then what the image is to be for.
MISMATCH = r"image platform \(\{(\w+) (\w+).*does not match the expected platform \(\{(\w+) (\w+)"
_BASE = (
    "check the base image's name; a private one has to be in the image's own registry, readable"
    " for SLIPWAY_REGISTRY_USERNAME"
)
_KINDS: tuple[tuple[re.Pattern[str], type[SlipwayError], str], ...] = (
    (
        re.compile("no space left"),
        Final,
        "free disk space in the worker's temporary folder",
    ),
    (
        re.compile("rejected by policy"),
        InvalidInput,
        "base images come from a registry, by a name there; see also /etc/containers/policy.json",
    ),
    (
        re.compile("HTTP response to HTTPS client"),
        Final,
        "the registry has no TLS: name it in SLIPWAY_PLAIN_HTTP_REGISTRIES",
    ),
    (UNKNOWN, NotFound, "check the base image's name, tag and platforms"),
    (LOGIN, Unauthorized, _BASE),
    (DENIED, Unauthorized, _BASE),
    (BUSY, Retryable, "the registry of the base image may recover; retry"),
    (NETWORK, Retryable, "the registry of the base image may recover; retry"),
    (
        re.compile(r"newuidmap|newgidmap|/etc/subuid|user namespace|insufficient UIDs"),
        Final,
        "a worker that is not root needs uidmap, and its lines in /etc/subuid and /etc/subgid",
    ),
)
_CORRECT = "correct the Dockerfile or the source, and release again"
_STEP = re.compile(r"^(?:\[[^\]]+\] )*STEP \d+/\d+: (.+)$")
_RUN = re.compile(r'building at STEP "RUN ')
_OURS = re.compile(
    r'building at STEP "|no FROM statement|dockerfile parse|instruction', re.IGNORECASE
)


def build_failure(what: str, status: int, lines: Sequence[str], dockerfile: str) -> SlipwayError:
    """The error for a build that ended with `status`; `dockerfile` is that file's text."""
    said, line = _error(lines), failed_line(lines, dockerfile)
    place = f" line {line}" if line else ""
    message = f"could not {what}{place}: {shown(said)}{ending(lines)}"
    text = "\n".join(lines)
    if "no space left" in text:
        return _tool_failure(message, text)
    if _RUN.search(said):
        return Final(message, _why_run_failed(text, status))
    if "initializing source" not in said and _OURS.search(said):
        return Final(message, _CORRECT)
    return _tool_failure(message, said)


def failure(what: str, lines: Sequence[str]) -> SlipwayError:
    """The error for any other command of buildah."""
    said = _error(lines)
    return _tool_failure(f"could not {what}: {shown(said)}{ending(lines)}", said)


def foreign_base(what: str, warnings: Sequence[str]) -> SlipwayError | None:
    """The error for a base image of another platform, which buildah only warns of."""
    for warning in warnings:
        match = re.search(MISMATCH, warning)
        if match and match.group(1, 2) != match.group(3, 4):
            arch, system, wanted, wanted_system = match.groups()
            return InvalidInput(
                f"could not {what}: the base image is for {system}/{arch},"
                f" not for {wanted_system}/{wanted}",
                "name a base image of that platform, or correct image.platforms",
            )
    return None


def failed_line(lines: Sequence[str], dockerfile: str) -> int | None:
    """Line of the Dockerfile whose step came last; None when it is not one line alone."""
    steps = [match[1] for match in map(_STEP.match, lines) if match]
    if not steps:
        return None
    wanted = " ".join(steps[-1].split())
    found = [number for number, text in _instructions(dockerfile) if text == wanted]
    return found[0] if len(found) == 1 else None


def _instructions(dockerfile: str) -> list[tuple[int, str]]:
    """The instructions with continued lines joined, and the line each begins on."""
    found: list[tuple[int, str]] = []
    parts: list[tuple[int, str]] = []
    for number, line in enumerate(dockerfile.splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        parts.append((number, text.removesuffix("\\")))
        if not text.endswith("\\"):
            found.append((parts[0][0], " ".join(" ".join(part for _, part in parts).split())))
            parts = []
    return found


def _why_run_failed(text: str, status: int) -> str:
    if "exec format error" in text:
        return (
            "this machine cannot run programs of that platform: install qemu-user-static on it,"
            " leave RUN out, or take the platform out of image.platforms"
        )
    if status == 137:
        return "the command was killed, mostly for lack of memory: give it more"
    return _CORRECT


def _tool_failure(message: str, said: str) -> SlipwayError:
    for pattern, kind, hint in _KINDS:
        if pattern.search(said):
            return kind(message, hint)
    return Final(message, "buildah refuses; its words above say why")


def _error(lines: Sequence[str]) -> str:
    """Its own words: from its last `Error:` on."""
    starts = [n for n, line in enumerate(lines) if line.startswith("Error: ")]
    said = lines[starts[-1] :] if starts else lines[-1:]
    return " ".join(said).removeprefix("Error: ") or "it ended without a word"
