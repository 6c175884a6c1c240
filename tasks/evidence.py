"""Sign for an image and scan it; later, check what was signed before anything is written."""

from prefect.cache_policies import NO_CACHE

from slipway.evidence import collect
from slipway.evidence.verify import verify
from slipway.model import Evidence, Image, Release, Verification
from slipway.service import Environment, Service
from tasks.environment import run_id, say, settings
from tasks.retries import step


@step("attest", "attest {release.service} {release.version}", timeout=2 * 3600)
def attest_image(service: Service, release: Release, image: Image) -> Evidence:
    evidence = collect.attest(service, release, image, settings(), run_id())
    _tell(evidence)
    return evidence


@step("examine", "examine {release.service} {release.version}", timeout=2 * 3600)
def examine_image(service: Service, release: Release, image: Image) -> Evidence:
    evidence = collect.examine(service, release, image, settings())
    _tell(evidence)
    return evidence


# Asks the registry anew at each call: what was attached yesterday may be gone.
@step("verify", "verify {environment.name}", timeout=300, cache=NO_CACHE)
def verify_image(
    service: Service, environment: Environment, release: Release, image: Image
) -> Verification:
    found = verify(service, release, image, settings())
    say(f"{environment.name}: provenance verified, signed by key {found.key}")
    return found


def _tell(evidence: Evidence) -> None:
    say(f"provenance: {evidence.provenance}")
    say(f"bill of materials: {evidence.sbom}")
    say(f"vulnerabilities: {evidence.scan.summary}")
