"""A connection to one cluster: its address, its certificates, its credential, by lightkube.

lightkube reads kubeconfig files and service accounts, sets up TLS and reads tokens again that were
renewed. The requests are our own: it has no time limit for one call, none for a silent watch, no
limit for the size of an answer, and another kind of error where an error is not JSON.
Needs the extra `kubernetes`; only `slipway.clients.kubernetes` imports this module.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx2
from lightkube.config import client_adapter
from lightkube.config.kubeconfig import DEFAULT_KUBECONFIG, KubeConfig, SingleConfig
from lightkube.config.models import User
from lightkube.core.exceptions import ConfigError
from yaml import YAMLError

from slipway.clients.http import LARGEST
from slipway.clients.kubernetes_credential import Command
from slipway.clients.kubernetes_failures import Answer
from slipway.errors import Final, InvalidInput, Retryable, Unauthorized
from slipway.settings import Settings
from slipway.text import printable, redacted

_CONNECT = 5.0  # seconds
_UNREADABLE = (
    ConfigError, OSError, LookupError, TypeError, ValueError, AttributeError, YAMLError,
    httpx2.InvalidURL,
)  # fmt: skip
_HINT = "correct SLIPWAY_KUBECONFIG and SLIPWAY_KUBE_CONTEXT, or the file"


class Connection:
    """One cluster, as one user; `source` says where both come from."""

    def __init__(self, http: httpx2.Client, source: str) -> None:
        self._http, self.source = http, source

    def call(
        self,
        method: str,
        path: str,
        what: str,
        seconds: float,
        query: Mapping[str, str] | None = None,
        change: tuple[str, object] | None = None,  # content type and value
    ) -> Answer:
        """The complete answer, whatever its status; Retryable when none came in time."""
        end = time.monotonic() + seconds
        with self._opened(method, path, what, seconds, query, change) as response:
            content = bytearray()
            for part in response.iter_bytes():
                content += part
                _check(len(content), end, what)
            return Answer(response.status_code, response.headers, bytes(content))

    @contextmanager
    def lines(
        self, path: str, what: str, seconds: float, query: Mapping[str, str]
    ) -> Iterator[tuple[Answer, Iterator[bytes]]]:
        """An answer that arrives line by line; of one that is not a success the content."""
        end = time.monotonic() + seconds
        with self._opened("GET", path, what, seconds, query) as response:
            if response.is_success:
                head = Answer(response.status_code, response.headers, b"")
                yield head, _split(response.iter_bytes(), end, what)
            else:
                content = b"".join(_split(response.iter_bytes(), end, what))
                yield Answer(response.status_code, response.headers, content), iter(())

    @contextmanager
    def _opened(
        self,
        method: str,
        path: str,
        what: str,
        seconds: float,
        query: Mapping[str, str] | None = None,
        change: tuple[str, object] | None = None,
    ) -> Iterator[httpx2.Response]:
        kind, value = change or ("", None)
        limit = httpx2.Timeout(seconds, connect=min(_CONNECT, seconds))
        request = self._http.build_request(
            method,
            path,
            params=query,
            content=json.dumps(value) if change else None,
            headers={"Content-Type": kind} if change else None,
            timeout=limit,
        )
        try:
            response = self._send(request)
            try:
                yield response
            finally:
                response.close()
        except httpx2.TransportError as error:
            raise self._unreachable(what, error) from None
        except httpx2.HTTPError as error:
            said = printable(redacted(str(error)))
            raise Final(f"could not {what}: {said}", f"check {self.source}") from None

    def _send(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return self._http.send(request, stream=True)
        except _UNREADABLE as error:  # only the credential is read here
            raise Unauthorized(
                f"no credential from {self.source}: {_reason(error)}",
                "renew it; a command in the kubeconfig can be tried by hand",
            ) from None

    def _unreachable(self, what: str, error: httpx2.TransportError) -> Retryable:
        cause = printable(redacted(str(error))) or type(error).__name__
        return Retryable(
            f"could not {what}: {cause}",
            "nothing is known about the outcome; check that "
            f"{self._http.base_url.host} answers, then retry ({self.source})",
        )


@contextmanager
def opened(settings: Settings) -> Iterator[Connection]:
    """The connection that the settings ask for; InvalidInput when it cannot be made.

    `kubeconfig` names a file, `kube_context` one of its contexts. Without a file it is the service
    account of the Pod we run in, else (and with a context) the user's own file.
    """
    config, source = _config(settings)
    parameters = client_adapter.ConnectionParams(timeout=httpx2.Timeout(30.0), trust_env=False)
    try:
        http = client_adapter.Client(config, parameters)
    except _UNREADABLE as error:
        raise InvalidInput(f"cannot use {source}: {_reason(error)}", _HINT) from None
    with http:
        http.headers["User-Agent"] = "slipway"
        http.event_hooks = {"request": [_check_token]}
        if isinstance(http.auth, client_adapter.ExecAuth) and config.user and config.user.exec:
            http.auth = Command(config.user.exec)  # the other one waits without limit
        yield Connection(http, source)


def _check_token(request: httpx2.Request) -> None:
    """Before it is sent: an error about a header would repeat the credential in it."""
    if not request.headers.get("Authorization", "").isprintable():
        raise ConfigError("its token holds a line break")


def _config(settings: Settings) -> tuple[SingleConfig, str]:
    file, context = settings.kubeconfig, settings.kube_context
    source = f"kubeconfig {file or 'of the user'}" + (f", context {context}" if context else "")
    try:
        found = _chosen(file, context)
        config = found.get(context or None)
        if config is None or not config.cluster.server.startswith(("https://", "http://")):
            raise InvalidInput(f"cannot use {source}: it names no server", _HINT)
    except _UNREADABLE as error:
        raise InvalidInput(f"cannot use {source}: {_reason(error)}", _HINT) from None
    if found.fname is None:
        source = "the Pod's service account"
    return config._replace(user=config.user or User()), source


def _chosen(file: str, context: str) -> KubeConfig:
    if file:
        return KubeConfig.from_file(file)
    if context:  # a service account has none
        return KubeConfig.from_file(os.environ.get("KUBECONFIG", DEFAULT_KUBECONFIG))
    return KubeConfig.from_env()


def _reason(error: Exception) -> str:
    """What is wrong, without a line of the file: it holds credentials."""
    if isinstance(error, LookupError):
        return f"there is no entry {error}"
    if isinstance(error, YAMLError | TypeError | AttributeError):
        return "it is not the YAML of a kubeconfig"
    return printable(redacted(str(error)))


def _check(size: int, end: float, what: str) -> None:
    if size > LARGEST:
        hint = "check that the kubeconfig's server is a Kubernetes API server"
        raise Final(f"could not {what}: the answer is larger than {LARGEST} bytes", hint)
    if time.monotonic() > end:
        hint = "the server or the way to it is slow; retry"
        raise Retryable(f"could not {what}: the answer was not complete in time", hint)


def _split(parts: Iterator[bytes], end: float, what: str) -> Iterator[bytes]:
    """Lines, each at most as large as an answer may be."""
    rest = b""
    for part in parts:
        *lines, rest = (rest + part).split(b"\n")
        yield from lines
        _check(len(rest), end, what)
    if rest:
        yield rest
