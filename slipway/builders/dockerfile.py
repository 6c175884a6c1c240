"""What every builder of Dockerfiles is given: the packed source, and the rules as a recipe."""

import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from slipway.builders.context import check_size, context_paths, left_out, pack
from slipway.builders.interface import Target
from slipway.clients.recipe import Recipe
from slipway.errors import Final
from slipway.service import ImageRules
from slipway.settings import Settings

_COPY = re.compile(r"\b(COPY|ADD)\b|not found")
_NAMED = 5  # files left out, in an error


@contextlib.contextmanager
def prepared(
    source: Path, rules: ImageRules, settings: Settings, target: Target
) -> Iterator[tuple[IO[bytes], Recipe]]:
    """The context as a tar, and what it is built with; InvalidInput when either cannot be made.

    When a COPY fails inside the block, its error tells which files were left out of the context.
    """
    paths = context_paths(source, rules.dockerfile, rules.allow)
    check_size(source, paths)
    recipe = _recipe(rules, settings, target)
    with tempfile.TemporaryFile() as context:
        pack(source, paths, context, target.created)
        context.seek(0)
        try:
            yield context, recipe
        except Final as error:
            missing = left_out(source, rules.dockerfile, rules.allow)
            if not missing or not _COPY.search(error.message):
                raise
            raise type(error)(error.message, f"{error.hint}; {_about(missing)}") from None


def _recipe(rules: ImageRules, settings: Settings, target: Target) -> Recipe:
    return Recipe(
        dockerfile=rules.dockerfile,
        name=target.name,
        platforms=rules.platforms,
        labels=target.labels,
        arguments=dict(rules.args),
        secrets={name: settings.build_secret(name) for name in rules.secrets},
    )


def _about(missing: list[str]) -> str:
    more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    return (
        f"left out because they look like keys: {', '.join(missing[:_NAMED])}{more};"
        " what has to be sent belongs in image.allow"
    )
