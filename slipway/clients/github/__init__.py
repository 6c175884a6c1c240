"""One repository on GitHub, over its REST API (github.com and Enterprise Server).

Nothing is retried here. What is missing is only said to be so after GitHub said it; every other
answer is an error. The credential goes to the API's host and its host for uploads, nowhere else.
"""

from slipway.clients.github.answers import Forbidden
from slipway.clients.github.assets import Assets
from slipway.clients.github.branches import Branches
from slipway.clients.github.checks import Checks
from slipway.clients.github.deployments import Deployments
from slipway.clients.github.merges import Merges, Queue, Refused
from slipway.clients.github.pulls import Pulls
from slipway.clients.github.releases import Releases
from slipway.clients.github.transport import repository_name, serves
from slipway.clients.github.values import Asset, FullPull, Page, Pull

__all__ = [
    "Asset", "Forbidden", "FullPull", "GitHub", "Page", "Pull", "Queue", "Refused",
    "repository_name", "serves",
]  # fmt: skip


class GitHub(Releases, Assets, Pulls, Merges, Checks, Deployments, Branches):
    """Client for one repository; use it as a context manager. Raises Retryable and Final errors."""
