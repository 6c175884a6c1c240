"""What a cancelled run leaves, in words."""

from slipway.left import Left, document, sentence, text

SHA = "4f1d9c" + "0" * 34


def left(**changed: object) -> Left:
    values = {
        "environment": "production",
        "commit": SHA,
        "version": "1.2.0",
        "proven": False,
        "reason": "Progressing.",
    }
    return Left.model_validate(values | changed)


def test_A24_a_commit_that_is_not_proven_may_go_live_and_can_be_taken_back() -> None:
    said = sentence(left())
    assert said.startswith("production: commit 4f1d9c0000 of this run is in the repository")
    assert "1.2.0 is not proven (Progressing): it may go live" in said
    assert "or revert that commit" in said


def test_A24_a_commit_that_is_proven_needs_nothing() -> None:
    said = sentence(left(proven=True))
    assert said.endswith("1.2.0 is live and healthy.")
    assert "revert" not in said


def test_A24_an_environment_without_a_commit_was_not_touched() -> None:
    said = sentence(left(commit="", version="1.1.0"))
    assert said == "production: this run wrote nothing; asked for is 1.1.0."


def test_A24_an_open_pull_request_is_named() -> None:
    assert "pull request" in sentence(left(commit="", proposes=True))
    assert "pull request" not in sentence(left(commit=SHA, proposes=True))


def test_A24_what_an_engine_said_is_no_mark_up() -> None:
    said = text([left(reason="<img onerror=x> [a](http://b)")])
    page = document("books-api 1.2.0", said)
    assert "<img" not in page
    assert "[a](" not in page
    assert page.count("\n- ") == 1
