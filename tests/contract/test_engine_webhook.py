"""Engines are told of a push as a forge would tell them."""

import hashlib
import hmac
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.serving import Fault, Server, free_port, served
from slipway.clients.engine_webhook import tell_push
from slipway.clients.http import client, send
from slipway.errors import Final, InvalidInput, NotFound, Retryable, SlipwayError
from slipway.gitops.announce import announce
from slipway.settings import Settings
from tests.contract.argocd_world import GITOPS, World, running
from tests.contract.gitops_place import Desk, a_desk
from tests.contract.sample_image import image_registry

COMMITS = ("a" * 40, "b" * 40)
SECRET = "hook-4c1e9a"


def tell(address: str, name: str = "argocd", repository: str = GITOPS) -> None:
    tell_push(name, SecretStr(address), repository, "main", COMMITS, ["values.yaml"])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """One application that nobody syncs by itself, compared once."""
    with image_registry(tmp_path / "registry") as images, running(tmp_path, images) as ready:
        ready.push_values("1.0.0")
        ready.add(automatic=False)
        ready.refresh()
        yield ready


def test_argo_cd_looks_at_the_repository_when_it_is_told(world: World) -> None:
    revision = world.push_values("1.0.0", note="pushed, and nobody asks")
    tell(f"{world.server.url}/api/webhook hook-secret")
    world.until(lambda found: found["status"]["sync"]["revision"] == revision)


def test_argo_cd_takes_no_event_with_another_secret(world: World) -> None:
    with pytest.raises(Final, match="tell the webhook argocd: HTTP 400"):
        tell(f"{world.server.url}/api/webhook guessed")


class Hook:
    """A Receiver as Flux has it: the path is a secret, the body is signed."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.signatures: list[tuple[str | None, str | None]] = []

        async def take(request: Request) -> Response:
            self.bodies.append(await request.body())
            names = ("x-signature", "x-hub-signature-256")
            one, other = (request.headers.get(name) for name in names)
            self.signatures.append((one, other))
            return Response()

        self.app = Starlette(routes=[Route("/hook/{token}", take, methods=["POST"])])


@pytest.fixture
def hook() -> Iterator[tuple[Hook, Server]]:
    made = Hook()
    with served(made.app) as server:
        yield made, server


def test_both_kinds_of_flux_receiver_find_their_signature(hook: tuple[Hook, Server]) -> None:
    made, server = hook
    tell(f"{server.url}/hook/0123abcd {SECRET}", "flux")
    [body] = made.bodies
    wanted = f"sha256={hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}"
    assert made.signatures == [(wanted, wanted)]
    told = json.loads(body)
    assert (told["ref"], told["before"], told["after"]) == ("refs/heads/main", *COMMITS)
    assert told["commits"][0]["modified"] == ["values.yaml"]


def test_without_a_secret_nothing_is_signed(hook: tuple[Hook, Server]) -> None:
    made, server = hook
    tell(f"{server.url}/hook/0123abcd", "flux")
    assert made.signatures == [(None, None)]


@pytest.mark.parametrize("kind", ["away", "refuses", "no address", "no URL"])
def test_trouble_names_the_webhook_and_never_its_address(
    hook: tuple[Hook, Server], kind: str
) -> None:
    _, server = hook
    server.traffic.faults.append(Fault(status=503, times=-1))
    path = f"/hook/{SECRET}"
    address, error = {
        "away": (f"http://127.0.0.1:{free_port()}{path}", Retryable),
        "refuses": (f"{server.url}{path} {SECRET}", Retryable),
        "no address": (f"https://{SECRET}@127.0.0.1/x", InvalidInput),
        "no URL": (SECRET, InvalidInput),
    }[kind]
    with pytest.raises(error) as caught:
        tell(address, "flux")
    assert "flux" in str(caught.value)
    assert isinstance(caught.value, SlipwayError)
    assert SECRET not in f"{caught.value} {caught.value.hint}"


def test_an_answer_that_repeats_the_path_is_not_quoted() -> None:
    async def take(request: Request) -> Response:
        return Response(f"Cannot POST {request.url.path}", status_code=404)

    app = Starlette(routes=[Route("/hook/{token}", take, methods=["POST"])])
    with served(app) as server, pytest.raises(NotFound) as caught:
        tell(f"{server.url}/hook/{SECRET}", "flux")
    assert "could not tell the webhook flux: HTTP 404" in str(caught.value)
    assert SECRET not in f"{caught.value} {caught.value.hint}"


def test_no_library_logs_where_it_was_sent(
    hook: tuple[Hook, Server], caplog: pytest.LogCaptureFixture
) -> None:
    made, server = hook
    caplog.set_level(logging.DEBUG)
    with client(server.url) as http:
        send(http, "POST", f"/hook/{SECRET}", what="do the same openly")
    assert SECRET in caplog.text  # so that silence means something
    caplog.clear()
    tell(f"{server.url}/hook/{SECRET}", "flux")
    assert len(made.bodies) == 2
    assert SECRET not in caplog.text


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        gitops = made.service.gitops.model_copy(update={"webhooks": ("flux", "nowhere")})
        made.service = made.service.model_copy(update={"gitops": gitops})
        yield made


def test_a_commit_is_announced_with_its_files_and_trouble_is_only_told(
    desk: Desk, hook: tuple[Hook, Server]
) -> None:
    made, server = hook
    settings = Settings(gitops_webhooks={"flux": SecretStr(f"{server.url}/hook/0123abcd")})
    odd = Settings(gitops_webhooks={"flux": SecretStr("http://127.0.0.1:odd/x")})
    promotion = desk.write()
    assert announce(desk.service, promotion, odd)[0].startswith("the webhook flux was not told: ")
    assert announce(desk.service, promotion, settings) == ["the webhook nowhere has no value"]
    told = json.loads(made.bodies[0])
    assert (told["before"], told["after"]) == (promotion.change.base, promotion.revision)
    assert told["commits"][0]["modified"] == ["apps/staging.yaml", "staging.yaml"]
    again = desk.write(run="run-2")
    assert not again.committed
    assert announce(desk.service, again, settings) == []
    assert len(made.bodies) == 1
