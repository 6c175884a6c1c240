"""What depends on the version of Argo CD; several clusters have several versions. Pure.

Source: Argo CD's release notes and source. A version that cannot be read supports everything: the
server itself then says what it does not know.
"""

import re

from slipway.engines.argocd_shapes import Json, part
from slipway.engines.argocd_sources import sources

_OCI = (3, 1)  # `oci://` sources
_RETRY_REFRESH = (3, 2)  # `syncPolicy.retry.refresh`


def unsupported(application: Json, version: str) -> str:
    """What the application uses and this version does not know; empty: nothing."""
    urls = [str(source.get("repoURL", "")) for source in sources(part(application, "spec"))]
    if any(url.startswith("oci://") for url in urls) and _older(version, _OCI):
        return f"Argo CD {version} does not know oci:// sources; 3.1.0 and later do"
    return ""


def retry_advice(application: Json, version: str) -> str:
    """How a sync that keeps retrying gets to newer commits; empty when none is retrying."""
    state = part(part(application, "status"), "operationState")
    retry = part(part(state, "operation"), "retry")
    if not state.get("retryCount") or retry.get("refresh"):
        return ""
    by_us = "application.terminate: true ends it where it holds an older commit"
    if _older(version, _RETRY_REFRESH):
        return f"a retry keeps its commit: {by_us}"
    return f"a retry keeps its commit: {by_us}, syncPolicy.retry.refresh: true makes it look again"


def _older(version: str, than: tuple[int, int]) -> bool:
    found = re.match(r"v?(\d+)\.(\d+)", version)
    return found is not None and (int(found[1]), int(found[2])) < than
