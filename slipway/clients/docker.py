"""The Docker engine, through its SDK: build, push, remove.

The engine's address is Docker's own: DOCKER_HOST or the default socket. The SDK has no limit of
its own for a build, so one watch ends whatever takes longer than the step may.
"""

import contextlib
import math
import threading
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Self, cast

import docker
import requests
import urllib3
from docker.constants import DEFAULT_UNIX_SOCKET
from docker.errors import APIError, DockerException
from docker.utils import kwargs_from_env
from docker.utils.build import exclude_paths

from slipway.clients.docker_stream import built, engine_error, pushed
from slipway.clients.process import Limit
from slipway.clients.recipe import Recipe
from slipway.clients.registry_auth import Access, Credential
from slipway.errors import Final, InvalidInput, Retryable
from slipway.text import printable, redacted

_FIRST_ANSWER = 10  # seconds until the engine must have said hello


def unignored(source: Path, patterns: Iterable[str], dockerfile: str) -> set[str]:
    """Paths below `source` that the `.dockerignore` patterns keep, files and folders.

    The Dockerfile, if one is named, and `.dockerignore` itself are always kept.
    """
    return set(exclude_paths(str(source), list(patterns), dockerfile=dockerfile))


class Engine:
    """One engine for one step of at most `limit` seconds. Close it; it is a context manager.

    Every method raises Retryable when the engine goes away or a server is busy, Final or
    Unauthorized when it refuses, Final when the time is up.
    """

    def __init__(self, limit: float) -> None:
        address = kwargs_from_env()
        try:
            self._api = docker.APIClient(version="auto", timeout=_FIRST_ANSWER, **address)
        except DockerException as error:
            where = address.get("base_url", DEFAULT_UNIX_SOCKET)
            raise Final(
                f"cannot reach the Docker engine at {where}: {_said(error)}",
                "start it, set DOCKER_HOST, or use the builder 'buildah' or 'layer'",
            ) from None
        self.limit = Limit(limit)
        self._watch = _Watch(self._api)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._api.close()

    def check_platforms(self, wanted: Iterable[str]) -> None:
        """InvalidInput unless the one platform of this engine is what is wanted."""
        with self._bounded("ask the Docker engine for its platform"):
            about = self._api.version()
        own = f"{about.get('Os')}/{about.get('Arch')}"
        if {"/".join(platform.split("/")[:2]) for platform in wanted} != {own}:
            raise InvalidInput(
                f"the builder 'docker' builds for one platform only, that of its engine: {own},"
                f" not {', '.join(wanted)}",
                "correct image.platforms, or use the builder 'buildah', which builds an index",
            )

    def login(self, access: Access) -> None:
        """Use the credential for private base images too; in the memory of this object only."""
        registry, credential = access.registry, access.credential
        with self._bounded(f"log in to {registry} through the Docker engine"):
            self._api.login(
                credential.username,
                password=credential.password.get_secret_value(),
                registry=None if registry == "docker.io" else registry,
                reauth=True,
            )

    def build(self, context: IO[bytes], recipe: Recipe) -> None:
        """Build the tar `context`, with what needs no secrets, and tag the image."""
        with self._bounded(recipe.what) as seconds:
            lines = self._api.build(
                fileobj=context,
                custom_context=True,
                dockerfile=recipe.dockerfile,
                tag=recipe.name,
                labels=dict(recipe.labels),
                buildargs=dict(recipe.arguments),
                rm=True,
                forcerm=True,
                timeout=seconds,
                decode=True,
            )
            built(lines, recipe.what)

    def push(self, repository: str, version: str, credential: Credential | None) -> str:
        """Push `repository:version` and return the digest the registry gave it.

        Raises Conflict when the registry refuses to move the tag.
        """
        what = f"push to {repository} the version {version}"
        login = {}
        if credential:
            password = credential.password.get_secret_value()
            login = {"username": credential.username, "password": password}
        with self._bounded(what) as seconds:
            self._api.timeout = seconds
            lines = self._api.push(repository, version, stream=True, decode=True, auth_config=login)
            return pushed(cast(Iterator[dict[str, Any]], lines), what)

    def discard(self, name: str) -> None:
        """Remove an image of this engine, keeping the layers it was built from; never raises."""
        with contextlib.suppress(DockerException, requests.RequestException):
            self._api.timeout = _FIRST_ANSWER
            self._api.remove_image(name, noprune=True)

    @contextlib.contextmanager
    def _bounded(self, what: str) -> Generator[int, None, None]:
        """Seconds that are left, at least one; failures inside become errors of ours."""
        left = self.limit.left
        with self._watch.over(left):
            try:
                yield max(1, math.ceil(left))
            except APIError as error:
                raise engine_error(str(error.explanation or error), what) from None
            except (DockerException, requests.RequestException, urllib3.exceptions.HTTPError) as e:
                if self._is_over():
                    raise self.limit.exceeded(what) from None
                raise Retryable(
                    f"could not {what}: the Docker engine went away: {_said(e)}",
                    "check that the engine runs, then retry",
                ) from None
            except Retryable:
                if self._is_over():  # the stream ended because we ended it
                    raise self.limit.exceeded(what) from None
                raise

    def _is_over(self) -> bool:
        """Whether the time is up; a wait for the engine may notice it before the watch does."""
        return self._watch.expired or self.limit.left <= 0


class _Watch:
    """Ends the answer that is being read when the time is up, and any that is left behind."""

    def __init__(self, api: docker.APIClient) -> None:
        self.expired = False
        self._answer: requests.Response | None = None
        api.hooks["response"].append(self._note)

    def _note(self, answer: requests.Response, **_: Any) -> None:
        self._answer = answer
        if self.expired:
            answer.close()

    @contextlib.contextmanager
    def over(self, seconds: float) -> Iterator[None]:
        """Watch the block. Its connection is closed afterwards: an engine drops unwatched work."""
        timer = threading.Timer(seconds, self._expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            if self._answer is not None:
                self._answer.close()
                self._answer = None

    def _expire(self) -> None:
        self.expired = True
        answer = self._answer
        if answer is not None:
            with contextlib.suppress(Exception):  # it may have ended by itself just now
                answer.raw.shutdown()


def _said(error: Exception) -> str:
    return printable(redacted(str(error))) or type(error).__name__
