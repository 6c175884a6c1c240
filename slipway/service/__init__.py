"""What a service file may say: the shape of `services/*.yaml`.

The JSON schema beside the service files is generated from here. What the words mean is documented
in docs/steps/; where the servers are and with which key is not here but in `settings.py`.
"""

from typing import Annotated, Self

from pydantic import Field, model_validator

from slipway.errors import InvalidInput
from slipway.service.environment import (
    Application,
    Environment,
    Expectation,
    Gate,
    GitOps,
    PullRequest,
    Smoke,
    Span,
    Update,
    VersionProbe,
    Windows,
)
from slipway.service.image import ChartRules, ImageRules, LayerRules, Scan, Severity
from slipway.service.source import (
    Bumps,
    Notify,
    Occasion,
    ReleaseRules,
    Section,
    Shown,
    Source,
    Triggers,
)
from slipway.service.words import Name
from slipway.value import Value

__all__ = [
    "Application",
    "Bumps",
    "ChartRules",
    "Environment",
    "Expectation",
    "Gate",
    "GitOps",
    "ImageRules",
    "LayerRules",
    "Notify",
    "Occasion",
    "PullRequest",
    "ReleaseRules",
    "Scan",
    "Section",
    "Service",
    "Severity",
    "Shown",
    "Smoke",
    "Source",
    "Span",
    "Triggers",
    "Update",
    "VersionProbe",
    "Windows",
]


class Service(Value):
    """One service: its source, its image and the environments it is carried into, in order."""

    service: Name
    source: Source
    triggers: Triggers = Triggers()
    release: ReleaseRules = ReleaseRules()
    github: Shown = Shown()
    notify: Notify = Notify()
    image: ImageRules
    chart: ChartRules | None = None
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
