"""The table of the acceptance cases says what the tests are."""

from tests.acceptance_table import PAGE, cases, filled, numbered


def test_the_table_names_the_tests_there_are() -> None:
    page = PAGE.read_text()
    assert filled(page, numbered()) == page, "make table"


def test_every_case_has_a_test_and_every_number_a_case() -> None:
    known = cases(PAGE.read_text())
    whole = [
        f"{kind}{n}" for kind, last in (("G", 72), ("S", 82), ("A", 66)) for n in range(1, last + 1)
    ]
    assert [case for case in known if not case.startswith("X")] == whole
    done = [case for case in known if case[0] in "GS"]
    assert [case for case in done if not numbered().get(case)] == []
    assert set(numbered()) <= set(known)
