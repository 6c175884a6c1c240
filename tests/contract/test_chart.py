"""The chart step: from a release commit on a Git host to an OCI chart in a registry."""

import contextlib
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.registry.api import Account, Registry
from sandbox.serving import Fault, Server, served
from slipway.charts.publish import publish
from slipway.errors import Conflict, Final, Retryable, Unauthorized
from slipway.model import Chart
from tests.contract.chart_place import METADATA, WHEN, ChartPlace, a_chart_place
from tests.contract.docker_engine import RegistryLogin
from tests.contract.fronts import Changed
from tests.contract.oci import OCI_MANIFEST, image, push_blob, put_manifest


@pytest.fixture(
    params=["stand_in_registry", pytest.param("real_registry", marks=pytest.mark.docker)]
)
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ChartPlace]:
    """Beside the stand-in and docker-registry in turn."""
    login: RegistryLogin = request.getfixturevalue(request.param)
    with a_chart_place(tmp_path, login, f"team/{uuid.uuid4().hex}") as place:
        yield place


@pytest.fixture
def front(tmp_path: Path) -> Changed:
    """Stands before the registry and keeps the headers of its requests."""
    accounts = [Account("robot", "secret-word", push=("team",))]
    return Changed(Registry(tmp_path / "registry", accounts).app)


@pytest.fixture
def server(front: Changed) -> Iterator[Server]:
    with served(front.app) as server:
        yield server


@pytest.fixture
def place(server: Server, tmp_path: Path) -> Iterator[ChartPlace]:
    login = RegistryLogin(f"127.0.0.1:{server.port}", "robot", "secret-word")
    with a_chart_place(tmp_path, login, "team/charts") as place:
        yield place


def test_chart_is_an_artifact_as_helm_pushes_it(either: ChartPlace) -> None:
    release = either.commit()
    chart = either.publish(release)
    found = either.stored("6.1.0")
    assert chart.created
    assert chart.reference == f"{either.repository}@{found.digest}"
    assert (chart.name, chart.version) == ("books-api", "6.1.0")
    assert found.document["schemaVersion"] == 2
    assert found.document["mediaType"] == OCI_MANIFEST
    assert found.document["config"]["mediaType"] == "application/vnd.cncf.helm.config.v1+json"
    [layer] = found.document["layers"]
    assert layer["mediaType"] == "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
    assert found.document["annotations"] == {
        "org.opencontainers.image.title": "books-api",
        "org.opencontainers.image.version": "6.1.0",
        "org.opencontainers.image.revision": release.sha,
        "org.opencontainers.image.created": f"{WHEN:%Y-%m-%dT%H:%M:%SZ}",
        "org.opencontainers.image.description": "A Helm chart for Books API - Built with Hono and Bun",
        "org.opencontainers.image.url": "https://github.com/parraletz/books-api",
        "org.opencontainers.image.source": "https://github.com/parraletz/books-api",
        "org.opencontainers.image.authors": "parraletz",
    }
    assert (found.config["name"], found.config["version"]) == ("books-api", "6.1.0")


def test_chart_is_the_release_commit_s_in_the_release_s_version(either: ChartPlace) -> None:
    released = either.commit()
    either.commit({"values.yaml": b"later: true\n"})
    either.publish(released)
    files = either.stored("6.1.0").files
    assert sorted(files) == [
        "books-api/.helmignore",
        "books-api/Chart.yaml",
        "books-api/templates/configmap.yaml",
        "books-api/values.yaml",
    ]
    assert b"ghcr.io" in files["books-api/values.yaml"]
    assert files["books-api/Chart.yaml"] == METADATA.replace(
        b"version: 6.0.2", b'version: "6.1.0"'
    ).replace(b'appVersion: "6.0.2"', b'appVersion: "6.1.0"')


def test_B33_version_of_the_same_commit_is_used(either: ChartPlace) -> None:
    release = either.commit()
    first, again = either.publish(release), either.publish(release)
    assert (first.created, again.created) == (True, False)
    assert first.digest == again.digest == either.stored("6.1.0").digest


def test_B34_version_of_another_commit_is_a_conflict(either: ChartPlace) -> None:
    first = either.commit()
    chart = either.publish(first)
    other = either.commit({"values.yaml": b"other: true\n"})
    with pytest.raises(Conflict, match=rf"(?s)6\.1\.0 exists.*{other.sha}.*{first.sha}"):
        either.publish(other)
    assert either.stored("6.1.0").digest == chart.digest


def test_same_commit_gives_the_same_digest_in_every_registry(
    place: ChartPlace, stand_in_registry: RegistryLogin, tmp_path: Path
) -> None:
    with a_chart_place(tmp_path / "other", stand_in_registry, f"team/{uuid.uuid4().hex}") as other:
        assert place.publish(place.commit()).digest == other.publish(other.commit()).digest


def test_known_version_is_used_without_a_push(place: ChartPlace, server: Server) -> None:
    release = place.commit()
    place.publish(release)
    server.traffic.reset()
    place.publish(release)
    assert server.traffic.writes() == []


def test_version_packed_elsewhere_from_the_same_commit_is_used(place: ChartPlace) -> None:
    release = place.commit()
    with place.client() as client:
        config = push_blob(client, place.name, b"{}")
        notes = {"org.opencontainers.image.revision": release.sha}
        put_manifest(client, place.name, "6.1.0", image(config=config, annotations=notes))
    chart = place.publish(release)
    assert not chart.created


