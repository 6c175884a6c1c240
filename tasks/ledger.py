"""Write into the ledger what a run has shown or been told."""

from datetime import timedelta

from prefect.cache_policies import NO_CACHE

from slipway import ledger
from slipway.errors import Held
from slipway.ledger.entries import Decided, Proven
from slipway.ledger.holds import hold_on
from slipway.model import Image, Proof, Release
from slipway.service import Environment, Service
from tasks.environment import run_id, say, settings
from tasks.retries import step


@step("keep proof", "keep proof of {proof.environment}", timeout=300)
def keep_proof(service: Service, release: Release, image: Image, proof: Proof) -> None:
    """So that later runs know what they may go back to."""
    asked = proof.smoke.timing
    ledger.record(
        service,
        settings(),
        Proven(
            service=service.service,
            environment=proof.environment,
            release=release.model_copy(update={"notes": "", "commits": ()}),
            image=image,
            revision=proof.promotion.revision,
            at=asked.started + timedelta(seconds=asked.seconds),
            run=run_id(),
        ),
    )
    say(f"{proof.environment}: {image.version} is in the ledger as proven")


@step("keep decision", "keep {decided.approval.decision}", timeout=300)
def keep_decision(service: Service, decided: Decided) -> None:
    """So that who decided what outlives the run, its inputs and its stored results."""
    ledger.record(service, settings(), decided)


# Asked anew at each call: somebody may have held or released it while the run waited.
@step("look for holds", "is {environment.name} held?", timeout=300, cache=NO_CACHE)
def refuse_held(service: Service, environment: Environment, image: Image) -> None:
    """Raises Held when the version must not be brought there, or nothing may be changed there."""
    hold = hold_on(ledger.read(service, settings()), environment.name, image.version)
    if hold:
        what = f"{image.version} is" if hold.version else "it is"
        raise Held(
            f"{environment.name}: {what} held there by {hold.by} since"
            f" {hold.at:%Y-%m-%d %H:%M} UTC: {hold.reason}",
            "when the cause is gone: `slipway release-hold`, see the runbook; then retry the run",
        )
