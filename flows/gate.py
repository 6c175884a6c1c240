"""Wait until an environment may be changed, without holding a process meanwhile."""

from slipway.model import Candidate
from slipway.service import Environment, Service


def wait_for_turn(service: Service, environment: Environment, candidate: Candidate) -> None:
    """Nothing newer is on its way, nothing is held, and those before it have soaked."""


def wait_for_window(service: Service, environment: Environment, candidate: Candidate) -> None:
    """A window is open and nothing is held: from here on the environment may be changed."""
