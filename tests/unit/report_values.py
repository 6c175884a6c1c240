"""A delivery to report about, hostile texts, and what a reader of Markdown sees."""

from datetime import UTC, datetime, timedelta

from hypothesis import settings
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
from slipway.service import Service
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
