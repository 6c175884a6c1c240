"""The CI gate and what it reads: Slipway's client against the forge's stand-in."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from slipway.errors import Final, Retryable, Unauthorized
from slipway.release.checks import Check
from slipway.release.checks_wait import wait_for_checks
from slipway.service import ReleaseRules
from slipway.timing import Stopwatch
from tests.contract.forge_place import (
    ACTIONLESS,
    BLIND,
    CHECKLESS,
    NAME,
    WRITER,
    Forge,
    Token,
    a_forge,
)


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    with a_forge(tmp_path) as forge:
        yield forge


@dataclass
class Gate:
    """A wait whose clock only moves while it sleeps; CI does its next thing in each pause."""

    forge: Forge
    token: Token = WRITER
    ci: list[Callable[[], None]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def wait(self, **rules: Any) -> None:
        watch = Stopwatch(clock=lambda: sum(self.pauses), sleep=self._sleep)
        given = ReleaseRules(
            **{"checks": ("build",), "checks_timeout": timedelta(minutes=5)} | rules
        )
        with self.forge.client(self.token) as github:
            wait_for_checks(github, self.forge.head(), given, watch, self.said.append)

    def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if self.ci:
            self.ci.pop(0)()

    def check(self, name: str = "build", conclusion: str = "") -> None:
        self.forge.host.check(NAME, self.forge.head(), name, conclusion)

    def workflow(self, name: str, conclusion: str = "") -> None:
        self.job(name, "", conclusion)

    def job(self, workflow: str, name: str, conclusion: str = "") -> None:
        """A new run of a workflow, with one job if that has a name."""
        run = self.forge.host.workflow(NAME, self.forge.head(), workflow, conclusion)
        if name:
            self.forge.host.check(NAME, self.forge.head(), name, conclusion, run)

    def status(self, context: str, state: str) -> None:
        body = {"context": context, "state": state, "target_url": "https://ci.example.com/1"}
        path = f"/statuses/{self.forge.head()}"
        assert self.forge.call("POST", path, body).status_code == 201


@pytest.fixture
def gate(forge: Forge) -> Gate:
    return Gate(forge)


def read(forge: Forge, token: Token = WRITER) -> list[Check]:
    with forge.client(token) as github:
        return github.checks(forge.head())


def states(checks: list[Check]) -> dict[tuple[str, str], str]:
    return {(check.source, check.name): check.state for check in checks}


def test_all_three_sources_are_read(forge: Forge, gate: Gate) -> None:
    gate.check("build", "success")
    gate.workflow("CI - Test and Build", "success")
    gate.status("coverage", "success")
    found = read(forge)
    assert states(found) == {
        ("check run", "build"): "passed",
        ("status", "coverage"): "passed",
        ("workflow run", "CI - Test and Build"): "passed",
    }
    assert {check.url for check in found} == {
        f"{forge.server.url}/{NAME}/commit/{forge.head()}",
        "https://ci.example.com/1",
    }


@pytest.mark.parametrize(
    ("conclusion", "state"),
    [("success", "passed"), ("neutral", "skipped"), ("skipped", "skipped"), ("failure", "failed"),
     ("cancelled", "failed"), ("timed_out", "failed"), ("action_required", "failed"),
     ("stale", "failed"), ("startup_failure", "failed"), ("a new word", "failed"),
     ("", "waiting")],
)  # fmt: skip
def test_R57_only_success_is_green(forge: Forge, gate: Gate, conclusion: str, state: str) -> None:
    gate.check("build", conclusion)
    gate.workflow("CI", conclusion)
    assert set(states(read(forge)).values()) == {state}


@pytest.mark.parametrize(
    ("told", "state"),
    [("success", "passed"), ("pending", "waiting"), ("failure", "failed"), ("error", "failed")],
)
def test_R57_the_state_of_a_status(forge: Forge, gate: Gate, told: str, state: str) -> None:
    gate.status("build", told)
    assert states(read(forge)) == {("status", "build"): state}


def test_the_newest_attempt_counts(forge: Forge, gate: Gate) -> None:
    for conclusion in ("failure", "success"):
        gate.check("build", conclusion)
        gate.workflow("CI", conclusion)
    gate.status("coverage", "failure")
    gate.status("coverage", "success")
    assert set(states(read(forge)).values()) == {"passed"}
    gate.check("build")
    assert states(read(forge))["check run", "build"] == "waiting"


def test_a_workflow_that_ran_twice_has_its_newest_jobs_counted(gate: Gate) -> None:
    gate.job("CI", "build", "failure")
    gate.job("CI", "build", "success")
    gate.wait()


@pytest.mark.parametrize("token", [WRITER, ACTIONLESS], ids=["actions", "no actions"])
def test_R57_a_job_of_another_workflow_does_not_hide_a_red_one(gate: Gate, token: Token) -> None:
    gate.token = token
    gate.job("CI", "build", "failure")
    gate.job("Docs", "build", "success")
    with pytest.raises(Final, match="check 'build' is red"):
        gate.wait()


def test_R56_a_commit_that_github_does_not_show_yet_is_waited_for(gate: Gate) -> None:
    with gate.forge.client() as github, pytest.raises(Retryable, match="No commit found"):
        github.checks("a" * 40)


def test_checks_come_from_every_page(forge: Forge, gate: Gate) -> None:
    for number in range(101):
        gate.check(f"check {number}", "success")
    assert len(read(forge)) == 101


def test_R58_a_token_without_check_runs_reads_the_others(forge: Forge, gate: Gate) -> None:
    gate.check("build", "failure")
    gate.workflow("CI", "success")
    gate.status("coverage", "success")
    assert states(read(forge, CHECKLESS)) == {
        ("status", "coverage"): "passed",
        ("workflow run", "CI"): "passed",
    }


def test_R58_a_token_without_check_runs_reads_the_jobs_of_workflows(gate: Gate) -> None:
    gate.token = CHECKLESS
    gate.job("CI", "build", "failure")
    gate.job("CI", "build", "success")
    gate.wait()
    gate.job("Docs", "build", "failure")
    with pytest.raises(Final, match="check 'build' is red"):
        gate.wait()


def test_R58_a_token_that_may_read_nothing_is_told_what_would_do(gate: Gate) -> None:
    gate.token = BLIND
    with pytest.raises(Unauthorized, match="cannot be read") as caught:
        gate.wait()
    for permission in ("checks=read", "statuses=read", "actions=read"):
        assert permission in caught.value.hint
        assert permission in caught.value.message  # GitHub's own words
    assert gate.pauses == []


def test_R58_a_bad_token_is_not_a_missing_permission(gate: Gate) -> None:
    gate.token = Token("unknown", (), write=False)
    with pytest.raises(Unauthorized, match="Bad credentials"):
        gate.wait()


@pytest.mark.parametrize("status", [404, 500])
def test_R58_no_answer_is_not_an_empty_list(forge: Forge, gate: Gate, status: int) -> None:
    gate.check("build", "success")
    forge.fails("/check-runs", status)
    with pytest.raises((Final, Retryable), match="read the check runs"):
        read(forge)


def test_no_named_checks_ask_nothing(forge: Forge, gate: Gate) -> None:
    gate.wait(checks=())
    assert forge.server.traffic.requests == []
    assert gate.pauses == []


def test_green_checks_are_not_waited_for(gate: Gate) -> None:
    gate.check("build", "success")
    gate.check("flaky and not wanted", "failure")
    gate.wait()
    assert gate.pauses == []


def test_R56_an_empty_list_is_waited_for(gate: Gate) -> None:
    gate.ci = [lambda: None, gate.check, lambda: gate.check("build", "success")]
    gate.wait()
    assert len(gate.pauses) == 3
    sha = gate.forge.head()[:7]
    assert gate.said == [
        f"waiting for {sha}: check 'build' did not report yet",
        f"waiting for {sha}: check 'build' did not finish yet",
    ]


def test_the_pauses_grow_and_end_at_the_limit(gate: Gate) -> None:
    with pytest.raises(Final):
        gate.wait()
    assert gate.pauses[0] == 5
    assert all(b >= a for a, b in itertools.pairwise(gate.pauses[:-1]))
    assert max(gate.pauses) == 30
    assert sum(gate.pauses) == 300


def test_R57_a_check_that_does_not_report_is_final(gate: Gate) -> None:
    gate.check("lint", "success")
    with pytest.raises(Final, match=r"check 'build' did not report within 300 s") as caught:
        gate.wait(checks=("lint", "build"))
    assert "lint" not in caught.value.message
    assert "release.checks" in caught.value.hint


def test_R57_a_check_that_does_not_finish_is_final(gate: Gate) -> None:
    gate.check("build")
    with pytest.raises(Final, match=r"check 'build' did not finish within 300 s"):
        gate.wait()


def test_R57_a_red_check_is_final_at_once(gate: Gate) -> None:
    gate.check("build", "failure")
    with pytest.raises(Final, match=r"check 'build' is red \(failure\): http.*/commit/"):
        gate.wait(checks=("not there yet", "build"))
    assert gate.pauses == []


def test_R57_a_check_that_turns_red_ends_the_wait(gate: Gate) -> None:
    gate.ci = [gate.check, lambda: gate.check("build", "cancelled")]
    with pytest.raises(Final, match=r"is red \(cancelled\)"):
        gate.wait()


@pytest.mark.parametrize("conclusion", ["skipped", "neutral"])
def test_R57_a_skipped_check_follows_the_setting(gate: Gate, conclusion: str) -> None:
    gate.check("build", conclusion)
    gate.wait(skipped_checks="pass")
    with pytest.raises(Final, match=rf"is red \({conclusion}\)"):
        gate.wait(skipped_checks="fail")


@pytest.mark.parametrize("trouble", ["500", "limit", "drop"])
def test_a_forge_that_does_not_answer_for_a_while_is_waited_for(gate: Gate, trouble: str) -> None:
    gate.check("build", "success")
    if trouble == "limit":
        gate.forge.fails("/check-runs", 429, ("Retry-After", "70"))
    else:
        gate.forge.fails("/check-runs", 500 if trouble == "500" else 0)
    gate.wait()
    assert gate.pauses == [70 if trouble == "limit" else 5]
    assert "are unknown" in gate.said[0]


def test_a_forge_that_never_answers_leaves_the_outcome_open(gate: Gate) -> None:
    gate.check("build", "success")
    gate.forge.fails("/check-runs", 502, times=-1)
    with pytest.raises(Retryable, match=r"did not become known within 60 s.*HTTP 502"):
        gate.wait(checks_timeout=timedelta(seconds=60))
    assert sum(gate.pauses) == 60


def test_what_ci_wrote_cannot_break_a_line(gate: Gate, forge: Forge) -> None:
    name = "build\n\x1b[31m"
    gate.check(name, "failure")
    with pytest.raises(Final) as caught:
        gate.wait(checks=(name,))
    assert "\n" not in caught.value.message
    assert "\x1b" not in caught.value.message
