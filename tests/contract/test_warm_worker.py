"""The warm worker does what Prefect's process worker does: facts/warm-worker's list, one by one.

Its looks at intervals are ten minutes apart: what runs here was noticed by its event, or by room.
"""

import os
import signal
from pathlib import Path

import pytest

from sandbox.prefect_api import state_of, waiting
from tests.contract.processes import alive
from tests.contract.tls import certificate, tls_proxy
from tests.contract.warm_place import Warm, children, read, until

pytestmark = [pytest.mark.xdist_group("warm"), pytest.mark.timeout(300)]


def test_a_run_is_forked_and_leaves_nothing_behind(warm: Warm, tmp_path: Path) -> None:
    facts = warm.facts(tmp_path)
    server = warm.fork_server()
    assert facts["forked"]
    assert facts["parent"] == server
    until(lambda: not children(server))  # nor a process that nobody waited for
    assert not alive(facts["pid"])


def test_it_has_nothing_of_the_fork_servers_open(warm: Warm, tmp_path: Path) -> None:
    opened = warm.facts(tmp_path)["open"]
    mine = {str(each.readlink()) for each in Path(f"/proc/{warm.fork_server()}/fd").iterdir()}
    shared = set(opened) & {name for name in mine if name.startswith(("socket:", "anon_inode:"))}
    assert not shared - {"anon_inode:[eventpoll]"}  # all of that kind have one name


def test_its_environment_is_its_own(warm: Warm, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("with", "without")]
    for folder in folders:
        folder.mkdir()
    facts = warm.facts(folders[0], {"WORD": "slipway", "TZ": "America/Mexico_City"})
    assert facts["forked"]
    assert (facts["word"], facts["zone"]) == ("slipway", "CST")
    facts = warm.facts(folders[1])
    assert (facts["word"], facts["zone"]) == (None, "UTC")


def test_it_reaches_a_server_behind_tls(warm: Warm, tmp_path: Path) -> None:
    """Runs, logs and events; where the API is plain HTTP nobody is trusted, here somebody is."""
    files = certificate(tmp_path)
    with tls_proxy(int(warm.server.url.rpartition(":")[2]), files) as url:
        more = {"PREFECT_API_URL": f"{url}/api", "PREFECT_API_SSL_CERT_FILE": str(files[0])}
        with warm.instead("behind-tls", **more):
            facts = warm.facts(tmp_path)
            assert facts["forked"]
            assert facts["api"].startswith("https://")
            until(lambda: "the last word" in warm.api.logs(facts["id"]))


def test_its_folder_is_a_new_one(warm: Warm, tmp_path: Path) -> None:
    folder = Path(warm.facts(tmp_path)["folder"])
    assert folder.name.endswith("prefect")
    until(lambda: not folder.exists())


def test_all_its_lines_arrive(warm: Warm, tmp_path: Path) -> None:
    facts = warm.facts(tmp_path)
    until(lambda: {"printed", "in short", "the last word"} <= set(warm.api.logs(facts["id"])))
    assert "in detail" not in warm.api.logs(facts["id"])
    assert "printed" in read(warm.worker.log)  # the worker shows what it prints, as ever


def test_a_level_of_its_own(warm: Warm, tmp_path: Path) -> None:
    facts = warm.facts(tmp_path, {"PREFECT_LOGGING_LEVEL": "WARNING"})
    assert facts["forked"]
    assert facts["level"] == "WARNING"
    until(lambda: not alive(facts["pid"]))  # so all that it had to say has been sent
    assert not {"in short", "the last word"} & set(warm.api.logs(facts["id"]))


def test_what_counts_at_import_is_imported_anew(warm: Warm, tmp_path: Path) -> None:
    facts = warm.facts(tmp_path, {"PREFECT_TASK_DEFAULT_RETRIES": "3"})
    assert not facts["forked"]
    assert facts["retries"] == 3
    assert "PREFECT_TASK_DEFAULT_RETRIES" in read(warm.worker.log)


