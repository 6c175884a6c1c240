"""Show, then write, the GitOps commit that asks for an image in one environment."""

from collections.abc import Sequence

from prefect.cache_policies import NO_CACHE

from slipway import gitops
from slipway.decision import Approval
from slipway.gitops.announce import announce
from slipway.model import Candidate, Change, Image, Promotion, Proof
from slipway.service import Environment, Service
from tasks.environment import began, run_id, say, settings
from tasks.people import with_gate_now
from tasks.retries import step
from tasks.signature import still_proven


# Reads the repository anew at each call: an approval is only good for what is there now.
@step("preview change", "preview {environment.name}", timeout=300, cache=NO_CACHE)
def preview_change(service: Service, environment: Environment, image: Image) -> Change:
    return gitops.plan(service, environment, image, settings())


@step("update GitOps", "update {environment.name}", timeout=48 * 3600)
def update_gitops(
    service: Service,
    environment: Environment,
    candidate: Candidate,
    approvals: tuple[Approval, ...],
    earlier: Sequence[Proof],
) -> Promotion:
    now = with_gate_now(service, environment)  # who may not approve any more does not count
    promotion = gitops.write(
        service,
        now,
        candidate.image,
        settings(),
        run=run_id(),
        began=began(),
        approvals=still_proven(service, now.gate, approvals),
        candidate=candidate,
        earlier=earlier,
        report=lambda sentence: say(f"{environment.name}: {sentence}"),
    )
    say(f"{environment.name}: {promotion.reason} ({promotion.url})")
    tell_webhooks(service, promotion)
    return promotion


def tell_webhooks(service: Service, promotion: Promotion) -> None:
    """Once, right after a push; a run that was killed in between does without."""
    for trouble in announce(service, promotion, settings()):
        say(f"{promotion.environment}: {trouble}; the engine is asked in the sync wait anyway")
