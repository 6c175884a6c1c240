"""Ask the engines early; then wait until one has proven the commit and the digest live."""

from datetime import timedelta
from functools import partial

from slipway import gitops
from slipway.model import Image, Promotion, SyncProof
from slipway.service import Environment, Service
from slipway.sync import examine_all, wait_until_live
from slipway.timing import Stopwatch
from tasks.environment import say, settings
from tasks.retries import step


@step("examine environments", "examine {service.service}", timeout=300)
def examine_environments(
    service: Service, environments: tuple[Environment, ...]
) -> tuple[str, ...]:
    unknown = examine_all(environments, settings(), service.gitops)
    for sentence in unknown:
        say(sentence)
    return unknown


@step("wait for sync", "sync {environment.name}", timeout=24 * 3600)
def wait_for_sync(
    service: Service, environment: Environment, image: Image, promotion: Promotion
) -> SyncProof:
    known = settings()
    proof = wait_until_live(
        environment.application,
        environment.name,
        image,
        promotion.revision,
        known,
        partial(gitops.lineage, service, environment, image, known, promotion.revision),
        Stopwatch(),
        report=lambda sentence: say(f"{environment.name}: {sentence}"),
        gitops=service.gitops,
        files=[update.file for update in environment.updates],
        since=promotion.timing.started + timedelta(seconds=promotion.timing.seconds),
    )
    say(f"{environment.name}: {proof.summary}")
    return proof
