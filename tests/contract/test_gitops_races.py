"""The GitOps update while others write, and while the host or the process fails."""

import multiprocessing
import os
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from sandbox.serving import Fault
from slipway import gitops
from slipway.clients.git import Protected, PushRace
from slipway.errors import Conflict, Superseded
from slipway.service import Service
from slipway.settings import Settings
from slipway.timing import Stopwatch
from tests.contract.gitops_place import APPLICATION, NAME, TOKEN, VALUES, Desk, a_desk, image


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        yield made


def test_G05_a_race_is_computed_again_on_the_new_head(desk: Desk) -> None:
    theirs = VALUES.replace(b"replicas: 2", b"# by hand\nreplicas: 5")
    desk.meanwhile({"staging.yaml": theirs})
    waits: list[float] = []
    promotion = desk.write(watch=Stopwatch(sleep=waits.append))
    assert promotion.committed
    assert desk.read("staging.yaml") == theirs.replace(b"1.0.0", b'"1.1.0"')
    assert len(waits) == 1
    assert len(desk.messages()) == 3


@pytest.mark.parametrize("theirs", ["1.0.7", "latest", "0.9.0"])
def test_G05_a_value_that_a_person_changed_meanwhile_is_not_overwritten(
    desk: Desk, theirs: str
) -> None:
    text = VALUES.replace(b"1.0.0", theirs.encode())
    desk.meanwhile({"staging.yaml": text})
    with pytest.raises(Conflict) as refused:
        desk.write(watch=Stopwatch(sleep=lambda seconds: None))
    for part in ("staging.yaml: image.tag", "Mia Torres <mia@example.com>", desk.head(), theirs):
        assert part in refused.value.message
    assert desk.read("staging.yaml") == text
    assert desk.read("apps/staging.yaml") == APPLICATION


def test_G05_the_person_is_found_among_commits_that_left_the_value_alone(desk: Desk) -> None:
    def busy(name: str) -> None:
        desk.commit({"staging.yaml": VALUES + b"# one\n"})
        desk.delivered("1.0.4")
        text = desk.read("staging.yaml")
        theirs.append(desk.commit({"staging.yaml": text.replace(b'"1.0.4"', b"stable")}))
        desk.commit({"staging.yaml": desk.read("staging.yaml") + b"# two\n"})
        desk.commit({"other": b"x"})

    theirs: list[str] = []
    desk.host.before_push = busy
    with pytest.raises(Conflict) as refused:
        desk.write(watch=Stopwatch(sleep=lambda seconds: None))
    assert f"in {theirs[0]} " in refused.value.message
    assert b"stable" in desk.read("staging.yaml")


def test_G05_the_older_value_of_another_delivery_is_computed_again(desk: Desk) -> None:
    desk.host.before_push = lambda name: desk.delivered("1.0.7")
    promotion = desk.write(watch=Stopwatch(sleep=lambda seconds: None))
    assert [edit.old for edit in promotion.change.edits] == ["1.0.7", "1.0.0", "1.0.0"]
    assert desk.read("staging.yaml") == VALUES.replace(b"1.0.0", b'"1.1.0"')


def test_G05_G63_attempts_are_bounded_in_number(desk: Desk) -> None:
    def again(name: str) -> None:
        desk.commit({"other": os.urandom(4)})
        desk.host.before_push = again

    desk.host.before_push = again
    waits: list[float] = []
    with pytest.raises(PushRace):
        desk.write(watch=Stopwatch(sleep=waits.append))
    assert 8 < len(waits) < desk.pushes() == 20
    assert len(set(waits)) == len(waits)  # jitter
    assert max(waits) <= 15
    assert desk.read("staging.yaml") == VALUES


def test_G05_G63_attempts_are_bounded_in_time(desk: Desk) -> None:
    def again(name: str) -> None:
        now[0] += 100
        desk.commit({"other": os.urandom(4)})
        desk.host.before_push = again

    now = [0.0]
    desk.host.before_push = again
    with pytest.raises(PushRace):
        desk.write(watch=Stopwatch(clock=lambda: now[0], sleep=lambda seconds: None))
    assert desk.pushes() == 4


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


@pytest.mark.parametrize(
    ("template", "there", "refused"),
    [
        ("v{version}", "v1.2.0", True),
        ("v{version}", "v1.2.0-rc.1+build.7", True),
        ("{version}-alpine", "1.10.0-alpine", True),
        ("v{version}", "v1.0.9", False),
        ("v{version}", "1.2.0", False),
        ("{version}-alpine", "9.9.9-slim", False),
    ],
)
def test_G06_a_version_is_found_within_its_template(
    desk: Desk, template: str, there: str, refused: bool
) -> None:
    desk.commit({"staging.yaml": VALUES.replace(b"1.0.0", there.encode())})
    where = desk.service.environment("staging")
    update = where.updates[0].model_copy(update={"value": template})
    where = where.model_copy(update={"updates": (update,)})
    if refused:
        with pytest.raises(Superseded, match=re.escape(there)):
            gitops.plan(desk.service, where, image(), desk.settings)
    else:
        (edit,) = gitops.plan(desk.service, where, image(), desk.settings).edits
        assert (edit.old, edit.new) == (there, template.replace("{version}", "1.1.0"))


def test_G62_a_newer_run_that_wins_the_race_is_not_undone(desk: Desk) -> None:
    desk.host.before_push = lambda name: desk.delivered("1.2.0")
    with pytest.raises(Superseded):
        desk.write(watch=Stopwatch(sleep=lambda seconds: None))
    assert desk.messages()[0].startswith("chore(staging): books-api 1.2.0")
    assert len(desk.messages()) == 2


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
    assert desk.pushes() == 1


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
    began = datetime.now(UTC)
    gitops.write(service, where, image(), settings, run="run-1", began=began, approvals=())


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
