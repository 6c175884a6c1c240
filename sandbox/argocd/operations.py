"""The operation half of the application controller: one slot, one sync at a time."""

import time
from collections.abc import Callable

from sandbox.argocd import application as app
from sandbox.argocd.application import Object
from sandbox.argocd.attempt import Attempt, Failed, Terminated
from sandbox.argocd.controller import Reconciler
from sandbox.argocd.store import Gone
from sandbox.argocd.windows import seconds
from sandbox.argocd.world import World
from sandbox.cluster.pod import timestamp
from sandbox.rendering.repository import RepoError


class Operator:
    """Runs the operation of one Application; its thread calls `step`."""

    def __init__(self, world: World, name: str, reconciler: Reconciler) -> None:
        self._world = world
        self._name = name
        self._reconciler = reconciler
        self._retry_at = 0.0

    def step(self) -> None:
        application = self._world.store.get(self._name)
        if application is None:
            raise Gone(self._name)
        if not application.get("operation"):
            return
        state = app.operation_state(application)
        if state.get("phase") in app.FINAL:  # a new operation, set without the API server
            self._world.store.patch(self._name, lambda each: each["status"].pop("operationState"))
        elif state.get("phase") == "Terminating":
            self._finish("Failed", "Operation terminated")
        elif not state.get("finishedAt"):
            self._world.sleep(2 * self._world.controls.delays.operation_set)
            self._attempt(application)
        elif time.monotonic() >= self._retry_at:  # a retry is due
            self._change(lambda running: running.pop("finishedAt"))
            self._attempt(application)

    def _attempt(self, application: Object) -> None:
        operation = application["operation"]
        started_at = app.operation_state(application).get("startedAt") or timestamp()
        self._begin(operation, started_at)
        try:
            Attempt(self._world, application, []).hold()
            revisions = self._revisions(application)
            self._note_revisions(application, revisions)
            self._world.sleep(self._world.controls.delays.apply / 2)
            specs = _sources(application)
            targets = self._reconciler.manifests.at(application, revisions, specs=specs)
            Attempt(self._world, application, targets).run()
        except RepoError as error:
            self._fail("Error", f"ComparisonError: Failed to load target state: {error}")
        except Failed as error:
            self._fail("Failed", str(error))
        except Terminated:
            self._finish("Failed", "Operation terminated")
        else:
            self._succeed(operation.get("sync", {}), revisions, started_at)

    def _succeed(self, sync: Object, revisions: list[str], started_at: str) -> None:
        if "resources" not in sync and not sync.get("dryRun"):
            self._world.store.patch(
                self._name, lambda each: app.add_history(each, revisions, started_at)
            )
            self._world.sleep(self._world.controls.delays.finish)
        self._finish("Succeeded", "successfully synced (all tasks run)")

    def _revisions(self, application: Object) -> list[str]:
        """What this attempt applies: a retry keeps the first attempt's, unless told to look anew.

        Raises RepoError.
        """
        state, operation = app.operation_state(application), application["operation"]
        asked = app.revisions_in(operation.get("sync", {}))
        sources = _sources(application)
        if "syncResult" in state:
            asked = app.revisions_in(state["syncResult"])
            if operation.get("retry", {}).get("refresh"):
                asked = []
        asked = [*asked, *[""] * len(sources)][: len(sources)]
        return [
            self._world.resolve(
                source, revision or source.get("targetRevision") or "HEAD", live=True
            )
            for source, revision in zip(sources, asked, strict=True)
        ]

    def _begin(self, operation: Object, started_at: str) -> None:
        def change(application: Object) -> None:
            state = application["status"].setdefault("operationState", {})
            phase = "Terminating" if state.get("phase") == "Terminating" else "Running"
            state.update({"operation": operation, "phase": phase, "startedAt": started_at})

        self._world.store.patch(self._name, change)

    def _note_revisions(self, application: Object, revisions: list[str]) -> None:
        revision = app.revision_fields(application["spec"], revisions)
        source = {"source": {"repoURL": ""}, **app.source_fields(application["spec"])}

        def change(state: Object) -> None:
            state["syncResult"] = {**state.get("syncResult", {}), **revision, **source}

        self._change(change)
        initiated = application["operation"].get("initiatedBy", {})
        who = initiated.get("username", "automated sync policy")
        message = f"{who} initiated sync to {', '.join(revisions)}"
        self._world.record(application, "Normal", "OperationStarted", message)

    def _fail(self, phase: str, message: str) -> None:
        """Wait for the next attempt, or end: the slot stays taken meanwhile."""
        application = self._world.store.get(self._name) or {}
        retry = application.get("operation", {}).get("retry", {})
        count = app.operation_state(application).get("retryCount", 0)
        if app.operation_state(application).get("phase") == "Terminating":
            self._finish("Failed", "Operation terminated")
        elif count < retry.get("limit", 0):
            delay = _back_off(retry.get("backoff", {}), count + 1)
            self._retry_at = time.monotonic() + delay * self._world.controls.delays.retry
            at = time.strftime("%-I:%M%p")
            message = f"{message}. Retrying attempt #{count + 1} at {at}."
            fields = {"finishedAt": timestamp(), "retryCount": count + 1, "message": message}
            self._change(lambda state: state.update(fields))
        else:
            suffix = f" (retried {count} times)." if count else ""
            self._finish(phase, message + suffix)

    def _finish(self, phase: str, message: str) -> None:
        """One patch: the final phase, and the slot is free. Sync and health are still old."""

        def change(application: Object) -> None:
            state = application["status"]["operationState"]
            if state["phase"] == "Terminating":
                state.update({"phase": "Failed", "message": "Operation terminated"})
            else:
                state.update({"phase": phase, "message": message})
            state["finishedAt"] = timestamp()
            application.pop("operation", None)

        delay = self._world.controls.delays.after_sync
        before = self._world.store.get(self._name) or {}
        operation = app.operation_state(before).get("operation", {})
        automatic = operation.get("initiatedBy", {}).get("automated", False)
        self._reconciler.ask(2 if automatic else 3, delay)
        after = self._world.store.patch(self._name, change)
        ended = app.operation_state(after)["phase"]
        kind = "Normal" if ended == "Succeeded" else "Warning"
        revisions = ", ".join(app.revisions_in(app.operation_state(after).get("syncResult", {})))
        text = f"Sync operation to {revisions} {ended.lower()}"
        self._world.record(after, kind, "OperationCompleted", text)
        self._reconciler.ask(2 if automatic else 3, delay)

    def _change(self, change: Callable[[Object], object]) -> None:
        self._world.store.patch(self._name, lambda each: change(each["status"]["operationState"]))


def _sources(application: Object) -> list[Object]:
    """What to apply: an operation may bring its own sources, as a rollback does."""
    sync = application["operation"].get("sync", {})
    return app.sources_in(sync if {"source", "sources"} & set(sync) else application["spec"])


def _back_off(backoff: Object, count: int) -> float:
    """Seconds: duration x factor^count, at most maxDuration."""
    delay = seconds(backoff.get("duration", "5s")) * float(backoff.get("factor") or 2) ** count
    return min(delay, seconds(backoff.get("maxDuration", "3m")))
