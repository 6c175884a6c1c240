"""Wait until a commit and an image are proven live: look, decide, help, wait for a change.

The decision is `readiness.judge`; here are the loop, its deadline and its patience with a server
that does not answer. Trouble with the server says nothing about the application.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from slipway.engines.interface import engine_for
from slipway.model import Image, Lineage, SyncProof
from slipway.readiness.verdict import Wanted
from slipway.service import Application, GitOps
from slipway.settings import Settings
from slipway.sync.acts import Acts
from slipway.sync.deadline import Deadline
from slipway.sync.examine import examine, examine_all
from slipway.sync.knowledge import Knowledge
from slipway.sync.reach import Reach
from slipway.sync.wait import Wait
from slipway.timing import Stopwatch

__all__ = ["examine", "examine_all", "wait_until_live", "wanted_of"]


def wait_until_live(
    application: Application,
    environment: str,
    image: Image,
    revision: str,
    settings: Settings,
    lineage: Callable[[str], Lineage],
    watch: Stopwatch,
    report: Callable[[str], None] = lambda _: None,
    gitops: GitOps | None = None,
    files: Iterable[str] = (),
    since: datetime | None = None,
) -> SyncProof:
    """Proof that `revision` (40 hex) and `image` are live and healthy in `environment`.

    `lineage` says how a full SHA that the engine reports relates to `revision`; it is asked once a
    SHA, and again while it does not know. `report` gets a sentence when the state changes.
    `gitops` is needed when the application has several Git sources. `files` are the paths, or
    patterns of paths, that were written; `since` is when, and the deadline counts from there.
    Raises NotProven (it failed, or is not there at the deadline), Superseded (a newer commit has
    replaced our values), Retryable (the engine cannot be asked, the outcome is unknown), and
    Unauthorized, NotFound, InvalidInput or Conflict for what a person has to set right.
    """
    written = tuple(files)
    deadline = Deadline.of(watch, application.timeout, since)
    with engine_for(application, settings, gitops, deadline.patience) as engine:
        wait = Wait(
            engine=engine,
            application=application,
            wanted=wanted_of(application, image, revision, written),
            knowledge=Knowledge(lineage, settings, watch, revision),
            acts=Acts(engine, application, watch),
            reach=Reach(application, written),
            watch=watch,
            deadline=deadline,
            report=report,
        )
        ready = wait.run()
        return SyncProof(
            environment=environment,
            application=application.name,
            revision=revision,
            observed=ready.observed,
            digest=image.digest,
            healthy_since=ready.healthy_since,
            summary=ready.summary,
            url=engine.link(application),
            timing=watch.read(),
        )


def wanted_of(
    application: Application, image: Image, revision: str, files: tuple[str, ...]
) -> Wanted:
    """What must become live, by the service file's rules; `files` are what was written."""
    return Wanted(
        revision=revision,
        repository=image.repository,
        version=image.version,
        digest=image.digest,
        settle=application.settle,
        grace=application.grace,
        start=application.sync == "manual",
        terminate=application.terminate,
        accept_suspended=application.suspended == "accept",
        jobs=application.runs_in == "jobs",
        files=files,
        parent=application.parent or "",
    )
