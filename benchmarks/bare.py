"""The baseline: the same calls in a row, in one process, without Prefect."""

import uuid
from datetime import UTC, datetime
from functools import partial

from slipway import build, gitops, smoke, sync
from slipway.charts.publish import publish
from slipway.config import read_service
from slipway.evidence import collect
from slipway.model import Release, SmokeProof
from slipway.release import converge
from slipway.settings import Settings
from slipway.timing import Stopwatch


def deliver_to_staging(settings: Settings, service_name: str) -> SmokeProof:
    """Release, build, write, wait, smoke: what a script on a CI machine would do."""
    service = read_service(settings.services, service_name)
    staging = service.environments[0]
    run, began = str(uuid.uuid4()), datetime.now(UTC)
    release = converge.release(service, settings, run)
    if not isinstance(release, Release):
        raise RuntimeError(release.summary)  # noqa: TRY004
    image = build.build(service, release, settings)
    collect.attest(service, release, image, settings, run)
    if service.chart:
        publish(service, service.chart, release, settings)
    promotion = gitops.write(service, staging, image, settings, run=run, began=began, approvals=())
    wanted = promotion.revision
    sync.wait_until_live(
        staging.application,
        staging.name,
        image,
        wanted,
        settings,
        partial(gitops.lineage, service, staging, image, settings, wanted),
        Stopwatch(),
        gitops=service.gitops,
    )
    return smoke.smoke_test(
        staging.smoke, staging.name, image.version, settings, Stopwatch(), lambda _: None
    )
