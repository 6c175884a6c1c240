"""Publish the release's Helm chart once, where the service has one."""

from slipway.charts.publish import publish
from slipway.model import Chart, Release
from slipway.service import Service
from tasks.environment import say, settings
from tasks.retries import step


@step("publish chart", "chart {release.service} {release.version}", timeout=1800)
def publish_chart(service: Service, release: Release) -> Chart | None:
    chart = publish(service, release, settings())
    if chart is None:
        say("the service file names no chart")
        return None
    done = "packed and pushed" if chart.created else "the registry already holds"
    say(f"{done} {chart.reference}")
    return chart
