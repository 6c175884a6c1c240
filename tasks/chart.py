"""Publish the release's Helm chart once, where the service has one."""

from slipway.charts.publish import publish
from slipway.model import Chart, Release
from slipway.service import ChartRules, Service
from tasks.environment import say, settings
from tasks.retries import step


@step("publish chart", "chart {release.service} {release.version}", timeout=1800)
def publish_chart(service: Service, rules: ChartRules, release: Release) -> Chart:
    chart = publish(service, rules, release, settings())
    done = "packed and pushed" if chart.created else "the registry already holds"
    say(f"{done} {chart.reference}")
    return chart
