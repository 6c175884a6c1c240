"""Ask the environment itself whether it answers well, and whether the new version does."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import urlsplit

from slipway.clients import probe
from slipway.clients.probe import Answer
from slipway.errors import NotProven, Retryable
from slipway.model import SmokeProof
from slipway.service import Expectation, Smoke, VersionProbe
from slipway.settings import Settings
from slipway.text import printable, redacted
from slipway.timing import Stopwatch

_SHAPES: dict[str, Callable[[Any], bool]] = {
    "any": lambda _: True,
    "list": lambda body: isinstance(body, list),
    "non-empty-list": lambda body: isinstance(body, list) and bool(body),
    "object": lambda body: isinstance(body, dict),
}
_STATUS_HINT = "open the URL, and read the service's own log"
_LEAST = 1.0  # seconds; the last request before the time limit gets at least this long


@dataclass(frozen=True)
class Passed:
    """A good answer."""

    excerpt: str = ""
    seconds: float = 0.0
    version: str | None = None  # the version that answered, where it was asked for


@dataclass(frozen=True)
class Failed:
    """An answer that proves nothing, or none at all."""

    reason: str
    hint: str
    excerpt: str = ""


def check(answer: Answer, expect: Expectation) -> Passed | Failed:
    """Whether an answer is what the service file expects: status and shape of the body. Pure."""
    excerpt = shown(answer.body)
    if answer.status != expect.status:
        return Failed(_other_status(answer, expect), _STATUS_HINT, excerpt)
    if answer.defect:
        return Failed(answer.defect, "point smoke.url at a small plain answer", excerpt)
    if expect.json_body is not None:
        found, body = _parsed(answer.body)
        if not found:
            return Failed("the body is not JSON", "is an error page in the way?", excerpt)
        if not _SHAPES[expect.json_body](body):
            reason = f"the body is JSON, but no {expect.json_body}"
            return Failed(reason, "does the service have the data it needs?", excerpt)
    return Passed(excerpt, answer.seconds)


def check_version(answer: Answer, asked: VersionProbe, wanted: str) -> Passed | Failed:
    """Whether the answer of the version path names the wanted version, exactly. Pure."""
    where, excerpt = f"field '{asked.field}' of {asked.url}", shown(answer.body)
    found, body = _parsed(answer.body)
    if answer.status != 200 or answer.defect or not found or not isinstance(body, dict):
        reason = f"{asked.url} answers HTTP {answer.status} without a JSON object"
        return Failed(reason, "correct smoke.version in the service file", excerpt)
    value = body.get(asked.field)
    if not isinstance(value, str):
        return Failed(f"{where} holds no text", "correct smoke.version.field", excerpt)
    if value != wanted:
        reason = f"version {printable(value, 60)} answers, not {wanted} ({where})"
        return Failed(reason, "an older instance still serves, or another one does", excerpt)
    return Passed(excerpt, answer.seconds, value)


def shown(body: bytes, limit: int = 200) -> str:
    """The start of a body for people: one line, printable, without credentials."""
    return printable(redacted(body[: limit * 8].decode(errors="replace")), limit)


def _other_status(answer: Answer, expect: Expectation) -> str:
    to = f" to {printable(redacted(answer.location), 100)}, not followed" if answer.location else ""
    return f"HTTP {answer.status}{to}; expected {expect.status}"


def _parsed(body: bytes) -> tuple[bool, Any]:
    """Whether `body` is strict JSON, and its value. The size is bounded by the probe."""
    try:
        return True, json.loads(body, parse_constant=_refused)
    except (ValueError, RecursionError):  # RecursionError: nested deeper than Python's limit
        return False, None


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


@dataclass
class _Progress:
    """What the attempts so far have shown."""

    good: list[Passed] = field(default_factory=list)  # consecutive, up to now
    failed: Failed | None = None  # the last one
    answered: bool = False  # any HTTP answer at all


def smoke_test(
    smoke: Smoke,
    environment: str,
    version: str,
    settings: Settings,
    watch: Stopwatch,
    report: Callable[[str], None],
) -> SmokeProof:
    """GET the URL until `smoke.passes` answers in a row are good and come from `version`.

    `report` gets one sentence whenever the situation changes. Raises NotProven at the time limit,
    InvalidInput at once when the URL leads to an address that may not be reached.
    """
    deadline = watch.elapsed + smoke.timeout.total_seconds()
    pause = smoke.interval.total_seconds()
    so_far, told = _Progress(), ""
    while True:
        _attempt(so_far, smoke, version, settings, lambda: deadline - watch.elapsed)
        if len(so_far.good) >= smoke.passes:
            return _proof(smoke, environment, so_far.good, watch)
        if watch.elapsed + pause >= deadline:
            _give_up(smoke, environment, so_far)
        if (now := _situation(smoke, so_far)) != told:
            report(now)
            told = now
        watch.sleep(pause)


def _attempt(
    so_far: _Progress, smoke: Smoke, version: str, settings: Settings, left: Callable[[], float]
) -> None:
    def ask(url: str) -> Answer:
        limit = max(_LEAST, min(probe.TIME_LIMIT, left()))
        answer = probe.get(url, settings.private_networks, limit)
        so_far.answered = True
        return answer

    try:
        verdict = _judged(smoke, version, ask)
    except Retryable as error:
        verdict = Failed(error.message, error.hint)
    if isinstance(verdict, Passed):
        so_far.good.append(verdict)
    else:
        so_far.good, so_far.failed = [], verdict


def _judged(smoke: Smoke, version: str, ask: Callable[[str], Answer]) -> Passed | Failed:
    verdict = check(ask(smoke.url), smoke.expect)
    if isinstance(verdict, Failed) or smoke.version is None:
        return verdict
    # Joined as text, not as a relative URL: "//host/" must stay a path on the same host.
    parts = urlsplit(smoke.url)
    answer = ask(f"{parts.scheme}://{parts.netloc}{smoke.version.url}")
    named = check_version(answer, smoke.version, version)
    if isinstance(named, Failed):
        return named
    return Passed(verdict.excerpt, verdict.seconds, named.version)


def _situation(smoke: Smoke, so_far: _Progress) -> str:
    if so_far.good or so_far.failed is None:
        return f"{len(so_far.good)} of {smoke.passes} good answers in a row"
    return f"not yet: {so_far.failed.reason}"


def _proof(smoke: Smoke, environment: str, good: list[Passed], watch: Stopwatch) -> SmokeProof:
    return SmokeProof(
        environment=environment,
        url=redacted(smoke.url),
        passes=len(good),
        version=good[-1].version,
        excerpt=good[-1].excerpt,
        latency=round(max(answer.seconds for answer in good), 3),
        timing=watch.read(),
    )


def _give_up(smoke: Smoke, environment: str, so_far: _Progress) -> NoReturn:
    limit = f"{smoke.timeout.total_seconds():.0f} s"
    what = f"{environment}: smoke test of {redacted(smoke.url)} did not pass within {limit}"
    failed, row = so_far.failed, f"{len(so_far.good)} of {smoke.passes} good answers in a row"
    if failed is None:
        raise NotProven(f"{what}: only {row}", "raise smoke.timeout, or lower smoke.passes")
    silent = "" if so_far.answered else "no answer at all; "
    last = f", then {row}" if so_far.good else ""
    body = f"; the body begins: {failed.excerpt}" if failed.excerpt else ""
    raise NotProven(f"{what}: {silent}{failed.reason}{last}{body}", failed.hint)
