"""What a scanner's output is taken for, and what stops a delivery."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from slipway.evidence.findings import (
    SEVERITIES,
    Vulnerability,
    against,
    not_scanned,
    report,
    vulnerabilities,
)
from slipway.evidence.notes import with_image
from slipway.model import Evidence
from slipway.release.changelog import LIMIT
from slipway.service import Scan
from tests.unit.test_report import EVIDENCE, IMAGE, PARSER, PAYLOADS


def printed(*entries: Any, **more: Any) -> bytes:
    return json.dumps({"bomFormat": "CycloneDX", "vulnerabilities": entries, **more}).encode()


def entry(name: str, *severities: str) -> dict[str, Any]:
    return {"id": name, "ratings": [{"severity": severity} for severity in severities]}


def test_the_worst_rating_counts() -> None:
    found = vulnerabilities(printed(entry("CVE-1", "low", "high", "none"), entry("CVE-2"), {}))
    assert found == [
        Vulnerability("CVE-1", "high"),
        Vulnerability("CVE-2", "unknown"),
        Vulnerability("without a name", "unknown"),
    ]


def test_an_empty_list_is_a_scan_without_findings() -> None:
    found = vulnerabilities(printed())
    assert found == []
    assert report(found).summary == "scanned: no known vulnerabilities"
    assert report(found).done


@pytest.mark.parametrize(
    "output",
    [
        b"",
        b"not json",
        b"[" * 100_000,
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"bomFormat": "CycloneDX"}',
        b'{"bomFormat": "CycloneDX", "vulnerabilities": null}',
        b'{"bomFormat": "CycloneDX", "vulnerabilities": {}}',
        b'{"bomFormat": "CycloneDX", "vulnerabilities": ["CVE-1"]}',
        b'{"vulnerabilities": []}',
        b'{"Results": []}',
    ],
    ids=repr,
)
def test_B54_X71_what_is_no_list_of_vulnerabilities_is_no_scan(output: bytes) -> None:
    assert vulnerabilities(output[:100_000]) is None


def test_B54_not_scanned_never_reads_as_clean() -> None:
    told = not_scanned("no scanner is configured")
    assert (told.done, told.found) == (False, ())
    assert told.summary == "not scanned: no scanner is configured"


def test_the_report_counts_by_severity_worst_first() -> None:
    told = report([Vulnerability(str(n), s) for n, s in enumerate(["low", "critical", "low"])])
    assert told.found == (("critical", 1), ("low", 2))
    assert told.summary == "scanned: 1 critical, 2 low"


def test_the_gate_names_the_worst_and_counts_the_rest() -> None:
    found = [Vulnerability(f"CVE-{n}", "high") for n in range(7)]
    said = against(
        [*found, Vulnerability("CVE-X", "critical"), Vulnerability("CVE-Y", "low")], "high"
    )
    assert said
    assert said.startswith("CVE-X (critical), CVE-0 (high), ")
    assert said.endswith(" and 3 more")
    assert "CVE-Y" not in said


@given(
    st.lists(st.sampled_from(SEVERITIES)), st.sampled_from(["critical", "high", "medium", "low"])
)
def test_the_gate_stops_exactly_what_is_as_bad_or_worse(found: list[str], limit: Any) -> None:
    worse = SEVERITIES[: SEVERITIES.index(limit) + 1]
    stopped = against([Vulnerability("CVE-1", severity) for severity in found], limit)
    assert (stopped is not None) == any(severity in worse for severity in found)


@pytest.mark.parametrize(
    "command",
    [
        ["trivy", "image", "--format", "cyclonedx", "--scanners", "vuln", "{image}"],
        ["/opt/trivy", "image", "--scanners=vuln,secret", "{image}"],
        ["trivy", "image", "--scanners", "secret,vuln", "{image}"],
        ["grype", "-o", "cyclonedx-json", "registry:{image}"],
    ],
)
def test_a_command_that_scans_the_image_is_accepted(command: list[str]) -> None:
    assert Scan.model_validate({"command": command}).fail_on == "high"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (["trivy", "image", "--format", "cyclonedx", "{image}"], "add --scanners vuln"),
        (["trivy", "image", "--scanners", "secret", "{image}"], "add --scanners vuln"),
        (["grype", "shop:latest"], "nothing in it is {image}"),
    ],
)
def test_B54_a_command_that_would_scan_nothing_is_refused(command: list[str], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Scan.model_validate({"command": command})


def test_the_notes_tell_what_is_known_at_their_end() -> None:
    text = with_image("### Features\n\n* a\n", IMAGE, EVIDENCE)
    assert text.startswith("### Features\n\n* a\n\n<!-- slipway: image -->\n### Image\n\n")
    assert f"* `{IMAGE.reference}`" in text
    assert "* Provenance: signed provenance, attached and verified; key `" in text
    assert "* Vulnerabilities: not scanned: no scanner is configured" in text


def test_the_notes_are_told_once() -> None:
    first = with_image("* a", IMAGE, EVIDENCE)
    newer = EVIDENCE.model_copy(update={"scan": report([])})
    second = with_image(first, IMAGE, newer)
    assert second.count("### Image") == 1
    assert "scanned: no known vulnerabilities" in second
    assert "not scanned" not in second
    assert with_image(second.replace("\n", "\r\n"), IMAGE, newer).count("### Image") == 1
    assert with_image(second, IMAGE, newer) == second


@pytest.mark.parametrize("notes", ["", "* fix: <!-- slipway: image --> in notes\n* another"])
def test_notes_that_look_like_ours_are_kept(notes: str) -> None:
    once = with_image(notes, IMAGE, EVIDENCE)
    assert once.startswith(notes)
    assert with_image(once, IMAGE, EVIDENCE) == once


def test_notes_of_full_length_are_cut_for_it() -> None:
    text = with_image("* a\n" * (LIMIT // 4), IMAGE, EVIDENCE)
    assert len(text) <= LIMIT
    assert text.count("### Image") == 1
    assert text.startswith("* a\n* a\n")
    assert with_image(text, IMAGE, EVIDENCE) == text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_X33_nobody_writes_into_the_notes(payload: str) -> None:
    evil: Evidence = EVIDENCE.model_copy(update={"scan": not_scanned(payload), "sbom": payload})
    plain = with_image("* a", IMAGE, EVIDENCE)
    text = with_image("* a", IMAGE, evil)
    assert len(text.splitlines()) == len(plain.splitlines())
    kinds = [token.type for line in PARSER.parse(text) for token in (line.children or [line])]
    assert "<script" not in text
    assert not {"link_open", "image", "html_inline", "table_open", "fence"} & set(kinds)