@pytest.mark.parametrize("notes", [{}, {"annotations": {}}, {"annotations": None}])
def test_B34_version_that_does_not_say_its_commit_is_a_conflict(
    place: ChartPlace, notes: dict[str, object]
) -> None:
    with place.client() as client:
        config = push_blob(client, place.name, b"{}")
        put_manifest(client, place.name, "6.1.0", image(config=config, **notes))
    with pytest.raises(Conflict, match="does not say which commit"):
        place.publish(place.commit())


def test_same_content_under_another_revision_is_used(place: ChartPlace) -> None:
    release = place.commit()
    first = place.publish(release)
    sha = place.git.commit("acme/books", "main", {"README.md": b""}, "docs: a page", date=WHEN)
    again = place.publish(release.model_copy(update={"sha": sha}))
    assert (again.digest, again.created) == (first.digest, False)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(method="PUT", path="/blobs/", drop=True),
        Fault(method="PUT", path="/blobs/", lose_answer=True),
        Fault(method="PUT", path="/manifests/", drop=True),
        Fault(method="PUT", path="/manifests/", lose_answer=True),
        Fault(method="HEAD", path="/manifests/", status=503),
    ],
    ids=lambda fault: f"{fault.method}-{'lost' if fault.lose_answer else 'dropped'}",
)
def test_B36_next_run_converges_to_one_digest(
    place: ChartPlace, server: Server, fault: Fault
) -> None:
    release = place.commit()
    server.traffic.faults.append(fault)
    with pytest.raises(Retryable):
        place.publish(release)
    chart = place.publish(release)
    assert place.stored("6.1.0").digest == chart.digest
    written = [
        r.path for r in server.traffic.writes() if r.status == 201 and "/manifests/" in r.path
    ]
    assert written == [f"/v2/{place.name}/manifests/6.1.0"]


def test_B37_two_runs_at_once_agree_on_one_digest(either: ChartPlace) -> None:
    release, charts = either.commit(), list[Chart]()

    def run() -> None:
        for _attempt in range(5):  # as the step's policy does
            with contextlib.suppress(Retryable):  # docker-registry: 500 while the tag is written
                charts.append(either.publish(release))
                return

    runs = [threading.Thread(target=run) for _ in "ab"]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [chart.digest for chart in charts] == [either.stored("6.1.0").digest] * 2


def test_B37_of_two_commits_at_once_one_wins(place: ChartPlace) -> None:
    releases = [place.commit(), place.commit({"values.yaml": b"other: true\n"})]
    charts, conflicts = list[Chart](), list[Conflict]()

    def run(number: int) -> None:
        try:
            charts.append(place.publish(releases[number]))
        except Conflict as conflict:
            conflicts.append(conflict)

    runs = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    assert (len(charts), len(conflicts)) == (1, 1)
    assert place.stored("6.1.0").digest == charts[0].digest


def test_B15_wrong_password_is_final(place: ChartPlace) -> None:
    place.login = place.login._replace(password="wrong")
    place.__post_init__()
    with pytest.raises(Unauthorized, match=r"127\.0\.0\.1"):
        place.publish(place.commit())


def test_B42_credential_goes_to_the_registry_of_the_images_only(
    place: ChartPlace, front: Changed
) -> None:
    place.images = "ghcr.io"
    with pytest.raises(Unauthorized, match=r"(?s)HTTP 401.*put charts into ghcr\.io"):
        place.publish(place.commit())
    assert front.seen
    assert not [headers for _, _, headers in front.seen if "authorization" in headers]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"tls/server.key": b"x"}, r"looks like a secret: tls/server\.key"),
        ({".env": b"TOKEN=x"}, r"looks like a secret: \.env"),
        ({".helmignore": b"**/x\n"}, r"\.helmignore:1"),
        (
            {"Chart.yaml": b"name: x\n"},
            r"api/helm/books-api/Chart\.yaml:1: version: there is no key",
        ),
    ],
)
def test_chart_that_must_not_be_published_is_refused(
    place: ChartPlace, server: Server, files: dict[str, bytes], said: str
) -> None:
    with pytest.raises(Final, match=said):
        place.publish(place.commit(files))
    assert server.traffic.writes() == []


def test_secret_that_helmignore_leaves_out_is_no_reason(place: ChartPlace) -> None:
    release = place.commit({".env": b"TOKEN=x", ".helmignore": b".env\nci\n*.bak\n"})
    place.publish(release)
    assert "books-api/.env" not in place.stored("6.1.0").files


def test_folder_that_is_not_there_is_named(place: ChartPlace) -> None:
    release = place.commit()
    rules = place.service.chart
    assert rules
    elsewhere = rules.model_copy(update={"path": "helm/none"})
    with pytest.raises(Final, match="'api/helm/none' holds no file"):
        publish(place.service, elsewhere, release, place.settings)


def test_symbolic_link_is_refused(place: ChartPlace) -> None:
    release = place.commit()
    git = place.git.repositories.git
    blob = git("acme/books", "rev-parse", f"{release.sha}:api/helm/books-api/values.yaml")
    tree = f"120000 blob {blob.decode().strip()}\tChart.yaml\n"
    made = git("acme/books", "mktree", stdin=tree.encode()).decode().strip()
    for folder in ("books-api", "helm", "api"):
        tree = f"040000 tree {made}\t{folder}\n"
        made = git("acme/books", "mktree", stdin=tree.encode()).decode().strip()
    author = ("-c", "user.name=Ana", "-c", "user.email=ana@example.com")
    sha = git("acme/books", *author, "commit-tree", made, "-m", "a link").decode().strip()
    git("acme/books", "update-ref", "refs/heads/main", sha)
    with pytest.raises(Final, match=r"'api/helm/books-api/Chart\.yaml' .* is a symbolic link"):
        place.publish(release.model_copy(update={"sha": sha}))
