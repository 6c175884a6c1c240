"""Where the cluster and the credential come from, and what a person reads when they are wrong."""

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from lightkube.config.models import UserExec
from lightkube.core.exceptions import ConfigError

from sandbox.serving import Fault, Server, served
from slipway.clients.kubernetes import connect
from slipway.clients.kubernetes_credential import Command
from slipway.clients.kubernetes_resources import APPLICATION
from slipway.errors import InvalidInput, Retryable, SlipwayError, Unauthorized
from slipway.settings import Settings
from tests.contract.kubernetes_place import TOKEN, Said, kubeconfig, settings

BOOKS = {"metadata": {"name": "books"}}


def refused(chosen: Settings) -> SlipwayError:
    with pytest.raises(SlipwayError) as error, connect(chosen) as client:
        client.get(APPLICATION, "argocd", "books", 5)
    return error.value


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not the YAML of a kubeconfig"),
        ("users: [\n  {name: here, token: s3cret", "not the YAML of a kubeconfig"),
        ("clusters: []\ncontexts: []\n", "context"),
        ("clusters: [{name: a}]\ncontexts: []\n", "no entry 'cluster'"),
        ("clusters: {}\ncontexts: [{name: here, context: {cluster: x}}]", "no entry 'x'"),
    ],
)
def test_a_wrong_kubeconfig_is_named_and_not_quoted(
    tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(content + ("\ncurrent-context: here\n" if "contexts" in content else ""))
    error = refused(Settings(kubeconfig=str(path)))
    assert isinstance(error, InvalidInput)
    assert said.lower() in error.message.lower()
    assert str(path) in error.message
    assert "s3cret" not in str(error)


def test_a_kubeconfig_that_is_not_there_is_named(tmp_path: Path) -> None:
    error = refused(Settings(kubeconfig=str(tmp_path / "gone")))
    assert isinstance(error, InvalidInput)
    assert "gone" in error.message
    assert "SLIPWAY_KUBECONFIG" in error.hint


def test_a_context_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, "https://127.0.0.1:1")
    error = refused(Settings(kubeconfig=str(path), kube_context="elsewhere"))
    assert isinstance(error, InvalidInput)
    assert "elsewhere" in error.message


def test_a_server_that_is_no_address_is_refused(tmp_path: Path) -> None:
    assert isinstance(refused(settings(tmp_path, "ftp://cluster")), InvalidInput)


@pytest.mark.parametrize("server", ["http://127.0.0.1:1", "https://127.0.0.1:1"])
def test_S31_a_cluster_that_does_not_answer_says_nothing_about_the_application(
    tmp_path: Path, server: str
) -> None:
    error = refused(settings(tmp_path, server))
    assert isinstance(error, Retryable)
    assert "nothing is known" in error.hint


def test_S31_a_server_without_the_right_certificate_is_not_trusted(tmp_path: Path) -> None:
    with served(Said().app) as server:
        error = refused(settings(tmp_path, server.url.replace("http:", "https:")))
    assert isinstance(error, Retryable)


def test_S31_a_call_ends_in_time(tmp_path: Path) -> None:
    said = Said()
    said.say(200, BOOKS)
    with served(said.app) as server, connect(settings(tmp_path, server.url)) as client:
        server.traffic.faults.append(Fault(delay=30.0))
        began = time.monotonic()
        with pytest.raises(Retryable):
            client.get(APPLICATION, "argocd", "books", 0.3)
        assert time.monotonic() - began < 10


def test_S66_a_service_account_token_that_was_renewed_is_read_again(tmp_path: Path) -> None:
    said, file = Said(), tmp_path / "token"
    file.write_text("old")
    said.say(200, BOOKS)
    said.say(401, {})
    said.say(200, BOOKS)
    with (
        served(said.app) as server,
        connect(settings(tmp_path, server.url, tokenFile=str(file))) as client,
    ):
        client.get(APPLICATION, "argocd", "books", 5)
        file.write_text("new")
        assert client.get(APPLICATION, "argocd", "books", 5) == BOOKS
    tokens = [asked["headers"]["authorization"] for asked in said.asked]
    assert tokens == ["Bearer old", "Bearer old", "Bearer new"]


def test_a_token_that_no_header_can_hold_is_told_and_not_shown(tmp_path: Path) -> None:
    with served(Said().app) as server:
        error = refused(settings(tmp_path, server.url, token="eyJhbGci\nOiJSUzI1"))
    assert isinstance(error, Unauthorized)
    assert "its token holds a line break" in error.message
    assert "eyJ" not in error.message


