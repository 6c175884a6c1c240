"""What a Dockerfile is built with, whoever builds it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr


@dataclass(frozen=True)
class Recipe:
    """The inputs of one build, besides the files."""

    dockerfile: str  # path in the context
    name: str  # repository:version
    platforms: tuple[str, ...]
    labels: Mapping[str, str]
    arguments: Mapping[str, str]  # public
    secrets: Mapping[str, SecretStr]  # by the id that the Dockerfile mounts

    @property
    def what(self) -> str:
        """The act, for people."""
        return f"build {self.name} from {self.dockerfile}"

    def options(self, folder: Path) -> list[str]:
        """The options that docker's and buildah's command lines share.

        A secret is an option's file, below `folder`, never the option.
        """
        options = [f"--label={key}={value}" for key, value in self.labels.items()]
        options += [f"--build-arg={key}={value}" for key, value in self.arguments.items()]
        for number, (name, secret) in enumerate(self.secrets.items()):
            file = folder / f"secret-{number}"
            file.touch(mode=0o600)
            file.write_text(secret.get_secret_value(), encoding="utf-8")
            options.append(f"--secret=id={name},src={file}")
        return options

    def hidden(self) -> list[str]:
        """What must not be seen in a log: the secrets and each of their lines."""
        values = [secret.get_secret_value() for secret in self.secrets.values()]
        lines = [line.strip() for value in values for line in value.splitlines()]
        return sorted({v for v in [*values, *lines] if len(v) >= _SHORTEST}, key=len, reverse=True)


_SHORTEST = 4  # characters; anything shorter would blacken every log
