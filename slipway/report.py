"""What people read about a delivery while it goes on, and at its end. Pure.

Texts from commits, release notes, servers and approvers are untrusted and never become mark-up.
"""

from collections.abc import Sequence
from typing import NamedTuple

from slipway.decision import Approval
from slipway.markdown import code, escape, fence, link, moment, safe_url
from slipway.model import Candidate, Change, Chart, Commit, Evidence, Image, Proof, Release
from slipway.service import Service
from slipway.timeline import steps, timeline
from slipway.timeline_picture import as_url, picture

_COMMITS = 20  # shown; the rest is counted


class Link(NamedTuple):
    """One link of a delivery; the key stays the same from delivery to delivery."""

    key: str
    url: str
    text: str


def previous_version(change: Change, version: str) -> str | None:
    """What the manifests hold where `version` will be written; None when that cannot be told."""
    return next((edit.old for edit in change.edits if edit.new == version and edit.old), None)


def listed(rows: Sequence[tuple[str, str]]) -> str:
    """Named values, one a line: unlike a table's cells, lines break in a narrow form."""
    return "\n".join(f"- **{name}** {value}" for name, value in rows)


def in_two(digest: str) -> str:
    """A digest that fits into Prefect's form, which cuts what cannot be broken."""
    half = len(digest) // 2
    return f"{code(digest[:half])} {code(digest[half:])}"


def diff_on_base(change: Change, limit: int = 20_000) -> str:
    """What changes, on which commit; says so where it is cut at `limit` characters."""
    if not change.edits:
        return "Nothing: the manifests hold these values already."
    return f"On top of {code(change.base)}:\n\n{fence(change.diff, 'diff', limit)}"


def proven_so_far(proofs: Sequence[Proof], image: Image) -> str:
    """What was shown in the environments before this one."""
    if not proofs:
        return "No earlier environment: this is the first one."
    return "\n".join(_one_proof(proof, image) for proof in proofs)


def _one_proof(proof: Proof, image: Image) -> str:
    sync, promotion = proof.sync, proof.promotion
    same = sync.digest == image.digest
    lines = [
        f"healthy since {moment(sync.healthy_since)}, at revision {code(sync.observed)}",
        "runs exactly this digest" if same else f"runs another digest: {in_two(sync.digest)}",
        f"asked for by commit {link(promotion.revision[:10], promotion.url)}",
        f"smoke test: {_smoke(proof)}",
        *map(_decided, proof.approvals),
    ]
    head = f"- **{escape(proof.environment)}** ({link(sync.application, sync.url)})"
    return "\n".join([f"{head}: {escape(sync.summary, 200)}", *(f"  - {line}" for line in lines)])


def _decided(approval: Approval) -> str:
    by = f"approved by {code(approval.approver)}, {moment(approval.at)}"
    return f"{by}: {escape(approval.reason)}"


def _smoke(proof: Proof) -> str:
    smoke = proof.smoke
    where = link(smoke.url.partition("://")[2], smoke.url)
    version = f", by version {code(smoke.version)}" if smoke.version else ""
    return (
        f"{where} answered well {smoke.passes} times in a row{version};"
        f" slowest {smoke.latency * 1000:.0f} ms"
    )


def commit_list(commits: Sequence[Commit]) -> str:
    """At most twenty commits as a list, and how many more there are."""
    if not commits:
        return "No commit is known between the two versions."
    lines = [
        f"- {code(c.sha[:10])} {escape(c.subject, 120)} ({escape(c.author.partition(' <')[0], 80)})"
        for c in commits[:_COMMITS]
    ]
    more = len(commits) - _COMMITS
    return "\n".join([*lines, f"- and {more} more"] if more > 0 else lines)


def known(evidence: Evidence) -> str:
    """What is known about an image beyond its digest."""
    signed = escape(evidence.provenance)
    return listed(
        [
            ("Provenance", f"{signed}; key {in_two(evidence.key)}" if evidence.key else signed),
            ("Bill of materials", escape(evidence.sbom)),
            ("Vulnerabilities", escape(evidence.scan.summary)),
        ]
    )


def delivery_report(service: Service, candidate: Candidate, proofs: Sequence[Proof]) -> str:
    """The report of a delivery as far as it has come: what is proven where, and in what time."""
    release, image = candidate.release, candidate.image
    entries = [f"- {link(text, url)}" for _, url, text in links(service, candidate, proofs)]
    timed = steps(candidate, proofs)
    where = f"## Environments\n\n{proven_so_far(proofs, image)}\n\n" if proofs else ""
    return "\n\n".join(
        [
            f"# {escape(service.service)} {escape(release.version)}",
            _summary(service, release, proofs),
            f"Image {code(image.reference)}, built from {code(release.sha)}.",
            *_chart(candidate.chart),
            known(candidate.evidence),
            f"{where}## Commits\n\n{commit_list(release.commits)}",
            f"## Timeline\n\n![The steps as bars]({as_url(picture(timed))})\n\n{timeline(timed)}",
            f"## Links\n\n{chr(10).join(entries) or 'None.'}",
        ]
    )


def _chart(chart: Chart | None) -> list[str]:
    return [f"Chart {code(f'oci://{chart.reference}')}."] if chart else []


def _summary(service: Service, release: Release, proofs: Sequence[Proof]) -> str:
    proven = [proof.environment for proof in proofs]
    missing = [e.name for e in service.environments if e.name not in proven]
    where = f"is live and proven in {', '.join(proven)}" if proven else "is proven nowhere yet"
    rest = f"; not yet in {', '.join(missing)}" if missing and proven else ""
    return f"Version {code(release.version)} {escape(where + rest)}."


def links(service: Service, candidate: Candidate, proofs: Sequence[Proof]) -> list[Link]:
    """The pages that belong to a delivery; only http and https ones."""
    release, image = candidate.release, candidate.image
    found = [Link("release", release.url, f"release {release.tag}")]
    for proof in proofs:
        name = proof.environment
        found += [
            Link(f"{name}-commit", proof.promotion.url, f"{name}: commit in the GitOps repository"),
            Link(f"{name}-application", proof.sync.url, f"{name}: {proof.sync.application}"),
            Link(f"{name}-smoke", proof.smoke.url, f"{name}: {service.service} {image.version}"),
        ]
    return [Link(key, url, text) for key, unsafe, text in found if (url := safe_url(unsafe))]
