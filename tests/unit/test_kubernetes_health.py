"""The health of live workloads, by Argo CD's own rules."""

from typing import Any

import pytest

from slipway.engines.kubernetes_health import health, with_health

Json = dict[str, Any]


def live(kind: str, spec: Json, generation: int = 2, **status: Any) -> Json:
    metadata = {"name": "books", "namespace": "shop", "generation": generation}
    return {"kind": kind, "metadata": metadata, "spec": spec, "status": status}


SEEN = {"observedGeneration": 2}
ONE = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1, **SEEN}
STUCK = [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]
SAME = {"updateRevision": "a", "currentRevision": "a"}
ROLLING = {"updateRevision": "b", "currentRevision": "a"}
CANARY = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
DAEMONS = {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2, **SEEN}
CASES = [
    (live("Deployment", {}, **ONE), "Healthy"),
    (live("Deployment", {"paused": True}, **ONE), "Suspended"),
    (live("Deployment", {}, 3, **ONE), "Progressing"),
    (live("Deployment", {}, **ONE, conditions=STUCK), "Degraded"),
    (live("Deployment", {"replicas": 2}, **ONE), "Progressing"),
    (live("Deployment", {}, **(ONE | {"replicas": 2})), "Progressing"),
    (live("Deployment", {}, **(ONE | {"availableReplicas": 0})), "Progressing"),
    (live("Deployment", {"replicas": 0}, **SEEN), "Healthy"),
    (live("StatefulSet", {}, **ONE, **SAME), "Healthy"),
    (live("StatefulSet", {}, **ONE, **ROLLING), "Progressing"),
    (live("StatefulSet", {}, **(ONE | {"readyReplicas": 0}), **SAME), "Progressing"),
    (live("StatefulSet", {}, 0, readyReplicas=1, **SAME), "Progressing"),
    (live("StatefulSet", {"updateStrategy": {"type": "OnDelete"}}, **ONE, **ROLLING), "Healthy"),
    (live("StatefulSet", {"updateStrategy": CANARY}, **ONE, **ROLLING), "Healthy"),
    (live("StatefulSet", {"replicas": 3, "updateStrategy": CANARY},
          **(ONE | {"readyReplicas": 3}), **ROLLING), "Progressing"),
    (live("DaemonSet", {}, **DAEMONS), "Healthy"),
    (live("DaemonSet", {}, **(DAEMONS | {"numberAvailable": 1})), "Progressing"),
    (live("DaemonSet", {}, **(DAEMONS | {"updatedNumberScheduled": 1})), "Progressing"),
    (live("DaemonSet", {"updateStrategy": {"type": "OnDelete"}}, **SEEN), "Healthy"),
    (live("Job", {}), "Progressing"),
    (live("Job", {}, conditions=[{"type": "Complete", "status": "True"}]), "Healthy"),
    (live("Job", {}, conditions=[{"type": "Failed", "status": "True"}]), "Degraded"),
    (live("Job", {}, conditions=[{"type": "Suspended", "status": "True"}]), "Suspended"),
    (live("Job", {}, conditions=[{"type": "Suspended", "status": "False"}]), "Progressing"),
    (live("Rollout", {}, phase="Paused"), "Suspended"),
    (live("Rollout", {}, phase="Healthy"), "Healthy"),
    (live("Rollout", {}), "Progressing"),
    (live("ConfigMap", {}), ""),
]  # fmt: skip


@pytest.mark.parametrize(("found", "state"), CASES)
def test_S27_S35_a_workload_has_the_health_that_argo_cd_gives_it(found: Json, state: str) -> None:
    assert health(found) == state


def test_S35_an_application_gets_the_health_that_the_api_server_would_add() -> None:
    books = {"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "books"}
    gone = {"group": "batch", "kind": "Job", "namespace": "shop", "name": "migrate"}
    service = {"kind": "Service", "namespace": "shop", "name": "books"}
    kept = {**books, "name": "kept", "health": {"status": "Degraded"}}
    read = {"status": {"sync": {}, "resources": [books, gone, service, kept]}}
    shown = with_health(read, [live("Deployment", {}, **ONE)])["status"]["resources"]
    told = [each.get("health", {}).get("status") for each in shown]
    assert told == ["Healthy", "Missing", None, "Degraded"]
    assert "health" not in books  # the reading itself is left as it was
    assert with_health({}, []) == {"status": {}}
