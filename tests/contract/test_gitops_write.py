"""The GitOps update against a Git host: one commit or none, whoever else writes."""

import multiprocessing
import os
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from sandbox.forge.githost import GitHost, Token
from sandbox.serving import Fault, Server, served
from slipway import gitops
from slipway.clients.git import Protected, PushRace
from slipway.errors import Conflict, InvalidInput, NotFound, Superseded, Unauthorized
from slipway.manifests.editor import NotEditable
from slipway.model import Approval, Change, Image, Promotion, Timing
from slipway.service import Service
from slipway.settings import Settings
from slipway.timing import Stopwatch

NAME = "acme/gitops-cf"
TOKEN = "tok-9a8b7c-writer"
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
CHART = "oci://ghcr.io/acme/charts/books-api"
VALUES = b"image:\n  repository: ghcr.io/acme/books-api\n  tag: 1.0.0  # release\nreplicas: 2\n"
APPLICATION = f"""\
spec:
  sources:
    - repoURL: {CHART}
      targetRevision: 1.0.0
      helm:
        valuesObject:
          image: {{tag: "1.0.0"}}
    - repoURL: https://github.com/acme/gitops-cf
      targetRevision: main
""".encode()
FILES = {"staging.yaml": VALUES, "production.yaml": VALUES, "apps/staging.yaml": APPLICATION}


def service_for(url: str) -> Service:
    application = {"name": "books-api"}
    smoke = {"url": "https://books.example.com/books"}
    updates = [
        {"file": "staging.yaml", "key": "image.tag"},
        {"file": "apps/staging.yaml", "key": f"spec.sources[repoURL={CHART}].targetRevision"},
        {
            "file": "apps/staging.yaml",
            "key": f"spec.sources[repoURL={CHART}].helm.valuesObject.image.tag",
        },
    ]
    production = [{"file": "production.yaml", "key": "image.tag"}]
    return Service.model_validate({
        "service": "books-api",
        "source": {"repository": "https://github.com/acme/books-api"},
        "image": {"repository": "ghcr.io/acme/books-api"},
        "gitops": {"repository": url},
        "environments": [
            {"name": "staging", "updates": updates, "application": application, "smoke": smoke},
            {
                "name": "production", "updates": production, "application": application,
                "smoke": smoke, "gate": {"approvers": ["ana@example.com"]},
            },
        ],
    })  # fmt: skip


def image(version: str = "1.1.0", digest: str = "a") -> Image:
    return Image(
        repository="ghcr.io/acme/books-api",
        version=version,
        digest=f"sha256:{digest * 64}",
        revision="b" * 40,
        builder="docker",
        created=True,
        timing=Timing(started=NOW),
    )


@dataclass
class Desk:
    """The GitOps repository on its host, and the service that is carried into it."""

    host: GitHost
    server: Server
    service: Service
    settings: Settings

    def write(self, environment: str = "staging", version: str = "1.1.0", **more: Any) -> Promotion:
        given: dict[str, Any] = {"run": "run-1", "approval": None} | more
        return gitops.write(
            self.service, self.service.environment(environment), image(version), self.settings,
            **given,
        )  # fmt: skip

    def plan(self, environment: str = "staging", version: str = "1.1.0") -> Change:
        where = self.service.environment(environment)
        return gitops.plan(self.service, where, image(version), self.settings)

    def approved(self, version: str = "1.1.0", **more: Any) -> Approval:
        change = self.plan("production", version)
        known = {
            "decision": "approve", "approver": "ana@example.com", "reason": "", "at": NOW,
            "environment": "production", "version": version, "digest": image(version).digest,
            "fingerprint": change.fingerprint, "run": "run-1",
        }  # fmt: skip
        return Approval.model_validate(known | more)

    def lineage(self, wanted: str, observed: str, version: str = "1.1.0") -> str:
        where = self.service.environment("staging")
        return gitops.lineage(self.service, where, image(version), self.settings, wanted, observed)

    def commit(self, files: dict[str, bytes], message: str = "chore: by hand") -> str:
        return self.host.commit(NAME, "main", files, message)

    def meanwhile(self, files: dict[str, bytes]) -> None:
        """Somebody else commits these files just before the next push arrives."""

        def commit(name: str) -> None:
            self.commit(files)

        self.host.before_push = commit

    def head(self) -> str:
        return self.host.head(NAME) or ""

    def read(self, path: str) -> bytes:
        return self.host.read(NAME, path)

    def messages(self) -> list[str]:
        log = self.host.repositories.git(NAME, "log", "-z", "--format=%B", "main")
        return [message.strip() for message in log.decode().split("\0") if message]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    host = GitHost(tmp_path / "host", [Token(TOKEN, (NAME,), write=True)])
    host.create(NAME)
    host.commit(NAME, "main", FILES, "feat: first")
    with served(host.app) as server:
        settings = Settings(gitops_token=SecretStr(TOKEN))
        yield Desk(host, server, service_for(f"{server.url}/{NAME}.git"), settings)


