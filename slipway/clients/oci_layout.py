"""A folder in the OCI image layout: what a tool without a registry makes an image as."""

import json
from pathlib import Path

from slipway.clients.oci import INDEXES, Blob, Manifest, digest_of
from slipway.errors import Final


class Layout:
    """One image, or one index of images, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        [entry] = json.loads((folder / "index.json").read_bytes())["manifests"]
        self.top = self._manifest(entry["digest"], entry["mediaType"])

    def images(self) -> list[Manifest]:
        """The image itself, or every image of the index."""
        if self.top.media_type not in INDEXES:
            return [self.top]
        entries = self.top.document["manifests"]
        return [self._manifest(entry["digest"], entry["mediaType"]) for entry in entries]

    def blobs(self, image: Manifest) -> list[Blob]:
        """The configuration and the layers of one of the images."""
        document = image.document
        return [self._blob(item["digest"]) for item in [document["config"], *document["layers"]]]

    def _manifest(self, digest: str, media_type: str) -> Manifest:
        content = self._path(digest).read_bytes()
        _same(digest, digest_of(content))
        return Manifest(media_type, content)

    def _blob(self, digest: str) -> Blob:
        blob = Blob.of(self._path(digest))
        _same(digest, blob.digest)
        return blob

    def _path(self, digest: str) -> Path:
        return self._folder / "blobs" / digest.replace(":", "/", 1)


def _same(said: str, computed: str) -> None:
    if said != computed:
        raise Final(
            f"a built image holds {computed} in place of {said}",
            "look at the disk of the worker, and build again",
        )
