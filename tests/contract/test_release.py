"""The release step against a Git host with GitHub's rules: every half-done state converges."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from sandbox.githost import GitHost, Token
from sandbox.repositories import Draft
from sandbox.serving import Asgi, Fault, Receive, Scope, Send, Server, served
from slipway import history
from slipway.clients.git import Clone, Protected, PushRace, cloned
from slipway.errors import Conflict, Final, InvalidInput, NotFound, Retryable, Unauthorized
from slipway.model import NothingToRelease, Release
from slipway.release import find, release
from slipway.release_plan import Plan, planned
from slipway.service import Service
from slipway.settings import Settings
from slipway.versions import of_tag

NAME = "acme/shop"
WRITER = Token("writer-token", (NAME,), write=True)
READER = Token("reader-token", (NAME,), write=False)
DATA = Path(__file__).parent.parent / "data"
START = datetime(2026, 1, 12, 8, tzinfo=UTC)
PACKAGE = b'{\n  "name": "shop",\n  "version": "1.0.0",\n  "engines": {"version": "1.0.0"}\n}\n'
CHANGELOG = b"# Changelog\n\n## 1.0.0 (2026-01-12)\n\n\n### Features\n\n* start\n"


@dataclass
class Gate:
    """Stands before the host: a test may look at each request, before and after it is served."""

    inner: Asgi
    before: Callable[[Scope], bool] = lambda _scope: False  # True: act
    after: Callable[[Scope], bool] = lambda _scope: False
    act: Callable[[], None] = lambda: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.before(scope):
            self.act()
            return
        await self.inner(scope, receive, send)
        if scope["type"] == "http" and self.after(scope):
            self.act()


@dataclass
class Place:
    """A released repository, and Slipway's view of it."""

    host: GitHost
    server: Server
    gate: Gate
    stamp: tuple[str, ...] = ("package.json",)
    token: Token = WRITER
    clock: datetime = field(default=START)

    @property
    def service(self) -> Service:
        return a_service(f"{self.server.url}/{NAME}", self.stamp)

    @property
    def settings(self) -> Settings:
        return Settings(
            github_api_url=f"{self.server.url}/api/v3", source_token=SecretStr(self.token.value)
        )

    def release(self, run: str = "run-1") -> Release | NothingToRelease:
        return release(self.service, self.settings, run)

    def made(self, run: str = "run-1") -> Release:
        result = self.release(run)
        assert isinstance(result, Release), result
        return result

    def commit(
        self,
        message: str,
        files: dict[str, bytes] | None = None,
        branch: str = "main",
        tag: str = "",
    ) -> str:
        self.clock += timedelta(minutes=1)
        draft = Draft(message, files or {}, self.clock, tag=tag)
        return self.host.repositories.write(NAME, branch, [draft])

    def bump(self, version: str, tag: str = "", subject: str = "") -> str:
        """A release commit made by other means."""
        package = PACKAGE.replace(b'n": "1.0.0",', f'n": "{version}",'.encode())
        return self.commit(
            subject or f"chore(main): release {version}", {"package.json": package}, tag=tag
        )

    def git(self, *arguments: str) -> str:
        return self.host.repositories.git(NAME, *arguments).decode().strip()

    def head(self) -> str:
        return self.git("rev-parse", "refs/heads/main")

    def tagged(self, tag: str) -> str:
        return self.git("rev-parse", f"refs/tags/{tag}^{{commit}}")

    def refs(self) -> str:
        return self.git("show-ref")

    def pages(self) -> list[str]:
        return [entry["tag_name"] for entry in self.host.github.ledger.releases(NAME)]

    def page(self, tag: str, draft: bool = False) -> None:
        """Make a release page by other means."""
        a_page(self.host, tag, draft)

    def writes(self) -> list[str]:
        return [
            f"{r.method} {r.path}"
            for r in self.server.traffic.writes()
            if not r.path.endswith("git-upload-pack")
        ]

    def is_finished(self, version: str) -> bool:
        """One commit, one tag, one page, and another run finds nothing to write."""
        self.server.traffic.reset()
        assert isinstance(self.release("another run"), NothingToRelease)
        assert self.writes() == []
        subjects = self.git("log", "--format=%s", "main").splitlines()
        assert subjects.count(f"chore(main): release {version}") == 1
        assert self.pages().count(f"v{version}") == 1
        assert self.git("show", f"v{version}:package.json") == PACKAGE.decode().strip().replace(
            'n": "1.0.0",', f'n": "{version}",'
        )
        return True


