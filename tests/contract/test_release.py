"""The release step against a Git host with GitHub's rules: version, files, notes, and what is there."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from sandbox.forge.githost import GitHost
from sandbox.forge.repositories import Draft
from sandbox.serving import served
from slipway.clients.git import Clone, cloned
from slipway.errors import Conflict, InvalidInput, NotFound
from slipway.model import NothingToRelease
from slipway.release import history
from slipway.release.converge import find
from slipway.release.plan import Plan, planned
from slipway.release.versions import of_tag
from slipway.service import Service
from tests.contract.release_place import (
    CHANGELOG,
    DATA,
    NAME,
    PACKAGE,
    START,
    WRITER,
    Place,
    a_place,
    a_service,
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with a_place(tmp_path) as place:
        yield place


def test_R01_the_replay_gives_every_version_of_the_original(tmp_path: Path) -> None:
    commits = json.loads((DATA / "books-api-history.json").read_text())["commits"]
    host = GitHost(tmp_path, [WRITER])
    host.create(NAME)
    releases, shas = _imported(host, commits)
    assert len(releases) == 19
    with served(host.app) as server:
        service = a_service(f"{server.url}/{NAME}", stamp=())
        with _clone(service) as clone:
            every = history.tags(clone, service)
            for tag, parent in releases:
                head = shas[parent]
                version = of_tag(tag, service.release.tag_format)
                assert version
                then = {v: t for v, t in every.items() if v < version}
                newest = history.newest_in(clone, head, then)
                plan = planned(service, clone, history.Standing(head, newest, newest, None, then))
                assert isinstance(plan, Plan), plan
                assert plan.tag == tag


def _imported(
    host: GitHost, commits: list[dict[str, Any]]
) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """The history as empty commits; each version tag with its commit's first parent."""
    marks = {commit["sha"]: n for n, commit in enumerate(commits, start=1)}
    stream, releases = b"", []
    for commit in commits:
        when = f"{int(datetime.fromisoformat(commit['date']).timestamp())} +0000"
        message = commit["message"].encode()
        stream += f"commit refs/heads/main\nmark :{marks[commit['sha']]}\n".encode()
        stream += f"committer Ana <ana@example.com> {when}\n".encode()
        stream += b"data %d\n%s\n" % (len(message), message)
        for word, parent in zip(["from", *["merge"] * 9], commit["parents"], strict=False):
            stream += f"{word} :{marks[parent]}\n".encode()
        stream += b"\n"
        for tag in commit["tags"]:
            stream += f"reset refs/tags/{tag}\nfrom :{marks[commit['sha']]}\n\n".encode()
            if tag.startswith("v"):
                releases.append((tag, commit["parents"][0]))
    table = host.path(NAME) / "marks"
    host.repositories.git(NAME, "fast-import", "--quiet", f"--export-marks={table}", stdin=stream)
    by_mark = dict(line.split() for line in table.read_text().splitlines())
    return releases, {sha: by_mark[f":{mark}"] for sha, mark in marks.items()}


def _clone(service: Service) -> AbstractContextManager[Clone]:
    source, token = service.source, SecretStr(WRITER.value)
    return cloned(source.repository, source.branch, token, depth=None, tags=True)


def test_a_release_is_commit_tag_and_page(place: Place) -> None:
    fix, feature = place.commit("fix: a price"), place.commit("feat: gift cards")
    made = place.made()
    assert (made.version, made.tag, made.previous, made.created) == (
        "1.1.0",
        "v1.1.0",
        "1.0.0",
        True,
    )
    assert made.sha == place.head() == place.tagged("v1.1.0")
    assert [commit.sha for commit in made.commits] == [feature, fix]
    assert made.url == f"{place.server.url}/{NAME}/releases/tag/v1.1.0"
    message = place.git("log", "-1", "--format=%B", "main")
    assert message == f"chore(main): release 1.1.0\n\nRelease-Base: {feature}"
    assert place.git("cat-file", "-t", "refs/tags/v1.1.0") == "tag"
    changelog = place.host.read(NAME, "CHANGELOG.md")
    assert changelog == CHANGELOG.replace(b"## 1.0.0", made.notes.encode() + b"\n## 1.0.0")
    assert "* gift cards" in made.notes
    body = place.host.github.ledger.release_of(NAME, "v1.1.0")
    assert body
    assert body["body"] == made.notes
    assert place.is_finished("1.1.0")


def test_R02_tags_of_the_chart_do_not_count(place: Place) -> None:
    place.commit("fix: a price", tag="helm-v7.0.0")
    assert place.made().version == "1.0.1"


def test_R05_merge_commits_do_not_count(place: Place) -> None:
    place.git("update-ref", "refs/heads/side", place.head())
    side = place.commit("docs: a page", branch="side")
    tree = place.git("rev-parse", "main^{tree}")
    person = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com"]
    merge = place.git(
        *person, "commit-tree", tree, "-p", place.head(), "-p", side, "-m", "feat!: merge side"
    )
    place.git("update-ref", "refs/heads/main", merge)
    result = place.release()
    assert isinstance(result, NothingToRelease)
    assert result.reason == "no commit since v1.0.0 asks for a release (1 commit: docs)"


