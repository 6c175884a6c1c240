"""How a run ends, in a word that tells one end from another."""

from collections.abc import Callable
from typing import Any, ParamSpec

P = ParamSpec("P")


def ends(flow: Callable[P, Any]) -> Callable[P, Any]:
    """The flow's function, ending by name: Rejected, Expired, Superseded, Held, RolledBack, …"""
    return flow
