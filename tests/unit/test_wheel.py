"""What is shipped: the product, and nothing that it is tried against."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Paths inside the wheel, as the build backend makes it."""
    folder = tmp_path_factory.mktemp("wheel")
    scripts = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    program = f"import uv_build; uv_build.build_wheel({str(folder)!r})"
    subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PATH": scripts},
        check=True,
        capture_output=True,
    )
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_X69_the_wheel_holds_the_product_only(names: list[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "flows", "tasks", "slipway", "workers",
    }  # fmt: skip
    assert not [name for name in names if name.endswith((".env", ".key", ".pem"))]
    assert "workers/nobody.crt" in names  # read by every run of a warm worker


def test_the_wheel_has_the_console_script_and_may_not_be_uploaded(names: list[str]) -> None:
    assert [name for name in names if name.endswith("entry_points.txt")]
    assert "Private :: Do Not Upload" in (ROOT / "pyproject.toml").read_text()