def test_code_that_is_fetched_is_imported_anew(warm: Warm, tmp_path: Path) -> None:
    source = tmp_path / "code"
    source.mkdir()
    text = "from pathlib import Path\nimport sys\nfrom prefect import flow\n\n@flow\ndef fetched("
    text += "folder: str) -> None:\n    forked = 'flows.deliver' in sys.modules\n"
    text += "    (Path(folder) / 'fetched').write_text(str(forked))\n"
    (source / "fetched.py").write_text(text)
    step = {"prefect.deployments.steps.set_working_directory": {"directory": str(source)}}
    warm.deploy("fetched", "fetched.py:fetched", pull_steps=[step])
    run = warm.ended(warm.start("fetched", tmp_path))
    assert run["state_type"] == "COMPLETED", state_of(run)
    assert read(tmp_path / "fetched") == "False"


def test_it_sends_heartbeats(warm: Warm, tmp_path: Path) -> None:
    run = warm.start("wait", tmp_path, {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30"})
    wanted = {"event": {"name": ["prefect.flow-run.heartbeat"]}}
    wanted |= {"resource": {"id": [f"prefect.flow-run.{run}"]}}
    ask = {"filter": wanted, "limit": 5}
    until(lambda: warm.api.call("POST", "/events/filter", ask)["total"])
    (tmp_path / "go").touch()
    assert warm.ended(run)["state_type"] == "COMPLETED"
    assert read(tmp_path / "hook completion") == "Completed"


def test_a_failure_is_one_and_its_hook_runs(warm: Warm, tmp_path: Path) -> None:
    (tmp_path / "go").write_text("fail")
    run = warm.ended(warm.start("wait", tmp_path))
    assert run["state_type"] == "FAILED"
    assert "as asked" in state_of(run)
    assert read(tmp_path / "hook failure") == "Failed"


def test_a_cancelled_run_ends(warm: Warm, tmp_path: Path) -> None:
    run, pid = warm.running(tmp_path)
    warm.api.set_state(run, {"type": "CANCELLING"})
    assert warm.ended(run)["state_type"] == "CANCELLED"
    until(lambda: read(tmp_path / "hook cancellation"))
    until(lambda: not alive(pid))
    assert not (tmp_path / "ended").exists()


def test_a_suspended_run_goes_on_in_another_process(warm: Warm, tmp_path: Path) -> None:
    run = warm.start("ask", tmp_path)
    warm.api.wait(run, waiting)
    before = int(read(tmp_path / "before"))
    until(lambda: not alive(before))
    warm.api.call("POST", f"/flow_runs/{run}/resume", {})
    assert warm.ended(run)["state_type"] == "COMPLETED"
    assert read(tmp_path / "before").split() == [str(before)]  # its finished step stayed finished
    assert int(read(tmp_path / "after")) != before


def test_a_step_is_retried_in_the_process_and_the_run_in_another(
    warm: Warm, tmp_path: Path
) -> None:
    run = warm.start("fail-first", tmp_path)
    assert warm.ended(run)["state_type"] == "FAILED"
    first = read(tmp_path / "attempts").split()
    assert len(first) == 2
    assert len(set(first)) == 1
    (tmp_path / "mended").touch()
    warm.api.retry(run, force=True)
    warm.api.wait(run, lambda now: now["state_type"] == "COMPLETED", 60)
    assert read(tmp_path / "attempts").split()[2] != first[0]


def test_more_runs_than_there_is_room_for_follow_each_other(warm: Warm, tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(8)]
    for folder in folders:
        folder.mkdir()
        (folder / "go").touch()
    runs = [warm.start("wait", folder) for folder in folders]
    assert {warm.ended(run)["state_type"] for run in runs} == {"COMPLETED"}
    assert all((folder / "ended").exists() for folder in folders)


def test_a_worker_that_is_asked_to_end_leaves_as_prefects_does(warm: Warm, tmp_path: Path) -> None:
    """It ends, with what it forked from; its run is not told to have ended well."""
    with warm.instead("leaving") as other:
        run, pid = warm.running(tmp_path)
        server = warm.fork_server(other)
        os.kill(other.pid, signal.SIGTERM)
        until(other.ended)
        until(lambda: not alive(pid) and not alive(server))
        assert warm.api.run(run)["state_type"] != "COMPLETED"
