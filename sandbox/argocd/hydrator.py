"""What the source hydrator writes into an application's status."""

from sandbox.argocd.application import Object
from sandbox.cluster.pod import timestamp


def note_hydration(application: Object, dry: str, written: str) -> None:
    """The commit `dry` of the dry source was written as the commit `written`."""
    known = {"drySHA": dry, "hydratedSHA": written}
    known["sourceHydrator"] = application["spec"]["sourceHydrator"]
    now = timestamp()
    current = {**known, "phase": "Hydrated", "startedAt": now, "finishedAt": now, "message": ""}
    application["status"]["sourceHydrator"] = {
        "lastSuccessfulOperation": known,
        "currentOperation": current,
    }
