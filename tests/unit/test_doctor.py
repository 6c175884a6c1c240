"""How findings are shown."""

from hypothesis import given
from hypothesis import strategies as st

from slipway.doctor.findings import Finding, found, shown
from slipway.errors import Final, NotFound, Retryable


def test_a_server_that_is_away_is_unknown_and_everything_else_is_trouble() -> None:
    assert found("x", Retryable("no answer", "retry")).outcome == "unknown"
    assert found("x", NotFound("not there", "make it")).outcome == "trouble"
    assert found("x", Final("refused", "ask")).hint == "ask"


def test_trouble_has_its_hint_below_and_what_is_well_has_none() -> None:
    well = Finding(subject="source", outcome="ok", said="main is at 1234567890", hint="no")
    bad = found("registry", NotFound("there is no such place", "write another"))
    assert shown("shop", [well, bad], colours=False).splitlines() == [
        "shop:",
        "  ok source    main is at 1234567890",
        "  !! registry  there is no such place",
        "               → write another",
    ]


def test_colours_only_where_they_are_wanted() -> None:
    one = [Finding(subject="source", outcome="ok", said="fine")]
    assert "\x1b[32mok\x1b[0m" in shown("shop", one, colours=True)
    assert "\x1b" not in shown("shop", one, colours=False)


@given(st.lists(st.tuples(st.text(max_size=300), st.text(max_size=300)), max_size=4))
def test_no_line_is_wider_than_80_unless_one_word_is(texts: list[tuple[str, str]]) -> None:
    findings = [
        Finding(subject="staging: application", outcome="trouble", said=said, hint=hint)
        for said, hint in texts
    ]
    for line in shown("shop", findings, colours=False).splitlines():
        assert len(line) <= 80 or max(map(len, line.split())) > 40
        assert line.isprintable()
