"""The seeded repositories, and the sample application as it is at each of its changes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from ruamel.yaml import YAML

from sandbox.forge.githost import GitHost
from sandbox.seed import APPLICATION, CHART, GITOPS, bad_change, next_change, next_number, seed
from sandbox.serving import free_port

URL = "http://127.0.0.1:3000/parraletz/gitops-cf.git"
IMAGE = "127.0.0.1:5000/parraletz/books-api"
DIGEST = "sha256:" + "a" * 64


def seeded(root: Path) -> GitHost:
    host = GitHost(root, [])
    seed(host, gitops_url=URL, image_repository=IMAGE, tag="1.0.0", digest=DIGEST)
    return host


@pytest.fixture
def host(tmp_path: Path) -> GitHost:
    return seeded(tmp_path / "host")


def checked_out(host: GitHost, folder: Path) -> Path:
    names = (
        host.repositories.git(APPLICATION, "ls-tree", "-r", "--name-only", "main").decode().split()
    )
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(host.read(APPLICATION, name))
    return folder


@contextmanager
def running(folder: Path) -> Iterator[httpx.Client]:
    port = free_port()
    environment = {"PATH": os.environ["PATH"], "PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "server.py"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        assert f"127.0.0.1:{port}" in process.stdout.readline()
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            yield client
    finally:
        process.terminate()
        assert process.wait(timeout=5) == 0
        process.stdout.close()


def ended(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "server.py"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PORT": str(free_port()), **environment},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )


def parsed(host: GitHost, path: str) -> Any:
    return YAML(typ="safe").load(host.read(GITOPS, path))


def test_the_same_seed_gives_the_same_commits(host: GitHost, tmp_path: Path) -> None:
    other = seeded(tmp_path / "other")
    for name in (APPLICATION, GITOPS):
        assert host.head(name) == other.head(name)


def test_seeding_again_changes_nothing(host: GitHost, tmp_path: Path) -> None:
    theirs = host.commit(GITOPS, "main", {"README.md": b"mine\n"}, "docs: mine\n")
    application = host.head(APPLICATION)
    seeded(tmp_path / "host")
    assert (host.head(APPLICATION), host.head(GITOPS)) == (application, theirs)
    assert len(host.github.ledger.releases(APPLICATION)) == 1


def test_the_first_release_is_the_commit_its_tag_names(host: GitHost) -> None:
    package = json.loads(host.read(APPLICATION, "package.json", "refs/tags/v1.0.0"))
    assert package["version"] == "1.0.0"
    log = host.repositories.git(APPLICATION, "log", "-1", "--format=%s", "refs/tags/v1.0.0")
    assert log == b"chore(main): release 1.0.0\n"
    since = host.repositories.git(APPLICATION, "log", "--format=%s", "v1.0.0..main").decode()
    assert not any(line.startswith(("feat", "fix")) for line in since.splitlines())
    assert host.repositories.commit_at(APPLICATION, "refs/tags/helm-v1.0.0")


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_each_application_reads_the_values_that_name_the_image(
    host: GitHost, environment: str
) -> None:
    application = parsed(host, f"apps/{environment}/books-api.yaml")
    spec = application["spec"]
    assert application["metadata"]["name"] == f"books-api-{environment}"
    assert spec["source"]["repoURL"] == URL
    assert ("automated" in spec["syncPolicy"]) == (environment == "staging")
    values = spec["source"]["helm"]["valueFiles"][-1]
    image = parsed(host, f"{spec['source']['path']}/{values}")["image"]
    assert (image["repository"], image["tag"], image["digest"]) == (IMAGE, "1.0.0", DIGEST)


def test_the_application_holds_its_chart_at_the_first_release(host: GitHost) -> None:
    chart = host.read(APPLICATION, f"{CHART}/Chart.yaml", "refs/tags/v1.0.0")
    assert YAML(typ="safe").load(chart)["version"] == "1.0.0"
    assert host.read(APPLICATION, f"{CHART}/templates/deployment.yaml")


def test_the_application_answers(host: GitHost, tmp_path: Path) -> None:
    with running(checked_out(host, tmp_path / "app")) as client:
        root = {"name": "books-api", "version": "1.0.0", "status": "ok"}
        assert client.get("/").json() == root
        assert len(client.get("/books").json()) == 10
        assert client.get("/health").status_code == 200
        assert client.get("/nothing").status_code == 404


def test_the_first_change_adds_a_search_by_author(host: GitHost, tmp_path: Path) -> None:
    next_change(host, next_number(host))
    with running(checked_out(host, tmp_path / "app")) as client:
        found = client.get("/books", params={"author": "Austen"}).json()
        assert [book["title"] for book in found] == ["Pride and Prejudice", "Emma"]
        assert len(client.get("/books").json()) == 10


def test_every_change_is_releasable_once_and_still_runs(host: GitHost, tmp_path: Path) -> None:
    for expected in range(1, 24):
        assert next_number(host) == expected
        before = host.head(APPLICATION)
        after = next_change(host, expected)
        assert after != before
        assert next_change(host, expected) == after
    log = host.repositories.git(APPLICATION, "log", "--reverse", "--format=%s", "v1.0.0..main")
    made = [line.partition(":")[0] for line in log.decode().splitlines()][1:]
    assert made == ["feat" if n % 2 == 0 else "fix" for n in range(23)]
    with running(checked_out(host, tmp_path / "app")) as client:
        found = client.get("/books", params={"author": " austen", "title": "EMMA"}).json()
        assert [book["id"] for book in found] == [7]


def test_a_bad_change_cannot_start_and_the_next_one_repairs_it(
    host: GitHost, tmp_path: Path
) -> None:
    next_change(host, 1)
    for attempt in ("first", "second"):
        before = host.head(APPLICATION)
        assert bad_change(host) != before
        crashed = ended(checked_out(host, tmp_path / attempt))
        assert crashed.returncode == 1
        assert crashed.stderr.startswith("books-api cannot start: CATALOGUE_")
    next_change(host, next_number(host))
    assert next_number(host) == 2
    with running(checked_out(host, tmp_path / "repaired")) as client:
        assert client.get("/books", params={"author": "Austen"}).json()


def test_missing_or_broken_files_end_it_with_a_reason(host: GitHost, tmp_path: Path) -> None:
    folder = checked_out(host, tmp_path / "app")
    assert "PORT must be a number" in ended(folder, PORT="http").stderr
    (folder / "books.json").write_text("[")
    assert "books.json is not readable" in ended(folder).stderr
    (folder / "books.json").unlink()
    crashed = ended(folder)
    assert crashed.returncode == 1
    assert "books.json is not readable" in crashed.stderr
