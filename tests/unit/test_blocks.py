"""Parts of a release's page that are kept below its notes."""

from hypothesis import given
from hypothesis import strategies as st

from slipway.release.blocks import with_block
from slipway.release.changelog import LIMIT

MARK = "<!-- slipway: proof -->"
END = "<!-- slipway: end of proof -->"


def test_each_block_has_its_place_and_its_newest_text() -> None:
    page = with_block("* a", "image", ["one"])
    page = with_block(page, "proof", ["two"])
    page = with_block(page, "image", ["three"])
    assert page == (
        "* a\n\n<!-- slipway: image -->\nthree\n<!-- slipway: end of image -->"
        f"\n\n{MARK}\ntwo\n{END}"
    )


def test_marks_within_the_notes_are_left_alone() -> None:
    notes = f"* {MARK}\n* b\n{END}\n* c"
    assert with_block(notes, "proof", ["two"]).startswith(notes)


def test_what_somebody_writes_below_stays() -> None:
    page = with_block("* a", "proof", ["two"]) + "\n\nKnown issues: none"
    assert "Known issues: none" in with_block(page, "proof", ["three"])


lines = st.lists(st.text(st.characters(exclude_characters="<", exclude_categories=["Cs"])))


@given(st.text(max_size=300), st.sampled_from(["image", "proof"]), lines)
def test_the_same_again_changes_nothing_and_nothing_is_lost(
    notes: str, name: str, text: list[str]
) -> None:
    once = with_block(notes, name, text)
    assert with_block(once, name, text) == once
    assert once.startswith(notes.rstrip()) or "<!-- slipway" in notes


def test_notes_that_are_too_long_are_cut_before_the_blocks() -> None:
    page = with_block("* a\n" * LIMIT, "image", ["one"])
    both = with_block(page, "proof", ["two"])
    assert len(both) <= LIMIT
    assert "one" in both
    assert both.endswith(END)
