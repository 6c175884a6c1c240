"""A page for people, so that the links of a report lead somewhere."""

from collections.abc import Iterable
from html import escape

from sandbox.argocd.application import Object, operation_state, revisions_in
from sandbox.argocd.tree import resource_tree

_STYLE = "body{font:16px sans-serif;margin:2rem;max-width:60rem}td{padding:.2rem 1rem .2rem 0}"


def page(application: Object, objects: list[Object]) -> str:
    """The state of one application as HTML; every value is escaped."""
    status, metadata = application["status"], application["metadata"]
    state = operation_state(application)
    facts = {
        "Project": application["spec"]["project"],
        "Sync": f"{status['sync']['status']} {', '.join(revisions_in(status['sync']))}",
        "Health": status["health"].get("status", ""),
        "Last operation": f"{state.get('phase', 'none')} {state.get('message', '')}",
        "Images": ", ".join(status["summary"].get("images", [])),
        "Compared at": status.get("reconciledAt", "never"),
        "Conditions": "; ".join(each["message"] for each in status.get("conditions", [])),
    }
    nodes = [
        (node["kind"], node["name"], *_health(node))
        for node in resource_tree(objects).get("nodes", [])
    ]
    title = escape(f"{metadata['namespace']}/{metadata['name']}")
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"
        f"<style>{_STYLE}</style><h1>{title}</h1><p>Sandbox: not a cluster, not Argo CD.</p>"
        f"{_table(facts.items())}<h2>Resources</h2>{_table(nodes)}</html>"
    )


def _health(node: Object) -> tuple[str, str]:
    found = node.get("health", {})
    return found.get("status", ""), found.get("message", "")


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    lines = ("".join(f"<td>{escape(str(cell))}</td>" for cell in row) for row in rows)
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"
