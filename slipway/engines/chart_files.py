"""Which files a Helm chart in a repository is made from. Pure.

Source: Helm. Templates may read any file of the chart's folder (`.Files`), and a chart below
another path is a dependency by `file://`, which only its Chart.yaml tells.
"""

import posixpath

_DEPENDENCIES = ("~**/Chart.yaml", "~**/values.yaml", "~**/templates/**")


def chart_files(folder: str) -> list[str]:
    """Path patterns for `readiness.reach`, without values files: those are read when named."""
    beside = [posixpath.normpath(posixpath.join("/", folder, name)) for name in ("**", "*values*")]
    everything, values = (path.lstrip("/") for path in beside)
    return [*_DEPENDENCIES, everything, f"!{values}.yaml", f"!{values}.yml"]