def command(*script: str, version: str = "v1") -> dict[str, Any]:
    """A user whose credential is what a shell prints."""
    api = f"client.authentication.k8s.io/{version}"
    return {"apiVersion": api, "command": "sh", "args": ["-c", *script]}


PRINTS = 'printf \'{"status": {"token": "%s"}}\' '


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_a_credential_command_is_asked_once_and_again_when_its_token_is_refused(
    tmp_path: Path, version: str
) -> None:
    said, count = Said(), tmp_path / "count"
    for status in (200, 200, 401, 200):
        said.say(status, BOOKS)
    user = command(f'echo x >> {count}; {PRINTS} "token-$(wc -l < {count})"', version=version)
    with (
        served(said.app) as server,
        connect(settings(tmp_path, server.url, exec=user)) as client,
    ):
        for _ in range(3):
            assert client.get(APPLICATION, "argocd", "books", 5) == BOOKS
    tokens = [asked["headers"]["authorization"][-1] for asked in said.asked]
    assert tokens == ["1", "1", "1", "2"]


PRINTED = '{"status": {"token": "k8s-aws-v1.aHR0"}}'


@pytest.mark.parametrize(
    ("user", "said"),
    [
        (command("echo no login >&2; exit 3"), "failed: no login"),
        (command("echo []"), "gave no token"),
        (command("echo nothing"), "gave no token"),
        (command(PRINTS + '""'), "gave no token"),
        (command(PRINTS + "'two\\nlines'"), "gave no token"),
        (command(f"echo '{PRINTED}' >&2; exit 1"), '"token": "***"'),
        (command("exit 0", version="v1alpha1"), "not supported"),
        (command() | {"command": "/no/such/command"}, "/no/such/command"),
    ],
)
def test_a_credential_command_that_gives_no_token_is_told(
    tmp_path: Path, user: dict[str, Any], said: str
) -> None:
    with served(Said().app) as server:
        error = refused(settings(tmp_path, server.url, exec=user))
    assert isinstance(error, Unauthorized)
    assert said in error.message


def test_a_credential_command_that_waits_for_a_person_is_ended_with_all_it_started() -> None:
    spec = UserExec(
        apiVersion="client.authentication.k8s.io/v1", command="sh", args=["-c", "sleep 60 & wait"]
    )
    began = time.monotonic()
    with pytest.raises(ConfigError, match="did not end within 1 s"):
        Command(spec, seconds=1.0)._asked()
    assert time.monotonic() - began < 20


def test_a_context_without_a_user_is_a_proxy_that_has_one(tmp_path: Path) -> None:
    said = Said()
    said.say(200, BOOKS)
    with served(said.app) as server:
        path = kubeconfig(tmp_path, server.url)
        path.write_text(path.read_text().replace(', "user": "here"', ""))
        with connect(Settings(kubeconfig=str(path))) as client:
            assert client.get(APPLICATION, "argocd", "books", 5) == BOOKS
    assert "authorization" not in said.asked[0]["headers"]


def test_in_a_pod_it_is_the_service_account_and_else_the_users_own_file(tmp_path: Path) -> None:
    """Without settings; the file is named as every Kubernetes tool takes it."""
    said = Said()
    said.say(200, BOOKS)
    with served(said.app) as server:
        path = kubeconfig(tmp_path, server.url)
        assert run(server, path) == "here: kubeconfig of the user"


def run(server: Server, path: Path) -> str:
    code = """
        from slipway.clients.kubernetes import connect
        from slipway.clients.kubernetes_resources import APPLICATION
        from slipway.settings import Settings
        with connect(Settings()) as client:
            client.get(APPLICATION, "argocd", "books", 5)
            print("here:", client.source)
    """
    env = {**os.environ, "KUBECONFIG": str(path)}
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_without_the_extra_the_package_works_and_says_how_to_get_it() -> None:
    code = f"""
        import sys
        sys.modules["lightkube"] = None
        sys.modules["httpx2"] = None
        import slipway.engines.interface
        from slipway.clients.kubernetes import connect
        from slipway.settings import Settings
        try:
            connect(Settings(kubeconfig={TOKEN!r})).__enter__()
        except Exception as error:
            print(type(error).__name__, error.hint)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "InvalidInput pip install slipway[kubernetes]"
