"""The `buildah` builder: the service's Dockerfile, built without an engine, for several platforms.

The same source gives the same digest: every time stamp is the release commit's.
"""

from pathlib import Path

from slipway.builders.dockerfile import prepared
from slipway.builders.interface import Target, publish
from slipway.clients.buildah import Buildah
from slipway.clients.oci import INDEXES
from slipway.clients.oci_layout import Layout
from slipway.clients.registry import access_of, open_repository
from slipway.service import ImageRules
from slipway.settings import Settings


class BuildahBuilder:
    """Builds by the service's Dockerfile; an index where `image.platforms` has several."""

    name = "buildah"

    def __init__(self, rules: ImageRules, settings: Settings) -> None:
        self._rules, self._settings = rules, settings

    def build(self, source: Path, target: Target) -> str:
        """See `Builder.build`. Every part is there before the tag is, and that comes last."""
        plain = self._settings.plain_http_registries
        access = access_of(target.repository, self._settings)
        with (
            prepared(source, self._rules, self._settings, target) as (context, recipe),
            Buildah.opened(self._rules.timeout.total_seconds(), plain, access) as buildah,
        ):
            return self._push(buildah.build(context, recipe, target.created), target)

    def _push(self, layout: Layout, target: Target) -> str:
        with open_repository(target.repository, self._settings, push=True) as repository:
            for image in layout.images():
                for blob in layout.blobs(image):
                    repository.upload(blob)
                if layout.top.media_type in INDEXES:
                    repository.put(image, image.digest)
            return publish(repository, layout.top, target)
