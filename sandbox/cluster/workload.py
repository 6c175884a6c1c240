"""A workload and its rolling update: sets of pods, one for each template.

A Deployment has the default surge of 25 %; a StatefulSet replaces one pod after the other, never
has more of them than wanted, and has no progress deadline.
"""

import hashlib
import itertools
import math
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sandbox.cluster.pod import Pod, timestamp


@dataclass(frozen=True)
class Template:
    """What a workload is asked to run."""

    name: str
    image: str
    replicas: int
    env: tuple[tuple[str, str], ...] = ()
    kind: str = "Deployment"  # or StatefulSet

    @property
    def hash(self) -> str:
        """Names the ReplicaSet; scaling does not change it."""
        return hashlib.sha256(repr((self.image, self.env)).encode()).hexdigest()[:10]


@dataclass
class ReplicaSet:
    """The pods of one template."""

    template: Template
    revision: int
    uid: str
    created: str
    wanted: int = 0
    pods: list[Pod] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.template.name}-{self.template.hash}"

    def active(self) -> list[Pod]:
        return [pod for pod in self.pods if not pod.terminating]

    def ready(self) -> list[Pod]:
        return [pod for pod in self.active() if pod.state.ready]


class Workload:
    """The workload of one namespace; `step` is one pass of its controller."""

    def __init__(
        self,
        namespace: str,
        template: Template,
        new_pod: Callable[["Workload", ReplicaSet], Pod],
        new_uid: Callable[[], str],
        deadline: Callable[[], float],
    ) -> None:
        self.namespace = namespace
        self.template = template
        self.labels: dict[str, str] = {}  # of the object; no part of the template
        self.uid = new_uid()
        self.created = timestamp()
        self.generation = 1
        self.observed_generation = 0
        self.changed = time.monotonic()
        self.sets: list[ReplicaSet] = []
        self._new_pod = new_pod
        self._new_uid = new_uid
        self._deadline = deadline
        self._progress: tuple[object, ...] = ()
        self._progressed = time.monotonic()
        self.lock = threading.RLock()

    def change(self, template: Template) -> bool:
        """Ask for another template; False when it is the one already there."""
        with self.lock:
            if template == self.template:
                return False
            self.template = template
            self.generation += 1
            self.changed = time.monotonic()
            return True

    def step(self) -> None:
        with self.lock:
            newest = self._newest()
            self._scale_up(newest)
            self._scale_down(newest)
            self._forget_the_gone(newest)
            self.observed_generation = self.generation
            self._note_progress(newest)

    @property
    def newest(self) -> ReplicaSet | None:
        """The ReplicaSet of the present template, if the controller has made it."""
        found = [each for each in self.sets if each.template.hash == self.template.hash]
        return found[0] if found else None

    @property
    def stuck(self) -> bool:
        """No progress for longer than the progress deadline."""
        late = time.monotonic() - self._progressed > self._deadline()
        return late and not self.complete() and self.template.kind == "Deployment"

    def ports(self) -> list[int]:
        """Where the ready pods listen."""
        return [pod.port for each in list(self.sets) for pod in each.ready()]

    def pod_name(self, replicas: ReplicaSet) -> str:
        """Of a new pod: random, or the lowest free number of a StatefulSet."""
        if self.template.kind == "Deployment":
            return f"{replicas.name}-{uuid.uuid4().hex[:5]}"
        taken = {pod.metadata["name"] for pod in self.pods()}
        names = (f"{self.template.name}-{number}" for number in itertools.count())
        return next(name for name in names if name not in taken)

    def pods(self) -> list[Pod]:
        """All of them, also those that end."""
        with self.lock:
            return [pod for each in self.sets for pod in each.pods]

    def terminate(self) -> list[Pod]:
        """End every pod, without waiting."""
        pods = self.pods()
        for pod in pods:
            pod.terminate()
        return pods

    def _newest(self) -> ReplicaSet:
        found = self.newest
        if found is None:
            revision = max((each.revision for each in self.sets), default=0) + 1
            found = ReplicaSet(self.template, revision, self._new_uid(), timestamp())
            self.sets.append(found)
        elif found.revision < max(each.revision for each in self.sets):  # a template comes back
            found.revision = max(each.revision for each in self.sets) + 1
        return found

    def _scale_up(self, newest: ReplicaSet) -> None:
        replicas, deployed = self.template.replicas, self.template.kind == "Deployment"
        surge = math.ceil(replicas * 0.25) if deployed else 0
        others = sum(
            len(each.active() if deployed else each.pods)
            for each in self.sets
            if each is not newest
        )
        newest.wanted = min(replicas, max(replicas + surge - others, len(newest.active())))
        for _ in range(newest.wanted - len(newest.active())):
            newest.pods.append(self._new_pod(self, newest))
        for pod in newest.active()[newest.wanted :]:
            pod.terminate()

    def _scale_down(self, newest: ReplicaSet) -> None:
        replicas = self.template.replicas
        least = replicas - math.floor(replicas * 0.25)
        if self.template.kind == "StatefulSet":
            if not all(pod.state.ready for each in self.sets for pod in each.active()):
                return  # it waits for a broken pod, even when a good template has come
            least = replicas - 1  # one after the other
        spare = sum(len(each.ready()) for each in self.sets) - least
        for each in self.sets:
            if each is newest:
                continue
            for pod in sorted(each.active(), key=lambda pod: pod.state.ready):
                if pod.state.ready and spare <= 0:
                    break
                spare -= pod.state.ready
                pod.terminate()
            each.wanted = len(each.active())

    def _forget_the_gone(self, newest: ReplicaSet) -> None:
        for each in self.sets:
            each.pods = [pod for pod in each.pods if not pod.gone]
        old = [each for each in self.sets if each is not newest and not each.pods]
        for each in sorted(old, key=lambda each: each.revision)[:-3]:
            self.sets.remove(each)

    def _note_progress(self, newest: ReplicaSet) -> None:
        others = sum(len(each.pods) for each in self.sets if each is not newest)
        progress = (self.generation, len(newest.active()), len(newest.ready()), -others)
        if progress != self._progress or self.complete():
            self._progress = progress
            self._progressed = time.monotonic()

    def complete(self) -> bool:
        """Whether only pods of the newest template are there, all of them ready."""
        newest = self.newest
        if newest is None:
            return False
        others = any(each.pods for each in self.sets if each is not newest)
        return not others and len(newest.ready()) == self.template.replicas


def environment(pairs: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Environment variables in a fixed order."""
    return tuple(sorted(pairs.items()))
