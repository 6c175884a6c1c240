"""What a pull request of a whole delivery tells: the commits since, and what staging has proven."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from slipway.model import (
    Candidate,
    Commit,
    Evidence,
    Promotion,
    Proof,
    Release,
    ScanReport,
    SmokeProof,
    SyncProof,
)
from slipway.value import Timing
from tests.contract.pull_place import BRANCH, NAME, NOW, VALUES, Place, a_place, image
from tests.contract.test_git_signing import ssh_key

AT = Timing(started=NOW)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with a_place(tmp_path) as place:
        yield place


def candidate() -> Candidate:
    commit = Commit(sha="d" * 40, subject="feat: gift cards @all", author="Ana <ana@example.com>")
    release = Release(
        service="books-api", version="1.1.0", tag="v1.1.0", sha="b" * 40, previous="1.0.0",
        commits=(commit,), notes="", url="https://forge.example/v1.1.0", created=True, timing=AT,
    )  # fmt: skip
    scan = ScanReport(done=False, summary="not scanned")
    evidence = Evidence(
        digest=image().digest, key=None, provenance="none", sbom="none", scan=scan, timing=AT
    )
    return Candidate(release=release, image=image(), evidence=evidence)


def staging(place: Place) -> Proof:
    promotion = Promotion(
        environment="staging", revision="e" * 40, change=place.plan(), committed=True,
        reason="wrote", url="https://forge.example/e", timing=AT,
    )  # fmt: skip
    sync = SyncProof(
        environment="staging", application="books-api-staging", revision="e" * 40,
        observed="e" * 40, digest=image().digest, healthy_since=NOW, summary="live",
        url="https://argocd.example/a", timing=AT,
    )  # fmt: skip
    smoke = SmokeProof(
        environment="staging", url="https://staging.example/books", passes=3, version="1.1.0",
        excerpt="[]", latency=0.1, timing=AT,
    )  # fmt: skip
    return Proof(environment="staging", promotion=promotion, sync=sync, smoke=smoke)


def test_it_tells_the_commits_and_what_staging_has_proven(place: Place) -> None:
    place.waits(candidate=candidate(), earlier=[staging(place)])
    body = place.pull()["body"]
    assert "`dddddddddd` feat: gift cards @\u200ball (Ana)" in body
    assert "- **staging** ([books-api-staging](https://argocd.example/a)): live" in body
    assert "runs exactly this digest" in body
    assert '+  tag: "1.1.0"  # release' in body


def test_a_persons_words_stay_until_the_change_is_another(place: Place) -> None:
    place.waits()
    pulls = place.host.github.pulls(NAME)
    pulls.change(place.pull(), {"title": "Please look", "body": f"Mine. {place.pull()['body']}"})
    place.waits()
    assert place.pull()["title"] == "Please look"
    place.waits(lambda: place.commit(b"# note\n" + VALUES), lambda: None)
    assert place.pull()["title"] == "chore(production): books-api 1.1.0"


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("squash", "the forge made a new commit of it, which does not carry our signature"),
        ("merge", "which it merges, and not on itself"),
    ],
)
def test_G11_what_became_of_our_signature_is_said(
    place: Place, tmp_path: Path, method: str, said: str
) -> None:
    place.waits()
    unsigned = place.head(BRANCH)
    place.more = {"gitops_signing_key": SecretStr(ssh_key(tmp_path))}
    promotion = place.write(lambda: place.merge(method))
    assert promotion.reason.endswith(said)
    signed = place.pull()["head_sha"]
    assert signed != unsigned
    assert "gpgsig" in place.git("cat-file", "commit", signed)
