"""What can go wrong on purpose: `make demo SCENARIO=degraded`."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox import seed
from sandbox.demo.crash import kill_twice
from sandbox.serving import Fault
from sandbox.world import World


@dataclass(frozen=True)
class Scenario:
    """One story: what is done to the world, how the question is answered, how it must end."""

    name: str
    story: str  # one sentence, shown before
    ends: str  # state type the run must end in
    says: str  # part of the final message
    change: Callable[[World], str]  # commits something to release; its subject
    prepare: Callable[[World], None] = lambda _: None
    answer: str = "ask"  # "ask" a person, "approve", "reject", or "none"
    mode: str = "commit"  # how the service releases; a pull request is merged for the story
    write: str = "commit"  # how the GitOps repository is changed
    engine: str = "argocd"  # what deploys
    gate: dict[str, str] = field(default_factory=dict)
    on_failure: str = "stop"  # in production
    first: Callable[[World], str] | None = None  # is released and delivered before, and approved
    crashes: bool = False  # the reaper goes on with the run; its side effects are counted
    cure: Callable[[World], None] = lambda _: None  # undone afterwards, for the next demo


def _next_change(world: World) -> str:
    number = seed.next_number(world.git)
    seed.next_change(world.git, number)
    return world.newest_subject()


def _bad_change(world: World) -> str:
    seed.bad_change(world.git)
    return world.newest_subject()


def _bad_in_production(world: World) -> str:
    seed.bad_in_production(world.git)
    return world.newest_subject()


def _somebody_pushes_first(world: World) -> None:
    """While the delivery pushes, a colleague's commit lands on the GitOps repository."""

    def push(name: str) -> None:
        if name == seed.GITOPS:
            text = world.git.read(name, "README.md") + b"\nReviewed by the platform team.\n"
            world.git.commit(name, "main", {"README.md": text}, "docs: note the review\n")
        else:
            world.git.before_push = push

    world.git.before_push = push


def _everything_is_flaky(world: World) -> None:
    for server in world.servers.values():
        server.traffic.faults += [
            Fault(status=503, chance=0.03, times=-1),
            Fault(drop=True, chance=0.01, times=-1),
            Fault(lose_answer=True, chance=0.01, times=-1),
        ]


def _protect(world: World) -> None:
    """Nobody may push to the branch that the engine reads."""
    world.git.protect(seed.GITOPS, "main")


def _unprotect(world: World) -> None:
    world.git.unprotect(seed.GITOPS, "main")


def _calm_again(world: World) -> None:
    for server in world.servers.values():
        server.traffic.reset()


PROVEN, FAILED = "COMPLETED", "FAILED"
SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("", "", PROVEN, "is proven in staging, production", _next_change),
        Scenario(
            "pull-request",
            "The next release waits in a pull request: merging it must release and deliver.",
            PROVEN,
            "is proven in staging, production",
            _next_change,
            mode="pull-request",
        ),
        Scenario(
            "gitops-pull-request",
            "The GitOps branch is protected: each change must wait in a pull request, be merged,"
            " and be proven by the merged commit.",
            PROVEN,
            "is proven in staging, production",
            _next_change,
            prepare=_protect,
            cure=_unprotect,
            write="pull-request",
        ),
        Scenario(
            "core",
            "Argo CD without its API server: it is asked through the Kubernetes API.",
            PROVEN,
            "is proven in staging, production",
            _next_change,
            engine="argocd-core",
        ),
        Scenario(
            "flux",
            "Flux instead of Argo CD: Helm releases, proven link by link.",
            PROVEN,
            "is proven in staging, production",
            _next_change,
            engine="flux",
        ),
        Scenario(
            "degraded",
            "The new version crashes at start: the sync wait must fail and name the pod's reason.",
            FAILED,
            "CrashLoopBackOff",
            _bad_change,
        ),
        Scenario(
            "bad-release",
            "A good version is proven everywhere; the next one is well in staging and shows no"
            " books in production: production must be taken back by itself.",
            FAILED,
            "again, proven",
            _bad_in_production,
            on_failure="rollback",
            first=_next_change,
        ),
        Scenario(
            "rejected",
            "The approver says no: production must stay as it is.",
            FAILED,
            "rejected by ana@example.com",
            _next_change,
            answer="reject",
        ),
        Scenario(
            "expired",
            "Nobody answers within 15 seconds: the run must end by itself, production untouched.",
            FAILED,
            "Nobody answered",
            _next_change,
            answer="none",
            gate={"expires": "15s"},
        ),
        Scenario(
            "push-race",
            "A colleague pushes to the GitOps repository at that moment: both commits must land.",
            PROVEN,
            "is proven in staging, production",
            _next_change,
            prepare=_somebody_pushes_first,
        ),
        Scenario(
            "flaky",
            "One request in twenty fails or loses its answer: the delivery must still finish,"
            " each side effect once.",
            PROVEN,
            "is proven in staging, production",
            _next_change,
            prepare=_everything_is_flaky,
            cure=_calm_again,
        ),
        Scenario(
            "crash",
            "The delivering process is killed while it pushes to the GitOps repository, and while"
            " it waits for the sync: the reaper must bring it to its end, each side effect once.",
            PROVEN,
            "is proven in staging, production",
            _next_change,
            prepare=kill_twice,
            crashes=True,
        ),
    )
}
