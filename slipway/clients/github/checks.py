"""What is said about a commit: check runs, statuses and workflow runs, as far as the token may."""

from collections.abc import Callable, Iterable
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, TypeAdapter

from slipway.clients.github.answers import Forbidden
from slipway.clients.github.transport import Transport
from slipway.clients.github.values import Answer, Text
from slipway.errors import Final, Retryable, Unauthorized
from slipway.release.checks import Check, State

_FINISHED: dict[str, State] = {"success": "passed", "neutral": "skipped", "skipped": "skipped"}
_STATUSES: dict[str, State] = {"success": "passed", "pending": "waiting"}
_OR_NONE = BeforeValidator(lambda value: value or {})
_T = TypeVar("_T")


class _App(Answer):
    slug: Text = ""


class _Suite(Answer):
    id: int = 0


class _Run(Answer):
    """A check run, or a workflow run; both belong to a check suite."""

    id: int
    name: Text = ""
    status: Text = ""
    conclusion: Text = ""
    html_url: Text = ""
    app: Annotated[_App, _OR_NONE] = _App()
    check_suite: Annotated[_Suite, _OR_NONE] = _Suite()
    check_suite_id: int = 0
    workflow_id: int = 0

    def check(self, source: str) -> Check:
        """Unknown conclusions are not green; without one it is not finished."""
        done = self.status == "completed" and self.conclusion
        return Check(
            name=self.name,
            state=_FINISHED.get(self.conclusion, "failed") if done else "waiting",
            source=source,
            url=self.html_url,
            detail=self.conclusion if done else self.status,
        )


class _CheckRuns(Answer):
    check_runs: list[_Run]


class _WorkflowRuns(Answer):
    workflow_runs: list[_Run]


class _Jobs(Answer):
    jobs: list[_Run]


class _Status(Answer):
    context: str
    state: str
    target_url: Text = ""

    def check(self) -> Check:
        return Check(
            name=self.context,
            state=_STATUSES.get(self.state, "failed"),
            source="status",
            url=self.target_url,
            detail=self.state,
        )


class _Statuses(Answer):
    statuses: list[_Status]


_CHECK_RUNS = TypeAdapter(_CheckRuns)
_WORKFLOW_RUNS = TypeAdapter(_WorkflowRuns)
_JOBS = TypeAdapter(_Jobs)
_COMBINED = TypeAdapter(_Statuses)


class Checks(Transport):
    """The checks of the commits of one repository."""

    def checks(self, sha: str) -> list[Check]:
        """The newest attempt of every check, from all sources that the credential may read.

        Unauthorized when it may read none, with the permissions that would do; Retryable when
        GitHub does not show the commit yet.
        """
        refusals: list[Forbidden] = []
        runs = _readable(self._workflow_runs, sha, refusals)
        statuses = _readable(self._statuses, sha, refusals)
        refused = len(refusals)
        jobs = _newest_jobs(_readable(self._check_runs, sha, refusals), runs)
        if len(refusals) == 3:
            raise _unreadable(refusals, sha)
        workflows = _newest(runs, lambda run: run.workflow_id)
        if len(refusals) > refused:  # no check runs: who may read Actions may read its jobs
            jobs = [job for run in workflows for job in self._jobs(run.id)]
        return [
            *(job.check("check run") for job in jobs),
            *(status.check() for status in statuses),
            *(run.check("workflow run") for run in workflows),
        ]

    def _check_runs(self, sha: str) -> list[_Run]:
        what = f"read the check runs of {sha} in {self.name}"
        url = f"{self._path}/commits/{sha}/check-runs?filter=latest&per_page=100"
        pages = self._pages(url, _CHECK_RUNS, what)
        return [run for page in pages for run in page.check_runs]

    def _statuses(self, sha: str) -> list[_Status]:
        """GitHub combines them itself: the newest of each context."""
        what = f"read the statuses of {sha} in {self.name}"
        url = f"{self._path}/commits/{sha}/status?per_page=100"
        pages = self._pages(url, _COMBINED, what)
        return [status for page in pages for status in page.statuses]

    def _workflow_runs(self, sha: str) -> list[_Run]:
        what = f"read the workflow runs of {sha} in {self.name}"
        url = f"{self._path}/actions/runs?head_sha={sha}&per_page=100"
        pages = self._pages(url, _WORKFLOW_RUNS, what)
        return [run for page in pages for run in page.workflow_runs]

    def _jobs(self, run: int) -> list[_Run]:
        """The check runs that Actions made for a workflow run, for who may not read the others."""
        what = f"read the jobs of workflow run {run} in {self.name}"
        url = f"{self._path}/actions/runs/{run}/jobs?filter=latest&per_page=100"
        pages = self._pages(url, _JOBS, what)
        return [job for page in pages for job in page.jobs]


def _readable(source: Callable[[str], list[_T]], sha: str, refusals: list[Forbidden]) -> list[_T]:
    try:
        return source(sha)
    except Forbidden as refusal:
        refusals.append(refusal)
        return []
    except Final as error:
        if "No commit found" in error.message:  # its servers learn of a push one by one
            raise Retryable(error.message, "it may be visible a moment later") from None
        raise


def _newest_jobs(jobs: list[_Run], workflows: list[_Run]) -> list[_Run]:
    """A job of another workflow with the same name is not another attempt: both count.

    Where it is not known which workflow a job belongs to, each suite counts.
    """
    workflow_of = {run.check_suite_id: str(run.workflow_id) for run in workflows}

    def key(job: _Run) -> object:
        suite = job.check_suite.id
        return job.app.slug, job.name, workflow_of.get(suite, f"suite {suite}")

    return _newest(jobs, key)


def _newest(runs: Iterable[_Run], key: Callable[[_Run], object]) -> list[_Run]:
    """Of the runs with one key the one that was started last."""
    return list({key(run): run for run in sorted(runs, key=lambda run: run.id)}.values())


def _unreadable(refusals: list[Forbidden], sha: str) -> Unauthorized:
    said = "; ".join(f"{refusal.message} ({refusal.hint})" for refusal in refusals)
    return Unauthorized(
        f"the checks of {sha} cannot be read: {said}",
        "give the token one of the permissions checks=read (not for fine-grained tokens),"
        " statuses=read or actions=read",
    )
