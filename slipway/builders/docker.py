"""The `docker` builder: the service's Dockerfile, built and pushed by a Docker engine."""

import tempfile
from pathlib import Path

from slipway.builders.context import check_size, context_paths, pack
from slipway.builders.interface import Target, held
from slipway.clients.docker import Engine
from slipway.clients.registry import credential_of, open_repository
from slipway.service import ImageRules
from slipway.settings import Settings


class DockerBuilder:
    """Builds by the service's Dockerfile. One platform: the engine's own."""

    name = "docker"

    def __init__(self, rules: ImageRules, settings: Settings) -> None:
        self._rules, self._settings = rules, settings

    def build(self, source: Path, target: Target) -> str:
        """See `Builder.build`. A failed push leaves no tag in the engine, only its cache."""
        dockerfile = self._rules.dockerfile
        paths = context_paths(source, dockerfile)
        check_size(source, paths)
        with (
            tempfile.TemporaryFile() as context,
            Engine(self._rules.timeout.total_seconds()) as engine,
        ):
            pack(source, paths, context, target.created)
            context.seek(0)
            credential = credential_of(self._settings)
            if credential:
                engine.login(target.repository.partition("/")[0], credential)
            try:
                engine.build(context, dockerfile, target.name, target.labels)
                return self._push(engine, target)
            except BaseException:  # a cancelled run too
                engine.discard(target.name)
                raise

    def _push(self, engine: Engine, target: Target) -> str:
        with open_repository(target.repository, self._settings) as repository:
            there = held(repository, target.version, target.revision)
        if there:  # somebody was faster while we built
            return there.digest
        return engine.push(target.repository, target.version, credential_of(self._settings))
