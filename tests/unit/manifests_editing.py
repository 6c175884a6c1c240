"""What the tests of the manifest editor share."""

from datetime import UTC, datetime
from typing import Any

from slipway.manifests.editor import set_scalar
from slipway.model import Image
from slipway.value import Timing

NEW = "1.10"  # a reader that takes it for a number makes it 1.1
DIGEST = "sha256:" + "0a" * 32
BASE = "a" * 40
IMAGE = Image(
    repository="ghcr.io/acme/books-api", version="2.0.0", digest=DIGEST, revision=BASE,
    builder="layer", created=True, timing=Timing(started=datetime(2026, 1, 1, tzinfo=UTC)),
)  # fmt: skip

# Two sources, as in the original set-up, and text that only looks like a third value.
APPLICATION = b"""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  annotations:
    example.com/version: "1.0.0"
spec:
  sources:
    - repoURL: oci://ghcr.io/acme/charts/books-api
      targetRevision: 1.0.0  # chart
      helm:
        valuesObject:
          image:
            tag: 1.0.0
    - repoURL: https://github.com/acme/gitops
      targetRevision: main
      ref: values
  literal:
    values: |
      image:
        tag: 1.0.0
"""
CHART = "spec.sources[repoURL=oci://ghcr.io/acme/charts/books-api]"


def edit(source: bytes, key: str = "image.tag", value: str = NEW, **how: Any) -> bytes:
    """The file after the edit; `how` as for set_scalar."""
    return set_scalar(source, key, value, file=how.pop("file", "values.yaml"), **how).text
