"""Tells the webhooks of engines that a commit was pushed: for those that no forge can tell."""

from slipway.clients.engine_webhook import tell_push
from slipway.errors import SlipwayError
from slipway.model import Promotion
from slipway.service import Service
from slipway.settings import Settings


def announce(service: Service, promotion: Promotion, settings: Settings) -> list[str]:
    """Tell each webhook that the service file names; what went wrong, without an address.

    Nothing depends on it: the sync wait asks the engine itself.
    """
    gitops, change, troubles = service.gitops, promotion.change, []
    files = sorted({edit.file for edit in change.edits})
    for name in gitops.webhooks if promotion.committed else ():
        try:
            address = settings.gitops_webhook(name)
            commits = (change.base, promotion.revision)
            tell_push(name, address, gitops.repository, gitops.branch, commits, files)
        except SlipwayError as error:
            troubles.append(error.message)
        except Exception as error:  # noqa: BLE001  # the commit is made; nothing may undo that
            troubles.append(f"the webhook {name} was not told: {type(error).__name__}")
    return troubles