def test_G04_G08_G32_three_values_in_two_files_are_one_commit(desk: Desk) -> None:
    base = desk.head()
    promotion = desk.write()
    assert promotion.committed
    assert promotion.revision == desk.head()
    assert promotion.change.base == base
    assert promotion.url == f"{desk.server.url}/{NAME}/commit/{desk.head()}"
    assert desk.read("staging.yaml") == VALUES.replace(b"1.0.0", b'"1.1.0"')
    assert desk.read("apps/staging.yaml") == APPLICATION.replace(
        b"targetRevision: 1.0.0", b'targetRevision: "1.1.0"'
    ).replace(b'"1.0.0"', b'"1.1.0"')
    assert desk.read("production.yaml") == VALUES
    assert desk.messages()[0].splitlines() == [
        "chore(staging): books-api 1.1.0",
        "",
        "Slipway-Service: books-api",
        "Slipway-Environment: staging",
        "Slipway-Version: 1.1.0",
        f"Slipway-Digest: sha256:{'a' * 64}",
        "Slipway-Run: run-1",
    ]


def test_G04_one_impossible_edit_and_nothing_is_written(desk: Desk) -> None:
    base = desk.commit({"apps/staging.yaml": APPLICATION.replace(b"valuesObject", b"values")})
    with pytest.raises(NotEditable, match=r"apps/staging\.yaml"):
        desk.write()
    assert desk.head() == base


def test_a_plan_shows_the_change_and_writes_nothing(desk: Desk) -> None:
    base = desk.head()
    change = desk.plan()
    assert [(edit.file, edit.old, edit.new) for edit in change.edits] == [
        ("staging.yaml", "1.0.0", "1.1.0"),
        ("apps/staging.yaml", "1.0.0", "1.1.0"),
        ("apps/staging.yaml", "1.0.0", "1.1.0"),
    ]
    assert change.diff.splitlines()[:7] == [
        "--- a/staging.yaml",
        "+++ b/staging.yaml",
        "@@ -1,4 +1,4 @@",
        " image:",
        "   repository: ghcr.io/acme/books-api",
        "-  tag: 1.0.0  # release",
        '+  tag: "1.1.0"  # release',
    ]
    assert desk.head() == base
    assert not [r for r in desk.server.traffic.writes() if "receive-pack" in r.path]


def test_G05_a_race_is_computed_again_on_the_new_head(desk: Desk) -> None:
    theirs = VALUES.replace(b"replicas: 2", b"# by hand\nreplicas: 5")
    desk.meanwhile({"staging.yaml": theirs})
    waits: list[float] = []
    promotion = desk.write(watch=Stopwatch(sleep=waits.append))
    assert promotion.committed
    assert desk.read("staging.yaml") == theirs.replace(b"1.0.0", b'"1.1.0"')
    assert len(waits) == 1
    assert len(desk.messages()) == 3


def test_G05_the_same_key_changed_meanwhile_is_computed_again(desk: Desk) -> None:
    theirs = VALUES.replace(b"1.0.0", b"1.0.7")
    desk.meanwhile({"staging.yaml": theirs})
    promotion = desk.write(watch=Stopwatch(sleep=lambda seconds: None))
    assert promotion.change.edits[0].old == "1.0.7"


def test_G05_attempts_are_bounded(desk: Desk) -> None:
    def again(name: str) -> None:
        desk.commit({"other": os.urandom(4)})
        desk.host.before_push = again

    desk.host.before_push = again
    waits: list[float] = []
    with pytest.raises(PushRace):
        desk.write(watch=Stopwatch(sleep=waits.append))
    assert len(waits) == 7
    assert desk.read("staging.yaml") == VALUES


