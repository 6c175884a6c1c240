"""`python -m tests.crash.stand_in NAME HOME`: one stand-in as a process of its own, until killed.

Each request is told to the watcher before it is served and before its answer ends; while the
watcher holds it, this process or any other can be killed at exactly that moment.
"""

import asyncio
import re
import sys
import threading
from pathlib import Path

from ruamel.yaml import YAML

from sandbox import seed
from sandbox.argocd import Account as ArgoAccount
from sandbox.argocd import ArgoCD
from sandbox.argocd.accounts import api_key
from sandbox.cluster.controller import Cluster
from sandbox.cluster.front import front
from sandbox.forge.githost import GitHost
from sandbox.registry.access import Account as RegistryAccount
from sandbox.registry.api import Registry
from sandbox.serving import Asgi, Message, Receive, Scope, Send, Server, hang_up
from sandbox.world import ARGOCD_ROLE, ENVIRONMENTS, REGISTRY_ACCOUNT
from tests.crash.place import Place, tokens
from tests.crash.watch import socket_of

_REF = re.compile(rb"refs/[a-z]+/[^\s\x00]+")


class Watched:
    """An app with a watcher, who may hold every request and every end of an answer."""

    def __init__(self, name: str, app: Asgi, home: Path) -> None:
        self._name, self._app, self._socket = name, app, str(socket_of(home))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, ahead = 0, await _first(scope, receive)
        what = " ".join([scope["method"], scope["path"], *_refs(ahead)])

        async def body() -> Message:
            return ahead.pop(0) if ahead else await receive()

        async def tell(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif not message.get("more_body") and not await self._go_on("after", status, what):
                await hang_up(scope, receive)
                return
            await send(message)

        if await self._go_on("before", 0, what):
            await self._app(scope, body, tell)
        else:
            await hang_up(scope, receive)

    async def _go_on(self, side: str, status: int, what: str) -> bool:
        """What the watcher says; nobody watching means yes."""
        try:
            reader, writer = await asyncio.open_unix_connection(self._socket)
            writer.write(f"{self._name} {side} {status} {what}\n".encode())
            answer = await reader.readline()
            writer.close()
        except OSError:
            return True
        return answer != b"drop\n"


async def _first(scope: Scope, receive: Receive) -> list[Message]:
    """The beginning of a push, where its refs are named; nothing of any other request."""
    if scope["method"] != "POST" or not scope["path"].endswith("/git-receive-pack"):
        return []
    ahead = [await receive()]
    while not _refs(ahead) and ahead[-1].get("more_body"):
        ahead.append(await receive())
    return ahead


def _refs(ahead: list[Message]) -> list[str]:
    return [ref.decode() for each in ahead for ref in _REF.findall(each.get("body", b""))]


def git(place: Place) -> None:
    host = GitHost(place.home / "git", tokens())
    Server(Watched("git", host.app, place.home), place.ports["git"]).start()


def registry(place: Place) -> None:
    account = RegistryAccount(*REGISTRY_ACCOUNT, push=("parraletz",))
    app = Registry(place.home / "registry", [account]).app
    Server(Watched("registry", app, place.home), place.ports["registry"]).start()


def engine(place: Place) -> None:
    """Argo CD, its cluster and the Services in front of the pods."""
    cluster = Cluster(place.home / "cluster", {place.registry_name: REGISTRY_ACCOUNT})
    for environment in ENVIRONMENTS:
        name = f"books-api-{environment}"

        def ports(name: str = name) -> list[int]:
            return cluster._ports(name)

        app = Watched(environment, front(ports), place.home)
        cluster._fronts[name] = Server(app, place.ports[environment]).start()
    argocd = ArgoCD(
        cluster,
        {place.gitops_url: place.git.path(seed.GITOPS)},
        [ArgoAccount(ARGOCD_ROLE, token=api_key(ARGOCD_ROLE))],
    )
    for environment in ENVIRONMENTS:
        manifest = place.git.read(seed.GITOPS, f"apps/{environment}/books-api.yaml")
        argocd.add(YAML(typ="safe", pure=True).load(manifest))
    Server(Watched("argocd", argocd.app, place.home), place.ports["argocd"]).start()


if __name__ == "__main__":
    {"git": git, "registry": registry, "engine": engine}[sys.argv[1]](Place(Path(sys.argv[2])))
    threading.Event().wait()
