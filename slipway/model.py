"""The values that travel from step to step.

Frozen and plain, so that a step's result can be stored, compared and found again after a restart.
None of them holds a client, a secret or anything bound to a machine.
"""

from datetime import datetime
from hashlib import sha256
from typing import Literal

from slipway.decision import Approval
from slipway.value import Timing, Value


class Commit(Value):
    """One commit of the application repository."""

    sha: str  # 40 hex
    subject: str
    author: str  # "Name <mail>"
    coauthors: tuple[str, ...] = ()  # as `Co-authored-by` lines name them


class Release(Value):
    """A version of the source: the commit that carries it, its tag and its page on the forge."""

    service: str
    version: str  # SemVer without "v"
    tag: str
    sha: str  # commit the tag points at
    previous: str | None  # version released before, if any
    commits: tuple[Commit, ...]  # newest first, since the previous release
    notes: str  # Markdown, untrusted text
    url: str  # the forge's page of the release
    created: bool  # False: it was there already
    warnings: tuple[str, ...] = ()  # what went wrong beside it, one sentence each
    timing: Timing


class NothingToRelease(Value):
    """The branch holds no commit that asks for a new version."""

    service: str
    latest: str | None  # version released last, if any
    reason: str  # one sentence for people

    @property
    def summary(self) -> str:
        """How a run ends that has nothing to deliver."""
        return f"Nothing to release: {self.reason}"


class ReleaseProposed(Value):
    """The next release waits in a pull request; merging it releases."""

    service: str
    version: str  # SemVer without "v": what the merge will release
    number: int  # of the pull request
    url: str  # its page on the forge

    @property
    def summary(self) -> str:
        """How a run ends that has nothing to deliver yet."""
        return f"{self.version} waits in pull request #{self.number}: {self.url}"


class PlannedCommit(Value):
    """What one commit asks for."""

    sha: str  # 40 hex
    kind: str  # "feat", "fix", …; "other" where the message has no conventional type
    summary: str  # one line, untrusted text
    level: str  # "none", "patch", "minor" or "major"


class PlannedRelease(Value):
    """The next release, told and not made."""

    service: str
    version: str  # SemVer without "v"
    tag: str
    base: str  # commit it is computed on, or that is to be tagged; 40 hex
    previous: str | None  # version released before, if any
    how: str  # one sentence: what the next run does
    commits: tuple[PlannedCommit, ...]  # newest first
    diff: str  # unified diff of the release commit; empty when there is none to make
    notes: str  # Markdown, untrusted text


class Image(Value):
    """An image in a registry; its digest is its identity, its tag only a label."""

    repository: str  # host[:port]/path, without tag
    version: str  # the tag
    digest: str  # "sha256:" and 64 hex
    revision: str  # source commit it was built from, 40 hex
    builder: str  # "docker", "buildah" or "layer"
    created: bool  # False: the registry held it already
    timing: Timing

    @property
    def reference(self) -> str:
        """`repository@digest`: the only way the image is referred to after the build."""
        return f"{self.repository}@{self.digest}"


class Chart(Value):
    """A Helm chart in a registry; like an image, its digest is its identity."""

    name: str
    repository: str  # host[:port]/path, the last part of which is the name
    version: str  # the tag
    digest: str  # "sha256:" and 64 hex
    created: bool  # False: the registry held it already
    timing: Timing

    @property
    def reference(self) -> str:
        """`repository@digest`, as Helm takes it behind `oci://`."""
        return f"{self.repository}@{self.digest}"


class ScanReport(Value):
    """What a vulnerability scanner found in an image, or why nothing is known."""

    done: bool  # False: not scanned, which is never read as clean
    found: tuple[tuple[str, int], ...] = ()  # severity and how many, worst first
    summary: str  # one sentence for people


class Evidence(Value):
    """What is known about an image beyond its digest."""

    digest: str  # of the image
    key: str | None  # fingerprint of the key that signed the provenance; None: none that counts
    provenance: str  # one sentence for people
    sbom: str  # one sentence: the bill of materials that is attached, or why none is
    scan: ScanReport
    timing: Timing


class Candidate(Value):
    """What a delivery carries from environment to environment; nothing of it changes on the way."""

    release: Release
    image: Image
    evidence: Evidence
    chart: Chart | None = None


class Verification(Value):
    """What signed provenance says about an image, after every check."""

    reference: str  # repository@digest
    key: str  # fingerprint of the trusted key that signed it
    builder: str  # id
    repository: str  # the source
    commit: str
    service: str
    version: str
    run: str  # that signed it
    found: bool  # True: that run had not built it, but knew it by its revision label


class Edit(Value):
    """One scalar of one manifest, before and after."""

    file: str  # path in the GitOps repository
    key: str  # as written in the service file
    old: str
    new: str


class Change(Value):
    """What one environment's GitOps update is: the edits, and their text as a unified diff."""

    environment: str
    edits: tuple[Edit, ...]  # only those whose value changes
    diff: str  # unified diff; empty when nothing changes
    base: str  # revision the edits were computed on, 40 hex

    @property
    def fingerprint(self) -> str:
        """Identity of the edits, whatever else moves in the files around them."""
        lines = [f"{e.file}\0{e.key}\0{e.old}\0{e.new}" for e in sorted(self.edits, key=str)]
        return sha256("\n".join([self.environment, *lines]).encode()).hexdigest()


class Promotion(Value):
    """The GitOps commit that asks for an image in one environment."""

    environment: str
    revision: str  # commit that holds the wanted values, 40 hex
    change: Change
    committed: bool  # False: the values were there already, in `revision` or before it
    reason: str  # one sentence: what was written, or why nothing had to be
    url: str  # the forge's page of the commit
    timing: Timing


# How a revision that an engine reports relates to the commit we wait for:
# the same commit · newer, and our values are still there · newer, and our values were changed ·
# without our commit (older or another line) · cannot be told (not a full SHA, history unreadable)
Lineage = Literal["same", "newer", "changed", "without", "unknown"]


class SyncProof(Value):
    """Evidence that one revision and one digest are live and healthy."""

    environment: str
    application: str
    revision: str  # the commit waited for
    observed: str  # the commit the engine reported, equal to it or newer
    digest: str  # digest the live workload runs
    healthy_since: datetime  # UTC
    summary: str  # one sentence for people
    url: str  # the engine's page of the application
    timing: Timing


class EnvironmentStatus(Value):
    """What one environment is asked to run, and whether that is proven now."""

    environment: str
    version: str  # that the GitOps repository asks for; empty when it names no one version
    digest: str  # "sha256:" and 64 hex; empty when it is not known
    revision: str  # the commit that asked for it, 40 hex
    sync: str = ""  # as the engine says
    health: str = ""
    since: datetime | None = None  # UTC: healthy and in sync since, or the last change of health
    proven: bool = False  # every clause of the sync proof holds, and has for the settle time
    reason: str  # one sentence: what was shown, or what is missing
    url: str = ""  # the engine's page of the application


class SmokeProof(Value):
    """Evidence that the environment answers, and that the new version does."""

    environment: str
    url: str
    passes: int  # consecutive good answers
    version: str | None  # version that answered, where the service file says how to ask
    excerpt: str  # start of the last body, untrusted text
    latency: float  # seconds, slowest of the passes
    timing: Timing


class Proof(Value):
    """Everything that was shown about one environment of one delivery."""

    environment: str
    promotion: Promotion
    sync: SyncProof
    smoke: SmokeProof
    approvals: tuple[Approval, ...] = ()
