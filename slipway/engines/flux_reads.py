"""Which files of the repository we push to a chain reads. Pure.

Source: source-controller v1.9 (values files are relative to the source's root, and the chart's own
values.yaml is not among them unless it is named), kustomize-controller v1.9.
"""

import posixpath

from slipway.engines.chart_files import chart_files
from slipway.engines.flux_chain import COMMITS, Chain, reads_commits
from slipway.engines.flux_objects import Json, part, text

_BASES = ("**/kustomization.yaml", "**/kustomization.yml", "**/Kustomization")  # maybe its own


def reads(chain: Chain) -> tuple[str, ...] | None:
    """Path patterns; empty when it reads nothing of the repository, None when it cannot be told."""
    if not reads_commits(chain):
        return ()
    if text(chain.source or {}, "kind") not in COMMITS:
        return None  # which folder of the repository the artifact was made of is not told
    spec = part(chain.last, "spec")
    if chain.last.get("kind") == "Kustomization":
        path = text(spec, "path")
        components = (posixpath.join(path, str(each)) for each in spec.get("components") or ())
        return ("~**", *(_below(folder, "**") for folder in (path, *components)), *_BASES)
    return _of_chart(part(chain.chart or {}, "spec") or part(spec, "chart", "spec"))


def _of_chart(spec: Json) -> tuple[str, ...]:
    chart, files = text(spec, "chart"), spec.get("valuesFiles") or ()
    named = [_below("", str(name)) for name in files] or [_below(chart, "values.yaml")]
    return (*chart_files(chart), *named)


def _below(folder: str, name: str) -> str:
    return posixpath.normpath(posixpath.join("/", folder, name)).lstrip("/")
