"""Choose what an environment goes back to, write it, and say what was done."""

from datetime import UTC, datetime

from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from slipway import gitops, ledger
from slipway.gates.rollback import proven_before
from slipway.gitops import Undo
from slipway.model import Change, Image, Promotion, Proof
from slipway.rollback import Back, Planned, begin, begun, plan
from slipway.rollback.text import rollback_report
from slipway.service import Environment, Service
from tasks.environment import began, run_id, say, settings
from tasks.gitops import tell_webhooks
from tasks.report import artifact_key
from tasks.retries import step


# Looked at anew each time: a process that was killed may have begun one.
@step("find rollback", "find rollback of {environment.name}", timeout=300, cache=NO_CACHE)
def find_rollback(service: Service, environment: Environment) -> Back | None:
    return begun(service, environment, run_id(), settings())


@step("compare with proven", "was {image.version} proven in {environment.name}?", timeout=300)
def was_proven_before(service: Service, environment: Environment, image: Image) -> bool:
    found = ledger.read(service, settings())
    return proven_before(found, run_id(), environment.name, image.digest)


@step("plan rollback", "plan rollback of {environment.name}", timeout=300, cache=NO_CACHE)
def plan_rollback(
    service: Service, environment: Environment, leaving: Image, reason: str
) -> Planned:
    return plan(service, environment, leaving, reason, settings())


@step("begin rollback", "begin rollback of {environment.name}", timeout=300, cache=NO_CACHE)
def begin_rollback(
    service: Service,
    environment: Environment,
    leaving: Image | None,
    reason: str,
    failed: Change | None = None,
    version: str | None = None,
) -> Back:
    now = datetime.now(UTC)
    back = begin(
        service, environment, leaving, reason, run_id(), now, settings(),
        failed=failed, version=version,
    )  # fmt: skip
    say(f"{environment.name}: back from {back.leaving.version} to {back.to.image.version}")
    return back


@step(
    "write rollback", "roll {environment.name} back to {back.to.image.version}", timeout=48 * 3600
)
def write_rollback(service: Service, environment: Environment, back: Back) -> Promotion:
    promotion = gitops.write(
        service,
        environment,
        back.to.image,
        settings(),
        run=run_id(),
        began=began(),
        approvals=(),
        report=lambda sentence: say(f"{environment.name}: {sentence}"),
        undo=Undo(back.leaving, back.reason),
    )
    say(f"{environment.name}: {promotion.reason} ({promotion.url})")
    tell_webhooks(service, promotion)
    return promotion


@step("report rollback", "report rollback of {proof.environment}", timeout=60)
def report_rollback(service: Service, back: Back, proof: Proof) -> None:
    create_markdown_artifact(
        key=artifact_key(service.service, "rollback"),
        markdown=rollback_report(service.service, back, proof),
        description=f"{proof.environment}: back from {back.leaving.version}"
        f" to {back.to.image.version}, proven",
    )
