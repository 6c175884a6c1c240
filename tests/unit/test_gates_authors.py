"""Whether an approver is one of those who made what is released."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.gates.authors import as_author, authors_of, coauthors
from slipway.gates.people import same_person
from slipway.model import Commit

QUICK = settings(max_examples=100, deadline=None)
ANA = "Ana Lima <ana@example.com>"


@pytest.mark.parametrize(
    "approver",
    [
        "ana@example.com",
        "ANA@Example.COM",
        "ana+releases@example.com",
        "Ana Lima",
        "ana  lima".replace("  ", " "),
        "Ana Lima <someone-else@example.com>",
        "Somebody Else <ana@example.com>",
        " \uff41na@example.com\n",
    ],
)
def test_A10_an_author_is_known_by_address_or_name(approver: str) -> None:
    assert as_author(approver, ["Leo <leo@example.com>", ANA]) == ANA


@pytest.mark.parametrize(
    "approver", ["leo@example.com", "ana@example.org", "Ana", "an\xe1@example.com", "", "<>", "@"]
)
def test_A10_others_are_no_authors(approver: str) -> None:
    assert as_author(approver, [ANA, ""]) is None


@pytest.mark.parametrize("approver", ["octo-ana", "@octo-ana", "Octo-Ana"])
@pytest.mark.parametrize("number", ["", "12345+"])
def test_A10_an_author_is_known_by_the_login_in_the_forges_address(
    approver: str, number: str
) -> None:
    author = f"A. L. <{number}octo-ana@users.noreply.github.com>"
    assert as_author(approver, [author]) == author
    assert as_author("octo", [author]) is None


def test_A10_a_plus_in_the_authors_address_does_not_hide_them() -> None:
    assert as_author("ana@example.com", ["A <ana+git@example.com>"])


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("feat: a\n\nCo-authored-by: Leo <leo@example.com>", ("Leo <leo@example.com>",)),
        (
            "feat: a\n\nco-AUTHORED-by:Leo <l@x>\r\nCo-Authored-By: Kim <k@x>",
            ("Leo <l@x>", "Kim <k@x>"),
        ),
        ("a\n\n* one\n\n  Co-authored-by: Leo <l@x>\n\n* two\n", ("Leo <l@x>",)),
        ("a\n\nCo-authored-by: Leo <l@x>\nCo-authored-by: Leo <l@x>", ("Leo <l@x>",)),
        ("feat: Co-authored-by is read\n\nnot Co-authored-by: Leo", ()),
        ("feat: a\n\nCo-authored-by:\nLeo <l@x>", ()),
        ("", ()),
    ],
)
def test_A10_co_authors_are_read_wherever_they_stand(message: str, found: tuple[str, ...]) -> None:
    assert coauthors(message) == found


def test_A10_authors_and_co_authors_are_named_once() -> None:
    def commit(author: str, *others: str) -> Commit:
        return Commit(sha="a" * 40, subject="feat: a", author=author, coauthors=others)

    assert authors_of([commit(ANA, "Leo <l@x>"), commit("Leo <l@x>"), commit(ANA)]) == (
        ANA,
        "Leo <l@x>",
    )


@QUICK
@given(st.text(max_size=30), st.text(alphabet="ab+@<> .", max_size=20))
def test_A10_whoever_is_spelled_the_same_is_the_same(name: str, other: str) -> None:
    for person in (name, other):
        known = as_author(person, [person])
        assert known == person or not same_person(person).removeprefix("@")
    assert as_author(name, []) is None
