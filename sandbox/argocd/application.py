"""The parts of an Application object, and the patches that move it from state to state."""

import copy
import uuid
from dataclasses import dataclass
from typing import Any

from sandbox.cluster.pod import timestamp

Object = dict[str, Any]
FINAL = ("Succeeded", "Failed", "Error")


def new_application(manifest: Object) -> Object:
    """An Application as the API server stores it: no status has been found out yet."""
    metadata = {
        "namespace": "argocd",
        **copy.deepcopy(manifest["metadata"]),
        "uid": str(uuid.uuid4()),
        "creationTimestamp": timestamp(),
    }
    nothing: Object = {"source": {"repoURL": ""}, "destination": {}}
    status = {"sync": {"status": "", "comparedTo": nothing}, "health": {}}
    return {
        "metadata": metadata,
        "spec": {"project": "default", **copy.deepcopy(manifest["spec"])},
        "status": {**status, "summary": {}, "sourceHydrator": {}},
    }


def project_of(application: Object) -> str:
    return str(application["spec"]["project"])


def target(application: Object) -> str:
    """What permissions are about: `project/name`."""
    return f"{project_of(application)}/{application['metadata']['name']}"


def sources_of(application: Object) -> list[Object]:
    return sources_in(application["spec"])


def sources_in(spec: Object) -> list[Object]:
    """Those of a spec or an operation; with a hydrator, the branch that it writes."""
    if "sourceHydrator" in spec:
        hydrator = spec["sourceHydrator"]
        written = hydrator["syncSource"]
        revision = {"targetRevision": written["targetBranch"], "path": written["path"]}
        return [{"repoURL": hydrator["drySource"]["repoURL"], **revision}]
    return list(spec["sources"] if "sources" in spec else [spec["source"]])


def source_fields(spec: Object) -> Object:
    """The source or the sources, as operations and results repeat them."""
    if "sources" in spec:
        return {"sources": copy.deepcopy(spec["sources"])}
    return {"source": copy.deepcopy(sources_in(spec)[0])}


def revision_fields(spec: Object, revisions: list[str]) -> Object:
    """`revision` for one source, `revisions` for a list of them."""
    return {"revisions": revisions} if "sources" in spec else {"revision": revisions[0]}


def revisions_in(fields: Object) -> list[str]:
    """The reverse of `revision_fields`."""
    return list(fields.get("revisions") or [fields.get("revision", "")])


def compared_to(spec: Object) -> Object:
    """The part of a spec that a compare is about; a list of sources leaves an empty source."""
    compared = {"source": {"repoURL": ""}, **source_fields(spec)}
    compared["destination"] = copy.deepcopy(spec["destination"])
    if spec.get("ignoreDifferences"):
        compared["ignoreDifferences"] = copy.deepcopy(spec["ignoreDifferences"])
    return compared


def automated(application: Object) -> Object | None:
    """The automated policy, if there is one and it is on."""
    policy = application["spec"].get("syncPolicy", {}).get("automated")
    return policy if policy is not None and policy.get("enabled", True) else None


def operation_state(application: Object) -> Object:
    return application["status"].get("operationState") or {}


@dataclass(frozen=True)
class Finding:
    """What one compare found out."""

    sync: str
    health: str
    revisions: list[str]
    resources: list[Object]
    images: list[str]
    conditions: list[Object]


def write_finding(application: Object, finding: Finding, reconciled_at: str | None) -> None:
    """One patch: sync, health, resources, conditions and reconciledAt together."""
    status, spec = application["status"], application["spec"]
    status["sync"] = {
        "status": finding.sync,
        "comparedTo": compared_to(spec),
        **revision_fields(spec, finding.revisions),
    }
    if status["health"].get("status") != finding.health:
        status["health"] = {"status": finding.health, "lastTransitionTime": timestamp()}
    _put(status, "resources", finding.resources)
    _put(status, "conditions", [_kept(status, each) for each in finding.conditions])
    status["summary"] = {"images": finding.images} if finding.images else {}
    status["resourceHealthSource"] = "appTree"
    status["controllerNamespace"] = "argocd"
    if "sources" in spec:
        status["sourceTypes"] = [_source_type(each) for each in spec["sources"]]
    else:
        status["sourceType"] = _source_type(sources_in(spec)[0])
    if reconciled_at:
        status["reconciledAt"] = reconciled_at


def start_operation(application: Object, operation: Object) -> None:
    """Ask for an operation: the slot is taken and the old operationState is gone."""
    application["operation"] = operation
    application["status"].pop("operationState", None)


def add_history(application: Object, revisions: list[str], started_at: str) -> None:
    """A full, successful sync; the last ten are kept, unless the spec says otherwise."""
    history = application["status"].setdefault("history", [])
    entry = {
        **revision_fields(application["spec"], revisions),
        "deployedAt": timestamp(),
        "id": history[-1]["id"] + 1 if history else 0,
        "source": {"repoURL": ""},
        **source_fields(application["spec"]),
        "deployStartedAt": started_at,
        "initiatedBy": operation_state(application)["operation"].get("initiatedBy", {}),
    }
    history.append(entry)
    del history[: -application["spec"].get("revisionHistoryLimit", 10)]


def _source_type(source: Object) -> str:
    if "directory" in source:
        return "Directory"
    return "Helm" if source.get("path") or "chart" in source or "helm" in source else ""


def _put(status: Object, name: str, items: list[Object]) -> None:
    if items:
        status[name] = items
    else:
        status.pop(name, None)


def _kept(status: Object, condition: Object) -> Object:
    """The same condition keeps its time."""
    for old in status.get("conditions", []):
        if (old["type"], old["message"]) == (condition["type"], condition["message"]):
            return dict(old)
    return {**condition, "lastTransitionTime": timestamp()}
