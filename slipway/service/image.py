"""What is built from a release: the image, and the chart."""

import re
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from slipway.service.words import Duration, RepositoryPath
from slipway.value import Value

Severity = Literal["low", "medium", "high", "critical"]
ArgumentName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class LayerRules(Value):
    """What the `layer` builder puts on its base image."""

    base: str | None = None  # reference by digest; none: an image with one layer
    include: tuple[RepositoryPath, ...] = (".",)  # files and folders, below source.path
    workdir: Annotated[str, Field(pattern=r"^/[^\s]*$")] = "/app"
    command: tuple[str, ...] = ()  # the image's Cmd
    env: tuple[tuple[str, str], ...] = ()


class Scan(Value):
    """A vulnerability scanner that prints CycloneDX JSON, and what it must not find."""

    command: Annotated[tuple[str, ...], Field(min_length=1)]  # {image} is replaced
    fail_on: Severity = "high"  # this severity and worse stop the delivery
    timeout: Duration = timedelta(minutes=10)

    @model_validator(mode="after")
    def _the_command_scans_the_image(self) -> Self:
        if not any("{image}" in word for word in self.command):
            raise ValueError("command: nothing in it is {image}, so it would scan something else")
        is_trivy = PurePosixPath(self.command[0]).name == "trivy"
        if is_trivy and not re.search(r"--scanners[ =](\S*,)?vuln", " ".join(self.command)):
            raise ValueError("command: trivy lists without scanning; add --scanners vuln")
        return self


class ImageRules(Value):
    """Where the image goes and who builds it. Paths are below `source.path`."""

    repository: Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)+$")]
    builder: Literal["docker", "buildah", "layer"] = "docker"
    dockerfile: RepositoryPath = "Dockerfile"  # for `docker` and `buildah`
    platforms: Annotated[
        tuple[Annotated[str, Field(pattern=r"^linux/[a-z0-9]+(/v[0-9]+)?$")], ...],
        Field(min_length=1),
    ] = ("linux/amd64",)
    args: tuple[tuple[ArgumentName, str], ...] = ()  # build arguments; public, never secrets
    secrets: tuple[ArgumentName, ...] = ()  # names of build secrets; their values are settings
    allow: tuple[RepositoryPath, ...] = ()  # files sent to the build although they look like keys
    latest: bool = False  # also move the tag `latest`, forward only
    layer: LayerRules = LayerRules()  # for `layer`
    sbom: bool = True  # attach a software bill of materials where a generator is installed
    scan: Scan | None = None
    timeout: Duration = timedelta(minutes=20)


class ChartRules(Value):
    """A Helm chart that is published with every release."""

    path: RepositoryPath  # folder of Chart.yaml, below source.path
    # Where charts go; the chart's name is added, as `helm push` does.
    repository: Annotated[str, Field(pattern=r"^oci://[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)+$")]
