"""Where a service runs, and what has to be shown there."""

from datetime import date, timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from slipway.service.words import (
    Branch,
    CronSchedule,
    Duration,
    KeyPath,
    Name,
    RepositoryPath,
    RepositoryUrl,
    SecretName,
    TimeZone,
    smoke_url,
    some_time,
    subject,
)
from slipway.value import Value


class GitOps(Value):
    """The repository that the engine reads."""

    repository: RepositoryUrl
    branch: Branch = "main"
    message: Annotated[str, AfterValidator(subject)] = "chore({environment}): {service} {version}"
    webhooks: tuple[SecretName, ...] = ()  # of engines, told of each push; addresses are secrets


class Update(Value):
    """One scalar to write. `{version}` and `{digest}` in the value are replaced."""

    file: RepositoryPath  # `*`, `?` and `**` select several
    key: KeyPath
    value: Annotated[str, Field(pattern=r"^[^{}]*(\{(version|digest)\}[^{}]*)*$")] = "{version}"
    document: dict[KeyPath, str] | None = None  # key and value of the one document that is meant
    create: bool = False  # add the key where it is missing


class PullRequest(Value):
    """How a change is merged where it is written as a pull request."""

    merge: Literal["person", "automatic"] = "person"
    method: Literal["merge", "squash", "rebase"] = "squash"  # of an automatic merge
    checks: tuple[Annotated[str, Field(min_length=1)], ...] = ()  # green before it is merged
    labels: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    timeout: Duration = timedelta(hours=24)


class Application(Value):
    """The engine's unit that serves one environment."""

    engine: Literal["argocd", "argocd-core", "flux"] = "argocd"
    kind: Literal["HelmRelease", "Kustomization"] = "HelmRelease"  # what Flux deploys it with
    name: Name
    project: str = "default"
    namespace: str | None = None  # where the object lives; none: the engine's own
    parent: Name | None = None  # the application that deploys this application's own manifest
    sync: Literal["automatic", "manual"] = "automatic"
    settle: Annotated[Duration, AfterValidator(some_time)] = timedelta(seconds=10)
    grace: Duration = timedelta(seconds=60)  # Degraded for this long before it fails
    timeout: Duration = timedelta(minutes=10)
    runs_in: Literal["workloads", "jobs"] = "workloads"  # jobs: the image is in hooks or CronJobs
    suspended: Literal["wait", "accept"] = "wait"  # a paused rollout counts as live only by consent
    terminate: bool = False  # end a sync that keeps retrying an older commit

    @model_validator(mode="after")
    def _flux_knows_it(self) -> Self:
        if self.engine == "flux" and self.terminate:
            raise ValueError("terminate: what Flux has begun cannot be ended by a client")
        if self.engine == "flux" and self.suspended != "wait":
            raise ValueError("suspended: Flux tells of no paused rollout that could be accepted")
        return self


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

    url: Annotated[str, AfterValidator(smoke_url)]
    expect: Expectation = Expectation()
    version: VersionProbe | None = None
    passes: Annotated[int, Field(ge=1, le=100)] = 3
    interval: Duration = timedelta(seconds=1)
    timeout: Duration = timedelta(minutes=2)


class Span(Value):
    """A stretch of time that comes again and again."""

    schedule: CronSchedule  # when it begins: minute hour day month weekday
    duration: Annotated[Duration, AfterValidator(some_time)]
    reason: str = ""  # shown to whoever waits


class Windows(Value):
    """When the environment may be changed; what is excluded wins over what is allowed."""

    allow: tuple[Span, ...] = ()
    exclude: tuple[Span, ...] = ()
    holidays: tuple[date, ...] = ()  # whole days on which it stays closed
    zone: TimeZone = "UTC"


class Gate(Value):
    """What must be so before the environment is touched: people, time, or both."""

    approvers: tuple[str, ...] = ()  # none: nobody is asked
    quorum: Annotated[int, Field(ge=1)] = 1  # different approvers
    self_approval: Literal["refuse", "allow"] = "refuse"  # by authors of the released commits
    identity: Literal["form", "signature"] = "form"  # what proves who answered
    signers: tuple[str, ...] = ()  # lines of an OpenSSH allowed_signers file
    signers_file: RepositoryPath | None = None  # such a file in the GitOps repository
    revoked: tuple[str, ...] = ()  # public keys that count no more
    expires: Annotated[Duration, AfterValidator(some_time)] = timedelta(hours=24)
    soak: Duration = timedelta(0)  # healthy for so long in the environments of `after`
    windows: Windows | None = None

    @model_validator(mode="after")
    def _can_be_passed(self) -> Self:
        if not (self.approvers or self.soak or self.windows):
            raise ValueError("approvers: a gate needs approvers, soak or windows")
        if self.quorum > max(1, len(self.approvers)):
            raise ValueError(f"quorum: {self.quorum} of {len(self.approvers)} approvers")
        keys = bool(self.signers or self.signers_file)
        if (self.identity == "signature") != keys:
            raise ValueError(
                "identity: signature and the keys (signers or signers_file) belong together"
            )
        return self


class Environment(Value):
    """One place the service runs in."""

    name: Name
    after: tuple[Name, ...] = ()
    gate: Gate | None = None
    write: Literal["commit", "pull-request"] = "commit"
    pull_request: PullRequest = PullRequest()
    updates: Annotated[tuple[Update, ...], Field(min_length=1)]
    application: Application
    smoke: Smoke
    require: Literal["provenance"] | None = None  # what must be verified before anything is written
    on_failure: Literal["stop", "rollback"] = "stop"  # when the new version fails its proof

    @model_validator(mode="after")
    def _soaks_somewhere(self) -> Self:
        if self.gate and self.gate.soak and not self.after:
            raise ValueError("gate.soak: name the environments to run in first, with after")
        return self
