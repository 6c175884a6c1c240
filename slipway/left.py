"""What a run that was cancelled leaves behind, environment by environment. Pure."""

from collections.abc import Sequence

from slipway.markdown import code, escape
from slipway.value import Value


class Left(Value):
    """One environment, as it was found after the run."""

    environment: str
    commit: str  # of this run, 40 hex; empty: it wrote none that is in the branch
    version: str  # that the GitOps repository asks for; empty: not known
    proven: bool  # by the rule of the sync wait
    reason: str  # one sentence: what was shown, or what is missing
    proposes: bool = False  # changes are pull requests, of which one may be open


def sentence(left: Left) -> str:
    """What was done, what is left, and what to do about it; plain text."""
    place, version = left.environment, left.version or "no one version"
    if not left.commit:
        return f"{place}: this run wrote nothing; asked for is {version}.{_open(left)}"
    done = f"{place}: commit {left.commit[:10]} of this run is in the repository"
    if left.proven:
        return f"{done}, and {version} is live and healthy."
    return (
        f"{done} and {version} is not proven ({left.reason.rstrip('.')}): it may go live without"
        " this run. Retry the run to prove it, or revert that commit to take it back."
    )


def _open(left: Left) -> str:
    if not left.proposes:
        return ""
    return " A pull request of this run may be open: merged, it goes live; close it to stop it."


def text(lefts: Sequence[Left]) -> str:
    """The sentences, one a line."""
    return "\n".join(map(sentence, lefts))


def document(name: str, sentences: str) -> str:
    """The page of a cancelled run: `name` is the run's, `sentences` one a line."""
    lines = [f"- {escape(line, 1000)}" for line in sentences.splitlines()]
    return "\n\n".join(
        [
            f"# {escape(name)}: cancelled",
            "The step in flight was stopped. What it and the steps before it left:",
            "\n".join(lines),
            f"What was made stays, and {code('prefect flow-run retry RUN_ID')} goes on with it.",
        ]
    )
