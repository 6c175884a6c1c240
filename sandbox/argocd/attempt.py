"""One attempt of a sync: hooks before, everything else, what is not wanted, hooks after."""

from collections.abc import Callable

from sandbox.argocd import application as app
from sandbox.argocd.application import Object
from sandbox.argocd.apply import applied, extra, hook_result, pruned, removed, result
from sandbox.argocd.compare import is_hook, key_of
from sandbox.argocd.health import health
from sandbox.argocd.rendering import WORKLOADS
from sandbox.argocd.world import World
from sandbox.cluster.controller import Refused
from sandbox.rendering.templates import HOOK

BLOCKED = "Sync operation blocked by sync window"
_TICK = 0.05


class Failed(Exception):
    """A task of the sync failed; the text is the operation's message."""


class Terminated(Exception):
    """Somebody asked to end the operation, or took it away."""


class Attempt:
    """What one attempt does; every result is visible as soon as there is one."""

    def __init__(self, world: World, application: Object, targets: list[Object]) -> None:
        self._world = world
        self._name = application["metadata"]["name"]
        self._application = application
        self._targets = targets
        self._sync = application["operation"].get("sync", {})
        self._results: list[Object] = []

    def run(self) -> None:
        """Raises Failed and Terminated."""
        self._hooks("PreSync")
        self.hold(begun=True)
        self._apply()
        self._show()
        self._world.sleep(self._world.controls.delays.apply / 2)
        failed = [each for each in self._results if each["status"] == "SyncFailed"]
        if failed:
            why = failed[0]["message"]
            raise Failed(f"one or more objects failed to apply, reason: {why}")
        self._hooks("PostSync")

    def hold(self, *, begun: bool = False) -> None:
        """Wait while a sync window forbids to go on; raises Terminated.

        What has begun goes on where the windows let it overrun.
        """
        initiated = self._application["operation"].get("initiatedBy", {})
        manual = not initiated.get("automated", False)
        parked = False
        while True:
            windows = self._world.windows(self._application)
            if windows.allow(manual=manual) or (begun and windows.overrun()):
                break
            if not parked:
                self._change(lambda state: state.update(message=BLOCKED))
            parked = True
            self._wait()
        if parked:
            self._change(lambda state: state.pop("message", None))

    def _wait(self) -> None:
        self._world.sleep(_TICK)
        now = self._world.store.get(self._name) or {}
        going = now.get("operation") and app.operation_state(now).get("phase") == "Running"
        if not going and not self._world.stopping.is_set():
            raise Terminated
        if self._world.stopping.is_set():
            raise Failed("the controller stopped")

    def _apply(self) -> None:
        dry = self._sync.get("dryRun", False)
        for each in self._targets:
            if is_hook(each) or not self._chosen(each):
                continue
            try:
                done = "unchanged" if dry else applied(self._world, each)
            except Refused as error:
                self._results.append(result(each, problem=str(error)))
                continue
            self._results.append(result(each, done))
            if each["kind"] in WORKLOADS and not dry:
                revisions = app.revisions_in(self._now().get("syncResult", {}))
                self._world.rendered[self._name] = revisions
        prune = self._sync.get("prune", False)
        for each in extra(self._targets, self._world.live(self._application)):
            if self._chosen(each):
                self._results.append(pruned(each, prune=prune))
                if prune and not dry:
                    removed(self._world, each)

    def _hooks(self, kind: str) -> None:
        """Run the Jobs of one time, one after the other; a partial sync has none."""
        strategy = self._sync.get("syncStrategy") or {"hook": {}}
        if "resources" in self._sync or self._sync.get("dryRun") or "hook" not in strategy:
            return
        for each in self._targets:
            if each["metadata"].get("annotations", {}).get(HOOK) == kind:
                self._hook(each, kind)

    def _hook(self, hook: Object, kind: str) -> None:
        group, sort, _, name = key_of(hook)
        self.hold(begun=True)
        removed(self._world, hook)
        try:
            applied(self._world, hook)
        except Refused as error:
            raise Failed(f"one or more objects failed to apply, reason: {error}") from error
        waiting = f"waiting for completion of hook {group}/{sort}/{name}"
        self._change(lambda state: state.update(message=waiting))
        while (status := self._status(hook)) not in ("Healthy", "Degraded"):
            self._show(hook_result(hook, "Running", kind, f"{name} created"))
            self._wait()
            self.hold(begun=True)
        phase = "Succeeded" if status == "Healthy" else "Failed"
        said = "" if phase == "Succeeded" else "Job has reached the specified backoff limit"
        self._results.append(hook_result(hook, phase, kind, said))
        self._show()
        if phase == "Failed":
            raise Failed("one or more synchronization tasks completed unsuccessfully")
        self._change(lambda state: state.pop("message", None))

    def _status(self, hook: Object) -> str:
        for each in self._world.cluster.objects(hook["metadata"]["namespace"]):
            if key_of(each) == key_of(hook):
                return str((health(each) or {"status": "Healthy"})["status"])
        return "Healthy"  # done, and gone

    def _chosen(self, found: Object) -> bool:
        if "resources" not in self._sync:
            return True
        group, kind, namespace, name = key_of(found)
        return any(
            (each.get("group", ""), each.get("kind"), each.get("name")) == (group, kind, name)
            and each.get("namespace", namespace) == namespace
            for each in self._sync["resources"]
        )

    def _show(self, *running: Object) -> None:
        shown = [*self._results, *running]
        self._change(lambda state: state["syncResult"].update(resources=shown))

    def _now(self) -> Object:
        return app.operation_state(self._world.store.get(self._name) or {"status": {}})

    def _change(self, change: Callable[[Object], object]) -> None:
        self._world.store.patch(self._name, lambda each: change(each["status"]["operationState"]))
