"""`slipway hold` and `slipway release-hold`: keep an environment, or a version, as it is."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from slipway import ledger
from slipway.cli.person import who
from slipway.config import read_service
from slipway.errors import InvalidInput, NotFound, SlipwayError
from slipway.ledger.entries import Hold
from slipway.service import Service
from slipway.settings import Settings, load


@dataclass(frozen=True)
class Given:
    """What was typed."""

    service: str
    environment: str | None
    version: str | None
    reason: str
    name: str | None
    as_json: bool


def hold(given: Given) -> int:
    """Hold, until somebody releases it; 0 when it is held."""

    def act(service: Service, settings: Settings) -> str:
        ledger.record(service, settings, _hold(given))
        return f"{_what(given)} is held: {given.reason}"

    return _told(given, act)


def release(given: Given) -> int:
    """Release a hold; 0 when there was one."""

    def act(service: Service, settings: Settings) -> str:
        gone = ledger.release_hold(
            service, settings, given.environment, given.version, who(given.name), given.reason
        )
        if not gone:
            raise NotFound(
                f"{_what(given)} is not held", "`slipway status` shows what is held, and by whom"
            )
        return f"{_what(given)} is released; it was held by {gone[0].by}: {gone[0].reason}"

    return _told(given, act)


def _hold(given: Given) -> Hold:
    return Hold(
        service=given.service,
        environment=given.environment,
        version=given.version,
        reason=given.reason,
        by=who(given.name),
        at=datetime.now(UTC),
    )


def _told(given: Given, act: Callable[[Service, Settings], str]) -> int:
    try:
        if len(given.reason.strip()) < 3:
            raise InvalidInput("the reason is empty", "say why, in a few words: it is kept")
        settings = load()
        service = read_service(settings.services, given.service)
        if given.environment:
            service.environment(given.environment)
        said = act(service, settings)
    except SlipwayError as error:
        told = {"error": error.message, "hint": error.hint}
        print(json.dumps(told) if given.as_json else error)
        return 1
    print(json.dumps({"done": said}) if given.as_json else said)
    return 0


def _what(given: Given) -> str:
    version = f" {given.version}" if given.version else ""
    return f"{given.service}{version} in {given.environment or 'every environment'}"
