"""What the question, the decision and the report say, and that nobody can write into them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from slipway.decision import Approval
from slipway.model import (
    Candidate,
    Change,
    Chart,
    Commit,
    Edit,
    Evidence,
    Image,
    Promotion,
    Proof,
    Release,
    ScanReport,
    SmokeProof,
    SyncProof,
)
from slipway.report import (
    approval_question,
    commit_list,
    decision_record,
    delivery_report,
    links,
    previous_version,
)
from slipway.service import Service
from slipway.timeline import Step, steps, timeline
from slipway.value import Timing
from tests import answers

T0 = datetime(2026, 1, 2, 10, 0, tzinfo=UTC)
SHA, GITOPS, DIGEST = "a" * 40, "b" * 40, "sha256:" + "c" * 64
FORGE = "https://forge.example/acme"
QUICK = settings(max_examples=40, deadline=None)
PARSER = MarkdownIt("commonmark").enable("table")
PAYLOADS = [
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "a | b",
    "```\n# out\n```",
    "x\r\n\r\n# Approved-By: mallory",
    "\x1b[31m\u202e",
    "@everyone",
    "{{ x }}",
]
HOSTILE = st.one_of(st.sampled_from(PAYLOADS), st.text(max_size=40))

SERVICE = Service.model_validate(
    {
        "service": "books-api",
        "source": {"repository": f"{FORGE}/books-api"},
        "image": {"repository": "registry.example/acme/books-api"},
        "gitops": {"repository": f"{FORGE}/gitops"},
        "environments": [
            {
                "name": name,
                "updates": [{"file": f"{name}.yaml", "key": "image.tag"}],
                "application": {"name": f"books-api-{name}"},
                "smoke": {"url": f"https://{name}.example/books"},
                "gate": gate,
            }
            for name, gate in (
                ("staging", None),
                ("production", {"approvers": ["ana@example.com", "leo@example.com"]}),
            )
        ],
    }
)
PRODUCTION = SERVICE.environment("production")


def at(second: float, seconds: float = 1.0, waited: float = 0.0) -> Timing:
    return Timing(started=T0 + timedelta(seconds=second), seconds=seconds, waited=waited)


def commit(number: int, subject: str = "feat: a", author: str = "Ana <ana@example.com>") -> Commit:
    return Commit(sha=f"{number:040x}", subject=subject, author=author)


def release(notes: str = "## Features", url: str = f"{FORGE}/books-api/releases/v2.1.0") -> Release:
    return Release(
        service="books-api",
        version="2.1.0",
        tag="v2.1.0",
        sha=SHA,
        previous="2.0.0",
        commits=(commit(1),),
        notes=notes,
        url=url,
        created=True,
        timing=at(0, 2.0),
    )


IMAGE = Image(
    repository="registry.example/acme/books-api",
    version="2.1.0",
    digest=DIGEST,
    revision=SHA,
    builder="docker",
    created=True,
    timing=at(2, 30.0),
)


EVIDENCE = Evidence(
    digest=DIGEST,
    key="e" * 64,
    provenance="signed provenance, attached and verified",
    sbom="attached: 12 components (npm, from package-lock.json)",
    scan=ScanReport(done=False, summary="not scanned: no scanner is configured"),
    timing=at(32, 1.0),
)


def candidate(
    made: Release | None = None,
    image: Image = IMAGE,
    chart: Chart | None = None,
    evidence: Evidence = EVIDENCE,
) -> Candidate:
    return Candidate(release=made or release(), image=image, evidence=evidence, chart=chart)


def change(diff: str = "-  tag: 2.0.0\n+  tag: 2.1.0\n", new: str = "2.1.0") -> Change:
    edit = Edit(file="production.yaml", key="image.tag", old="2.0.0", new=new)
    return Change(environment="production", edits=(edit,), diff=diff, base=GITOPS)


def approval(reason: str = "looks good", approver: str = "ana@example.com") -> Approval:
    return answers.approval(reason=reason, approver=approver, at=T0, version="2.1.0", digest=DIGEST)


def proof(
    name: str = "staging",
    summary: str = "synced and healthy",
    decided: Approval | None = None,
    url: str = f"{FORGE}/gitops/commit/{GITOPS}",
) -> Proof:
    return Proof(
        environment=name,
        promotion=Promotion(
            environment=name,
            revision=GITOPS,
            change=change(),
            committed=True,
            reason="written",
            url=url,
            timing=at(40, 3.0),
        ),
        sync=SyncProof(
            environment=name,
            application=f"books-api-{name}",
            revision=GITOPS,
            observed=GITOPS,
            digest=DIGEST,
            healthy_since=T0 + timedelta(minutes=1),
            summary=summary,
            url=f"https://engine.example/applications/books-api-{name}",
            timing=at(43, 60.0, 45.0),
        ),
        smoke=SmokeProof(
            environment=name,
            url=f"https://{name}.example/books",
            passes=3,
            version="2.1.0",
            excerpt="[]",
            latency=0.2,
            timing=at(103, 4.0, 2.0),
        ),
        approvals=(decided,) if decided else (),
    )


def question(
    notes: str = "## Features",
    diff: str = "-  tag: 2.0.0\n+  tag: 2.1.0\n",
    subject: str = "feat: a",
    summary: str = "synced and healthy",
) -> str:
    return approval_question(
        SERVICE,
        PRODUCTION,
        candidate(release(notes)),
        change(diff),
        [proof(summary=summary)],
        [commit(1, subject)],
        T0 + timedelta(hours=24),
    )


@pytest.mark.parametrize(
    "part",
    [
        "# books-api 2.1.0 to production?",
        "`2.1.0`, after `2.0.0`",
        f"`{DIGEST[:35]}` `{DIGEST[35:]}`",
        f"`{SHA}`",
        f"{FORGE}/books-api/releases/v2.1.0",
        "`ana@example.com`, `leo@example.com`",
        "2026-01-03 10:00:00 UTC",
        f"On top of `{GITOPS}`:\n\n```diff\n-  tag: 2.0.0\n+  tag: 2.1.0\n```",
        f"healthy since 2026-01-02 10:01:00 UTC, at revision `{GITOPS}`",
        "runs exactly this digest",
        "answered well 3 times in a row, by version `2.1.0`; slowest 200 ms",
        "feat: a (Ana",
        "```text\n## Features\n```",
        "**approve** writes exactly this diff",
        "**reject** (the default)",
    ],
)
def test_A2_the_question_shows_what_is_decided(part: str) -> None:
    assert part in question()


def test_A2_the_first_environment_has_no_earlier_proof() -> None:
    text = approval_question(SERVICE, PRODUCTION, candidate(), change(), [], [], T0)
    assert "this is the first one" in text
    assert "No commit is known" in text


def test_an_empty_change_is_said_plainly() -> None:
    nothing = Change(environment="production", edits=(), diff="", base=GITOPS)
    text = approval_question(SERVICE, PRODUCTION, candidate(), nothing, [proof()], [], T0)
    assert "hold these values already" in text


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


def test_long_notes_are_cut() -> None:
    text = question(notes="n" * 1_000_000)
    assert "998000 more characters are not shown" in text
    assert len(text) < 6_000


def headings(markdown: str) -> list[str]:
    parsed = PARSER.parse(markdown)
    return [parsed[n + 1].content for n, t in enumerate(parsed) if t.type == "heading_open"]


def unfenced(markdown: str) -> str:
    """The parts of `markdown` that are not code blocks, by a real parser."""
    lines = markdown.split("\n")
    for token in PARSER.parse(markdown):
        if token.type == "fence" and token.map:
            lines[slice(*token.map)] = [""] * (token.map[1] - token.map[0])
    return "\n".join(lines)


def targets(markdown: str) -> set[str]:
    inner = [c for token in PARSER.parse(markdown) for c in token.children or []]
    assert not any(c.type in ("image", "html_inline") for c in inner)
    return {str(c.attrs["href"]) for c in inner if c.type == "link_open"}


@QUICK
@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_X33_nobody_writes_into_the_question(
    notes: str, diff: str, subject: str, summary: str
) -> None:
    text = question(notes, diff, subject, summary)
    assert headings(text) == headings(question())
    assert targets(text) == targets(question())
    assert "<" not in unfenced(text)
    assert not any(token.type == "html_block" for token in PARSER.parse(text))


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


@QUICK
@given(HOSTILE, HOSTILE)
def test_X33_nobody_writes_into_the_decision(reason: str, approver: str) -> None:
    text = decision_record(SERVICE, approval(reason, approver))
    assert headings(text) == ["books-api 2.1.0: approved for production"]
    assert targets(text) == set()
    assert "<" not in text
    assert [token.type for token in PARSER.parse(text)].count("list_item_open") == 8


def test_the_decision_names_person_change_and_run() -> None:
    text = decision_record(SERVICE, approval())
    for part in ("**approved**", "`ana@example.com`", "looks good", DIGEST, "f" * 64, "`run-1`"):
        assert part in text


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
