"""What the report says, and that nobody can write into it."""

import pytest
from hypothesis import given

from slipway.model import Chart, Proof, ScanReport
from slipway.report import commit_list, delivery_report, links, previous_version
from slipway.timeline import Step, steps, timeline
from tests.unit.report_values import (
    DIGEST,
    EVIDENCE,
    FORGE,
    GITOPS,
    HOSTILE,
    IMAGE,
    PARSER,
    PAYLOADS,
    QUICK,
    SERVICE,
    approval,
    at,
    candidate,
    change,
    commit,
    headings,
    proof,
    release,
    targets,
)


def test_the_version_before_is_read_from_the_edit_of_the_version() -> None:
    assert previous_version(change(), "2.1.0") == "2.0.0"
    assert previous_version(change(new=DIGEST), "2.1.0") is None


@pytest.mark.parametrize(("count", "lines", "last"), [(1, 1, "feat"), (20, 20, "feat")])
def test_commits_are_listed(count: int, lines: int, last: str) -> None:
    text = commit_list([commit(n) for n in range(count)])
    assert len(text.splitlines()) == lines
    assert last in text.splitlines()[-1]


def test_more_than_twenty_commits_are_counted() -> None:
    text = commit_list([commit(n) for n in range(23)])
    assert text.splitlines()[20:] == ["- and 3 more"]


def report(summary: str = "synced", reason: str = "ok", approver: str = "ana@example.com") -> str:
    decided = approval(reason, approver)
    proofs = [proof(summary=summary), proof("production", summary, decided)]
    return delivery_report(SERVICE, candidate(), proofs)


@QUICK
@given(HOSTILE, HOSTILE)
def test_X33_nobody_writes_into_the_report(summary: str, approver: str) -> None:
    text = report(summary, approver=approver)
    assert headings(text) == ["books-api 2.1.0", "Environments", "Commits", "Timeline", "Links"]
    assert targets(text) == targets(report())
    assert "<" not in text
    kinds = [token.type for token in PARSER.parse(text)]
    assert kinds.count("tr_open") == 11
    assert kinds.count("td_open") == 10 * 5
    assert kinds.count("list_item_open") == 3 + (1 + 4) + (1 + 5) + len(release().commits) + 7


@pytest.mark.parametrize("payload", PAYLOADS)
def test_X33_nobody_writes_into_what_is_known_about_the_image(payload: str) -> None:
    scan = ScanReport(done=False, summary=f"not scanned: {payload}")
    evil = EVIDENCE.model_copy(update={"sbom": payload, "scan": scan})
    text = delivery_report(SERVICE, candidate(evidence=evil), [proof()])
    assert headings(text) == headings(report())
    assert targets(text) == targets(delivery_report(SERVICE, candidate(), [proof()]))
    assert "<" not in text


@pytest.mark.parametrize(
    ("proofs", "sentence"),
    [
        ([], "Version `2.1.0` is proven nowhere yet."),
        ([proof()], "is live and proven in staging; not yet in production."),
        ([proof(), proof("production")], "is live and proven in staging, production."),
    ],
)
def test_the_summary_claims_only_what_is_proven(proofs: list[Proof], sentence: str) -> None:
    assert sentence in delivery_report(SERVICE, candidate(), proofs)


def test_the_report_names_digest_commit_and_approver() -> None:
    text = report()
    assert f"`registry.example/acme/books-api@{DIGEST}`" in text
    staging, production = text.split("- **production**")
    assert "approved by" not in staging
    for part in (
        "](https://engine.example/applications/books-api-production)): synced",
        f"commit [{GITOPS[:10]}]({FORGE}/gitops/commit/{GITOPS})",
        "runs exactly this digest",
        "approved by `ana@example.com`, 2026-01-02 10:00:00 UTC: ok",
    ):
        assert part in production


def test_another_digest_than_the_delivered_one_is_named() -> None:
    image = IMAGE.model_copy(update={"digest": "sha256:" + "d" * 64})
    text = delivery_report(SERVICE, candidate(image=image), [proof()])
    assert f"runs another digest: `{DIGEST[:35]}` `{DIGEST[35:]}`" in text
    assert "exactly" not in text


def test_the_authors_of_commits_are_named_without_their_addresses() -> None:
    assert commit_list([commit(1)]).endswith("feat: a (Ana)")


def test_the_timeline_adds_up_and_shows_the_share_of_waiting() -> None:
    text = timeline(steps(candidate(), [proof()]))
    assert "| sync wait, staging | 2026-01-02 10:00:43 UTC | 1 min 00 s | 45.0 s | 75% |" in text
    assert text.splitlines()[-1] == "| **all steps** |  | 1 min 40 s | 47.0 s | 47% |"


def test_the_report_names_the_chart_by_digest() -> None:
    where = "ghcr.io/parraletz/charts/books-api"
    chart = Chart(name="books-api", repository=where, version="2.1.0", digest=f"sha256:{'c' * 64}",
                  created=True, timing=at(3))  # fmt: skip
    text = delivery_report(SERVICE, candidate(chart=chart), [proof()])
    assert f"Chart `oci://{where}@sha256:{'c' * 64}`." in text
    assert "| chart |" in text
    assert "Chart" not in delivery_report(SERVICE, candidate(), [proof()])


def test_the_timeline_of_a_step_that_took_no_time() -> None:
    assert "| 0.0 s | 0.0 s | - |" in timeline([Step("release", at(0, 0.0))])


def test_links_have_stable_keys() -> None:
    assert [entry.key for entry in links(SERVICE, candidate(), [proof()])] == [
        "release",
        "staging-commit",
        "staging-application",
        "staging-smoke",
    ]


def test_X33_links_with_another_scheme_are_left_out() -> None:
    found = links(SERVICE, candidate(release(url="javascript:alert(1)")), [proof(url="")])
    assert [entry.key for entry in found] == ["staging-application", "staging-smoke"]
