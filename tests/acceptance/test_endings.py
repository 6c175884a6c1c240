"""How runs end as Prefect sees it, who is told, and how a run without a deployment is retried."""

import pytest

from sandbox.prefect_api import state_of
from sandbox.serving import Fault
from tests.acceptance.installation import Installation
from tests.acceptance.scene_delivery import Delivery
from tests.acceptance.scene_expiry import Expiry
from tests.acceptance.scene_refusal import Refusal
from tests.acceptance.scene_retries import Retries

SCRIPT = """
from flows.promote import promote
state = promote(service="books", version="1.1.0", environment="staging", return_state=True)
print("run", state.state_details.flow_run_id)
"""

DEFECT = """
from prefect import flow
from flows.ending import ends

@flow(name="odd")
@ends
def odd(service):
    raise ValueError("what-only-the-log-may-hold")

print("run", odd(service="books", return_state=True).state_details.flow_run_id)
"""


def test_A65_each_question_is_told_once_however_often_its_run_is_killed_and_resumed(
    site: Installation, delivery: Delivery
) -> None:
    [title] = [t for t in site.told.titles(delivery.run) if t.startswith("Waiting")]
    assert title == "Waiting for approval: books 1.1.0 to production"


def test_A66_a_delivery_is_told_as_delivered(site: Installation, delivery: Delivery) -> None:
    assert "Delivered: books 1.1.0" in site.told.titles(delivery.run)


def test_A66_a_rejection_is_a_state_and_a_notice_of_its_own(
    site: Installation, refusal: Refusal
) -> None:
    assert [state["type"] for state in site.states(refusal.run, "Rejected")] == ["FAILED"]
    told = site.told.titles(refusal.run)
    assert told.count("Rejected: refused 1.1.0 → production") == 1


def test_A66_each_failure_of_a_run_is_told_once(site: Installation, retries: Retries) -> None:
    told = site.told.titles(retries.run)
    assert sum(title.startswith(("Failed: ", "NotProven: ")) for title in told) == 3
    assert told[-1] == "Delivered: books 1.1.0 → production"


def test_a_smoke_test_that_fails_is_no_proof(site: Installation, retries: Retries) -> None:
    assert len(site.states(retries.run, "NotProven")) == 1


def test_A65_a_retry_that_asks_again_tells_of_its_own_question(
    site: Installation, expiry: Expiry
) -> None:
    assert len(site.told.titles(expiry.run)) == len(expiry.questions)


def test_one_line_is_logged_for_an_error_of_ours(site: Installation, refusal: Refusal) -> None:
    assert site.said(refusal.run, "Rejected: production: rejected by ana@example.com")
    assert not [line for line in site.api.logs(refusal.run) if "Traceback" in line]


@pytest.mark.usefixtures("delivery")
def test_A48_a_run_of_a_script_is_retried_by_the_documented_command(site: Installation) -> None:
    traffic = site.world.servers["argocd"].traffic
    path = "/api/v1/applications/books-api-staging"
    traffic.faults.append(refused := Fault(path=path, status=403, times=-1))
    run = site.python("-c", SCRIPT).rpartition("run ")[2].strip()
    failed = site.api.run(run)
    traffic.faults.remove(refused)
    before = site.outside.effects(run)
    site.prefect("flow-run", "retry", run, "--entrypoint", "flows.promote.promote")
    done = site.api.run(run)
    assert (failed["state_name"], failed["deployment_id"]) == ("Failed", None)
    assert "403" in failed["state"]["message"]
    assert state_of(done) == "Completed books 1.1.0 is proven in staging"
    assert done["run_count"] == 2
    assert site.outside.effects(run) == before


def test_A66_a_defect_is_told_without_its_text(
    site: Installation,
) -> None:
    run = site.python("-c", DEFECT).rpartition("run ")[2].strip()
    assert site.api.run(run)["state"]["message"].startswith("Flow run encountered an exception")
    [told] = [each for each in site.told.told if run in each["message"]]
    assert told["title"].startswith("Failed: ")
    assert "ValueError" in told["message"]
    assert "what-only-the-log-may-hold" not in told["message"]
