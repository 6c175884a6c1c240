"""What an automated policy does about an application that is out of sync: a pure decision."""

from sandbox.argocd import application as app
from sandbox.argocd.application import Finding, Object

_LONGEST_PAUSE = 300.0  # seconds between two attempts to heal


def next_operation(
    application: Object, finding: Finding, waited: float, healing: float
) -> tuple[Object | None, Object | None]:
    """The operation to start, or the condition that tells why there is none, or neither.

    A revision is tried once; when what it applied was changed since, `selfHeal` applies it again
    after a pause. `waited` are the seconds since the last such attempt.
    """
    policy = app.automated(application)
    if policy is None or application.get("operation"):
        return None, None
    spec, state = application["spec"], app.operation_state(application)
    if not _attempted(spec, state.get("syncResult", {}), finding.revisions):
        return _operation(spec, policy, finding.revisions), None
    if state["phase"] != "Succeeded":
        return None, _not_again(finding, state)
    if not policy.get("selfHeal"):
        return None, None
    attempts = state["operation"]["sync"].get("autoHealAttemptsCount", 0)
    pause = min(2 * 3 ** (attempts - 1), _LONGEST_PAUSE) if attempts else 0
    if waited < pause * healing:
        return None, None
    operation = _operation(spec, policy, finding.revisions)
    operation["sync"]["autoHealAttemptsCount"] = attempts + 1
    operation["sync"]["resources"] = [
        {key: each[key] for key in ("group", "kind", "name", "namespace") if key in each}
        for each in finding.resources
        if each.get("status") == "OutOfSync"
    ]
    return operation, None


def _attempted(spec: Object, result: Object, revisions: list[str]) -> bool:
    """Whether the last sync was of these revisions, with the sources the spec has now."""
    if app.revisions_in(result) != revisions:
        return False
    pairs = zip(app.sources_in(result), app.sources_in(spec), strict=False)
    return all({**old, "targetRevision": ""} == {**new, "targetRevision": ""} for old, new in pairs)


def _not_again(finding: Finding, state: Object) -> Object:
    revisions = ", ".join(finding.revisions)
    message = f"Failed last sync attempt to [{revisions}]: {state.get('message', '')}"
    return {"type": "SyncError", "message": message}


def _operation(spec: Object, policy: Object, revisions: list[str]) -> Object:
    sync: Object = {**app.revision_fields(spec, revisions), **app.source_fields(spec)}
    if policy.get("prune"):
        sync["prune"] = True
    if spec["syncPolicy"].get("syncOptions"):
        sync["syncOptions"] = spec["syncPolicy"]["syncOptions"]
    retry = spec["syncPolicy"].get("retry", {"limit": 5})
    return {"sync": sync, "initiatedBy": {"automated": True}, "retry": retry}
