"""One delivery, killed while it waits, and finished by the same run."""

import pytest

from sandbox import seed
from sandbox.prefect_api import state_of
from tests.acceptance.installation import Installation
from tests.acceptance.scene_delivery import INVALID, Delivery


def test_A33_A34_everything_is_killed_while_suspended_and_each_effect_happens_once(
    delivery: Delivery,
) -> None:
    assert delivery.end["id"] == delivery.run
    assert state_of(delivery.end) == "Completed books 1.1.0 is proven in staging, production"
    found = delivery.effects
    assert found.tags == ("v1.1.0",)
    assert found.pages == 1
    assert found.images["1.1.0"] == 1
    assert found.charts == {"1.1.0": 1}
    assert found.commits == ("chore(staging): books 1.1.0", "chore(production): books 1.1.0")
    assert found.pushes == 2
    # Staging is synced by Argo CD itself; production by us, after the approval.
    assert dict(found.syncs) == {"books-api-production": 2}  # one of them made the first version


def test_each_environment_is_shown_at_github_once_with_its_address(
    site: Installation, delivery: Delivery
) -> None:
    shown = site.outside.shown(delivery.run)
    # A later promotion of another test makes production's inactive.
    assert [(place, states[:2]) for place, states, _ in shown] == [
        ("staging", ["in_progress", "success"]), ("production", ["in_progress", "success"]),
    ]  # fmt: skip
    assert all(address.endswith("/books") for _, _, address in shown)
    sha = site.world.git.repositories.commit_at(seed.APPLICATION, "refs/tags/v1.1.0")
    assert sha
    told = site.outside.statuses(sha)
    assert told["slipway/staging"] == "success"
    assert "slipway/production" in told


def test_A01_the_process_of_a_suspended_run_ends(delivery: Delivery) -> None:
    assert delivery.children == []


def test_nothing_happens_in_production_before_the_answer(delivery: Delivery) -> None:
    assert delivery.while_waiting.commits == ("chore(staging): books 1.1.0",)


@pytest.mark.parametrize(
    "part",
    [
        "# books 1.1.0 to production?",
        "`1.1.0`, after `1.0.0`",
        "-  tag: '1.0.0'",
        "+  tag: '1.1.0'",
        "feat: search books by author",
        "### Features",
        "- **staging** ([books-api-staging]",
        "1.1.0 is live and healthy",
        "answered well 2 times in a row, by version `1.1.0`",
        "**Open until**",
        "`ana@example.com`, `leo@example.com`",
    ],
)
def test_A02_the_form_shows_what_is_approved(delivery: Delivery, part: str) -> None:
    assert part in delivery.question


def test_A02_the_form_shows_the_full_digest_and_the_commits(delivery: Delivery) -> None:
    # Shown in two halves, so that a narrow form wraps it.
    assert f"`{delivery.digest}`" in delivery.question.replace("` `", "")
    assert f"+  digest: '{delivery.digest}'" in delivery.question
    assert delivery.head[:10] in delivery.question


def test_A03_the_default_of_the_form_is_reject(delivery: Delivery) -> None:
    assert delivery.form["properties"]["decision"]["default"] == "reject"
    assert set(delivery.form["required"]) == {"approver", "reason"}


@pytest.mark.parametrize("name", INVALID)
def test_A03_A04_an_answer_that_is_not_valid_does_not_resume(delivery: Delivery, name: str) -> None:
    status, reply, state = delivery.answers[name]
    assert (status, reply["status"], state) == (200, "REJECT", "Suspended")
    assert "Validation failed" in reply["details"]["reason"]


def test_A35_an_approval_meets_no_server_and_a_repeated_one_counts_once(
    delivery: Delivery,
) -> None:
    assert delivery.down is not None
    assert delivery.repeated["status"] == "ABORT"
    assert len(delivery.decisions) == 1


def test_A15_A30_the_record_says_who_what_and_when(delivery: Delivery, site: Installation) -> None:
    [record] = delivery.decisions
    for part in ("**approved**", "`ana@example.com`", delivery.digest, delivery.run):
        assert part in record
    trailers = site.outside.message(delivery.run, "production").splitlines()
    assert "Approved-By: ana@example.com" in trailers
    assert f"Slipway-Digest: {delivery.digest}" in trailers
    assert _moment(trailers) in record


def test_A30_A31_decisions_and_proofs_are_kept_where_no_run_can_lose_them(
    delivery: Delivery, site: Installation
) -> None:
    found = site.outside.ledger()
    mine = [entry for entry in found.proven if entry.run == delivery.run]
    assert {(entry.environment, entry.image.digest) for entry in mine} == {
        ("staging", delivery.digest),
        ("production", delivery.digest),
    }
    decided = [each for each in found.decisions if each.approval.run == delivery.run]
    assert [(each.approval.decision, each.counts) for each in decided] == [("approve", True)]
    assert decided[0].approval.subject.digest == delivery.digest


def test_a_webhook_that_is_away_stops_nothing_and_is_told(
    delivery: Delivery, site: Installation
) -> None:
    assert site.said(delivery.run, "could not tell the webhook away")
    assert len({told["after"] for told in site.hook.told}) > 1  # staging's commit, and production's


def test_the_release_page_tells_where_the_version_is_proven(
    delivery: Delivery, site: Installation
) -> None:
    page = site.outside.page("1.1.0")
    assert page.count("### Proven") == page.count("### Image") == 1
    for place in ("staging", "production"):
        [line] = [line for line in page.splitlines() if line.startswith(f"* **{place}**")]
        assert delivery.digest in line


def test_A30_the_report_names_the_approver_and_the_time(
    delivery: Delivery, site: Installation
) -> None:
    trailers = site.outside.message(delivery.run, "production").splitlines()
    assert f"approved by `ana@example.com`, {_moment(trailers)}" in delivery.report


def _moment(trailers: list[str]) -> str:
    """The approval's time in a commit, as records write it."""
    [at] = [line.partition(": ")[2] for line in trailers if line.startswith("Approved-At: ")]
    return at.replace("T", " ").replace("Z", " UTC")


def test_A32_no_reason_adds_a_trailer_or_mark_up(delivery: Delivery, site: Installation) -> None:
    message = site.outside.message(delivery.run, "production")
    assert [line for line in message.splitlines() if line.startswith("Approved-By")] == [
        "Approved-By: ana@example.com"
    ]
    assert "\x1b" not in message
    assert "mallory@example.com" in message  # kept, as text in the reason's own line
    [record] = delivery.decisions
    assert "<b>" not in record
    assert "\x1b" not in record


def test_the_version_of_a_delivery_answers_in_its_environments(
    delivery: Delivery, site: Installation
) -> None:
    assert site.outside.version("staging") == "1.1.0"


def test_a_delivery_of_nothing_new_completes_and_says_why(delivery: Delivery) -> None:
    assert delivery.nothing.startswith("Completed Nothing to release: ")
    assert "1.1.0" in delivery.nothing


@pytest.mark.parametrize("retry", [0, 1], ids=["unforced", "forced"])
def test_A50_a_retry_of_a_completed_run_has_no_effect(delivery: Delivery, retry: int) -> None:
    _, run = delivery.again[retry]
    assert run["state_type"] == "COMPLETED"
    assert delivery.effects_again == delivery.effects


def test_the_release_follows_the_commit_that_was_pushed(
    delivery: Delivery, site: Installation
) -> None:
    parent = site.world.git.repositories.commit_at(seed.APPLICATION, "refs/tags/v1.1.0~1")
    assert parent == delivery.head
