"""Helm itself reads what the chart step publishes, and packs the same files."""

import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slipway.charts.package import package
from slipway.errors import InvalidInput
from tests.contract.chart_place import FILES, METADATA, WHEN, ChartPlace, a_chart_place
from tests.contract.docker_engine import RegistryLogin

_NAMES = ("a", "b.txt", ".c", "ab")
_TREE = [
    "a", "b.txt", ".c", "ab/a", "ab/b.txt", "docs/a", "docs/ab/.c", "templates/a.yaml",
    "templates/.c", "templates/ab/.c", "files/ab/a", "files/ab/b.txt",
]  # fmt: skip
_PATTERN = st.one_of(
    st.sampled_from(["a", "ab", "b.txt", ".c", "*.txt", "?b", "[a-b]*", "[^a]*", ".?*", "docs/"]),
    st.sampled_from(["/a", "/ab", "ab/a", "*/a", "files/ab/", "docs/*", "!a", "!*.*", "!ab/"]),
    st.from_regex(r"!?/?[ab*?.]{1,3}(/[ab*.c]{1,3})?/?", fullmatch=True),
    st.from_regex(r"\[\^?[abc\\\-]{1,4}\]\*?", fullmatch=True),
    st.sampled_from(["[", "a**", r"\a", "# a", ""]),
)


class Helm:
    """The binary, at home in a folder of the test."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home)}
        return subprocess.run(
            ["helm", *arguments], env=environment, check=check, capture_output=True, text=True
        )

    def packed(self, files: dict[str, bytes]) -> set[str] | None:
        """Paths in the archive that `helm package` makes; None: it refuses."""
        folder, target = self.home / "chart", self.home / "out"
        for path in (folder, target):
            shutil.rmtree(path, ignore_errors=True)
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        if self.run("package", str(folder), "-d", str(target), check=False).returncode:
            return None
        [archive] = target.iterdir()
        with tarfile.open(archive) as opened:
            return {member.name.partition("/")[2] for member in opened}


@pytest.fixture
def helm(tmp_path: Path) -> Helm:
    if not shutil.which("helm"):
        pytest.skip("helm is not installed; .ci/helm FOLDER puts it there")
    return Helm(tmp_path)


@pytest.fixture(
    params=["stand_in_registry", pytest.param("real_registry", marks=pytest.mark.docker)]
)
def place(
    request: pytest.FixtureRequest, helm: Helm, tmp_path: Path, name: str
) -> Iterator[ChartPlace]:
    """Beside the stand-in and docker-registry in turn, with Helm logged in."""
    login: RegistryLogin = request.getfixturevalue(request.param)
    helm.run("registry", "login", "--plain-http", "-u", login.username, "-p", login.password,
             login.address)  # fmt: skip
    with a_chart_place(tmp_path, login, name) as place:
        yield place


def test_helm_shows_and_renders_the_chart(place: ChartPlace, helm: Helm) -> None:
    place.publish(place.commit())
    chart = ("--plain-http", f"oci://{place.repository}", "--version", "6.1.0")
    shown = helm.run("show", "chart", *chart).stdout
    assert "name: books-api\n" in shown
    assert "version: 6.1.0\n" in shown
    assert "appVersion: 6.1.0\n" in shown
    rendered = helm.run("template", "books", *chart).stdout
    assert 'data: {image: "ghcr.io/parraletz/books-api:6.1.0"}' in rendered


def test_helm_pulls_the_chart_by_digest(place: ChartPlace, helm: Helm, tmp_path: Path) -> None:
    published = place.publish(place.commit())
    target = tmp_path / "pulled"
    target.mkdir()
    helm.run("pull", "--plain-http", f"oci://{published.reference}", "-d", str(target))
    [archive] = target.iterdir()
    assert archive.read_bytes() == place.stored("6.1.0").archive


def test_helm_s_own_chart_of_the_version_is_a_conflict_free_neighbour(
    place: ChartPlace, helm: Helm, tmp_path: Path
) -> None:
    """What `helm push` makes differs from ours in the date and the revision alone."""
    helm.packed(FILES)
    [archive] = (tmp_path / "out").iterdir()
    helm.run("push", "--plain-http", str(archive), f"oci://{place.login.address}/{place.prefix}")
    theirs = place.stored("6.0.2").document
    place.publish(place.commit())
    ours = place.stored("6.1.0").document
    assert [layer["mediaType"] for layer in ours["layers"]] == [
        layer["mediaType"] for layer in theirs["layers"]
    ]
    assert ours["config"]["mediaType"] == theirs["config"]["mediaType"]
    assert set(ours["annotations"]) - set(theirs["annotations"]) == {
        "org.opencontainers.image.revision"
    }
    assert set(theirs["annotations"]) <= set(ours["annotations"])


@settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(_PATTERN, max_size=3))
def test_helm_packs_the_same_files(helm: Helm, lines: list[str]) -> None:
    files = dict.fromkeys(_TREE, b"x: 1\n") | {
        "Chart.yaml": METADATA,
        ".helmignore": "\n".join(lines).encode(),
    }
    try:
        ours = set(package(files, "6.0.2", WHEN, "chart").files)
    except InvalidInput:
        ours = None
    assert ours == helm.packed(files)
