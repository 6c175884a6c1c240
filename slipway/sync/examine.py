"""What a person has to set right, told for every environment before anything is changed."""

from collections.abc import Sequence

from slipway.engines.interface import engine_for
from slipway.errors import InvalidInput, NotFound, Retryable, SlipwayError
from slipway.service import Application, Environment, GitOps
from slipway.settings import Settings


def examine(application: Application, settings: Settings, gitops: GitOps | None = None) -> None:
    """Raise what a person has to set right before anything is changed; nothing is waited for.

    Raises Unauthorized, NotFound, InvalidInput or Conflict, each with its own text, and Retryable
    when the engine cannot be asked.
    """
    with engine_for(application, settings, gitops) as engine:
        engine.examine(application)


def examine_all(
    environments: Sequence[Environment], settings: Settings, gitops: GitOps
) -> tuple[str, ...]:
    """Examine every environment, and raise what is wrong with all of them at once.

    Returns a sentence for each that cannot be told now: an engine that is away may be back when
    its turn comes, and an application with a parent may be made by this very delivery.
    """
    wrong: list[SlipwayError] = []
    unknown = []
    for environment in environments:
        application = environment.application
        try:
            examine(application, settings, gitops)
        except Retryable as error:
            unknown.append(f"{environment.name}: not known yet: {error.message}")
        except NotFound as error:
            if application.parent is None:
                wrong.append(error)
            else:
                unknown.append(f"{environment.name}: not there yet: {error.message}")
        except SlipwayError as error:
            wrong.append(error)
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        hints = "; ".join(dict.fromkeys(error.hint for error in wrong))
        raise InvalidInput("\n".join(error.message for error in wrong), hints)
    return tuple(unknown)
