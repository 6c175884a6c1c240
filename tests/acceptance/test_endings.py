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

ODD = """
from prefect import flow
from flows.ending import ends
from slipway import errors

@flow(name="odd", flow_run_name="odd {kind}", persist_result=True, result_serializer="json")
@ends
def odd(kind):
    if kind == "defect":
        raise ValueError("what-only-the-log-may-hold")
    raise getattr(errors, kind)("production: what happened", "what to do")

for kind in KINDS:
    print(kind, odd(kind, return_state=True).state_details.flow_run_id)
"""
KINDS = {
    "Rejected": "FAILED Rejected",
    "Expired": "FAILED Expired",
    "Superseded": "CANCELLED Superseded",
    "RolledBack": "FAILED RolledBack",
    "Retryable": "FAILED Unknown",
    "Conflict": "FAILED Failed",
    "defect": "FAILED Failed",
}


@pytest.fixture(scope="module")
def odd(site: Installation) -> dict[str, str]:
    """A run for each kind of end."""
    lines = site.python("-c", f"KINDS = {list(KINDS)}\n{ODD}").splitlines()
    runs = [line.split() for line in lines if line.partition(" ")[0] in KINDS]
    return {run[0]: run[1] for run in runs}


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


def test_a_service_names_who_else_is_told_and_of_what(site: Installation, refusal: Refusal) -> None:
    assert site.team.titles(refusal.run) == ["Rejected: refused 1.1.0 → production"]
    assert not [title for title in site.told.titles(refusal.run) if title.startswith("Waiting")]
    assert site.said(refusal.run, "the notify list nobody has no value")


def test_A66_each_failure_of_a_run_is_told_once(site: Installation, retries: Retries) -> None:
    told = site.told.titles(retries.run)
    assert sum(title.startswith(("Failed: ", "NotProven: ")) for title in told) == 3
    assert told[-1] == "Delivered: books 1.1.0 → production"


def test_a_smoke_test_that_fails_is_no_proof(site: Installation, retries: Retries) -> None:
    assert len(site.states(retries.run, "NotProven")) == 1
    [kept] = [each for each in site.outside.ledger().failures if each.run == retries.run]
    assert (kept.environment, kept.version) == ("production", "1.1.0")
    assert "500" in kept.reason


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


@pytest.mark.parametrize("kind", KINDS)
def test_A66_each_kind_of_end_has_its_own_state_and_is_told_once(
    site: Installation, odd: dict[str, str], kind: str
) -> None:
    found = site.api.run(odd[kind])
    assert f"{found['state_type']} {found['state_name']}" == KINDS[kind]
    assert site.told.titles(odd[kind]) == [f"{found['state_name']}: odd {kind}"]


def test_A66_a_defect_is_told_without_its_text(site: Installation, odd: dict[str, str]) -> None:
    message = site.api.run(odd["defect"])["state"]["message"]
    [told] = [each for each in site.told.told if odd["defect"] in each["message"]]
    assert message.startswith("Flow run encountered an exception")
    assert "ValueError" in told["message"]
    assert "what-only-the-log-may-hold" not in told["message"]
