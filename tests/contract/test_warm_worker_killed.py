"""The warm worker where a process is killed at once: the run, what stands for it, the rest."""

from pathlib import Path

import pytest

from tests.contract.processes import alive
from tests.contract.warm_place import Warm, kill, read, until

pytestmark = [pytest.mark.xdist_group("warm"), pytest.mark.timeout(300)]


def test_a_killed_run_has_crashed(warm: Warm, tmp_path: Path) -> None:
    run, pid = warm.running(tmp_path)
    kill(pid)
    assert warm.ended(run)["state_type"] == "CRASHED"
    until(lambda: read(tmp_path / "hook crashed"))


def test_a_run_dies_with_what_stands_for_it(warm: Warm, tmp_path: Path) -> None:
    """Prefect kills the process that it knows."""
    run, pid = warm.running(tmp_path)
    kill(warm.launcher(run))
    assert warm.ended(run)["state_type"] == "CRASHED"
    until(lambda: not alive(pid))


def test_runs_die_with_the_fork_server_and_the_next_one_starts_all_the_same(
    warm: Warm, tmp_path: Path
) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    run, pid = warm.running(folders[0])
    server = warm.fork_server()
    kill(server)
    assert warm.ended(run)["state_type"] == "CRASHED"
    assert not alive(pid)
    (folders[0] / "go").touch()
    warm.facts(folders[1])
    assert warm.api.run(run)["state_type"] == "CRASHED"
    assert not (folders[0] / "ended").exists()
    assert "the fork server has died" in read(warm.worker.log)


def test_a_run_outlives_a_killed_worker_and_the_fork_server_ends_after_it(
    warm: Warm, tmp_path: Path
) -> None:
    with warm.instead("killed") as other:
        run, pid = warm.running(tmp_path)
        server = warm.fork_server(other)
        kill(other.pid)
        assert alive(pid)
        (tmp_path / "go").touch()
        assert warm.ended(run)["state_type"] == "COMPLETED"
        until(lambda: not alive(server))


def test_code_that_has_changed_is_imported_anew(warm: Warm, tmp_path: Path, code: Path) -> None:
    folders = [tmp_path / name for name in ("before", "after")]
    for folder in folders:
        folder.mkdir()
    with warm.instead("stale", PYTHONPATH=str(code)) as other:
        assert warm.facts(folders[0])["forked"]
        with (code / "flows" / "naming.py").open("a") as file:
            file.write("# another line\n")
        assert not warm.facts(folders[1])["forked"]
        assert "naming.py has changed since the worker started" in read(other.log)
