"""Who can tell what an image holds: well-kept generators, the first that is installed and can.

`syft` reads the image itself. The others read lock files of the release commit: what the image was
made from, not what is in it; so what they made says which file it came from. No generator is an
error: there is no bill of materials then, and that is said.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from slipway.clients.tools import Bench, installed
from slipway.evidence import sbom
from slipway.model import Image

_TIMEOUT = 600.0  # seconds for one generator


@dataclass(frozen=True)
class Bill:
    """A CycloneDX document about the image."""

    document: dict[str, Any]


@dataclass(frozen=True)
class NoBill:
    """Why a generator made none."""

    reason: str


@dataclass(frozen=True)
class Order:
    """The image in question, and what a generator may use."""

    image: Image
    source: Callable[[], Path]  # folder with the files of the release commit
    bench: Bench


class Generator(Protocol):
    """One way to learn what an image holds."""

    @property
    def program(self) -> str:
        """What has to be installed."""

    def bill(self, order: Order) -> Bill | NoBill:
        """The image's bill of materials."""


@dataclass(frozen=True)
class FromImage:
    """Reads the pushed image, by digest, from its registry."""

    program: str = "syft"

    def bill(self, order: Order) -> Bill | NoBill:
        """See `Generator.bill`."""
        name = f"registry:{order.image.reference}"
        command = [self.program, "scan", name, "-o", "cyclonedx-json"]
        return _run(order, command, f"{self.program}, from the image")


@dataclass(frozen=True)
class FromFiles:
    """Reads files of the source; only these are shown to the program."""

    program: str
    files: tuple[str, ...]  # the first is the one that lists the parts
    options: tuple[str, ...]

    def bill(self, order: Order) -> Bill | NoBill:
        """See `Generator.bill`."""
        source = order.source()
        missing = [name for name in self.files if not (source / name).is_file()]
        if missing:
            return NoBill(f"no {missing[0]}")
        contents = {name: (source / name).read_bytes() for name in self.files}
        if "requirements.txt" in contents:
            plain = sbom.plain_requirements(contents["requirements.txt"])
            if plain is None:
                return NoBill("requirements.txt holds more than names and versions")
            contents["requirements.txt"] = plain
        for name, content in contents.items():
            (order.bench.folder / name).write_bytes(content)
        origin = f"{self.program}, from {self.files[0]}"
        return _run(order, [self.program, *self.options], origin)


_NPM = ("sbom", "--sbom-format", "cyclonedx", "--package-lock-only")
_JSON = ("--output-format", "JSON")
GENERATORS: tuple[Generator, ...] = (
    FromImage(),
    FromFiles("npm", ("package-lock.json", "package.json"), _NPM),
    FromFiles("npm", ("npm-shrinkwrap.json", "package.json"), _NPM),
    FromFiles("cyclonedx-py", ("poetry.lock", "pyproject.toml"), ("poetry", *_JSON)),
    FromFiles("cyclonedx-py", ("Pipfile.lock", "Pipfile"), ("pipenv", *_JSON)),
    FromFiles("cyclonedx-py", ("requirements.txt",), ("requirements", *_JSON)),
)


def available(generators: Sequence[Generator] = GENERATORS) -> list[Generator]:
    """The generators that are installed here."""
    return [each for each in generators if installed(each.program)]


def first_bill(generators: Sequence[Generator], order: Order) -> Bill | NoBill:
    """What the first generator makes that can."""
    reasons: list[str] = []
    for generator in generators:
        made = generator.bill(order)
        if isinstance(made, Bill):
            return made
        reasons.append(made.reason)
    names = ", ".join(dict.fromkeys(each.program for each in GENERATORS))
    return NoBill("; ".join(reasons) or f"none of {names} is installed")


def _run(order: Order, command: Sequence[str], origin: str) -> Bill | NoBill:
    ran = order.bench.run(command, _TIMEOUT)
    if ran.problem:
        return NoBill(ran.problem)
    document = sbom.parsed(ran.out)
    if document is None:
        return NoBill(f"{command[0]} printed something other than CycloneDX JSON")
    return Bill(sbom.about(document, order.image, origin))
