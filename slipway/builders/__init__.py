"""One module a way to build an image; all keep the contract of `interface.Builder`."""

from slipway.builders.docker import DockerBuilder
from slipway.builders.interface import Builder
from slipway.builders.layer import LayerBuilder
from slipway.service import ImageRules
from slipway.settings import Settings


def builder_for(rules: ImageRules, settings: Settings) -> Builder:
    """The builder that the service file asks for."""
    if rules.builder == "docker":
        return DockerBuilder(rules, settings)
    return LayerBuilder(rules.layer, settings)
