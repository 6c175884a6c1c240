"""One module a way to build an image; all keep the contract of `interface.Builder`."""

from collections.abc import Callable

from slipway.builders.buildah import BuildahBuilder
from slipway.builders.docker import DockerBuilder
from slipway.builders.interface import Builder
from slipway.builders.layer import LayerBuilder
from slipway.service import ImageRules
from slipway.settings import Settings

_BUILDERS: dict[str, Callable[[ImageRules, Settings], Builder]] = {
    "docker": DockerBuilder,
    "buildah": BuildahBuilder,
    "layer": LayerBuilder,
}


def builder_for(rules: ImageRules, settings: Settings) -> Builder:
    """The builder that the service file asks for."""
    return _BUILDERS[rules.builder](rules, settings)
