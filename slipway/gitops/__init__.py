"""Carries an image into an environment: one change of the GitOps repository, or none."""

from collections.abc import Callable, Sequence
from datetime import datetime

from slipway.clients.git import cloned
from slipway.decision import Approval
from slipway.gitops import by_commit, by_pull_request
from slipway.gitops.compute import computed
from slipway.gitops.lineage import lineage
from slipway.gitops.order import Order, Undo
from slipway.model import Candidate, Change, Image, Promotion, Proof
from slipway.service import Environment, Service
from slipway.settings import Settings
from slipway.timing import Stopwatch

__all__ = ["Undo", "lineage", "plan", "write"]


def plan(
    service: Service,
    environment: Environment,
    image: Image,
    settings: Settings,
    leaving: Image | None = None,
) -> Change:
    """What `write` would change now; writes nothing. Raises as `write` does.

    With `leaving`, the image that a rollback takes back.
    """
    gitops = service.gitops
    with cloned(
        gitops.repository, gitops.branch, settings.optional("gitops_token"), sparse=True
    ) as clone:
        return computed(clone, service, environment, image, leaving).change


def write(
    service: Service,
    environment: Environment,
    image: Image,
    settings: Settings,
    *,
    run: str,
    began: datetime,
    approvals: tuple[Approval, ...],
    candidate: Candidate | None = None,
    earlier: Sequence[Proof] = (),
    watch: Stopwatch | None = None,
    report: Callable[[str], None] = lambda _: None,
    undo: Undo | None = None,
) -> Promotion:
    """Make the edits live in the repository, unless the values are there already.

    `run` names the delivery, and `began` is when it did, however often it was tried again since: a
    value that a person has changed later is not overwritten. `report` gets a sentence for people
    when something is waited for. `candidate` and the proofs of earlier environments are told to the
    readers of a pull request. With `undo` the write is a rollback: it needs no approval
    and replaces nothing but the values of the image that is left.
    Raises Conflict (not what was approved, or a person's value), Superseded (a newer version is
    there), Protected (the branch's rules), PushRace (others kept moving the branch), Final (our
    commit lacks our signature), and what cloning raises; where a pull request is waited for,
    Rejected and Expired too.
    """
    order = Order(
        service, environment, image, settings, run, began, approvals, candidate, earlier,
        watch or Stopwatch(), report, undo,
    )  # fmt: skip
    if environment.write == "pull-request":
        return by_pull_request.write(order)
    return by_commit.write(order)
