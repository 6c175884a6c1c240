"""Docker builds with secrets: they need BuildKit, which the SDK cannot speak.

So `docker build` is run. It gets the engine's address as the SDK does, a configuration of its own
with our registry alone, and the secrets as files that are gone with it.
"""

import json
import re
import shutil
from collections.abc import Sequence
from typing import IO

from slipway.clients.docker_stream import engine_error
from slipway.clients.process import Limit, environment, run
from slipway.clients.recipe import Recipe
from slipway.clients.registry_auth import Access
from slipway.clients.scratch import scratch
from slipway.errors import Final, SlipwayError
from slipway.text import ending, shown

_ENGINE = ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")
_MISSING = re.compile(r"buildx|BuildKit is enabled but|requires API version|unknown flag: --secret")
_STEP = re.compile(
    r"executor failed running|did not complete successfully|failed to compute cache key"
    r"|failed to calculate checksum|secret \S+ not found|dockerfile parse error"
)


def build(context: IO[bytes], recipe: Recipe, access: Access | None, limit: Limit) -> None:
    """Build the tar `context` and tag the image in the engine.

    Raises Final when there is no docker command that can, and the errors of `Engine.build`.
    """
    docker = shutil.which("docker")
    if docker is None:
        raise _without(recipe, "the docker command was not found")
    with scratch() as folder:
        config = folder / "config.json"
        config.touch(mode=0o600)
        config.write_text(json.dumps(access.document if access else {}), encoding="utf-8")
        env = environment(
            folder,
            *_ENGINE,
            DOCKER_CONFIG=str(folder),
            DOCKER_BUILDKIT="1",
            BUILDX_NO_DEFAULT_ATTESTATIONS="1",
        )
        named = ["--progress=plain", f"--tag={recipe.name}", f"--file={recipe.dockerfile}"]
        command = [docker, "build", *named, *recipe.options(folder), "-"]
        ended = run(command, env, limit, recipe.what, stdin=context, hidden=recipe.hidden())
    if ended.status:
        raise build_failure(recipe, ended.lines)


def build_failure(recipe: Recipe, lines: Sequence[str]) -> SlipwayError:
    """The error for what `docker build` printed last. Pure."""
    said, log = (lines[-1] if lines else ""), ending(lines)
    missing = next((line for line in lines if _MISSING.search(line)), None)
    if missing:
        return _without(recipe, shown(missing))
    if _STEP.search(said):
        message = f"could not {recipe.what}: {shown(said)}{log}"
        if re.search(r"exit code: 137\b", said):
            hint = "the command was killed, mostly for lack of memory: give the engine more"
        else:
            hint = "correct the Dockerfile or the source, and release again"
        return Final(message, hint)
    return engine_error(said, recipe.what, log)


def _without(recipe: Recipe, why: str) -> Final:
    return Final(
        f"could not {recipe.what}: its secrets need BuildKit: {why}",
        "install the docker command with buildx on the worker, or use the builder 'buildah'",
    )
