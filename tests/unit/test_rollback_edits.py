"""What a declared rollback may replace: the values of the image it leaves, and nothing else."""

import pytest

from slipway.errors import Conflict, Superseded
from slipway.manifests.edits import Computed, compute
from slipway.model import Image
from slipway.service import Environment
from tests.unit.manifests_editing import BASE, DIGEST, IMAGE

FAILED = IMAGE.model_copy(update={"version": "2.1.0", "digest": "sha256:" + "f" * 64})
UPDATES = (
    {"file": "values.yaml", "key": "image.tag"},
    {"file": "values.yaml", "key": "image.digest", "value": "{digest}"},
)
ENVIRONMENT = Environment.model_validate(
    {
        "name": "production",
        "updates": UPDATES,
        "application": {"name": "books-api-production"},
        "smoke": {"url": "https://books.example.com/books"},
    }
)


def back(version: str, digest: str, leaving: Image | None = FAILED) -> Computed:
    text = f'image:\n  tag: "{version}" # of production\n  digest: {digest}\n'
    return compute(ENVIRONMENT, IMAGE, {"values.yaml": text.encode()}, BASE, leaving)


def test_a_rollback_writes_the_older_version_and_digest() -> None:
    made = back(FAILED.version, FAILED.digest)
    assert [(edit.old, edit.new) for edit in made.change.edits] == [
        (FAILED.version, IMAGE.version),
        (FAILED.digest, DIGEST),
    ]
    assert b"# of production" in made.files["values.yaml"]


def test_what_is_not_declared_a_rollback_replaces_no_newer_version() -> None:
    with pytest.raises(Superseded):
        back(FAILED.version, FAILED.digest, leaving=None)


def test_a_newer_version_that_came_meanwhile_supersedes_the_rollback() -> None:
    with pytest.raises(Superseded, match=r"'2\.2\.0'.*newer version was delivered meanwhile"):
        back("2.2.0", "sha256:" + "e" * 64)


@pytest.mark.parametrize("there", ["1.9.0", "by-hand", "2.1.0-hotfix"])
def test_a_value_of_somebody_else_is_a_conflict(there: str) -> None:
    with pytest.raises(Conflict, match="nothing was overwritten"):
        back(there, FAILED.digest)


def test_the_failed_version_by_another_digest_is_a_conflict() -> None:
    with pytest.raises(Conflict, match=r"image\.digest"):
        back(FAILED.version, "sha256:" + "e" * 64)


def test_where_the_older_version_is_already_there_is_nothing_to_do() -> None:
    made = back(IMAGE.version, DIGEST)
    assert not made.change.edits
    assert not made.files
