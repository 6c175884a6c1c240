"""Chart.yaml: the version put into it, and what it says, as Helm understands it. Pure."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from slipway.errors import InvalidInput
from slipway.manifests.editor import set_scalar

FILE = "Chart.yaml"
REQUIREMENTS = "requirements.yaml"
_ANNOTATION = "org.opencontainers.image."


class _Part(BaseModel):
    """Keys that Helm knows, with its types; it drops others, and so do we."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Maintainer(_Part):
    """Who keeps a chart."""

    name: str = ""
    email: str = ""
    url: str = ""


class Dependency(_Part):
    """Another chart that this one needs."""

    name: Annotated[str, Field(min_length=1)]
    version: str = ""
    repository: str = ""
    condition: str = ""
    tags: list[str] = []
    enabled: bool = False
    import_values: Annotated[list[Any], Field(alias="import-values")] = []
    alias: str = ""


class Metadata(_Part):
    """What a Chart.yaml says."""

    # The name becomes part of a repository's name, which allows less than Helm.
    name: Annotated[str, Field(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$", max_length=128)]
    home: str = ""
    sources: list[str] = []
    version: str
    description: str = ""
    keywords: list[str] = []
    maintainers: list[Maintainer] = []
    icon: str = ""
    api_version: Annotated[Literal["v1", "v2"], Field(alias="apiVersion")]
    condition: str = ""
    tags: str = ""
    app_version: Annotated[str, Field(alias="appVersion")] = ""
    deprecated: bool = False
    annotations: dict[str, str] = {}
    kube_version: Annotated[str, Field(alias="kubeVersion")] = ""
    dependencies: list[Dependency] = []
    type: Literal["", "application", "library"] = ""

    @property
    def document(self) -> dict[str, Any]:
        """As Helm writes it into a registry: in JSON, without what is empty."""
        return self.model_dump(by_alias=True, exclude_defaults=True)


def stamped(source: bytes, version: str, where: str) -> bytes:
    """Chart.yaml with `version`, and `appVersion` if it has one, set; every other byte stays.

    `where` is the chart's folder, for messages. Raises InvalidInput, NotEditable.
    """
    file = f"{where}/{FILE}"
    keys = ["version", "appVersion"] if "appVersion" in _document(source, file) else ["version"]
    for key in keys:
        source = set_scalar(source, key, version, file=file).text
    return source


def metadata(source: bytes, requirements: bytes, where: str) -> Metadata:
    """What the text of a Chart.yaml says; InvalidInput names the key that Helm would not take.

    `requirements` is the content of requirements.yaml, where charts of version 1 have dependencies.
    """
    file = f"{where}/{FILE}"
    given = {**_document(source, file), **_document(requirements, f"{where}/{REQUIREMENTS}")}
    try:
        return Metadata.model_validate({k: v for k, v in given.items() if v is not None})
    except ValidationError as error:
        issue = error.errors()[0]
        key = ".".join(str(part) for part in issue["loc"])
        raise InvalidInput(
            f"{file}: {key}: {issue['msg']}",
            "correct it as https://helm.sh/docs/topics/charts describes the file",
        ) from None


def annotations(chart: Metadata, created: str, revision: str) -> dict[str, str]:
    """What the chart's manifest says about it: as Helm has it, with the source commit added."""
    ours = {
        "title": chart.name,
        "version": chart.version,
        "revision": revision,
    }
    theirs = {
        "description": chart.description,
        "url": chart.home,
        "source": next(iter(chart.sources), ""),
        "authors": ", ".join(_author(each) for each in chart.maintainers),
        "created": created,
    }
    return {
        **{f"{_ANNOTATION}{name}": value for name, value in theirs.items() if value.strip()},
        **chart.annotations,
        **{f"{_ANNOTATION}{name}": value for name, value in ours.items()},
    }


def _author(maintainer: Maintainer) -> str:
    return maintainer.name + (f" ({maintainer.email})" if maintainer.email else "")


def _document(source: bytes, file: str) -> Mapping[str, Any]:
    try:
        found = YAML(typ="safe", pure=True).load(source) or {}
    except (YAMLError, ValueError) as error:
        said = re.sub(r"\s+", " ", str(error))[:200]
        raise InvalidInput(f"{file} is not YAML: {said}", "correct the file") from None
    if not isinstance(found, dict):
        raise InvalidInput(f"{file} is not a mapping", "correct the file")
    return found
