"""The `docker` builder: the service's Dockerfile, built and pushed by a Docker engine."""

from pathlib import Path
from typing import IO

from slipway.builders.dockerfile import prepared
from slipway.builders.interface import Target, held
from slipway.clients import docker_cli
from slipway.clients.docker import Engine
from slipway.clients.recipe import Recipe
from slipway.clients.registry import access_of, credential_of, open_repository
from slipway.service import ImageRules
from slipway.settings import Settings


class DockerBuilder:
    """Builds by the service's Dockerfile. One platform: the engine's own."""

    name = "docker"

    def __init__(self, rules: ImageRules, settings: Settings) -> None:
        self._rules, self._settings = rules, settings

    def build(self, source: Path, target: Target) -> str:
        """See `Builder.build`. A failed push leaves no tag in the engine, only its cache."""
        with (
            prepared(source, self._rules, self._settings, target) as (context, recipe),
            Engine(self._rules.timeout.total_seconds()) as engine,
        ):
            engine.check_platforms(self._rules.platforms)
            try:
                self._build(engine, context, recipe, target)
                return self._push(engine, target)
            except BaseException:  # a cancelled run too
                engine.discard(target.name)
                raise

    def _build(self, engine: Engine, context: IO[bytes], recipe: Recipe, target: Target) -> None:
        access = access_of(target.repository, self._settings)
        if recipe.secrets:
            docker_cli.build(context, recipe, access, engine.limit)
            return
        if access:
            engine.login(access)
        engine.build(context, recipe)

    def _push(self, engine: Engine, target: Target) -> str:
        with open_repository(target.repository, self._settings) as repository:
            there = held(repository, target.version, target.revision)
        if there:  # somebody was faster while we built
            return there.digest
        return engine.push(target.repository, target.version, credential_of(self._settings))
