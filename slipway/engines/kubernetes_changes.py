"""Changes of one object, as long as somebody waits for them: a watch that mends itself."""

import random
import time
from collections.abc import Iterator, Mapping
from typing import Any

from slipway.clients.kubernetes import Client
from slipway.clients.kubernetes_failures import Gone
from slipway.clients.kubernetes_resources import Resource
from slipway.errors import Retryable

Json = Mapping[str, Any]
_SHORTEST, _LONGEST = 0.2, 1.0  # seconds before a watch that ended is taken up again
_CALL = 5.0  # seconds


def changes(
    client: Client, resource: Resource, namespace: str, name: str, version: str, seconds: float
) -> Iterator[Json]:
    """The object after each of its changes since `version`, until `seconds` are over.

    A watch that ends is taken up where it ended, after a pause of random length. One that cannot
    be, because the server has forgotten the version, goes on with a reading. A deleted object is
    given once more, as it was. Raises what is Final: no permission to watch, no such object.
    """
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        try:
            for change in client.watch(resource, namespace, version, left, name):
                version = change.version or version
                if change.type != "BOOKMARK":
                    yield change.object
        except Gone:
            version = ""
        except Retryable:
            pass
        _pause(end)
        if not version and (found := _read(client, resource, namespace, name)):
            version = str((found.get("metadata") or {}).get("resourceVersion") or "")
            yield found


def _read(client: Client, resource: Resource, namespace: str, name: str) -> Json | None:
    try:
        return client.get(resource, namespace, name, _CALL)
    except Retryable:
        return None


def _pause(end: float) -> None:
    pause = random.uniform(_SHORTEST, _LONGEST)  # noqa: S311  # so that not all come at once
    time.sleep(max(0.0, min(pause, end - time.monotonic())))
