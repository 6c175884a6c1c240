"""What a service file may say: the shape of `services/*.yaml`.

The JSON schema beside the service files is generated from here. What the words mean is documented
in docs/steps/; where the servers are and with which key is not here but in `settings.py`.
"""

import re
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    model_validator,
)

from slipway.errors import InvalidInput
from slipway.model import Value

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _duration(value: Any) -> Any:
    match = re.fullmatch(r"(\d+)([smhd])", value) if isinstance(value, str) else None
    if match:
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    if isinstance(value, timedelta):
        return value
    raise ValueError("a duration is a whole number and a unit: 30s, 10m, 24h or 7d")


def _as_text(value: timedelta) -> str:
    return f"{int(value.total_seconds())}s"


def _inside(value: str) -> str:
    path = PurePosixPath(value)
    bad = path.is_absolute() or ".." in path.parts or "\\" in value or value.startswith("-")
    if bad or any(ord(c) < 32 for c in value) or ".git" in [p.lower() for p in path.parts]:
        raise ValueError("must be a path inside the repository, without '..', '\\' or '.git'")
    return value


def _http(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s@/?#]+(/[^\s?#]*)?", value):
        raise ValueError("must be an http or https URL without user, query or fragment")
    return value.rstrip("/") if value.count("/") > 3 else value


def _smoke_url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s@/?#]+(/[^\s#]*)?", value):
        raise ValueError("must be an http or https URL without user and fragment")
    return value


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration, json_schema_input_type=str),
    PlainSerializer(_as_text, return_type=str),
]
RepositoryPath = Annotated[str, AfterValidator(_inside), Field(min_length=1)]
RepositoryUrl = Annotated[str, AfterValidator(_http)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
Branch = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._/-]*$")]


class Source(Value):
    """The application repository."""

    repository: RepositoryUrl
    branch: Branch = "main"
    path: RepositoryPath = "."  # folder of the service in it


class ReleaseRules(Value):
    """How a version comes to be."""

    mode: Literal["commit"] = "commit"
    tag_format: Annotated[str, Field(pattern=r"^[A-Za-z0-9._/-]*\{version\}$")] = "v{version}"
    stamp: tuple[RepositoryPath, ...] = ("package.json",)  # files that carry the version
    changelog: RepositoryPath | None = "CHANGELOG.md"


class LayerRules(Value):
    """What the `layer` builder puts on its base image."""

    base: str | None = None  # reference by digest; none: an image with one layer
    include: tuple[RepositoryPath, ...] = (".",)  # files and folders, below source.path
    workdir: Annotated[str, Field(pattern=r"^/[^\s]*$")] = "/app"
    command: tuple[str, ...] = ()  # the image's Cmd
    env: tuple[tuple[str, str], ...] = ()


class ImageRules(Value):
    """Where the image goes and who builds it."""

    repository: Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)+$")]
    builder: Literal["docker", "layer"] = "docker"
    dockerfile: RepositoryPath = "Dockerfile"  # for `docker`, below source.path
    layer: LayerRules = LayerRules()  # for `layer`
    timeout: Duration = timedelta(minutes=20)


class GitOps(Value):
    """The repository that the engine reads."""

    repository: RepositoryUrl
    branch: Branch = "main"


class Update(Value):
    """One scalar to write. `{version}` and `{digest}` in the value are replaced."""

    file: RepositoryPath
    key: Annotated[str, Field(min_length=1)]
    value: Annotated[str, Field(pattern=r"^[^{}]*(\{(version|digest)\}[^{}]*)*$")] = "{version}"


class Application(Value):
    """The engine's unit that serves one environment."""

    engine: Literal["argocd"] = "argocd"
    name: Name
    project: str = "default"
    namespace: str | None = None  # where the Application object lives; none: the engine's own
    sync: Literal["automatic", "manual"] = "automatic"
    settle: Duration = timedelta(seconds=10)  # healthy for this long before it counts
    grace: Duration = timedelta(seconds=60)  # Degraded for this long before it fails
    timeout: Duration = timedelta(minutes=10)


class Expectation(Value):
    """What a good answer looks like."""

    status: Annotated[int, Field(ge=100, le=599)] = 200
    json_body: Annotated[
        Literal["any", "list", "non-empty-list", "object"] | None, Field(alias="json")
    ] = None


class VersionProbe(Value):
    """Where the running version can be read: a path on the smoke URL's host, and a JSON field."""

    url: Annotated[str, Field(pattern=r"^/[^\s#]*$")] = "/"
    field: str = "version"


class Smoke(Value):
    """GET a URL until it has answered well several times in a row."""

    url: Annotated[str, AfterValidator(_smoke_url)]
    expect: Expectation = Expectation()
    version: VersionProbe | None = None
    passes: Annotated[int, Field(ge=1, le=100)] = 3
    interval: Duration = timedelta(seconds=1)
    timeout: Duration = timedelta(minutes=2)


class Gate(Value):
    """A person decides before the environment is touched."""

    approvers: Annotated[tuple[str, ...], Field(min_length=1)]
    expires: Duration = timedelta(hours=24)


class Environment(Value):
    """One place the service runs in."""

    name: Name
    after: tuple[Name, ...] = ()
    gate: Gate | None = None
    updates: Annotated[tuple[Update, ...], Field(min_length=1)]
    application: Application
    smoke: Smoke


class Service(Value):
    """One service: its source, its image and the environments it is carried into, in order."""

    service: Name
    source: Source
    release: ReleaseRules = ReleaseRules()
    image: ImageRules
    gitops: GitOps
    environments: Annotated[tuple[Environment, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _environments_form_an_order(self) -> Self:
        seen: set[str] = set()
        for position, environment in enumerate(self.environments):
            where = f"environments[{position}]"
            if environment.name in seen:
                raise ValueError(f"{where}.name: '{environment.name}' is there twice")
            self._check_after(environment, where, seen)
            seen.add(environment.name)
        return self

    def _check_after(self, environment: Environment, where: str, earlier: set[str]) -> None:
        names = {e.name for e in self.environments}
        for name in environment.after:
            if name not in names:
                known = ", ".join(sorted(names))
                raise ValueError(f"{where}.after: no environment '{name}'; there are {known}")
            if name not in earlier:
                raise ValueError(
                    f"{where}.after: '{name}' must be listed before '{environment.name}'"
                    " (an environment cannot wait for itself or for a later one)"
                )

    def environment(self, name: str) -> Environment:
        """The environment of that name. Raises InvalidInput."""
        for environment in self.environments:
            if environment.name == name:
                return environment
        raise InvalidInput(
            f"{self.service} has no environment '{name}'",
            f"it has {', '.join(e.name for e in self.environments)}",
        )