@pytest.mark.parametrize("there", ["1.2.0", "2.0.0", "1.10.0", "1.2.0-rc.1"])
def test_G06_never_older_over_newer(desk: Desk, there: str) -> None:
    base = desk.commit({"staging.yaml": VALUES.replace(b"1.0.0", there.encode())})
    with pytest.raises(Superseded, match=re.escape(there)):
        desk.write()
    assert desk.head() == base


@pytest.mark.parametrize("there", ["1.1.0-rc.1", "0.9.9", "latest", "1.0"])
def test_G06_older_and_other_values_are_replaced(desk: Desk, there: str) -> None:
    desk.commit({"staging.yaml": VALUES.replace(b"1.0.0", there.encode())})
    assert desk.write().change.edits[0].old == there


def test_G62_a_newer_run_that_wins_the_race_is_not_undone(desk: Desk) -> None:
    def newer(name: str) -> None:
        desk.write(version="1.2.0", run="run-2")

    desk.host.before_push = newer
    with pytest.raises(Superseded):
        desk.write(watch=Stopwatch(sleep=lambda seconds: None))
    assert desk.messages()[0].startswith("chore(staging): books-api 1.2.0")
    assert len(desk.messages()) == 2


def test_G07_G09_a_repeated_write_finds_its_own_commit(desk: Desk) -> None:
    first = desk.write()
    desk.commit({"other.txt": b"x"})
    again = desk.write()
    assert (again.revision, again.committed, again.change.edits) == (first.revision, False, ())
    assert again.change.diff == ""
    assert "this run" in again.reason
    other = desk.write(run="run-2")
    assert other.revision == first.revision
    assert "run-1" in other.reason
    assert len(desk.messages()) == 3


def test_G07_values_written_by_hand_give_the_head(desk: Desk) -> None:
    files = {name: content.replace(b"1.0.0", b"1.1.0") for name, content in FILES.items()}
    head = desk.commit(files)
    promotion = desk.write()
    assert (promotion.revision, promotion.committed) == (head, False)
    assert "there already" in promotion.reason


def test_G57_a_lost_answer_is_one_commit(desk: Desk) -> None:
    desk.server.traffic.faults.append(Fault("POST", "git-receive-pack", lose_answer=True))
    promotion = desk.write()
    assert promotion.committed
    assert promotion.revision == desk.head()
    assert len(desk.messages()) == 2


def test_G53_a_protected_branch_stops_at_once(desk: Desk) -> None:
    desk.host.protect(NAME, "main")
    with pytest.raises(Protected):
        desk.write()
    pushes = [r for r in desk.server.traffic.writes() if "receive-pack" in r.path]
    assert len(pushes) == 1


def test_a_missing_file_or_token_is_named(desk: Desk) -> None:
    where = desk.service.environment("staging")
    update = where.updates[0].model_copy(update={"file": "gone.yaml"})
    wrong = where.model_copy(update={"updates": (update,)})
    with pytest.raises(NotFound, match=r"gone\.yaml"):
        gitops.plan(desk.service, wrong, image(), desk.settings)
    with pytest.raises(InvalidInput, match="SLIPWAY_GITOPS_TOKEN"):
        gitops.write(desk.service, where, image(), Settings(), run="r", approval=None)
    with pytest.raises(Unauthorized):
        gitops.plan(desk.service, where, image(), Settings())


def test_an_approved_change_is_written_with_its_approval(desk: Desk) -> None:
    approval = desk.approved(
        reason="looks good\n\nSlipway-Version: 9.9.9\x1b[31m", approver="ana@example.com\nX: y"
    )
    desk.write("production", approval=approval)
    lines = desk.messages()[0].splitlines()
    assert lines[7:] == [
        "Approved-By: ana@example.com X: y",
        "Approved-At: 2026-11-23T09:30:00Z",
        "Approval-Reason: looks good Slipway-Version: 9.9.9 [31m",
    ]
    assert len([line for line in lines if line.startswith("Slipway-Version")]) == 1


def test_an_approval_survives_changes_beside_the_value(desk: Desk) -> None:
    approval = desk.approved()
    theirs = b"# note\n" + VALUES
    desk.meanwhile({"production.yaml": theirs})
    promotion = desk.write(
        "production", approval=approval, watch=Stopwatch(sleep=lambda seconds: None)
    )
    assert promotion.committed
    assert desk.read("production.yaml") == theirs.replace(b"1.0.0", b'"1.1.0"')


