"""The figures as one HTML file with plots: no script, nothing from elsewhere. Pure."""

from datetime import timedelta
from html import escape

from slipway.metrics.deployments import Deployment
from slipway.metrics.figures import Figures
from slipway.metrics.text import told
from slipway.text import printable

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #8886; }
svg { width: 100%; height: auto; } .good { fill: #2a7d4f; } .bad { fill: #c0392b; }
text { fill: currentColor; font: 11px system-ui, sans-serif; }
"""
_WIDTH, _HEIGHT, _FOOT = 720, 160, 18


def metrics_page(figures: Figures) -> str:
    """A page of the four figures, a plot of deployments a week, and one of lead times."""
    title = escape(f"{figures.service}, {figures.environment}")
    rows = "".join(
        f"<tr><th scope='row'>{escape(name)}</th><td>{escape(value)}</td></tr>"
        for name, value in told(figures)
    )
    return (
        "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'/>"
        "<meta name='viewport' content='width=device-width'/>"
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>"
        f"<p>{figures.since:%Y-%m-%d} to {figures.until:%Y-%m-%d}</p><table>{rows}</table>"
        f"<h2>Deployments a week</h2>{_weeks(figures)}"
        f"<h2>Lead time of each deployment, in days</h2>{_leads(figures)}</body></html>\n"
    )


def _weeks(figures: Figures) -> str:
    count = max(1, -(-(figures.until - figures.since) // timedelta(weeks=1)))
    good, bad = [0] * count, [0] * count
    for each in figures.deployments:
        week = min(count - 1, (each.at - figures.since) // timedelta(weeks=1))
        (bad if each.failures else good)[week] += 1
    names = [f"{figures.since + timedelta(weeks=week):%d %b}" for week in range(count)]
    return _bars("Deployments a week", names, [float(g) for g in good], [float(b) for b in bad])


def _leads(figures: Figures) -> str:
    shown = [each for each in figures.deployments if each.commits]
    days = [_longest(each) for each in shown]
    good = [0.0 if each.failures else value for each, value in zip(shown, days, strict=True)]
    bad = [value if each.failures else 0.0 for each, value in zip(shown, days, strict=True)]
    return _bars("Lead time in days", [printable(each.version, 12) for each in shown], good, bad)


def _longest(each: Deployment) -> float:
    """Days from its oldest commit."""
    return max(0.0, (each.at - min(each.commits)) / timedelta(days=1))


def _bars(title: str, names: list[str], good: list[float], bad: list[float]) -> str:
    """Bars on top of each other, the bad ones above; a number over each."""
    if not names:
        return "<p>Nothing to show.</p>"
    highest = max([g + b for g, b in zip(good, bad, strict=True)] + [1e-9])
    step = _WIDTH / len(names)
    parts = []
    for at, (name, g, b) in enumerate(zip(names, good, bad, strict=True)):
        left, width = at * step + step * 0.15, step * 0.7
        high, more = (value / highest * (_HEIGHT - 2 * _FOOT) for value in (g, b))
        floor = _HEIGHT - _FOOT
        parts.append(
            f"<rect class='good' x='{left:.1f}' y='{floor - high:.1f}' width='{width:.1f}'"
            f" height='{high:.1f}'/><rect class='bad' x='{left:.1f}'"
            f" y='{floor - high - more:.1f}' width='{width:.1f}' height='{more:.1f}'/>"
            f"<text x='{left:.1f}' y='{floor - high - more - 4:.1f}'>{g + b:.3g}</text>"
            f"<text x='{left:.1f}' y='{_HEIGHT - 4}'>{escape(name)}</text>"
        )
    return (
        f"<svg viewBox='0 0 {_WIDTH} {_HEIGHT}' role='img' xmlns='http://www.w3.org/2000/svg'>"
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )
