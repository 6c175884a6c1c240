"""Flux's controllers over the sandbox's objects, written from its source and documents. Not Flux.

One Deployment a namespace; charts have no templates, only values; a build knows `resources` and
`images`. What is kept: which field moves when, and what a token, a failure, a suspension and a
rollback look like.
"""

from sandbox.flux.server import Flux
from sandbox.flux.world import Delays

__all__ = ["Delays", "Flux"]
