"""Write into the ledger what a run has shown or been told."""

from datetime import UTC, datetime, timedelta

from prefect.cache_policies import NO_CACHE

from slipway import ledger
from slipway.ledger.entries import Decided, Failed, Proven
from slipway.model import Image, Proof, Release
from slipway.service import Service
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


@step("keep failure", "keep failure of {environment}", timeout=300, cache=NO_CACHE)
def keep_failure(service: Service, environment: str, image: Image, reason: str) -> None:
    """So that it can be told afterwards how often a change fails, and for how long."""
    ledger.record(
        service,
        settings(),
        Failed(
            service=service.service,
            environment=environment,
            version=image.version,
            digest=image.digest,
            reason=reason,
            at=datetime.now(UTC),
            run=run_id(),
        ),
    )


@step("keep decision", "keep {decided.approval.decision}", timeout=300)
def keep_decision(service: Service, decided: Decided) -> None:
    """So that who decided what outlives the run, its inputs and its stored results."""
    ledger.record(service, settings(), decided)
