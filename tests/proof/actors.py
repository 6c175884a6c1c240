"""Who and what disturbs a delivery: people, other deliveries, restarts."""

import contextlib
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import httpx

from slipway import gitops
from slipway.errors import SlipwayError
from tests.contract.argocd_world import ROBOT
from tests.proof.place import NAME, RIVALS, Place, image

Actor = Callable[[Place, str], None]


def note(place: Place, environment: str) -> None:
    """A person adds a line to the very file that is written."""
    text = f"# note {uuid.uuid4().hex[:8]}"
    end = b"\r\n" if environment == "staging" else b"\n"
    _by_hand(place, environment, lambda content: content + end + text.encode())
    place.notes.append(text)


def scale(place: Place, environment: str) -> None:
    """A person changes another value of that file."""

    def change(content: bytes) -> bytes:
        one = b"replicaCount: 1" in content
        old, new = (b"replicaCount: 1", b"replicaCount: 2")[:: 1 if one else -1]
        return content.replace(old, new)

    _by_hand(place, environment, change)


def undo(place: Place, environment: str) -> None:
    """A person takes the last change of the file back, whoever made it."""
    path = f"books/values-{environment}.yaml"
    revisions = place.host.repositories.git(NAME, "log", "-2", "--format=%H", "main", "--", path)
    *_, older = revisions.decode().split()
    earlier = place.repository.read(path, older)

    def change(content: bytes) -> bytes:
        kept = [line for line in content.splitlines(keepends=True) if b"# note" in line]
        return earlier + b"".join(line for line in kept if line not in earlier)

    _by_hand(place, environment, change)


def rival(place: Place, environment: str) -> None:
    """Another service is delivered into the same repository."""
    name = place.random.choice(RIVALS)
    service = place.services[name]
    for _ in range(place.random.randint(1, 2)):
        place.version += 1
        what = image(service.image.repository, f"1.1.{place.version}", "sha256:" + "c" * 64)
        _write(place, name, environment, what)


def newer(place: Place, environment: str) -> None:
    """A newer version of the same service overtakes."""
    _write(place, "books", environment, place.next_image(broken=False))


def restart(place: Place, environment: str) -> None:
    """The engine's API is away for a moment."""
    _for_a_while(place, place.kubernetes.down if environment == "edge" else place.api.down)


def outage(place: Place, environment: str) -> None:
    """The Git host is away for a moment."""
    _for_a_while(place, place.git.down)


def freeze(place: Place, environment: str) -> None:
    """The controllers stand still for a moment."""
    place.argocd.freeze()
    place.flux.take_down("source-controller")
    time.sleep(place.random.uniform(0.2, 1.0))
    place.flux.bring_up("source-controller")
    place.argocd.thaw()


def hand_sync(place: Place, environment: str) -> None:
    """A person starts a sync of whatever is the head."""
    with contextlib.suppress(httpx.HTTPError):
        httpx.post(
            f"{place.settings.argocd_url}/api/v1/applications/{environment}/sync",
            headers={"Authorization": f"Bearer {ROBOT.token}"}, json={"project": "default"},
            timeout=2, trust_env=False,
        )  # fmt: skip


def refresh(place: Place, environment: str) -> None:
    """Somebody else asks for a compare, so that ours may ride on an older one."""
    with contextlib.suppress(httpx.HTTPError):
        httpx.get(
            f"{place.settings.argocd_url}/api/v1/applications/{environment}",
            params={"refresh": "normal", "project": "default"},
            headers={"Authorization": f"Bearer {ROBOT.token}"}, timeout=2, trust_env=False,
        )  # fmt: skip


ACTORS: tuple[Actor, ...] = (
    note, note, scale, undo, rival, rival, newer, restart, outage, freeze, hand_sync, refresh,
)  # fmt: skip


def disturb(place: Place, environment: str, how_many: int) -> list[threading.Thread]:
    """So many of them, each after a moment of its own; join the threads in the end."""
    threads = []
    for _ in range(how_many):
        actor, pause = place.random.choice(ACTORS), place.random.uniform(0, 2.5)

        def act(actor: Actor = actor, pause: float = pause) -> None:
            time.sleep(pause)
            actor(place, environment)

        threads.append(threading.Thread(target=act, name=actor.__name__))
        threads[-1].start()
    return threads


def _by_hand(place: Place, environment: str, change: Callable[[bytes], bytes]) -> None:
    """A person's commit, past every check; tried again when somebody else was faster."""
    path = f"books/values-{environment}.yaml"
    for _ in range(50):
        base = place.repository.head()
        content = change(place.repository.read(path, base))
        if place.repository.commit(base, path, content):
            return
    raise AssertionError("fifty commits in a row came in between")


def _write(place: Place, name: str, environment: str, what: object) -> None:
    service = place.services[name]
    for _ in range(5):
        with contextlib.suppress(SlipwayError):
            gitops.write(
                service, service.environment(environment), what, place.settings,
                run=uuid.uuid4().hex, began=datetime.now(UTC), approvals=(),
            )  # fmt: skip
            return


def _for_a_while(place: Place, down: threading.Event) -> None:
    down.set()
    time.sleep(place.random.uniform(0.1, 0.8))
    down.clear()
