"""The commits of each deployment, from a real repository and its ledger."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from slipway import ledger
from slipway.cli import main
from slipway.errors import InvalidInput
from slipway.ledger.entries import Proven
from slipway.metrics import Figures, measure
from slipway.settings import Settings
from tests.contract.gitops_place import NAME, NOW, TOKEN, Desk, a_desk, image
from tests.releases import bare_release

HOUR = timedelta(hours=1)
RELEASE = "chore(main): release"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """One repository is the service's source and its GitOps repository."""
    with a_desk(tmp_path / "git") as made:
        source = made.service.source.model_copy(
            update={"repository": made.service.gitops.repository}
        )
        made.service = made.service.model_copy(update={"source": source})
        made.settings = Settings(gitops_token=SecretStr(TOKEN), source_token=SecretStr(TOKEN))
        yield made


def proven(desk: Desk, version: str, sha: str, hours: int, previous: str | None = None) -> None:
    entry = Proven(
        service="books-api",
        environment="production",
        release=bare_release("books-api", version, sha=sha, previous=previous),
        image=image(version),
        revision="c" * 40,
        at=NOW + hours * HOUR,
        run=f"run of {version}",
    )  # fmt: skip
    ledger.record(desk.service, desk.settings, entry)


def commit(desk: Desk, message: str, hours: int) -> str:
    return desk.commit({"app.txt": message.encode()}, message, NOW + hours * HOUR)


def measured(desk: Desk, days: int = 30) -> Figures:
    return measure(desk.service, desk.settings, days, NOW + 20 * HOUR)


def leads(figures: Figures) -> dict[str, list[int]]:
    """Hours from each commit to the proof, by version."""
    return {
        each.version: sorted(round((each.at - c) / HOUR) for c in each.commits)
        for each in figures.deployments
    }


def test_a_commit_counts_for_the_first_version_that_customers_get(desk: Desk) -> None:
    first = commit(desk, f"{RELEASE} 1.0.0", 0)
    proven(desk, "1.0.0", first, 1)
    commit(desk, "feat: prices", 2)
    commit(desk, f"{RELEASE} 1.1.0", 3)  # never came into production
    commit(desk, "fix: prices", 4)
    proven(desk, "1.2.0", commit(desk, f"{RELEASE} 1.2.0", 5), 6, "1.1.0")
    proven(desk, "1.2.1", commit(desk, "fix: sort (#7)", 7), 8, "1.2.0")
    assert leads(measured(desk)) == {"1.0.0": [], "1.2.0": [2, 4], "1.2.1": [1]}
    assert measured(desk).lead_time == 2 * 3600


def test_the_oldest_version_counts_from_the_tag_before_it(desk: Desk) -> None:
    before = commit(desk, f"{RELEASE} 0.9.0", 0)
    desk.host.repositories.git(NAME, "tag", "v0.9.0", before)
    commit(desk, "feat: prices", 1)
    proven(desk, "1.0.0", commit(desk, f"{RELEASE} 1.0.0", 2), 3, "0.9.0")
    assert leads(measured(desk)) == {"1.0.0": [2]}


def test_a_version_whose_commit_is_gone_has_no_commits_and_the_others_have_theirs(
    desk: Desk,
) -> None:
    proven(desk, "1.0.0", commit(desk, f"{RELEASE} 1.0.0", 0), 1)
    proven(desk, "1.1.0", "d" * 40, 2, "1.0.0")
    commit(desk, "feat: prices", 3)
    proven(desk, "1.2.0", commit(desk, f"{RELEASE} 1.2.0", 4), 5, "1.1.0")
    assert leads(measured(desk)) == {"1.0.0": [], "1.1.0": [], "1.2.0": [2]}


@pytest.mark.parametrize("days", [0, -3, 10**9])
def test_days_that_are_none_are_refused(desk: Desk, days: int) -> None:
    with pytest.raises(InvalidInput, match="no span of time"):
        measured(desk, days)


def test_without_a_deployment_the_page_invents_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], desk: Desk
) -> None:
    (tmp_path / "services").mkdir()
    text = desk.service.model_dump_json(exclude_defaults=True)
    (tmp_path / "services" / "books-api.yaml").write_text(text)
    monkeypatch.setenv("SLIPWAY_SERVICES", str(tmp_path / "services"))
    monkeypatch.setenv("SLIPWAY_GITOPS_TOKEN", TOKEN)
    page = tmp_path / "page.html"
    assert main(["metrics", "books-api", "--html", str(page)]) == 0
    assert "No deployment in this time" in capsys.readouterr().out
    assert "none in this time" in page.read_text()
    assert "0.0 a week" not in page.read_text()
