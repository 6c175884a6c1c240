"""A chart's archive: what is in it, that nothing else decides its bytes, and what is refused."""

import io
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.charts.metadata import annotations
from slipway.charts.package import Package, package
from slipway.errors import Final, InvalidInput
from slipway.release.versions import Version

CHART = (Path(__file__).parent.parent / "data" / "Chart.yaml").read_bytes()
WHEN = datetime(2026, 11, 3, 12, tzinfo=UTC)
FILES = {
    "Chart.yaml": CHART,
    "values.yaml": b"replicas: 2\n",
    "templates/deployment.yaml": b"kind: Deployment\n",
    "templates/_helpers.tpl": b'{{- define "name" }}{{ end }}\n',
    ".helmignore": b"*.bak\nci/\n",
    "values.yaml.bak": b"old\n",
    "ci/values.yaml": b"test\n",
}
PART = st.from_regex(r"[a-z]{1,6}", fullmatch=True)
TREE = st.dictionaries(
    st.lists(PART, min_size=1, max_size=3).map(lambda parts: "/".join([*parts, "file"])),
    st.binary(max_size=100),
    max_size=8,
)


def pack(files: dict[str, bytes] | None = None, version: str = "6.1.0") -> Package:
    return package(FILES if files is None else files, version, WHEN, "helm/books-api")


def with_chart(text: str, **more: bytes) -> Package:
    return pack({"Chart.yaml": text.encode(), **more})


def members(packed: Package) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(packed.archive)) as archive:
        return archive.getmembers()


def content(packed: Package, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(packed.archive)) as archive:
        found = archive.extractfile(name)
        assert found
        return found.read()


def test_archive_holds_what_helm_puts_in() -> None:
    packed = pack()
    assert [member.name for member in members(packed)] == [
        "books-api/Chart.yaml",
        "books-api/.helmignore",
        "books-api/templates/_helpers.tpl",
        "books-api/templates/deployment.yaml",
        "books-api/values.yaml",
    ]
    assert packed.files[0] == "Chart.yaml"
    for member in members(packed):
        assert member.isfile()
        assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "", "")
        assert (member.mode, member.mtime) == (0o644, int(WHEN.timestamp()))


def test_version_and_app_version_are_set_and_every_other_byte_stays() -> None:
    wanted = CHART.replace(b"version: 6.0.2", b'version: "6.1.0"').replace(
        b'appVersion: "6.0.2"', b'appVersion: "6.1.0"'
    )
    packed = pack()
    assert content(packed, "books-api/Chart.yaml") == wanted
    assert (packed.metadata.version, packed.metadata.app_version) == ("6.1.0", "6.1.0")


def test_chart_that_has_the_version_stays_as_it_is() -> None:
    assert content(pack(version="6.0.2"), "books-api/Chart.yaml") == CHART


def test_chart_without_app_version_gets_none() -> None:
    packed = with_chart("apiVersion: v2\nname: web\nversion: 0.1.0\n")
    text = content(packed, "web/Chart.yaml")
    assert text == b'apiVersion: v2\nname: web\nversion: "6.1.0"\n'


@given(TREE, st.randoms())
def test_bytes_depend_on_the_files_alone(tree: dict[str, bytes], random: object) -> None:
    files = {"Chart.yaml": CHART, **tree}
    names = list(files)
    random.shuffle(names)  # type: ignore[attr-defined]
    assert pack({name: files[name] for name in names}).archive == pack(files).archive


@given(TREE)
def test_every_file_comes_back(tree: dict[str, bytes]) -> None:
    packed = pack({"Chart.yaml": CHART, **tree})
    assert {member.name for member in members(packed)} == {
        f"books-api/{name}" for name in ("Chart.yaml", *tree)
    }
    for name, data in tree.items():
        assert content(packed, f"books-api/{name}") == data


@given(st.tuples(*[st.integers(0, 999)] * 3), st.sampled_from(["", "rc.1", "beta-2.10"]))
def test_any_release_version_is_written(numbers: tuple[int, int, int], pre: str) -> None:
    version = str(Version(*numbers, pre))
    assert pack(version=version).metadata.version == version


def test_gzip_names_no_file_and_no_date() -> None:
    assert pack().archive[:8] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00"


def test_configuration_is_the_chart_as_helm_reads_it() -> None:
    assert pack().metadata.document == {
        "apiVersion": "v2",
        "name": "books-api",
        "description": "A Helm chart for Books API - Built with Hono and Bun",
        "type": "application",
        "version": "6.1.0",
        "appVersion": "6.1.0",
        "keywords": ["books", "api", "hono", "bun"],
        "home": "https://github.com/parraletz/books-api",
        "sources": ["https://github.com/parraletz/books-api"],
        "maintainers": [{"name": "parraletz", "url": "https://github.com/parraletz"}],
    }


