"""The CI gate: wait until the named checks of a commit are green, or say why they are not.

The decision is `checks.judge`; here are the pauses, the limit and the patience with a forge that
does not answer.
"""

from collections.abc import Callable

from slipway.clients.github import GitHub
from slipway.errors import Final, Retryable
from slipway.release.checks import Green, Red, Waiting, judge
from slipway.service import ReleaseRules
from slipway.timing import Stopwatch, pauses


def wait_for_checks(
    forge: GitHub,
    sha: str,
    rules: ReleaseRules,
    watch: Stopwatch,
    report: Callable[[str], None] = lambda _: None,
) -> None:
    """Return when every check that `rules.checks` names is green on the commit; at once for none.

    `report` gets a sentence when the state changes. Raises Final (a check is red, or had not
    reported or finished at `rules.checks_timeout`), Retryable (the forge did not answer at the
    end) and what the client raises for a person to set right, Unauthorized among it.
    """
    if not rules.checks:
        return
    deadline = watch.elapsed + rules.checks_timeout.total_seconds()
    said = ""
    for pause in pauses():
        state = _look(forge, sha, rules)
        if isinstance(state, Green):
            return
        remaining = deadline - watch.elapsed
        if remaining <= 0:
            raise _late(state, sha, rules)
        sentence = _sentence(state, sha)
        if sentence != said:
            said = sentence
            report(sentence)
        asked = (state.retry_after if isinstance(state, Retryable) else None) or 0.0
        watch.sleep(min(max(pause, asked), remaining))


def _look(forge: GitHub, sha: str, rules: ReleaseRules) -> Green | Waiting | Retryable:
    """One look; a forge that does not answer says nothing about the checks."""
    try:
        verdict = judge(forge.checks(sha), rules.checks, rules.skipped_checks)
    except Retryable as trouble:
        return trouble
    if isinstance(verdict, Red):
        raise Final(f"{sha} is not released: {verdict.reason}", "repair it, or run the check again")
    return verdict


def _sentence(state: Waiting | Retryable, sha: str) -> str:
    if isinstance(state, Retryable):
        return f"the checks of {sha[:7]} are unknown: {state.message}"
    return f"waiting for {sha[:7]}: {state.reason} yet"


def _late(state: Waiting | Retryable, sha: str, rules: ReleaseRules) -> Final | Retryable:
    limit = f"within {rules.checks_timeout.total_seconds():.0f} s"
    if isinstance(state, Retryable):
        message = f"the checks of {sha} did not become known {limit}: {state.message}"
        return Retryable(message, state.hint, state.retry_after)
    return Final(
        f"{sha} is not released: {state.reason} {limit}",
        "compare release.checks with the names the forge shows on the commit,"
        " or raise release.checks_timeout",
    )
