"""What depends on the version of Argo CD."""

from typing import Any

import pytest

from slipway.engines.argocd_versions import retry_advice, unsupported

OCI = {"spec": {"sources": [{"repoURL": "oci://ghcr.io/acme/charts/books"}]}}
GIT = {"spec": {"source": {"repoURL": "https://github.com/acme/gitops"}}}


@pytest.mark.parametrize(
    ("application", "version", "knows"),
    [
        (OCI, "v3.0.11+9a4eb2c", False),
        (OCI, "v2.14.2", False),
        (OCI, "v3.1.0", True),
        (OCI, "v3.10.0+sandbox", True),
        (OCI, "v10.0.0", True),
        (OCI, "latest", True),
        (OCI, "", True),
        (GIT, "v2.9.0", True),
    ],
)
def test_S39_oci_sources_take_3_1(application: dict[str, Any], version: str, knows: bool) -> None:
    said = unsupported(application, version)
    assert (said == "") is knows
    assert knows or (version in said and "3.1.0" in said)


def test_S39_refreshing_retries_are_advised_only_where_they_are_known() -> None:
    state = {"phase": "Running", "retryCount": 2, "operation": {"retry": {"limit": 5}}}
    retrying = {"status": {"operationState": state}}
    assert "retry.refresh" in retry_advice(retrying, "v3.2.0")
    assert "retry.refresh" not in retry_advice(retrying, "v3.1.9")
    assert "terminate" in retry_advice(retrying, "v3.1.9")
    state["operation"] = {"retry": {"limit": 5, "refresh": True}}
    assert retry_advice(retrying, "v3.2.0") == ""
    assert retry_advice(GIT, "v3.2.0") == ""
