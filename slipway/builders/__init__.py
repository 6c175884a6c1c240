"""One module a way to build an image; all keep the contract of `interface.Builder`."""

from collections.abc import Callable
from importlib import import_module

from slipway.builders.interface import Builder
from slipway.service import ImageRules
from slipway.settings import Settings

# Module and class. Each run is a process of its own: it imports the libraries of one builder only.
_BUILDERS = {
    "docker": ("slipway.builders.docker", "DockerBuilder"),
    "buildah": ("slipway.builders.buildah", "BuildahBuilder"),
    "layer": ("slipway.builders.layer", "LayerBuilder"),
}


def builder_for(rules: ImageRules, settings: Settings) -> Builder:
    """The builder that the service file asks for."""
    module, name = _BUILDERS[rules.builder]
    made: Callable[[ImageRules, Settings], Builder] = getattr(import_module(module), name)
    return made(rules, settings)
