"""A Helm chart as one archive: the same files, the same bytes, whoever packs them. Pure.

The archive has what `helm package` puts into it: every file that `.helmignore` leaves, below a
folder of the chart's name, Chart.yaml first. Its bytes depend on names, contents and the date of
the release commit alone.
"""

import gzip
import io
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from slipway.charts import ignore
from slipway.charts.metadata import FILE, REQUIREMENTS, Metadata, metadata, stamped
from slipway.errors import InvalidInput

# Helm refuses more when it reads a chart.
LARGEST_FILE = 5 * 1024 * 1024
LARGEST_CHART = 100 * 1024 * 1024
_MIB = 1024 * 1024


@dataclass(frozen=True)
class Package:
    """A packed chart."""

    metadata: Metadata
    files: tuple[str, ...]  # paths below the chart's folder
    archive: bytes  # tar, compressed with gzip


def package(files: Mapping[str, bytes], version: str, date: datetime, where: str) -> Package:
    """Pack the files of a chart's folder as `version`.

    `where` is the folder, for messages. Raises InvalidInput for what Helm would not load, and
    NotEditable when the version cannot be put in.
    """
    names = ignore.kept(files, files.get(ignore.FILE))
    if FILE not in names:
        raise InvalidInput(
            f"{where} holds no {FILE} in the release commit",
            "correct chart.path (below source.path), or see what .helmignore leaves out",
        )
    contents = {name: files[name] for name in names}
    contents[FILE] = stamped(files[FILE], version, where)
    chart = metadata(contents[FILE], contents.get(REQUIREMENTS, b""), where)
    _check_sizes(contents, where)
    _check_dependencies(chart, contents, where)
    order = [FILE, *(name for name in names if name != FILE)]
    return Package(chart, tuple(order), _archive(chart.name, order, contents, date))


def _check_sizes(contents: Mapping[str, bytes], where: str) -> None:
    largest = max(contents, key=lambda name: len(contents[name]))
    total = sum(map(len, contents.values()))
    if len(contents[largest]) > LARGEST_FILE or total > LARGEST_CHART:
        raise InvalidInput(
            f"{where} is too large for Helm: {total / _MIB:.1f} MiB, of it {largest}"
            f" {len(contents[largest]) / _MIB:.1f} MiB (allowed: {LARGEST_CHART // _MIB} MiB,"
            f" {LARGEST_FILE // _MIB} MiB a file)",
            f"name what the chart does not need in {where}/{ignore.FILE}",
        )


def _check_dependencies(chart: Metadata, names: Iterable[str], where: str) -> None:
    vendored = [name.removeprefix("charts/") for name in names if name.startswith("charts/")]
    missing = [
        each.name
        for each in chart.dependencies
        if not any(
            name == f"{each.name}/{FILE}"
            or (name.startswith(f"{each.name}-") and name.endswith(".tgz"))
            for name in vendored
        )
    ]
    if missing:
        raise InvalidInput(
            f"{where}: not in charts/ in the release commit: {', '.join(missing)}",
            f"run 'helm dependency build {where}' and commit charts/",
        )


def _archive(
    folder: str, order: Iterable[str], contents: Mapping[str, bytes], date: datetime
) -> bytes:
    target = io.BytesIO()
    with (
        gzip.GzipFile("", "wb", 9, target, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name in order:
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size, member.mode = len(contents[name]), 0o644
            member.mtime = int(date.timestamp())
            archive.addfile(member, io.BytesIO(contents[name]))
    return target.getvalue()
