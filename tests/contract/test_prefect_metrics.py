"""What Prefect's server offers to a Prometheus, as docs/deployments.md has it."""

from pathlib import Path

import httpx

from sandbox.processes import PrefectServer
from sandbox.serving import free_port

LOGIN = ("prometheus", "not-a-secret-password")


def test_a_prometheus_with_the_password_gets_the_server_s_figures(tmp_path: Path) -> None:
    more = {
        "PREFECT_SERVER_METRICS_ENABLED": "true",
        "PREFECT_SERVER_API_AUTH_STRING": ":".join(LOGIN),
    }
    with PrefectServer(tmp_path / "prefect", free_port(), tmp_path / "logs", more) as server:
        url = f"{server.url}/api/metrics"
        refused = httpx.get(url, trust_env=False)
        given = httpx.get(url, trust_env=False, auth=LOGIN)
    assert refused.status_code == 401
    assert given.headers["content-type"].startswith("text/plain")
    assert "prefect_events_emitted_total" in given.text
    assert "process_resident_memory_bytes" in given.text
