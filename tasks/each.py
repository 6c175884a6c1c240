"""The same act for several services, so that one service's trouble does not stop the others.

Plain functions, not steps: the acts are looks, and nothing of a look is kept.
"""

from collections.abc import Callable

from slipway.config import service_names
from slipway.errors import Final, SlipwayError
from tasks.environment import say, settings


def for_each_service(service: str | None, act: Callable[[str], None], hint: str) -> None:
    """Call `act` with the name of this service, or of each one that has a file.

    Raises Final, with `hint`, after all were acted on, where it failed for one of them.
    """
    names = [service] if service else service_names(settings().services)
    if troubles := list(filter(None, (_trouble(name, act) for name in names))):
        raise Final("\n".join(troubles), hint)


def _trouble(name: str, act: Callable[[str], None]) -> str:
    try:
        act(name)
    except SlipwayError as error:
        say(f"{name}: {error}")
        return f"{name}: {error.message}"
    return ""