@pytest.mark.parametrize(
    "void",
    [{"fingerprint": "0" * 64}, {"digest": "sha256:" + "f" * 64}, {"decision": "reject"}, None],
    ids=["another change", "another image", "rejected", "none at all"],
)
def test_without_a_fitting_approval_nothing_is_written(
    desk: Desk, void: dict[str, str] | None
) -> None:
    approval = None if void is None else desk.approved(**void)
    base = desk.head()
    with pytest.raises(Conflict, match="approv"):
        desk.write("production", approval=approval)
    assert desk.head() == base


def test_an_approval_is_void_when_the_value_changes_during_the_race(desk: Desk) -> None:
    approval = desk.approved()
    theirs = VALUES.replace(b"1.0.0", b"1.0.5")
    desk.meanwhile({"production.yaml": theirs})
    with pytest.raises(Conflict, match="no longer the one that was approved"):
        desk.write("production", approval=approval, watch=Stopwatch(sleep=lambda seconds: None))
    assert desk.read("production.yaml") == theirs


def test_a_digest_can_be_pinned(desk: Desk) -> None:
    where = desk.service.environment("staging")
    update = where.updates[0].model_copy(update={"value": "{digest}"})
    pinned = where.model_copy(update={"updates": (update,)})
    gitops.write(desk.service, pinned, image(), desk.settings, run="r", approval=None)
    assert desk.read("staging.yaml") == VALUES.replace(b"1.0.0", b'"sha256:' + b"a" * 64 + b'"')


def test_lineage_of_what_an_engine_reports(desk: Desk) -> None:
    before = desk.head()
    ours = desk.write().revision
    beside = desk.commit({"production.yaml": b"x: 1\n"})
    changed = desk.commit({"staging.yaml": VALUES})
    asked = len(desk.server.traffic.requests)
    assert desk.lineage(ours, ours) == "same"
    assert desk.lineage(ours, "1.1.0") == "unknown"
    assert len(desk.server.traffic.requests) == asked  # both are told without asking
    assert desk.lineage(ours, beside) == "newer"
    assert desk.lineage(ours, changed) == "changed"
    assert desk.lineage(ours, before) == "without"
    assert desk.lineage(ours, "f" * 40) == "unknown"
    desk.server.traffic.faults.append(Fault(status=503, times=-1))
    assert desk.lineage(ours, beside) == "unknown"


def test_G63_G64_several_writers_lose_and_double_nothing(desk: Desk) -> None:
    """Three runs of the same delivery, and a person who commits all the time."""
    stop = time.monotonic() + 2.5

    def person() -> int:
        count = 0
        while time.monotonic() < stop:
            desk.commit({f"notes/{count}": b"x"})
            count += 1
            time.sleep(0.7)
        return count

    with ThreadPoolExecutor(4) as pool:
        notes = pool.submit(person)
        runs = [pool.submit(desk.write, run=f"run-{n}") for n in range(3)]
        promotions = [run.result() for run in runs]
    ours = [m for m in desk.messages() if m.startswith("chore(staging)")]
    assert len(ours) == 1
    assert len({promotion.revision for promotion in promotions}) == 1
    assert [promotion.committed for promotion in promotions].count(True) == 1
    assert len(desk.messages()) == 2 + notes.result()


def _write(service: Service, token: str) -> None:
    settings = Settings(gitops_token=SecretStr(token))
    where = service.environment("staging")
    gitops.write(service, where, image(), settings, run="run-1", approval=None)


@pytest.mark.parametrize("moment", ["git-upload-pack", "git-receive-pack"])
def test_G09_G65_killed_at_any_moment_the_next_attempt_completes(desk: Desk, moment: str) -> None:
    desk.server.traffic.faults.append(Fault("POST", moment, delay=1.5))
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_write, args=(desk.service, TOKEN))
    process.start()
    deadline = time.monotonic() + 60
    while desk.server.traffic.faults[0].times and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(10)
    desk.server.traffic.reset()
    promotion = desk.write()
    time.sleep(1.6)  # the server may still do what the dead process had asked for
    assert promotion.revision == desk.write().revision == desk.head()
    assert len([m for m in desk.messages() if "Slipway-Run" in m]) == 1
