"""With a signing key, no commit of ours counts as written before it carries that key's signature."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from slipway.errors import Final
from tests.contract.gitops_place import FILES, Desk, a_desk
from tests.contract.pull_place import BRANCH, Place, a_place
from tests.contract.test_git_signing import ssh_key


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        yield made


def signing(desk: Desk, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    key = SecretStr(ssh_key(folder))
    desk.settings = desk.settings.model_copy(update={"gitops_signing_key": key})


def test_G11_a_repeated_attempt_checks_the_signature_too(desk: Desk, tmp_path: Path) -> None:
    """As after an attempt that ended because its commit was replaced by one without it."""
    desk.write()
    signing(desk, tmp_path / "ours")
    with pytest.raises(Final, match="does not carry the signature"):
        desk.write()
    desk.commit(FILES, "revert: and so does one that was taken back")
    with pytest.raises(Final, match="does not carry the signature"):
        desk.write()


def test_G11_another_keys_signature_is_not_ours(desk: Desk, tmp_path: Path) -> None:
    signing(desk, tmp_path / "theirs")
    desk.write()
    assert not desk.write().committed
    signing(desk, tmp_path / "ours")
    with pytest.raises(Final, match="does not carry the signature"):
        desk.write()


def test_values_that_a_person_wrote_need_no_signature(desk: Desk, tmp_path: Path) -> None:
    signing(desk, tmp_path / "ours")
    hands = desk.commit({name: text.replace(b"1.0.0", b"1.1.0") for name, text in FILES.items()})
    assert desk.write().revision == hands


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with a_place(tmp_path, method="merge") as made:
        yield made


def key(folder: Path) -> dict[str, SecretStr]:
    folder.mkdir(exist_ok=True)
    return {"gitops_signing_key": SecretStr(ssh_key(folder))}


def test_G11_a_branch_signed_by_another_key_is_made_anew(place: Place, tmp_path: Path) -> None:
    place.more = key(tmp_path / "theirs")
    place.waits()
    foreign = place.head(BRANCH)
    place.more = key(tmp_path / "ours")
    place.waits()
    ours = place.head(BRANCH)
    assert ours != foreign
    place.waits()
    assert place.head(BRANCH) == ours


def test_G11_a_merge_of_a_commit_without_our_signature_is_no_success(
    place: Place, tmp_path: Path
) -> None:
    place.waits()
    place.merge("merge")
    place.more = key(tmp_path / "ours")
    with pytest.raises(Final, match="does not carry the signature"):
        place.write()
