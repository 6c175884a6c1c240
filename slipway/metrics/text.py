"""The figures as Markdown. Pure."""

from slipway.markdown import code, duration, moment, table
from slipway.metrics.deployments import Deployment
from slipway.metrics.figures import Figures
from slipway.text import printable

_SOURCE = (
    "From the ledger of the GitOps repository and the commits of the application; definitions:"
    " [DORA](https://dora.dev/guides/dora-metrics/)."
)


def metrics_text(figures: Figures) -> str:
    """A table of the four figures, and the deployments behind them, newest first."""
    days = round((figures.until - figures.since).total_seconds() / 86400)
    head = f"# {figures.service}: {days} days of {figures.environment}"
    known = figures.deployments or figures.unrestored or figures.recovery_time is not None
    if not known:
        return f"{head}\n\nNo deployment in this time: there is nothing to tell.\n\n{_SOURCE}\n"
    rows = [(name, value) for name, value in told(figures)]
    parts = [head, table(("figure", "value"), rows)]
    if figures.deployments:
        listed = [_row(each) for each in reversed(figures.deployments)]
        parts.append(table(("version", "in production", "commits", "outcome"), listed))
    return "\n\n".join([*parts, _SOURCE]) + "\n"


def told(figures: Figures) -> tuple[tuple[str, str], ...]:
    """Each figure's name and value, for people."""
    weekly, rate, count = figures.a_week, figures.failure_rate, len(figures.deployments)
    often = "none in this time" if weekly is None else f"{weekly:.1f} a week ({count} in all)"
    if not figures.whole:
        often += "; the ledger holds only the newest, so there were more"
    return (
        ("deployment frequency", often),
        ("lead time for changes", _spans(figures.lead_time, figures.lead_time_slow)),
        ("change failure rate", "not known" if rate is None else f"{rate:.0%}"),
        ("failed deployment recovery time", _recovery(figures)),
    )


def _spans(middle: float | None, slow: float | None) -> str:
    if middle is None or slow is None:
        return "not known: no commit times"
    return f"{duration(middle)}; nine in ten within {duration(slow)}"


def _recovery(figures: Figures) -> str:
    waiting = f"{figures.unrestored} not restored yet" if figures.unrestored else ""
    if figures.recovery_time is None:
        return waiting or "nothing to recover from"
    return ", ".join(filter(None, [duration(figures.recovery_time), waiting]))


def _row(each: Deployment) -> tuple[str, str, str, str]:
    told = ["proven"] if each.proven == each.at else []
    for failure in each.failures:
        told.append(f"failed {moment(failure.at)}")
        told += [f"restored {moment(failure.restored)}"] if failure.restored else []
    version = code(printable(each.version))
    return version, moment(each.at), str(len(each.commits) or "not known"), "; ".join(told)
