"""What a write of one environment works with: the edits on a head, and whether they may be made."""

import itertools

from slipway.clients.git import Clone
from slipway.decision import Approval
from slipway.errors import Conflict
from slipway.gates.quorum import require_people
from slipway.gitops.others import require_newest
from slipway.manifests.edits import Computed, compute, require_approved
from slipway.manifests.globs import is_pattern, matches
from slipway.model import Change, Image, Promotion
from slipway.service import Environment, Service
from slipway.timing import Stopwatch


def contents(clone: Clone, environment: Environment, revision: str) -> dict[str, bytes | None]:
    """Every file that the updates name or select by a pattern, at `revision`; None: no such file.

    Raises Final for links and submodules among them.
    """
    named = dict.fromkeys(update.file for update in environment.updates)
    files = {file: None for file in named if not is_pattern(file)}
    for pattern in sorted(filter(is_pattern, named), key=lambda file: len(_folder(file))):
        below = clone.below(_folder(pattern), revision)  # the widest first: fetched together
        files |= dict.fromkeys(path for path in below if matches(pattern, path))
    return clone.read_all(files, revision)


def _folder(pattern: str) -> str:
    """The folder that a pattern cannot leave."""
    return "/".join(itertools.takewhile(lambda name: not is_pattern(name), pattern.split("/")))


def computed(
    clone: Clone,
    service: Service,
    environment: Environment,
    image: Image,
    leaving: Image | None = None,
) -> Computed:
    """The edits on the head that was fetched last. Raises as `compute` does."""
    found = contents(clone, environment, clone.head)
    made = compute(environment, image, found, clone.head, leaving)
    if leaving is None:
        require_newest(clone, service, environment, made.change, image)
    return made


def require_decision(
    environment: Environment, change: Change, image: Image, approvals: tuple[Approval, ...]
) -> None:
    """Raise Conflict unless a gate, where there is one, has let exactly this change pass."""
    if environment.gate is not None and environment.gate.approvers and not approvals:
        raise Conflict(
            f"{environment.name} is changed only with an approval, and there is none",
            "let the delivery ask one of the approvers, or remove the gate from the service file",
        )
    require_approved(change, image, approvals)
    require_people(environment.gate, environment.name, approvals)


def promotion(
    service: Service,
    change: Change,
    revision: str,
    reason: str,
    watch: Stopwatch,
    *,
    committed: bool,
) -> Promotion:
    """The result of a write."""
    page = service.gitops.repository.removesuffix("/").removesuffix(".git")
    return Promotion(
        environment=change.environment,
        revision=revision,
        change=change,
        committed=committed,
        reason=reason,
        url=f"{page}/commit/{revision}",
        timing=watch.read(),
    )
