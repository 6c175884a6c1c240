"""Single steps in this process, against the same servers: attempts are counted at the server."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from prefect import flow, get_client
from prefect.client.schemas.filters import FlowFilter, FlowFilterName
from prefect.client.schemas.objects import State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import Abort
from prefect.runtime import flow_run
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_HOME,
    PREFECT_LOCAL_STORAGE_PATH,
    temporary_settings,
)

from sandbox.serving import Fault
from slipway.config import read_service
from slipway.decision import Approval
from slipway.errors import Final, Retryable, Unauthorized
from slipway.gates.binding import subject
from slipway.gates.dossier import Dossier
from slipway.gates.quorum import standing
from slipway.ledger.entries import Decided
from slipway.model import Change, Edit, Image, Release
from slipway.release import converge as releases
from slipway.service import Gate, Service
from slipway.settings import load
from tasks.answers import keep, read_dossier
from tasks.build import find_image
from tasks.environment import run_id
from tasks.retries import step
from tasks.service import read_service as read_step
from tests.acceptance.installation import Installation
from tests.answers import approval


@pytest.fixture
def results(site: Installation, tmp_path: Path) -> Iterator[Path]:
    """The folder of the results of flows that run in this process, on the same server."""
    folder = tmp_path / "results"
    api = {
        PREFECT_API_URL: f"{site.server.url}/api",
        PREFECT_HOME: tmp_path,
        PREFECT_LOCAL_STORAGE_PATH: folder,
    }
    with temporary_settings(api):
        yield folder


@pytest.fixture
def service(site: Installation, results: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    """The service, in a process that has the settings of the runner."""
    for name, value in site.world.settings().items():
        monkeypatch.setenv(name, value)
    return read_service(load().services, "books")


@flow(name="find", persist_result=True)
def find_quickly(service: Service, release: Release) -> Image:
    return find_image.with_options(retry_delay_seconds=0)(service, release)


@pytest.mark.usefixtures("delivery")
@pytest.mark.parametrize(
    ("status", "kind", "attempts"), [(503, Retryable, 6), (403, Unauthorized, 1)]
)
def test_A49_the_number_of_requests_equals_the_policy(
    site: Installation, service: Service, status: int, kind: type[Exception], attempts: int
) -> None:
    release = releases.find(service, "1.0.0", load())
    traffic = site.registry.traffic
    fault = Fault(path="/manifests/1.0.0", status=status, times=-1)
    traffic.faults.append(fault)
    before = len(traffic.requests)
    with pytest.raises(kind):
        find_quickly(service, release)
    traffic.faults.remove(fault)
    asked = [r for r in traffic.requests[before:] if r.path.endswith("/manifests/1.0.0")]
    assert [r.status for r in asked] == [status] * attempts


def test_A28_A31_answers_are_kept_and_those_about_something_else_not_reused(
    service: Service,
) -> None:
    @flow(name="recall", persist_result=True)
    def try_all() -> list[int]:
        """How many approvals are found for: what was approved, another image, another change."""
        image, change = _image("a"), _change("1.1.0")
        answer = Decided(approval=_approval(image, change), counts=True)
        keep(Dossier().deciding(answer), "production", "promote")
        keep(Dossier(), "production", "roll-back")  # another file
        gate = Gate(approvers=("ana@example.com",))
        kept = read_dossier("production", "promote").decided
        return [
            len(standing(kept, subject("books", shown, asked), shown, gate))
            for asked, shown in (
                (image, change),
                (_image("b"), change),
                (image, _change("1.1.1")),
            )
        ]

    assert try_all() == [1, 0, 0]


@pytest.mark.parametrize("left", [None, 0, 40], ids=["gone", "empty", "cut"])
def test_A53_a_result_that_was_lost_while_it_was_written_is_made_again(
    results: Path, left: int | None
) -> None:
    """`left`: how many bytes of it remain."""
    calls: list[str] = []

    @step("double", "double", timeout=30)
    def double(text: str) -> str:
        calls.append(text)
        return text * 2

    @flow(name="lose", retries=1, persist_result=True)
    def lose() -> str:
        value = double("ab")
        if flow_run.run_count == 1:
            for file in results.iterdir():
                file.write_bytes(file.read_bytes()[: left or 0])
                if left is None:
                    file.unlink()
            raise RuntimeError("the power is gone")
        return value

    assert lose() == "abab"
    assert calls == ["ab", "ab"]


def _image(letter: str) -> Image:
    digest = f"sha256:{letter * 64}"
    timing = {"started": "2026-11-23T12:00:00Z"}
    return Image.model_validate(
        {
            "repository": "registry.example.com/books-api",
            "version": "1.1.0",
            "digest": digest,
            "revision": "c" * 40,
            "builder": "layer",
            "created": True,
            "timing": timing,
        }
    )


def _change(new: str) -> Change:
    edit = Edit(file="values.yaml", key="image.tag", old="1.0.0", new=new)
    return Change(environment="production", edits=(edit,), diff="", base="d" * 40)


def _approval(image: Image, change: Change) -> Approval:
    about = subject("books", change, image)
    return approval(run=run_id(), **about.model_dump(exclude={"act"}))


@pytest.mark.parametrize(
    "taken", [StateType.CRASHED, StateType.SCHEDULED, StateType.RUNNING, StateType.CANCELLED]
)
def test_A60_a_process_that_has_lost_its_run_does_nothing_more(
    results: Path, taken: StateType
) -> None:
    """Somebody marks the run while its process lives; `RUNNING` is that of another process."""
    done: list[str] = []

    @step("write", "write {what}", timeout=30)
    def write(what: str) -> str:
        done.append(what)
        return what

    @flow(name="lose the run", persist_result=True)
    def lose_the_run() -> None:
        write("first")
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(UUID(run_id()), State(type=taken, name="Taken"), force=True)
        write("second")

    with pytest.raises(Abort, match="the run is Taken since"):
        lose_the_run()
    assert done == ["first"]
    with get_client(sync_client=True) as client:
        [run] = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=["lose the run"])),
            sort=FlowRunSort.START_TIME_DESC,
            limit=1,
        )
    assert run.state
    assert (run.state.type, run.state.name) == (taken, "Taken")


def test_A36_a_run_whose_results_are_elsewhere_stops_and_says_so(
    results: Path, service: Service
) -> None:
    @flow(name="elsewhere", retries=1, persist_result=True)
    def elsewhere() -> str:
        name = read_step("books").service
        if flow_run.run_count == 1:
            with get_client(sync_client=True) as client:
                client.update_flow_run(UUID(run_id()), tags=["books", "version:1.1.0"])
            for file in results.iterdir():
                file.unlink()
            raise RuntimeError("another host goes on")
        return name

    with pytest.raises(Final, match="not in the result storage of this worker"):
        elsewhere()


def test_A38_what_a_run_began_with_is_found_again_after_a_change_of_the_code(
    results: Path, service: Service
) -> None:
    @flow(name="deployed anew", retries=1, persist_result=True)
    def deployed_anew() -> str:
        known = read_step("books")
        if flow_run.run_count == 1:
            with get_client(sync_client=True) as client:
                client.update_flow_run(UUID(run_id()), tags=["books", "version:1.1.0"])
            newer = inspect.getsource(read_step.fn) + "\n# newer code\n"
            read_step.source_code = newer
            raise RuntimeError("a new worker goes on")
        return known.service

    before = getattr(read_step, "source_code", None)
    try:
        assert deployed_anew() == "books"
    finally:
        read_step.source_code = before
