"""Build the release's image once, and know its digest."""

from slipway import build as images
from slipway.model import Image, Release
from slipway.service import Service
from tasks.environment import say, settings
from tasks.retries import step


@step("build", "build {release.service} {release.version}", timeout=4 * 3600)
def build_image(service: Service, release: Release) -> Image:
    image = images.build(service, release, settings())
    done = "built and pushed" if image.created else "the registry already holds"
    say(f"{done} {image.reference}")
    return image


@step("find image", "find {release.service} {release.version}", timeout=120)
def find_image(service: Service, release: Release) -> Image:
    image = images.find(service, release, settings())
    say(f"the registry holds {image.reference}")
    return image