def test_annotations_are_helm_s_and_the_revision() -> None:
    text = (
        "apiVersion: v2\nname: web\nversion: 0.1.0\ndescription: A site\nhome: https://web.example\n"
        "sources: [https://git.example/web, https://git.example/other]\n"
        "maintainers: [{name: Ana, email: ana@example.com}, {name: Leo}]\n"
        "annotations:\n  org.example.team: books\n  org.opencontainers.image.title: another\n"
        "  org.opencontainers.image.revision: another\n  org.opencontainers.image.url: mine\n"
    )
    chart = with_chart(text).metadata
    assert annotations(chart, "2026-11-03T12:00:00Z", "a" * 40) == {
        "org.opencontainers.image.title": "web",
        "org.opencontainers.image.version": "6.1.0",
        "org.opencontainers.image.revision": "a" * 40,
        "org.opencontainers.image.created": "2026-11-03T12:00:00Z",
        "org.opencontainers.image.description": "A site",
        "org.opencontainers.image.url": "mine",
        "org.opencontainers.image.source": "https://git.example/web",
        "org.opencontainers.image.authors": "Ana (ana@example.com), Leo",
        "org.example.team": "books",
    }


def test_keys_that_helm_does_not_know_are_left_out() -> None:
    chart = with_chart("apiVersion: v2\nname: web\nversion: 1.0.0\nextra: [1]\nicon: null\n")
    assert chart.metadata.document == {"apiVersion": "v2", "name": "web", "version": "6.1.0"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "0 documents"),
        ("name: web\nversion: 1.0.0\n", "apiVersion: Field required"),
        ("apiVersion: v3\nname: web\nversion: 1.0.0\n", "apiVersion: .*'v1' or 'v2'"),
        ("apiVersion: v2\nversion: 1.0.0\n", "name: Field required"),
        ("apiVersion: v2\nname: Web\nversion: 1.0.0\n", "name: String should match"),
        ("apiVersion: v2\nname: ../web\nversion: 1.0.0\n", "name: String should match"),
        ("apiVersion: v2\nname: 'a/b'\nversion: 1.0.0\n", "name: String should match"),
        ("apiVersion: v2\nname: 5\nversion: 1.0.0\n", "name: .*valid string"),
        ("apiVersion: v2\nname: web\n", "version"),
        ("apiVersion: v2\nname: web\nversion: 1.0.0\ntype: other\n", "type: "),
        ("apiVersion: v2\nname: web\nversion: 1.0.0\nkeywords: [1]\n", r"keywords\.0: "),
        ("apiVersion: v2\nname: web\nversion: 1.0.0\nannotations: {a: 1}\n", r"annotations\.a: "),
        ("- a list\n", "is not a mapping"),
        ("a: [\n", "is not YAML"),
        ("a: 1\na: 2\n", "is not YAML"),
    ],
)
def test_chart_that_helm_would_not_take_is_refused(text: str, said: str) -> None:
    with pytest.raises(Final, match=rf"helm/books-api/Chart\.yaml.*{said}"):
        with_chart(text)


@pytest.mark.parametrize("files", [{}, {"values.yaml": b""}, {**FILES, ".helmignore": b"*.yaml"}])
def test_folder_without_a_chart_is_refused(files: dict[str, bytes]) -> None:
    with pytest.raises(InvalidInput, match=r"helm/books-api holds no Chart\.yaml"):
        pack(files)


DEPENDING = "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies: [{name: redis}, {name: db}]\n"


@pytest.mark.parametrize(
    ("vendored", "missing"),
    [
        ([], "redis, db"),
        (["charts/redis/Chart.yaml"], "db"),
        (["charts/redis/values.yaml", "charts/db-1.0.0.tgz"], "redis"),
        (["charts/redis/Chart.yaml", "charts/db-1.0.0.tgz"], None),
    ],
)
def test_dependencies_are_vendored(vendored: list[str], missing: str | None) -> None:
    files = dict.fromkeys(vendored, b"")
    if missing is None:
        assert set(vendored) <= set(with_chart(DEPENDING, **files).files)
        return
    with pytest.raises(InvalidInput, match=rf"not in charts/ in the release commit: {missing}\n"):
        with_chart(DEPENDING, **files)


def test_dependencies_of_an_old_chart_stand_in_their_own_file() -> None:
    old = "apiVersion: v1\nname: web\nversion: 1.0.0\n"
    with pytest.raises(InvalidInput, match=r"not in charts/.*: redis"):
        with_chart(old, **{"requirements.yaml": b"dependencies: [{name: redis}]\n"})


def test_chart_over_helm_s_limits_is_refused() -> None:
    large = {**FILES, "files/logo.bin": bytes(5 * 1024 * 1024 + 1)}
    with pytest.raises(InvalidInput, match=r"too large for Helm: .*files/logo\.bin 5\.0 MiB"):
        pack(large)
    many = {**FILES, **{f"files/{number}": bytes(5 * 1024 * 1024) for number in range(20)}}
    with pytest.raises(InvalidInput, match=r"too large for Helm: 100\.0 MiB"):
        pack(many)
