"""What runs where: proven, only claimed, or not known."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from slipway import gitops
from slipway.cli import main
from slipway.engines.interface import engine_for
from slipway.model import EnvironmentStatus, Image
from slipway.service import Application
from slipway.status import status
from tests.proof.place import Place, a_place, image


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with a_place(tmp_path_factory.mktemp("status"), 5) as ready:
        yield ready


def written(place: Place, environment: str) -> tuple[Image, str]:
    """A new version that the repository asks for, and the commit."""
    image, service = place.next_image(broken=False), place.services["books"]
    where = service.environment(environment)
    promotion = gitops.write(
        service, where, image, place.settings,
        run="run-1", began=datetime.now(UTC), approvals=(),
    )  # fmt: skip
    return image, promotion.revision


def application(place: Place) -> Application:
    return place.services["books"].environment("staging").application


def rows(place: Place) -> dict[str, EnvironmentStatus]:
    return {row.environment: row for row in status(place.services["books"], place.settings)}


def until_proven(place: Place, environment: str) -> EnvironmentStatus:
    end = time.monotonic() + 60
    while not (row := rows(place)[environment]).proven:
        assert time.monotonic() < end, row
        with engine_for(application(place), place.settings) as engine:
            engine.refresh(
                application(place)
            )  # it has whole seconds: a compare may count too early
        time.sleep(0.5)
    return row


def test_what_is_live_and_settled_is_proven_by_its_commit(place: Place) -> None:
    image, revision = written(place, "staging")
    row = until_proven(place, "staging")
    assert (row.version, row.digest, row.revision) == (image.version, image.digest, revision)
    assert (row.sync, row.health) == ("Synced", "Healthy")
    assert row.since is not None
    assert row.url.endswith("/applications/staging")


def test_what_the_repository_asks_for_is_only_claimed_until_it_runs(place: Place) -> None:
    image, revision = written(place, "production")  # nobody syncs it
    row = rows(place)["production"]
    assert (row.version, row.revision, row.proven) == (image.version, revision, False)
    assert revision[:7] in row.reason or "out of sync" in row.reason


def test_an_engine_that_cannot_be_asked_leaves_it_unknown_and_says_why(place: Place) -> None:
    place.api.down.set()
    try:
        row = rows(place)["staging"]
    finally:
        place.api.down.clear()
    assert not row.proven
    assert row.reason.startswith("unknown: ")
    assert row.sync == ""


def test_a_tag_that_the_registry_does_not_hold_proves_nothing(place: Place) -> None:
    by_tag = place.services["s0"]  # writes no digest
    never_pushed = image(place.images.repository, "9.9.9", "sha256:" + "9" * 64)
    where = by_tag.environment("staging")
    gitops.write(
            by_tag, where, never_pushed, place.settings,
            run="run-2", began=datetime.now(UTC), approvals=(),
        )  # fmt: skip
    row = status(by_tag, place.settings)[0]
    assert (row.version, row.proven) == ("9.9.9", False)
    assert "holds no 9.9.9" in row.reason


def test_it_only_looks(place: Place) -> None:
    head = place.repository.head()
    refreshes, _ = place.argocd.counts("staging")  # compares have a rhythm of their own
    rows(place)
    assert (place.repository.head(), place.argocd.counts("staging")[0]) == (head, refreshes)


def test_the_command_prints_a_line_for_each_environment(
    place: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with (tmp_path / "books.yaml").open("w") as file:
        service = place.services["books"].model_dump(mode="json", by_alias=True, exclude_none=True)
        YAML(typ="safe", pure=True).dump(service, file)
    settings = place.settings
    for name, value in {
        "SERVICES": str(tmp_path),
        "ARGOCD_URL": settings.argocd_url,
        "ARGOCD_TOKEN": settings.secret("argocd_token").get_secret_value(),
        "GITOPS_TOKEN": settings.secret("gitops_token").get_secret_value(),
    }.items():
        monkeypatch.setenv(f"SLIPWAY_{name}", value)
    code = main(["status"])
    head, staging, production, _ = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["SERVICE", "ENVIRONMENT", "VERSION"]
    assert staging.split()[:2] == ["books", "staging"]
    assert "only claimed: " in production
    assert code == 1
    main(["status", "books", "--json"])
    shown = json.loads(capsys.readouterr().out)
    assert [row["environment"] for row in shown["books"]] == ["staging", "production", "edge"]
    assert main(["status", "nowhere"]) == 1
    assert "there is no service 'nowhere'" in capsys.readouterr().out
