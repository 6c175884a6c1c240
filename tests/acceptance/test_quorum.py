"""Several people decide: who counts, who does not, and what is kept of it."""

from tests.acceptance.scene_quorum import ANA, KIM, LEO, MIA, Quorum


def test_A10_a_run_that_nobody_may_approve_ends_at_once_and_says_why(quorum: Quorum) -> None:
    state = quorum.nobody["state"]
    assert (state["type"], state["name"]) == ("FAILED", "Failed")
    assert f"nobody may approve ({MIA} is an author of what is released" in state["message"]
    assert "self_approval" in state["message"]


def test_A10_an_author_does_not_count_and_is_told(quorum: Quorum) -> None:
    assert f"**May not approve** `{MIA}`" in quorum.author
    assert "may not approve their own work" in quorum.author
    assert "**Missing** 2 of 2" in quorum.author


def test_A11_the_question_says_who_has_approved_and_how_many_are_missing(quorum: Quorum) -> None:
    assert f"**Approved** by `{ANA}` (" in quorum.one
    assert "**Missing** 1 of 2" in quorum.one


def test_A9_an_answer_past_the_form_does_not_count_and_is_recorded(quorum: Quorum) -> None:
    assert "it is not a filled-in form" in quorum.malformed
    assert any("not a filled-in form" in record for record in quorum.decisions)


def test_A11_A27_A31_an_approval_outlives_a_retry_while_others_are_missing(
    quorum: Quorum,
) -> None:
    assert f"**Approved** by `{ANA}` (" in quorum.malformed
    assert "**Missing** 1 of 2" in quorum.malformed


def test_A31_A33_an_answer_that_nobody_had_read_is_found_by_a_retry(quorum: Quorum) -> None:
    assert f"**Approved** by `{LEO}` (" in quorum.removed


def test_A13_whoever_is_removed_after_the_answer_does_not_count(quorum: Quorum) -> None:
    assert f"**Approved** by `{LEO}` (" in quorum.removed
    assert ANA not in quorum.removed
    assert "new@example.com" not in quorum.removed
    assert "**Missing** 1 of 2" in quorum.removed


def test_A30_every_answer_is_recorded(quorum: Quorum) -> None:
    said = [record.splitlines()[0] for record in quorum.decisions]
    approved = "# crew 1.1.0: approved for production"
    void = "approved, does not count"
    assert [head == approved for head in said] == [False, True, False, True, True]
    assert [void in head for head in said] == [True, False, False, False, False]


def test_A11_A30_the_commit_names_those_who_counted(quorum: Quorum) -> None:
    named = [line for line in quorum.message.splitlines() if line.startswith("Approved-By")]
    assert named == [f"Approved-By: {LEO}", f"Approved-By: {KIM}"]


def test_A8_an_open_question_can_be_read_by_a_program(quorum: Quorum) -> None:
    said = quorum.open_question
    assert f"suspended-{said['key']}" == quorum.key
    assert said["subject"]["version"] == "1.1.0"
    assert said["approvers"] == [MIA, LEO, KIM]
    assert said["identity"] == "form"
    assert said["text"] == quorum.removed