def test_R06_nothing_to_release_is_a_value_and_writes_nothing(place: Place) -> None:
    place.commit("chore: a thing")
    place.commit("docs: a page")
    result = place.release()
    assert result == NothingToRelease(
        service="shop",
        latest="1.0.0",
        reason="no commit since v1.0.0 asks for a release (2 commits: chore, docs)",
    )
    assert place.writes() == []


def test_R07_without_tags_the_stamped_file_decides(place: Place) -> None:
    place.git("tag", "-d", "v1.0.0")
    assert isinstance(place.release(), NothingToRelease)
    place.commit("feat: gift cards", {"package.json": PACKAGE.replace(b"1.0.0", b"0.3.0")})
    made = place.made()
    assert (made.version, made.previous) == ("0.4.0", None)


def test_R08_a_repository_without_its_tags_is_refused(place: Place) -> None:
    place.git("tag", "-d", "v1.0.0")
    package = PACKAGE.replace(b"1.0.0", b"9.1.0")
    start = place.commit("feat: all of it", {"package.json": package}, branch="fresh")
    place.git("update-ref", "refs/heads/main", start)
    with pytest.raises(Conflict, match=r"1\.0\.0 would go backwards.*says 9\.1\.0"):
        place.release()


def test_R09_a_branch_of_a_similar_name_is_not_the_release_branch(place: Place) -> None:
    place.git("update-ref", "refs/heads/mainframe", place.head())
    place.commit("feat: gift cards", branch="mainframe")
    assert isinstance(place.release(), NothingToRelease)


def test_R10_the_plan_depends_on_the_repository_alone(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.commit("feat: gift cards")

    def plans(count: int) -> list[Plan | NothingToRelease]:
        with _clone(place.service) as clone:
            standing = history.look(clone, place.service)
            return [planned(place.service, clone, standing) for _ in range(count)]

    expected = plans(1)[0]
    assert isinstance(expected, Plan)
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_REPOSITORY", "GITHUB_API_URL", "GITHUB_SERVER_URL"):
        monkeypatch.setenv(name, "https://elsewhere.example/other/name")
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(plans, [6] * 4)) == [[expected] * 6] * 4


def test_R11_the_same_base_gives_the_same_commit(place: Place) -> None:
    base = place.commit("feat: gift cards")
    first = place.made()
    place.git("update-ref", "refs/heads/main", base)
    place.git("tag", "-d", "v1.1.0")
    again = place.made("another run")
    assert (again.sha, again.notes) == (first.sha, first.notes)


def test_R15_a_chart_is_stamped_with_both_keys(place: Place) -> None:
    chart = (DATA / "Chart.yaml").read_bytes()
    place.stamp = ("package.json", "helm/Chart.yaml")
    place.commit("feat: a chart", {"helm/Chart.yaml": chart})
    place.made()
    after = place.host.read(NAME, "helm/Chart.yaml")
    assert after.replace(b'"1.1.0"', b"6.0.2", 1).replace(b'"1.1.0"', b'"6.0.2"') == chart


def test_R15_unknown_and_missing_files_are_named(place: Place) -> None:
    place.commit("feat: gift cards")
    for stamp, words in (("Cargo.toml", r"Cargo\.toml"), ("web/package.json", "web/package.json")):
        place.stamp = ("package.json", stamp)
        with pytest.raises(InvalidInput, match=f"release.stamp.*{words}"):
            place.release()
    assert place.writes() == []


def test_R17_a_huge_release_is_cut_and_made(place: Place) -> None:
    subject = "fix: " + "x" * 900
    drafts = [Draft(f"{subject} {n}", {}, START + timedelta(minutes=n)) for n in range(1, 150)]
    place.host.repositories.write(NAME, "main", drafts)
    made = place.made()
    assert 120_000 < len(made.notes) <= 125_000
    assert f"/{NAME}/compare/v1.0.0...v1.0.1" in made.notes[-200:]
    assert place.is_finished("1.0.1")


def test_a_release_is_found_again_without_a_write(place: Place) -> None:
    place.commit("feat: gift cards")
    made = place.made()
    place.commit("fix: a price")
    place.made("run-2")
    place.server.traffic.reset()
    found = find(place.service, "1.1.0", place.settings)
    assert found == made.model_copy(update={"created": False, "timing": found.timing})
    assert place.writes() == []


def test_an_unknown_version_names_the_newest_ones(place: Place) -> None:
    place.commit("fix: a price")
    place.made()
    for version in ("7.0.0", "v1.0.0", "latest"):
        with pytest.raises(NotFound) as caught:
            find(place.service, version, place.settings)
        assert "1.0.1, 1.0.0" in caught.value.hint
