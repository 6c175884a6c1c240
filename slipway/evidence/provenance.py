"""SLSA provenance: what is said about a build, and what is asked of it before it counts. Pure.

The digest is the image's identity, whatever its repository is called: a copy in another registry
keeps its provenance. The source repository and the path in it, the version, the commit and the
builder have to be the ones that are wanted. The service's name is told, not asked for: several
service files may deliver one image.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from slipway.evidence.envelope import Unacceptable
from slipway.evidence.statement import statement
from slipway.model import Image, Release
from slipway.service import Service
from slipway.text import printable

PREDICATE = "https://slsa.dev/provenance/v1"
BUILDERS = ("docker", "buildah", "layer")
_RULES = {"builder", "dockerfile", "platforms", "args", "layer"}  # of `image`, that shape the build


def builder_id(builder: str) -> str:
    """The name a builder has in provenance."""
    return f"urn:slipway:builder:{builder}:v1"


def provenance(service: Service, release: Release, image: Image, run: str) -> dict[str, Any]:
    """The statement about an image that was built from a release by the run `run`."""
    source, ref = service.source, f"refs/tags/{release.tag}"
    definition = {
        "buildType": f"urn:slipway:build:{image.builder}:v1",
        "externalParameters": {
            "repository": source.repository,
            "ref": ref,
            "commit": release.sha,
            "path": source.path,
            "service": service.service,
            "version": release.version,
            "image": service.image.model_dump(mode="json", include=_RULES),
        },
        # Found: an earlier run built it, and this one knows it by its revision label.
        "internalParameters": {"image": "built" if image.created else "found"},
        "resolvedDependencies": [
            {"uri": f"git+{source.repository}@{ref}", "digest": {"gitCommit": release.sha}}
        ],
    }
    details = {"builder": {"id": builder_id(image.builder)}, "metadata": _metadata(image, run)}
    predicate = {"buildDefinition": definition, "runDetails": details}
    return statement(image.repository, image.digest, PREDICATE, predicate)


def _metadata(image: Image, run: str) -> dict[str, Any]:
    if not image.created:
        return {"invocationId": run}
    started, took = image.timing.started, timedelta(seconds=image.timing.seconds)
    return {
        "invocationId": run,
        "startedOn": _moment(started),
        "finishedOn": _moment(started + took),
    }


def _moment(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Build:
    """What provenance says about a build."""

    builder: str  # its id
    repository: str
    path: str
    commit: str
    service: str
    version: str
    run: str
    found: bool

    @classmethod
    def of(cls, predicate: Mapping[str, Any]) -> "Build":
        """Raises Unacceptable when a part is missing."""
        definition, details = _part(predicate, "buildDefinition"), _part(predicate, "runDetails")
        outside = _part(definition, "externalParameters")
        return cls(
            builder=_word(_part(details, "builder"), "id"),
            repository=_word(outside, "repository"),
            path=_word(outside, "path"),
            commit=_word(outside, "commit"),
            service=_word(outside, "service"),
            version=_word(outside, "version"),
            run=_word(_part(details, "metadata"), "invocationId"),
            found=_word(_part(definition, "internalParameters"), "image") == "found",
        )


@dataclass(frozen=True)
class Wanted:
    """What the provenance has to say. None: anything."""

    builders: tuple[str, ...] = BUILDERS
    repository: str | None = None
    path: str | None = None
    version: str | None = None
    commit: str | None = None

    @classmethod
    def by(cls, service: Service, release: Release | None = None) -> "Wanted":
        """The service's source and builder, and the release where one is meant."""
        return cls(
            builders=(service.image.builder,),
            repository=service.source.repository,
            path=service.source.path,
            version=release.version if release else None,
            commit=release.sha if release else None,
        )

    def objection(self, predicate: Mapping[str, Any]) -> str | None:
        """What speaks against the predicate of signed provenance; None when nothing does."""
        try:
            build = Build.of(predicate)
        except Unacceptable as problem:
            return str(problem)
        return next(self._differences(build), None)

    def _differences(self, build: Build) -> Iterator[str]:
        if build.builder not in map(builder_id, self.builders):
            yield f"it names the builder {_shown(build.builder)}, not {', '.join(self.builders)}"
        for name in ("repository", "path", "version", "commit"):
            wanted, said = getattr(self, name), getattr(build, name)
            if wanted is not None and said != wanted:
                yield f"it names the {name} {_shown(said)}, not {wanted}"


def _part(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    if not isinstance(found, dict):
        raise Unacceptable(f"it has no {name}")
    return found


def _word(document: Mapping[str, Any], name: str) -> str:
    found = document.get(name)
    if not isinstance(found, str):
        raise Unacceptable(f"it has no {name}")
    return found


def _shown(text: str) -> str:
    return printable(text, 120)
