"""Has the configured scanner look at the pushed image, by digest."""

from typing import NamedTuple

from slipway.clients import tools
from slipway.clients.registry import credential_of, is_plain
from slipway.errors import NotTrusted
from slipway.evidence import findings
from slipway.model import Image, ScanReport
from slipway.service import Scan, Service
from slipway.settings import Settings


class Scanned(NamedTuple):
    """What a scan gave, and what in it speaks against delivering the image."""

    report: ScanReport
    objection: NotTrusted | None


def scan(service: Service, image: Image, settings: Settings) -> Scanned:
    """Run the scanner of the service file; without one, nothing is known and nothing is stopped.

    A scanner that is configured has to work: what it could not scan is stopped.
    """
    rules = service.image.scan
    if rules is None:
        return Scanned(findings.not_scanned("no scanner is configured"), None)
    command = [word.replace("{image}", image.reference) for word in rules.command]
    host = image.repository.partition("/")[0]
    plain = is_plain(image.repository, settings)
    with tools.bench(host, credential_of(settings), plain) as bench:
        ran = bench.run(command, rules.timeout.total_seconds())
    found = None if ran.problem else findings.vulnerabilities(ran.out)
    if found is None:
        return _failed(image, ran.problem or f"{command[0]} printed no list of vulnerabilities")
    report = findings.report(found)
    against = findings.against(found, rules.fail_on)
    return Scanned(report, _vulnerable(image, rules, report, against) if against else None)


def _failed(image: Image, problem: str) -> Scanned:
    report = findings.not_scanned(problem)
    return Scanned(
        report,
        NotTrusted(
            f"{image.reference} is {report.summary}",
            "image.scan.command has to print CycloneDX JSON with vulnerabilities, and end with 0",
        ),
    )


def _vulnerable(image: Image, rules: Scan, report: ScanReport, against: str) -> NotTrusted:
    return NotTrusted(
        f"{image.reference} has vulnerabilities that are {rules.fail_on} or worse: {against}"
        f" ({report.summary})",
        "release a version without them; image.scan.fail_on says what is accepted",
    )
