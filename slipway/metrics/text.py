"""The figures as Markdown. Pure."""

from slipway.markdown import code, duration, moment, table
from slipway.metrics.figures import Deployment, Figures

_SOURCE = (
    "From the ledger of the GitOps repository and the commits of the application; definitions:"
    " [DORA](https://dora.dev/guides/dora-metrics/)."
)


def metrics_text(figures: Figures) -> str:
    """A table of the four figures, and the deployments behind them, newest first."""
    days = round((figures.until - figures.since).total_seconds() / 86400)
    head = f"# {figures.service}: {days} days of {figures.environment}"
    if not figures.deployments:
        return f"{head}\n\nNo deployment in this time: there is nothing to tell.\n\n{_SOURCE}\n"
    rows = [(name, value) for name, value in told(figures)]
    listed = [_row(each) for each in reversed(figures.deployments)]
    return (
        "\n\n".join(
            [
                head,
                table(("figure", "value"), rows),
                table(("version", "in production", "commits", "outcome"), listed),
                _SOURCE,
            ]
        )
        + "\n"
    )


def told(figures: Figures) -> tuple[tuple[str, str], ...]:
    """Each figure's name and value, for people."""
    rate, count = figures.failure_rate, len(figures.deployments)
    open_ones = f", {figures.unrestored} not restored yet" if figures.unrestored else ""
    return (
        ("deployment frequency", f"{figures.a_week:.1f} a week ({count} in all)"),
        ("lead time for changes", _spans(figures.lead_time, figures.lead_time_slow)),
        ("change failure rate", "not known" if rate is None else f"{rate:.0%}"),
        ("failed deployment recovery time", _span(figures.recovery_time) + open_ones),
    )


def _spans(middle: float | None, slow: float | None) -> str:
    if middle is None or slow is None:
        return "not known: no commit times"
    return f"{duration(middle)}; nine in ten within {duration(slow)}"


def _span(seconds: float | None) -> str:
    return "nothing to recover from" if seconds is None else duration(seconds)


def _row(each: Deployment) -> tuple[str, str, str, str]:
    outcome = "proven"
    if each.failed:
        since = f"taken back, {moment(each.failed)}"
        outcome = f"{since}; restored {moment(each.restored)}" if each.restored else since
    return code(each.version), moment(each.at), str(len(each.commits) or "not known"), outcome
