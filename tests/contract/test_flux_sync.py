"""The sync wait through Flux, with a HelmRelease and with a Kustomization."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from sandbox.kubernetes.access import Account, Rule
from sandbox.kubernetes.kind import GIT_REPOSITORY, HELM_RELEASE, KUSTOMIZATION
from slipway.engines.interface import Engine, engine_for
from slipway.errors import Conflict, InvalidInput, NotProven, Superseded
from slipway.service import Application, GitOps
from tests.contract.argocd_world import GITOPS
from tests.contract.flux_world import READER, World, running
from tests.contract.sample_image import CRASHING, Pushed, image_registry, layer
from tests.contract.sync_wait import DIGEST, Wait

KINDS = {"HelmRelease": HELM_RELEASE, "Kustomization": KUSTOMIZATION}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    with image_registry(tmp_path_factory.mktemp("registry")) as pushed:
        yield pushed


@dataclass
class Place:
    """One application `books` of one kind."""

    kind: str
    world: World

    def live(self, **spec: Any) -> str:
        """It runs 1.0.0."""
        revision = self.push("1.0.0")
        self.world.add_source()
        if self.kind == "HelmRelease":
            self.world.add_release(**spec)
            self.world.until_released(revision)
        else:
            self.world.add_kustomization(**spec)
            self.world.until_applied(revision)
        self.world.server.traffic.reset()
        return revision

    def push(self, version: str) -> str:
        self.world.images.push_server(version)
        return self.push_values(version)

    def push_values(self, version: str, note: str = "") -> str:
        if self.kind == "HelmRelease":
            return self.world.push_values(version, note=note)
        return self.world.push_manifest(version, note=note)

    def wait(self, revision: str, version: str, **fields: Any) -> Wait:
        chosen = {"engine": "flux", "kind": self.kind} | fields.pop("application", {})
        given = {"settings": self.world.settings(), "application": chosen} | fields
        return Wait("", self.world.images.repository, revision, version, **given)


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path, images: Pushed) -> Iterator[Place]:
    with running(tmp_path, images) as world:
        yield Place(request.param, world)


@pytest.fixture
def release(tmp_path: Path, images: Pushed) -> Iterator[Place]:
    with running(tmp_path, images) as world:
        yield Place("HelmRelease", world)


@contextmanager
def opened(place: Place) -> Iterator[tuple[Engine, Application]]:
    """The engine itself."""
    application = Application(name="books", engine="flux", kind=place.kind)
    gitops = GitOps(repository=GITOPS)
    with engine_for(application, place.world.settings(), gitops, lambda: 20.0) as engine:
        yield engine, application


def test_S81_a_commit_is_proven_after_the_source_was_asked(place: Place) -> None:
    place.live()
    waiting = place.wait(place.push("1.1.0"), "1.1.0")
    proof = waiting()
    assert (proof.observed, proof.digest) == (waiting.revision, DIGEST)
    assert proof.url == f"flux get {place.kind.lower()} books -n flux-system"
    asked = [each for each in place.world.server.traffic.requests if each.method == "PATCH"]
    assert asked[0].path.endswith("/gitrepositories/gitops")
    assert {each.status for each in asked} == {200}  # the stand-in takes merge patches only
    assert place.world.image().endswith(":1.1.0")


def test_S06_a_commit_that_changes_nothing_is_proven(place: Place) -> None:
    place.live()
    revision = place.push_values("1.0.0", note="nothing that is applied")
    assert place.wait(revision, "1.0.0")().observed == revision


def test_S02_a_later_commit_with_other_values_supersedes(place: Place) -> None:
    place.live()
    ours, later = place.push("1.1.0"), place.push("1.2.0")
    with pytest.raises(Superseded, match=later[:7]):
        place.wait(ours, "1.1.0", lineage={later: "changed"})()


def test_S02_a_later_commit_with_our_values_is_accepted(place: Place) -> None:
    place.live()
    ours, later = place.push("1.1.0"), place.push_values("1.1.0", note="later")
    assert place.wait(ours, "1.1.0", lineage={later: "newer"})().observed == later


def test_S57_an_image_that_cannot_be_pulled_fails_early_with_its_reason(place: Place) -> None:
    place.live()
    revision = place.push_values("9.9.9-missing")
    with pytest.raises(NotProven, match=r"ErrImagePull|ImagePullBackOff") as failed:
        place.wait(revision, "9.9.9-missing", grace=5)()
    assert "Failed to pull image" in failed.value.message


def test_S78_suspended_ends_the_wait_at_the_first_look(place: Place) -> None:
    place.live()
    place.world.patch(KINDS[place.kind], "books", {"suspend": True})
    with pytest.raises(NotProven, match=f"{place.kind}/books is suspended"):
        place.wait(place.push("1.1.0"), "1.1.0")()


def test_S73_S78_a_suspended_source_echoes_and_is_told_all_the_same(place: Place) -> None:
    place.live()
    place.world.patch(GIT_REPOSITORY, "gitops", {"suspend": True})
    revision = place.push("1.1.0")
    with opened(place) as (engine, application):
        assert engine.refresh(application)  # the echo says nothing of the result
    with pytest.raises(NotProven, match="flux resume source git gitops"):
        place.wait(revision, "1.1.0")()


def test_S80_a_commit_that_waits_behind_an_older_one_says_so(place: Place) -> None:
    place.live(timeout="3s")
    older = place.push_values("9.9.9-missing")
    place.world.look(older)
    last = KINDS[place.kind]
    place.world.until(
        lambda: older[:12] in str(place.world.get(last, "books")["status"]["lastAttemptedRevision"])
    )
    newer = place.push("1.1.0")
    waiting = place.wait(newer, "1.1.0", speed=2, timeout=60)
    assert waiting().observed == newer
    behind = f"{newer[:7]} is waiting behind {older[:7]} in {place.kind}/books"
    assert any(behind in sentence for sentence in waiting.said), waiting.said


def test_S30_S41_a_controller_that_is_down_ends_at_the_deadline(place: Place) -> None:
    place.live()
    place.world.flux.take_down("source-controller")
    with pytest.raises(NotProven, match="not live after 3 s") as late:
        place.wait(place.push("1.1.0"), "1.1.0", timeout=3, speed=1)()
    assert "still looks at" in late.value.message
    assert "is the controller running?" in late.value.message


def test_S61_a_source_that_cannot_be_fetched_ends_with_its_words(place: Place) -> None:
    place.live()
    revision = place.push("1.1.0")
    place.world.flux.unplug(GITOPS)
    with pytest.raises(NotProven, match="GitOperationFailed"):
        place.wait(revision, "1.1.0", grace=10)()


def test_S74_S30_the_last_controller_being_down_is_never_success(place: Place) -> None:
    place.live()
    part = "helm" if place.kind == "HelmRelease" else "kustomize"
    place.world.flux.take_down(f"{part}-controller")
    revision = place.push_values("1.0.0", note="even the image is right")
    with pytest.raises(NotProven, match="not live after 20 s"):
        place.wait(revision, "1.0.0", timeout=20)()


def test_S76_a_rollback_is_failure_of_the_commit(release: Place) -> None:
    upgrade = {"remediation": {"retries": 0, "remediateLastFailure": True}}
    release.live(timeout="1s", upgrade=upgrade)
    release.world.images.push("1.1.0-crash", layer({"app/server.py": CRASHING}))
    revision = release.push_values("1.1.0-crash")
    with pytest.raises(NotProven, match="was rolled back to chart") as failed:
        release.wait(revision, "1.1.0-crash", speed=2, grace=60)()
    assert "RetriesExceeded" in failed.value.message
    assert release.world.image().endswith(":1.0.0")


def test_S75_a_chart_taken_by_its_version_ends_the_wait_at_once(release: Place) -> None:
    release.live()
    chart = dict(release.world.release["spec"]["chart"]["spec"])
    chart.pop("reconcileStrategy")
    release.world.patch(HELM_RELEASE, "books", {"chart": {"spec": chart}})
    release.world.until(lambda: not release.world.chart["spec"].get("reconcileStrategy"))
    with pytest.raises(NotProven, match="never deployed by this configuration"):
        release.wait(release.push("1.1.0"), "1.1.0")()


def test_S77_without_checks_the_pods_have_to_show_it(tmp_path: Path, images: Pushed) -> None:
    with running(tmp_path, images) as world:
        place = Place("Kustomization", world)
        place.live(wait=None)
        proof = place.wait(place.push("1.1.0"), "1.1.0")()
        assert "its health is shown by Deployment/books alone" in proof.summary


def test_a_file_that_nothing_reads_ends_the_wait_before_it_begins(release: Place) -> None:
    release.live()
    files = ("books/values-production.yaml",)
    with pytest.raises(NotProven, match="does not read books/values-production"):
        release.wait(release.push("1.1.0"), "1.1.0", files=files)()


def test_manual_sync_and_ending_one_are_not_there(release: Place) -> None:
    revision = release.live()
    with pytest.raises(InvalidInput, match="sync: manual"):
        release.wait(revision, "1.0.0", application={"sync": "manual"})()
    with opened(release) as (engine, application), pytest.raises(Conflict):
        engine.terminate(application)


def test_missing_rights_are_named_before_the_wait(release: Place) -> None:
    revision = release.live()
    words = "patch gitrepositories.source.toolkit.fluxcd.io in namespace flux-system"
    with pytest.raises(Exception, match=words):
        release.wait(revision, "1.0.0", settings=release.world.settings(READER))()


def test_the_documented_rights_are_enough(place: Place) -> None:
    place.live()
    flux = ("gitrepositories.*", "helmreleases.*", "kustomizations.*")
    rules = (
        Rule(("get", "patch", "watch"), flux, ("flux-system",)),
        Rule(("get",), ("helmcharts.*",), ("flux-system",)),
        Rule(("get", "list"), ("deployments.*", "statefulsets.*", "daemonsets.*"), ("books",)),
        Rule(("list",), ("replicasets.*", "pods"), ("books",)),
    )
    account = Account("least", "least-not-a-real-token", rules)
    place.world.kubernetes.accounts.append(account)
    waiting = place.wait(place.push("1.1.0"), "1.1.0", settings=place.world.settings(account))
    assert waiting().observed == waiting.revision
    assert not [said for said in waiting.said if "no watch" in said]


def test_S82_a_cluster_that_has_only_removed_versions_is_told_at_once(release: Place) -> None:
    revision = release.live()
    release.world.flux.objects.unregister(HELM_RELEASE)
    release.world.flux.objects.register(replace(HELM_RELEASE, version="v2beta2"))
    with pytest.raises(InvalidInput, match=r"helm\.toolkit\.fluxcd\.io in version v2beta2 only"):
        release.wait(revision, "1.0.0")()
