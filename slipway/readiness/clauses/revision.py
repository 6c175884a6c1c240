"""Which state the status is about: today's spec, commit X, the artifacts of the registry."""

from slipway.readiness.look import Look
from slipway.readiness.observation import Condition, Observation
from slipway.readiness.verdict import Ask, Waiting

_ERRORS = (
    "ComparisonError",
    "InvalidSpecError",
    "UnknownError",
    "DeletionError",
    "HydrationError",
    "SourceError",
)


def no_error(look: Look) -> Waiting | None:
    """Nothing is in the way of a compare; a hard refresh is tried once."""
    found = condition(look.seen, *_ERRORS)
    if found is None:
        return None
    ask: Ask = "refresh" if look.previous.hard_refreshed else "hard"
    return Waiting(f"{found.type}: {found.message}", ask, "error")


def condition(seen: Observation, *types: str) -> Condition | None:
    """The first complaint of one of these types."""
    return next((found for found in seen.conditions if found.type in types), None)


def current(look: Look) -> Waiting | None:
    """The status is about today's sources and destination."""
    if look.seen.compared_to_spec:
        return None
    return Waiting("the status is still about an older version of the application", state="spec")


def contained(look: Look) -> Waiting | None:
    """X is in what was rendered from the repository we push to, with its values."""
    seen = look.seen
    without = next((r for r in seen.pushed if not look.contains(r)), None)
    if without is None:
        return None
    if seen.hold:
        return Waiting(seen.hold, "refresh", "revision")
    at = f"still looks at {without[:12]}" if without else "has not looked yet"
    return Waiting(f"the engine {at}, not at {look.wanted.revision[:7]}", "refresh", "revision")


def resolved(look: Look) -> Waiting | None:
    """Every tag of an OCI registry and every chart version is what was rendered."""
    seen = look.seen
    for tag in seen.tags:
        digest = look.known.digests.get(tag.reference)
        if digest is None:
            return Waiting(f"what {tag.reference} points at is not known", state="tag")
        if seen.at(tag.index) != digest:
            what = f"{tag.reference} is {digest[:19]}, the engine has {_short(seen.at(tag.index))}"
            return Waiting(what, "refresh", "tag")
    for pin in seen.pins:
        if seen.at(pin.index) != pin.revision:
            what = f"the engine has {_short(seen.at(pin.index))}, not {pin.revision}"
            return Waiting(what, "refresh", "tag")
    return None


def carried(look: Look) -> Waiting | None:
    """The application's own description names X's value, where X changed that description."""
    if not look.by_manifest or look.carries:
        return None
    version = look.wanted.version
    return Waiting(f"the description of the application does not name {version}", state="absent")


def _short(revision: str) -> str:
    return revision[:19] or "not looked yet"
