"""`slipway approve|reject|hold|release-hold` against a real server, and runs that really wait."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from sandbox.prefect_api import Json, state_of
from sandbox.processes import PrefectServer
from sandbox.serving import free_port
from tests.acceptance.installation import ROOT, Installation
from tests.acceptance.services import ASKED, HELD, SIGNED

LEO = ("--as", "leo@example.com", "--yes")


def slipway(site: Installation, *arguments: str, **more: str) -> tuple[int, str]:
    """Exit code and output of a command, in the environment of the runner."""
    done = subprocess.run(
        [site.runner.command[0], "-m", "slipway.cli", *arguments],
        check=False, cwd=ROOT, env={**site.runner.env, **more}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def waiting(site: Installation, delivery: object) -> str:
    """A run that waits for an answer."""
    run = site.promote(ASKED, "1.1.0")
    site.question(run)
    return run


@pytest.fixture(scope="module")
def rejected(site: Installation, waiting: str) -> tuple[int, str, Json]:
    """The same, after everything that sends nothing, and a rejection."""
    code, said = slipway(site, "reject", waiting, "--reason", "not before the fair", *LEO)
    return code, said, site.ended(waiting)


def test_A7_A8_a_name_that_is_not_on_the_list_sends_nothing(
    site: Installation, waiting: str
) -> None:
    code, said = slipway(
        site, "approve", waiting, "--reason", "looks good", "--as", "eve@example.com", "--yes"
    )
    assert code == 1
    assert "eve@example.com may not answer" in said
    assert "ana@example.com, leo@example.com" in said
    assert site.api.run(waiting)["state_name"] == "Suspended"


def test_without_a_terminal_and_without_yes_nothing_is_sent(
    site: Installation, waiting: str
) -> None:
    code, said = slipway(site, "approve", waiting, "--reason", "looks good", *LEO[:2])
    assert code == 1
    assert "1.1.0 to production?" in said  # the question itself
    assert "nothing was sent" in said


def test_A35_a_server_that_is_away_is_told_and_the_command_may_be_repeated(
    site: Installation, waiting: str
) -> None:
    away = f"http://127.0.0.1:{free_port()}/api"
    code, said = slipway(
        site, "approve", waiting, "--reason", "looks good", *LEO, PREFECT_API_URL=away
    )
    assert code == 1
    assert "could not read run" in said


def test_A20_a_rejection_ends_the_run_with_name_and_reason(
    rejected: tuple[int, str, Json],
) -> None:
    code, said, end = rejected
    assert code == 0, said
    assert "rejected by leo@example.com: not before the fair" in state_of(end)


@pytest.mark.usefixtures("rejected")
def test_A5_an_answer_to_a_run_that_has_ended_is_refused(site: Installation, waiting: str) -> None:
    code, said = slipway(site, "approve", waiting, "--reason", "looks good", *LEO, "--json")
    told = json.loads(said)
    assert code == 1
    assert "is Rejected: it waits for no answer" in told["error"]
    assert told["accepted"] is False


@pytest.mark.usefixtures("rejected")
def test_an_approval_by_the_run_s_name_is_in_the_commit(site: Installation) -> None:
    run = site.promote(ASKED, "1.1.0")
    site.question(run)
    name = str(site.api.run(run)["name"])
    code, said = slipway(site, "approve", name, "--reason", "staging is fine", *LEO, "--json")
    assert code == 0, said
    assert json.loads(said)["accepted"] is True
    message = site.written(run)
    assert "Approved-By: leo@example.com" in message
    assert "Approval-Reason: staging is fine" in message


def test_A8_a_signed_approval_by_command_verifies(site: Installation, delivery: object) -> None:
    run = site.promote(SIGNED, "1.1.0")
    first = site.question(run)
    ana = ("--as", "ana@example.com", "--yes", "--reason", "signed by command")
    code, said = slipway(site, "approve", run, *ana)
    assert (code, "has to be signed" in said) == (1, True)
    code, said = slipway(site, "approve", run, *ana, "--key", str(site.keys.file("leo")))
    assert code == 0, said  # sent; whose key it is, the run judges
    assert site.question(run, after=first)
    code, said = slipway(site, "approve", run, *ana, "--key", str(site.keys.file("ana")))
    assert code == 0, said
    assert "Approval-Signature: " in site.written(run)


def test_A24_a_promotion_into_a_held_environment_waits_and_can_be_cancelled(
    site: Installation, delivery: object
) -> None:
    reason = ("--reason", "the fair is on", "--as", "mia@example.com")
    assert slipway(site, "hold", HELD, "production", *reason)[0] == 0
    _, said = slipway(site, "status", HELD)
    assert "in production, by mia@example.com since" in said
    run = site.promote(HELD, "1.1.0")
    waits = site.until(run, lambda now: now["state_name"] == "Waiting")
    assert "production is held by mia@example.com" in waits["state"]["message"]
    site.prefect("flow-run", "cancel", run)
    assert site.ended(run)["state_name"] == "Cancelled"
    code, said = slipway(site, "release-hold", HELD, "production", *reason)
    assert code == 0
    assert "was held by mia@example.com" in said
    code, said = slipway(site, "release-hold", HELD, "production", *reason)
    assert code == 1
    assert "is not held" in said


def test_a_hold_of_an_environment_that_does_not_exist_is_refused(site: Installation) -> None:
    code, said = slipway(site, "hold", ASKED, "nowhere", "--reason", "the fair", "--as", "mia")
    assert code == 1
    assert "nowhere" in said


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """A server as docs/prefect-access.md has it: with a password and CSRF protection."""
    home = tmp_path_factory.mktemp("guarded")
    more = {
        "PREFECT_SERVER_API_AUTH_STRING": "robot:sentinel-api-7c2e",
        "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
    }
    with PrefectServer(home, free_port(), home / "logs", more) as server:
        yield server


@pytest.mark.parametrize(
    ("auth", "part"),
    [
        ("", "HTTP 401"),
        ("robot:wrong", "HTTP 401"),
        ("robot:sentinel-api-7c2e", "waits for an answer"),
    ],
)
def test_X18_a_guarded_server_takes_no_answer_without_its_password(
    site: Installation, guarded: PrefectServer, tmp_path: Path, auth: str, part: str
) -> None:
    code, said = slipway(
        site, "approve", "books 1.1.0", "--reason", "looks good", *LEO,
        PREFECT_API_URL=f"{guarded.url}/api", PREFECT_API_AUTH_STRING=auth,
    )  # fmt: skip
    assert code == 1
    assert part in said
    assert "sentinel-api-7c2e" not in said


def test_X65_a_foreign_page_sends_no_answer_through_a_browser_that_is_signed_on(
    guarded: PrefectServer,
) -> None:
    """A page can make the browser send the password, and a form; not read or add a token."""
    auth = ("robot", "sentinel-api-7c2e")
    url = f"{guarded.url}/api/flow_runs/{uuid4()}/resume"
    foreign = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
    body = json.dumps({"run_input": {"decision": "approve"}})
    refused = httpx.post(url, content=body, headers=foreign, auth=auth, trust_env=False)
    assert (refused.status_code, refused.json()) == (403, {"detail": "Missing CSRF token."})
    guessed = foreign | {"Prefect-Csrf-Token": "x" * 64, "Prefect-Csrf-Client": str(uuid4())}
    again = httpx.post(url, content=body, headers=guessed, auth=auth, trust_env=False)
    assert again.status_code == 403


def test_the_metrics_know_the_delivery_and_its_commits(
    site: Installation, delivery: object, tmp_path: Path
) -> None:
    code, said = slipway(site, "metrics", "books", "--json", "--html", str(tmp_path / "page.html"))
    assert code == 0, said
    found = json.loads(said)
    first = found["deployments"][0]
    assert (found["environment"], first["version"]) == ("production", "1.1.0")
    assert len(first["commits"]) >= 1
    assert found["lead_time"] > 0
    assert "<svg" in (tmp_path / "page.html").read_text()


@pytest.mark.usefixtures("delivery")
def test_the_flow_report_writes_an_artifact_a_page_and_json(site: Installation) -> None:
    run = site.api.start("report/slipway", {"service": "books"})
    assert site.ended(run)["state_type"] == "COMPLETED"
    [text] = site.artifacts(run, "books-metrics")
    assert "`1.1.0`" in text
    pages = site.home / "pages"
    assert {path.name for path in pages.iterdir()} == {"books-metrics.html", "books-metrics.json"}
    figures = json.loads((pages / "books-metrics.json").read_text())
    assert "1.1.0" in [each["version"] for each in figures["deployments"]]
    assert "1.1.0" in (pages / "books-metrics.html").read_text()


@pytest.mark.usefixtures("delivery")
def test_the_flow_report_tells_what_it_could_not_measure(site: Installation) -> None:
    end = site.ended(site.api.start("report/slipway", {"service": "nowhere"}))
    assert end["state_type"] == "FAILED"
    assert "nowhere" in end["state"]["message"]
