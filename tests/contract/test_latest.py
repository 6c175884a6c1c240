"""The tag `latest` only moves forward, whoever moves it, in whatever order and however often."""

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.serving import Fault, Server
from slipway.builders.interface import VERSION
from slipway.builders.latest import move_latest
from slipway.clients.oci import OCI_MANIFEST, Blob, Manifest, canonical
from slipway.clients.registry import Repository, credential_of, open_repository
from slipway.errors import Conflict, Retryable
from tests.contract.docker_engine import RegistryLogin
from tests.contract.images import settings_for

NAME = "team/books-api"


@pytest.fixture
def repository(login: RegistryLogin) -> Iterator[Repository]:
    with open_repository(f"{login.address}/{NAME}", settings_for(login), push=True) as repository:
        yield repository


def push(repository: Repository, version: str, *tags: str, says: str | None = None) -> str:
    """An image that says it is `version`, under that tag and others."""
    labels = {VERSION: version if says is None else says}
    config = Blob.of(canonical({"config": {"Labels": labels}, "made_for": version}))
    repository.upload(config)
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "layers": []}
    manifest = Manifest.of(document | {"config": config.descriptor("a/b")})
    for tag in tags or (version,):
        repository.put(manifest, tag)
    return manifest.digest


def latest(repository: Repository) -> str | None:
    found = repository.find("latest")
    return found.digest if found else None


def test_it_follows_each_higher_version(repository: Repository) -> None:
    for version in ("1.0.0", "1.9.0", "1.10.0", "2.0.0"):
        digest = push(repository, version)
        move_latest(repository, version)
        assert latest(repository) == digest


def test_a_patch_of_an_older_line_leaves_it(repository: Repository) -> None:
    digest = push(repository, "2.0.0", "2.0.0", "latest")
    push(repository, "1.9.1")
    move_latest(repository, "1.9.1")
    assert latest(repository) == digest


@pytest.mark.parametrize("version", ["2.0.0-rc.1", "edge"])
def test_a_pre_release_neither_moves_nor_makes_it(repository: Repository, version: str) -> None:
    push(repository, version)
    move_latest(repository, version)
    assert latest(repository) is None
    digest = push(repository, "1.0.0")
    move_latest(repository, "1.0.0")
    assert latest(repository) == digest


def test_it_does_not_go_back_to_what_the_tags_hold(repository: Repository) -> None:
    digest = push(repository, "3.0.0", "latest")  # of another pipeline, which kept no version tag
    push(repository, "2.0.0")
    move_latest(repository, "2.0.0")
    assert latest(repository) == digest


@pytest.mark.parametrize("says", ["", "nightly"])
def test_a_tag_that_says_no_version_is_taken_over(repository: Repository, says: str) -> None:
    push(repository, "0.0.0", "latest", says=says)
    digest = push(repository, "1.0.0")
    move_latest(repository, "1.0.0")
    assert latest(repository) == digest


def test_a_tag_that_is_right_is_not_written(repository: Repository, shelf: Server) -> None:
    push(repository, "1.0.0", "1.0.0", "latest")
    shelf.traffic.reset()
    move_latest(repository, "1.0.0")
    assert shelf.traffic.writes() == []


class InTurn(Repository):
    """Asks `turn` before each request that tells or changes what tags there are."""

    def __init__(self, login: RegistryLogin, name: str, turn: Callable[[], None]) -> None:
        credential = credential_of(settings_for(login))
        super().__init__(f"{login.address}/{name}", credential, plain=True, rights="pull,push")
        self._turn = turn

    def find(self, reference: str) -> Manifest | None:
        self._turn()
        return super().find(reference)

    def put(self, manifest: Manifest, reference: str) -> bool:
        self._turn()
        return super().put(manifest, reference)

    def tags(self) -> list[str]:
        self._turn()
        return super().tags()


class Schedule:
    """Lets two threads go on in a given order; who has ended is not waited for."""

    def __init__(self, order: list[int]) -> None:
        self._order, self._ended = order, set[int]()
        self._changed = threading.Condition()

    def turn(self, me: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._order or self._next() == me, 20)
            if self._order:
                self._order.pop(0)
            self._changed.notify_all()

    def _next(self) -> int:
        return 1 - self._order[0] if self._order[0] in self._ended else self._order[0]

    def end(self, me: int) -> None:
        with self._changed:
            self._ended.add(me)
            self._changed.notify_all()


@given(order=st.lists(st.integers(0, 1), min_size=8, max_size=20), first=st.booleans())
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_two_releases_at_once_end_with_the_higher_one(
    login: RegistryLogin, order: list[int], *, first: bool
) -> None:
    name, schedule = f"team/{uuid.uuid4().hex}", Schedule(list(order))
    versions = ("1.3.0", "1.2.1") if first else ("1.2.1", "1.3.0")

    def release(me: int) -> None:
        try:
            with InTurn(login, name, lambda: schedule.turn(me)) as repository:
                push(repository, versions[me])
                move_latest(repository, versions[me])
        finally:
            schedule.end(me)

    with ThreadPoolExecutor(2) as threads:
        for run in [threads.submit(release, me) for me in (0, 1)]:
            run.result(30)
    with InTurn(login, name, lambda: None) as repository:
        highest = repository.find("1.3.0")
        assert highest
        assert latest(repository) == highest.digest


def test_many_releases_at_once_end_with_the_highest(login: RegistryLogin) -> None:
    name, versions = f"team/{uuid.uuid4().hex}", [f"1.{minor}.0" for minor in range(6)]

    def release(version: str) -> None:
        with InTurn(login, name, lambda: None) as repository:
            push(repository, version)
            move_latest(repository, version)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(release, versions))
    with InTurn(login, name, lambda: None) as repository:
        highest = repository.find("1.5.0")
        assert highest
        assert latest(repository) == highest.digest


@pytest.mark.parametrize("fault", [Fault(drop=True), Fault(lose_answer=True), Fault(status=503)])
def test_an_attempt_that_failed_is_made_good_by_the_next(
    repository: Repository, shelf: Server, fault: Fault
) -> None:
    digest = push(repository, "1.0.0")
    shelf.traffic.faults.append(replace(fault, method="PUT", path="/manifests/latest"))
    with pytest.raises(Retryable):
        move_latest(repository, "1.0.0")
    move_latest(repository, "1.0.0")
    assert latest(repository) == digest


def test_a_registry_that_keeps_the_tag_is_told_apart(repository: Repository, shelf: Server) -> None:
    push(repository, "1.0.0")
    shelf.traffic.faults.append(Fault(method="PUT", path="/manifests/latest", status=409))
    with pytest.raises(Conflict, match="latest") as caught:
        move_latest(repository, "1.0.0")
    assert "let tags like latest move" in caught.value.hint


@pytest.mark.docker
def test_docker_registry_is_followed_too(real_registry: RegistryLogin) -> None:
    name = f"team/{uuid.uuid4().hex}"
    with InTurn(real_registry, name, lambda: None) as repository:
        assert repository.tags() == []
        for version in ("1.0.0", "2.0.0", "1.0.1"):
            push(repository, version)
            move_latest(repository, version)
        highest = repository.find("2.0.0")
        assert highest
        assert latest(repository) == highest.digest
