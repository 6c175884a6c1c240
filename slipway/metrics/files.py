"""The figures as files: for a web server, or for other programs."""

import tempfile
from pathlib import Path

from slipway.errors import Retryable
from slipway.metrics.figures import Figures
from slipway.metrics.page import metrics_page


def write_pages(found: Figures, folder: Path) -> None:
    """Write SERVICE-metrics.html and SERVICE-metrics.json, each whole or not at all.

    Raises Retryable where the folder cannot be written.
    """
    texts = {"html": metrics_page(found), "json": found.model_dump_json(indent=2) + "\n"}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for ending, text in texts.items():
            _replace(folder / f"{found.service}-metrics.{ending}", text)
    except OSError as error:
        raise Retryable(
            f"could not write into {folder}: {error.strerror}",
            "let the worker write into SLIPWAY_REPORT_FOLDER",
        ) from None


def _replace(path: Path, text: str) -> None:
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(text)
    Path(file.name).chmod(0o644)  # others may read what a web server is to show
    Path(file.name).replace(path)
