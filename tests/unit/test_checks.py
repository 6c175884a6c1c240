"""The verdict on a commit's checks: green only when every wanted one is there and passed."""

from hypothesis import given
from hypothesis import strategies as st

from slipway.release.checks import Check, Green, Red, State, Waiting, judge

NAMES = ("build", "lint", "test")
STATES: tuple[State, ...] = ("waiting", "passed", "failed", "skipped")
CHECKS = st.lists(
    st.builds(
        Check,
        name=st.sampled_from([*NAMES, "another"]),
        state=st.sampled_from(STATES),
        source=st.sampled_from(["check run", "status"]),
        url=st.just("https://ci.example.com/1"),
        detail=st.just("its word"),
    ),
    max_size=8,
)
WANTED = st.lists(st.sampled_from(NAMES), unique=True)
SKIPPED = st.sampled_from(["pass", "fail"])


def check(name: str, state: State) -> Check:
    return Check(name=name, state=state, source="status", url="https://ci/1", detail=state)


@given(CHECKS, WANTED, SKIPPED)
def test_green_means_that_every_wanted_check_passed(checks, wanted, skipped) -> None:
    good = {"passed", "skipped"} if skipped == "pass" else {"passed"}
    green = all(
        (states := {c.state for c in checks if c.name == name}) and states <= good
        for name in wanted
    )
    assert isinstance(judge(checks, wanted, skipped), Green) is green


@given(CHECKS, WANTED, SKIPPED)
def test_red_comes_before_waiting_and_names_each_red_check(checks, wanted, skipped) -> None:
    bad = {"failed"} if skipped == "pass" else {"failed", "skipped"}
    red = {c.name for c in checks if c.name in wanted and c.state in bad}
    verdict = judge(checks, wanted, skipped)
    assert isinstance(verdict, Red) is bool(red)
    if isinstance(verdict, Red):
        assert {name for name in NAMES if f"'{name}'" in verdict.reason} == red
        assert "https://ci.example.com/1" in verdict.reason


@given(CHECKS, WANTED, SKIPPED, st.randoms(use_true_random=False))
def test_the_order_and_other_checks_do_not_matter(checks, wanted, skipped, random) -> None:
    shuffled = [c for c in checks if c.name in wanted]
    random.shuffle(shuffled)
    assert type(judge(checks, wanted, skipped)) is type(judge(shuffled, wanted, skipped))


@given(CHECKS, WANTED, SKIPPED)
def test_one_more_finished_check_never_turns_green_into_waiting(checks, wanted, skipped) -> None:
    if isinstance(judge(checks, wanted, skipped), Green) and wanted:
        more = [*checks, check(wanted[0], "failed")]
        assert isinstance(judge(more, wanted, skipped), Red)


def test_R56_nothing_reported_is_waited_for() -> None:
    assert judge([], NAMES[:1], "pass") == Waiting("check 'build' did not report")
    assert judge([], (), "fail") == Green()


def test_R57_what_is_missing_and_what_is_not_finished_are_told_apart() -> None:
    verdict = judge([check("lint", "waiting"), check("test", "passed")], NAMES, "pass")
    assert verdict == Waiting("check 'build' did not report; check 'lint' did not finish")


def test_a_name_of_two_sources_is_as_good_as_the_worse_one() -> None:
    both = [check("build", "passed"), check("build", "failed")]
    assert judge(both, ["build"], "pass") == Red("check 'build' is red (failed): https://ci/1")
