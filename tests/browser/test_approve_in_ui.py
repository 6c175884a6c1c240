"""A person answers the question by clicking, in each of Prefect's two UIs."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from sandbox.prefect_api import ended, state_of, waiting
from tests.browser.conftest import PATIENCE, Place

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("browser"),  # one installation for both
]


def test_A2_A3_A4_approve_by_clicking(place: Place, page: Page, pictures: Path) -> None:
    run, version = place.waiting_run()
    page.goto(f"{place.server.url}/runs/flow-run/{run}")
    page.get_by_role("button", name="Resume").click()
    form = page.locator(".p-modal")
    shows_what_is_decided(form, place, version)
    expect(form.get_by_role("button", name="reject")).to_be_visible()  # the default

    form.get_by_role("button", name="Submit").click()
    expect(form.get_by_text("'approver' is a required property")).to_be_visible()
    assert waiting(place.api.run(run))

    form.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Resume").click()
    form.locator(".p-select-button__icon").click()
    page.get_by_role("option", name="approve").click()
    name, reason = form.locator("textarea").all()
    name.fill("ana@example.com")
    reason.fill("Staging answers well, and the diff is what we agreed on.")
    expect(form.get_by_text("required property")).to_have_count(0)
    page.screenshot(path=pictures / "approval.png")
    submit(page, form, "Submit")

    done = place.until(run, ended)
    assert done["state_type"] == "COMPLETED", state_of(done)
    assert place.production() == version
    shows_the_report(page, version)
    page.screenshot(path=pictures / "report.png")


def test_A20_reject_by_clicking_in_the_newer_ui(place: Place, page: Page, pictures: Path) -> None:
    before = place.production()
    run, version = place.waiting_run()
    page.goto(f"{place.server.url}/v2/runs/flow-run/{run}")
    page.get_by_role("button", name="Open menu").click()
    page.get_by_role("menuitem", name="Resume").click()
    form = page.get_by_role("dialog")
    shows_what_is_decided(form, place, version)
    name, reason = form.locator("textarea").all()
    name.fill("leo@example.com")
    reason.fill("Not before the weekend.")
    page.screenshot(path=pictures / "rejection.png")
    submit(page, form, "Resume")

    done = place.until(run, ended)
    assert "rejected by leo@example.com: Not before the weekend." in state_of(done)
    assert place.production() == before != version


def test_A21_A22_a_form_that_is_open_when_its_time_is_over(
    place: Place, page: Page, pictures: Path
) -> None:
    before = place.production()
    run, version = place.waiting_run(expires="40s")
    page.goto(f"{place.server.url}/runs/flow-run/{run}")
    page.get_by_role("button", name="Resume").click()
    form = page.locator(".p-modal")
    expect(form.get_by_text(f"books-api {version} to production?")).to_be_visible()
    form.locator(".p-select-button__icon").click()
    page.get_by_role("option", name="approve").click()
    name, reason = form.locator("textarea").all()
    name.fill("ana@example.com")
    reason.fill("I was at lunch.")
    place.api.wait(run, lambda now: now["state_name"] == "Expired", PATIENCE)
    with page.expect_response(lambda response: response.url.endswith("/resume")) as sent:
        form.get_by_role("button", name="Submit").click()
    assert sent.value.json()["status"] == "ABORT"

    page.reload()
    expect(page.get_by_text("Expired").first).to_be_visible()
    expect(page.get_by_role("button", name="Resume")).to_have_count(0)
    page.get_by_text("Details", exact=True).click()
    page.get_by_text("See More").click()
    expect(page.get_by_text("Retry this run to ask again")).to_be_visible()
    page.screenshot(path=pictures / "expired.png")
    assert place.production() == before != version


def submit(page: Page, form: Locator, button: str) -> None:
    """Send the form by its button until Prefect takes the answer: SQLite makes it say 503."""
    for _ in range(6):
        with page.expect_response(lambda response: response.url.endswith("/resume")) as sent:
            form.get_by_role("button", name=button).click()
        if sent.value.status != 503:
            break
    assert sent.value.json().get("status") == "ACCEPT", sent.value.text()


def shows_what_is_decided(form: Locator, place: Place, version: str) -> None:
    """Version, digest and diff, and no sign that stands for another one."""
    expect(form.get_by_text(f"books-api {version} to production?")).to_be_visible()
    said, digest = form.inner_text(), place.digest()
    half = len(digest) // 2
    for part in (
        f"Version {version}, after {place.production()}",
        digest[:half],
        digest[half:],
        f"-  tag: '{place.production()}'",
        f"+  tag: '{version}'",
        f"+  digest: '{digest}'",
        "runs exactly this digest",
        "ana@example.com, leo@example.com",
    ):
        assert part in said
    for artefact in ("&#", "&lt;", "&amp;", "\\"):
        assert artefact not in said


def shows_the_report(page: Page, version: str) -> None:
    """The run's newest report, reached by clicking."""
    page.get_by_text("Artifacts", exact=True).click()
    page.get_by_role("link").filter(has_text=f"{version}, proven up to production").click()
    expect(
        page.get_by_text(f"Version {version} is live and proven in staging, production.")
    ).to_be_visible()
    for part in ("approved by ana@example.com", "the diff is what we agreed on.", "all steps"):
        expect(page.get_by_text(part).first).to_be_visible()