def a_page(host: GitHost, tag: str, draft: bool = False) -> None:
    when = "2026-01-12T08:00:00Z"
    entry = {"tag_name": tag, "target_commitish": "main", "name": tag, "body": "", "draft": draft,
             "prerelease": False, "created_at": when, "published_at": None}  # fmt: skip
    host.github.ledger.save_release(NAME, entry)


def a_service(url: str, stamp: tuple[str, ...] = ("package.json",)) -> Service:
    environment = {
        "name": "staging",
        "updates": [{"file": "values.yaml", "key": "image.tag"}],
        "application": {"name": "shop"},
        "smoke": {"url": "https://shop.example.com/"},
    }
    return Service.model_validate(
        {
            "service": "shop",
            "source": {"repository": url},
            "release": {"stamp": stamp},
            "image": {"repository": "registry.example.com/acme/shop"},
            "gitops": {"repository": "https://git.example.com/acme/gitops"},
            "environments": [environment],
        }
    )


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a host with one released repository; each test works on a copy."""
    folder = tmp_path_factory.mktemp("released")
    host = GitHost(folder, [WRITER])
    host.create(NAME)
    files = {"package.json": PACKAGE, "CHANGELOG.md": CHANGELOG}
    first = Draft("chore(main): release 1.0.0", files, START, tag="v1.0.0")
    host.repositories.write(NAME, "main", [first])
    a_page(host, "v1.0.0")
    return folder


@pytest.fixture
def place(released: Path, tmp_path: Path) -> Iterator[Place]:
    host = GitHost(shutil.copytree(released, tmp_path / "host"), [WRITER, READER])
    gate = Gate(host.app)
    with served(gate) as server:
        yield Place(host, server, gate)


# Version


def test_R01_the_replay_gives_every_version_of_the_original(tmp_path: Path) -> None:
    commits = json.loads((DATA / "books-api-history.json").read_text())["commits"]
    host = GitHost(tmp_path, [WRITER])
    host.create(NAME)
    releases, shas = _imported(host, commits)
    assert len(releases) == 19
    with served(host.app) as server:
        service = a_service(f"{server.url}/{NAME}", stamp=())
        with _clone(service) as clone:
            every = history.tags(clone, service.release)
            for tag, parent in releases:
                head = shas[parent]
                version = of_tag(tag, service.release.tag_format)
                assert version
                then = {v: t for v, t in every.items() if v < version}
                newest = history.newest_in(clone, head, then)
                plan = planned(service, clone, history.Standing(head, newest, None, then))
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
            standing = history.look(clone, place.service.release)
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


# Half-done states


def test_R21_a_release_commit_without_a_tag_is_finished(place: Place) -> None:
    place.commit("feat: gift cards")
    sha = place.bump("1.1.0")
    made = place.made()
    assert (made.sha, made.version, made.created, place.head()) == (sha, "1.1.0", True, sha)
    assert place.is_finished("1.1.0")


def test_R22_the_tag_lands_on_the_release_commit_not_on_a_later_fix(place: Place) -> None:
    place.commit("feat: gift cards")
    sha = place.bump("1.1.0")
    fix = place.commit("fix: a price")
    made = place.made()
    assert place.tagged("v1.1.0") == sha
    assert (made.version, [commit.sha for commit in made.commits]) == ("1.1.1", [fix])
    assert place.pages() == ["v1.0.0", "v1.1.0", "v1.1.1"]
    assert place.is_finished("1.1.1")


def test_R23_a_missing_page_is_made_with_the_notes_of_that_version(place: Place) -> None:
    place.commit("feat: gift cards")
    place.bump("1.1.0", tag="v1.1.0")
    place.commit("docs: a page")
    made = place.made()
    assert (made.version, made.created) == ("1.1.0", True)
    assert "gift cards" in made.notes
    assert place.is_finished("1.1.0")


def test_R24_a_finished_release_is_not_written_again(place: Place) -> None:
    place.commit("feat: gift cards")
    place.made()
    assert place.is_finished("1.1.0")


@pytest.mark.parametrize("tag", ["v1.0.1", "v10.0.0"])
def test_R25_a_stray_tag_is_refused(place: Place, tag: str) -> None:
    stray = place.commit("feat: gift cards", tag=tag)
    refs = place.refs()
    with pytest.raises(Conflict, match=rf"tag {tag} .*{stray}.*package\.json says 1\.0\.0"):
        place.release()
    assert (place.refs(), place.writes()) == (refs, [])


def test_R26_the_version_exists_outside_the_branch(place: Place) -> None:
    place.git("update-ref", "refs/heads/side", place.head())
    side = place.commit("chore: other", branch="side", tag="v1.1.0")
    place.commit("feat: gift cards")
    with pytest.raises(Conflict, match=rf"tag v1\.1\.0 stands on {side}, which is not in main"):
        place.release()
    assert place.writes() == []


def test_R27_a_version_does_not_go_backwards(place: Place) -> None:
    place.git("update-ref", "refs/heads/side", place.head())
    place.commit("chore: other", branch="side", tag="v3.0.0")
    place.commit("feat: gift cards")
    with pytest.raises(Conflict, match=r"1\.1\.0 would go backwards: tag v3\.0\.0"):
        place.release()
    assert place.writes() == []


def test_R28_a_reverted_release_still_counts(place: Place) -> None:
    place.bump("1.1.0", tag="v1.1.0")
    place.page("v1.1.0")
    place.bump("1.0.0", subject='Revert "chore(main): release 1.1.0"')
    place.commit("fix: a price")
    assert place.made().version == "1.1.1"
    assert place.is_finished("1.1.1")


def test_R29_a_draft_is_published_not_doubled(place: Place) -> None:
    place.bump("1.1.0", tag="v1.1.0")
    place.page("v1.1.0", draft=True)
    made = place.made()
    assert made.url.endswith("/releases/tag/v1.1.0")
    assert place.pages() == ["v1.0.0", "v1.1.0"]
    assert place.is_finished("1.1.0")


# Crash points

_CHILD = """
import json, sys
from slipway.release import release
from slipway.service import Service
from slipway.settings import load
result = release(Service.model_validate_json(sys.argv[1]), load(), sys.argv[2])
print(result.model_dump_json())
"""


def _start(place: Place, run: str) -> "subprocess.Popen[str]":
    environment = {
        "PATH": os.environ["PATH"],
        "SLIPWAY_GITHUB_API_URL": place.settings.github_api_url,
        "SLIPWAY_SOURCE_TOKEN": place.token.value,
    }
    service = place.service.model_dump_json(by_alias=True)
    return subprocess.Popen(
        [sys.executable, "-c", _CHILD, service, run],
        env=environment,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _killed(place: Place, moment: str, when: Callable[[Scope], bool], run: str) -> None:
    """Run the step in a process that is killed before or after the first request `when` names."""
    child: subprocess.Popen[str] | None = None
    started = threading.Event()

    def kill() -> None:
        started.wait(10)
        assert child
        child.send_signal(signal.SIGKILL)

    setattr(place.gate, moment, when)
    place.gate.act = kill
    child = _start(place, run)
    started.set()
    child.communicate(timeout=60)
    setattr(place.gate, moment, lambda _scope: False)
    assert child.returncode == -signal.SIGKILL


def _is(method: str, part: str) -> Callable[[Scope], bool]:
    return lambda scope: scope["method"] == method and part in scope["path"]


_POINTS = {
    "with everything built, before the push": ("before", _is("POST", "git-receive-pack")),
    "after the push": ("after", _is("POST", "git-receive-pack")),
    "before the page": ("before", _is("POST", "/releases")),
    "after the page": ("after", _is("POST", "/releases")),
}


@pytest.mark.parametrize("point", _POINTS)
def test_R30_R31_R32_a_killed_run_is_completed_and_reports_its_release(
    place: Place, point: str
) -> None:
    base = place.commit("feat: gift cards")
    _killed(place, *_POINTS[point], run="run-1")
    pushed = place.head() != base
    assert pushed == ("v1.1.0" in place.refs()), "branch and tag arrive together"
    made = place.made("run-1")
    assert (made.version, made.created) == ("1.1.0", True)
    assert made.sha == place.head() == place.tagged("v1.1.0")
    assert place.is_finished("1.1.0")


def test_R31_a_run_reports_its_release_whatever_came_after(place: Place) -> None:
    place.commit("feat: gift cards")
    made = place.made("run-1")
    place.commit("fix: a price")
    place.server.traffic.reset()
    again = place.made("run-1")
    assert again.model_copy(update={"timing": made.timing}) == made
    assert place.writes() == []
    assert place.made("run-2").version == "1.1.1"


def test_R19_R20_what_was_not_pushed_leaves_no_trace(place: Place) -> None:
    place.commit("feat: gift cards")
    place.server.traffic.faults.append(Fault(path="git-receive-pack", status=503))
    with pytest.raises(Retryable):
        place.release()
    assert place.made().version == "1.1.0"
    assert place.is_finished("1.1.0")


# Races


def test_R33_a_push_in_between_is_planned_again(place: Place) -> None:
    place.commit("fix: a price")
    place.host.before_push = lambda _name: void(place.commit("feat: gift cards"))
    made = place.made()
    assert (made.version, len(made.commits)) == ("1.1.0", 2)
    assert place.is_finished("1.1.0")


def test_R33_the_tries_are_bounded(place: Place) -> None:
    place.commit("fix: a price")
    pushes = []

    def again(_name: str) -> None:
        pushes.append(place.commit("docs: a page"))
        place.host.before_push = again

    place.host.before_push = again
    with pytest.raises(PushRace):
        place.release()
    assert len(pushes) == 4
    assert place.pages() == ["v1.0.0"]


def void(_value: object) -> None:
    return None


def test_R34_R35_two_runners_make_one_release(place: Place) -> None:
    place.commit("feat: gift cards")
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(place.made, ["run-1", "run-2"])
    assert (one.sha, one.version, one.url, one.notes) == (
        other.sha,
        other.version,
        other.url,
        other.notes,
    )
    assert place.is_finished("1.1.0")


def test_R34_the_loser_of_a_race_reports_the_winners_release(place: Place) -> None:
    place.commit("feat: gift cards")
    winner: list[Release] = []
    place.host.before_push = lambda _name: winner.append(place.made("winner"))
    loser = place.made("loser")
    assert winner[0].created
    assert not loser.created
    assert loser.sha == winner[0].sha
    assert place.is_finished("1.1.0")


def test_R36_a_foreign_tag_in_between_stops_the_release(place: Place) -> None:
    base = place.commit("feat: gift cards")
    place.host.before_push = lambda _name: void(place.git("tag", "v1.1.0", base))
    with pytest.raises(Conflict, match=r"v1\.1\.0"):
        place.release()
    assert place.head() == base
    assert place.pages() == ["v1.0.0"]


# Git failures


def test_R38_a_protected_branch_is_final_and_leaves_nothing(place: Place) -> None:
    place.commit("feat: gift cards")
    refs = place.refs()
    place.host.protect(NAME, "main")
    with pytest.raises(Protected, match="GH006") as caught:
        place.release()
    assert caught.value.hint
    assert place.refs() == refs


def test_R39_a_tag_rule_is_final_and_leaves_nothing(place: Place) -> None:
    place.commit("feat: gift cards")
    refs = place.refs()
    place.host.protect(NAME, "refs/tags/v*")
    with pytest.raises(Final, match="GH013"):
        place.release()
    assert place.refs() == refs
    assert place.pages() == ["v1.0.0"]


@pytest.mark.parametrize(
    "fault", [Fault(status=503), Fault(drop=True, times=-1)], ids=["R40", "R42"]
)
def test_R40_R42_a_push_that_failed_is_not_a_success(place: Place, fault: Fault) -> None:
    place.commit("feat: gift cards")
    refs = place.refs()
    fault.method, fault.path = "POST", "git-receive-pack"
    place.server.traffic.faults.append(fault)
    with pytest.raises(Retryable):
        place.release()
    assert place.refs() == refs
    place.server.traffic.reset()
    place.made()
    assert place.is_finished("1.1.0")


def test_R41_a_lost_answer_is_found_at_the_remote(place: Place) -> None:
    place.commit("feat: gift cards")
    place.server.traffic.faults.append(
        Fault(method="POST", path="git-receive-pack", lose_answer=True)
    )
    assert place.made().version == "1.1.0"
    assert place.is_finished("1.1.0")


def test_R44_a_bad_credential_and_a_missing_repository_are_told_apart(place: Place) -> None:
    place.commit("feat: gift cards")
    place.token = READER
    with pytest.raises(Unauthorized, match=r"[Ww]rite access"):
        place.release()
    place.token = Token("unknown-token", (), write=False)
    with pytest.raises(Unauthorized) as caught:
        place.release()
    assert "unknown-token" not in str(caught.value)
    place.token = WRITER
    nowhere = a_service(f"{place.server.url}/acme/nowhere")
    with pytest.raises(NotFound, match="no access"):
        release(nowhere, place.settings, "run-1")


# GitHub failures on the way


@pytest.mark.parametrize(
    "fault", [Fault(lose_answer=True), Fault(status=500)], ids=["R45-lost", "R46-500"]
)
def test_R45_R46_a_failed_page_is_completed_by_the_next_attempt(place: Place, fault: Fault) -> None:
    place.commit("feat: gift cards")
    fault.method, fault.path = "POST", "/releases"
    place.server.traffic.faults.append(fault)
    with pytest.raises(Retryable):
        place.release("run-1")
    made = place.made("run-1")
    assert (made.version, made.sha) == ("1.1.0", place.head())
    assert place.is_finished("1.1.0")


def test_R47_a_page_made_by_somebody_else_is_taken(place: Place) -> None:
    place.bump("1.1.0", tag="v1.1.0")

    def somebody() -> None:
        place.gate.after = lambda _scope: False
        place.page("v1.1.0")

    place.gate.after = lambda scope: scope["path"].endswith("/releases")
    place.gate.act = somebody
    assert isinstance(place.release(), NothingToRelease)
    assert [write for write in place.writes() if "POST" in write] == [
        f"POST /api/v3/repos/{NAME}/releases"
    ]
    assert place.is_finished("1.1.0")


def test_R47_a_page_whose_tag_was_moved_is_a_conflict(place: Place) -> None:
    first = place.head()
    place.bump("1.1.0", tag="v1.1.0")

    def somebody() -> None:
        place.gate.after = lambda _scope: False
        place.page("v1.1.0")
        place.git("tag", "--force", "v1.1.0", first)

    place.gate.after = lambda scope: scope["path"].endswith("/releases")
    place.gate.act = somebody
    with pytest.raises(Conflict, match=rf"v1\.1\.0.*{first}"):
        place.release()


@pytest.mark.parametrize("status", [403, 500])
def test_R51_no_answer_about_the_page_is_not_no_page(place: Place, status: int) -> None:
    place.commit("feat: gift cards")
    place.server.traffic.faults.append(
        Fault(method="GET", path="/releases/tags", status=status, times=-1)
    )
    with pytest.raises((Unauthorized, Retryable)):
        place.release()
    assert place.writes() == []


# An existing release


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
