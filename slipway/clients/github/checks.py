"""What is said about a commit: check runs, statuses and workflow runs, as far as the token may."""

from collections.abc import Callable, Iterable, Iterator
from typing import Annotated

from pydantic import BeforeValidator, TypeAdapter

from slipway.clients.github.transport import Forbidden, Transport
from slipway.clients.github.values import Answer, Text
from slipway.errors import Unauthorized
from slipway.release.checks import Check, State

_FINISHED: dict[str, State] = {"success": "passed", "neutral": "skipped", "skipped": "skipped"}
_STATUSES: dict[str, State] = {"success": "passed", "pending": "waiting"}


class _App(Answer):
    slug: Text = ""


class _Run(Answer):
    """A check run, or a workflow run."""

    id: int
    name: Text = ""
    status: Text = ""
    conclusion: Text = ""
    html_url: Text = ""
    app: Annotated[_App, BeforeValidator(lambda value: value or {})] = _App()
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
_COMBINED = TypeAdapter(_Statuses)


class Checks(Transport):
    """The checks of the commits of one repository."""

    def checks(self, sha: str) -> list[Check]:
        """The newest attempt of every check, from all sources that the credential may read.

        Unauthorized when it may read none, with the permissions that would do.
        """
        sources = (self._check_runs, self._statuses, self._workflow_runs)
        found: list[Check] = []
        refusals = []
        for source in sources:
            refused = _collect(source, sha, found)
            if refused:
                refusals.append(refused)
        if len(refusals) == len(sources):
            raise _unreadable(refusals, sha)
        return found

    def _check_runs(self, sha: str) -> Iterator[Check]:
        what = f"read the check runs of {sha} in {self.name}"
        url = f"{self._path}/commits/{sha}/check-runs?filter=latest&per_page=100"
        pages = self._pages(url, _CHECK_RUNS, what)
        runs = [run for page in pages for run in page.check_runs]
        for run in _newest(runs, lambda run: (run.app.slug, run.name)):
            yield run.check("check run")

    def _statuses(self, sha: str) -> Iterator[Check]:
        """GitHub combines them itself: the newest of each context."""
        what = f"read the statuses of {sha} in {self.name}"
        url = f"{self._path}/commits/{sha}/status?per_page=100"
        for page in self._pages(url, _COMBINED, what):
            yield from (status.check() for status in page.statuses)

    def _workflow_runs(self, sha: str) -> Iterator[Check]:
        what = f"read the workflow runs of {sha} in {self.name}"
        url = f"{self._path}/actions/runs?head_sha={sha}&per_page=100"
        pages = self._pages(url, _WORKFLOW_RUNS, what)
        runs = [run for page in pages for run in page.workflow_runs]
        for run in _newest(runs, lambda run: (run.workflow_id, run.name)):
            yield run.check("workflow run")


def _collect(
    source: Callable[[str], Iterator[Check]], sha: str, found: list[Check]
) -> Forbidden | None:
    try:
        found.extend(source(sha))
    except Forbidden as refusal:
        return refusal
    return None


def _newest(runs: Iterable[_Run], key: Callable[[_Run], object]) -> Iterable[_Run]:
    """Of the runs with one key the one that was started last."""
    return {key(run): run for run in sorted(runs, key=lambda run: run.id)}.values()


def _unreadable(refusals: list[Forbidden], sha: str) -> Unauthorized:
    said = "; ".join(f"{refusal.message} ({refusal.hint})" for refusal in refusals)
    return Unauthorized(
        f"the checks of {sha} cannot be read: {said}",
        "give the token one of the permissions checks=read (not for fine-grained tokens),"
        " statuses=read or actions=read",
    )
