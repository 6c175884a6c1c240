"""When something is killed: the boundaries of a delivery's steps, and instants between them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tests.crash.watch import Seen

# What can be killed. "flow" is the process of the run alone, so that a git push it began goes on;
# "runner" is the process that starts runs, alone, and the run goes on without it; "worker" is both
# with everything they have started, as when a host or a container ends.
TARGETS = ("flow", "runner", "worker", "server", "git", "registry", "engine")
_OTHERS = ("runner", "worker", "worker", "server", "git", "registry", "engine")
PAUSE = "server, for 30 s"  # stopped, not killed: it answers nobody, and goes on
SIDES = ("before", "during", "after", "stored")


@dataclass(frozen=True)
class Step:
    """One effect, known by its request."""

    name: str
    server: str
    what: str  # regular expression for method, path, and the refs of a push
    since: str = ""  # only once this step was seen

    def matches(self, seen: Seen) -> bool:
        return seen.server == self.server and re.fullmatch(self.what, seen.what) is not None


_PUSH = r"POST /parraletz/{}(\.git)?/git-receive-pack .*{}.*"
_API = r"{} /api/v3/repos/parraletz/books-api/releases{}"
_IMAGE, _CHART = r"/v2/parraletz/books-api", r"/v2/parraletz/charts/books-api"
APPROVED = "approved"  # seen when a person has answered

STEPS = (
    Step("release commit and tag", "git", _PUSH.format("books-api", "refs/heads/main")),
    Step("release page", "git", _API.format("POST", "")),
    Step("release published", "git", _API.format("PATCH", r"/\d+")),
    Step("blob upload", "registry", rf"(PUT|PATCH|POST) {_IMAGE}/blobs/uploads/.*"),
    Step("image manifest", "registry", rf"PUT {_IMAGE}/manifests/\d+\.\d+\.\d+"),
    Step("attestation", "registry", rf"PUT {_IMAGE}/manifests/sha256[:-].*"),
    Step("chart", "registry", rf"PUT {_CHART}/manifests/.*"),
    Step("GitOps push to staging", "git", _PUSH.format("gitops-cf", "refs/heads/main")),
    Step(
        "refresh of staging", "argocd", r"GET /api/v1/applications/books-api-staging",
        "GitOps push to staging",
    ),
    Step("smoke test of staging", "staging", r"GET /books"),
    Step("proof of staging", "git", _PUSH.format("gitops-cf", "refs/slipway/ledger")),
    Step("decision", "git", _PUSH.format("gitops-cf", "refs/slipway/ledger"), APPROVED),
    Step("GitOps push to production", "git", _PUSH.format("gitops-cf", "refs/heads/main"), APPROVED),
    Step("sync of production", "argocd", r"POST /api/v1/applications/books-api-production/sync"),
    Step("smoke test of production", "production", r"GET /books"),
    Step(
        "proof of production", "git", _PUSH.format("gitops-cf", "refs/slipway/ledger"),
        "smoke test of production",
    ),
)  # fmt: skip
NAMES = tuple(step.name for step in STEPS)


def step_of(seen: Seen, passed: set[str]) -> Step | None:
    """The step that a request belongs to: the last that fits what has passed."""
    fitting = [s for s in STEPS if s.matches(seen) and (not s.since or s.since in passed)]
    return fitting[-1] if fitting else None


@dataclass(frozen=True)
class Kill:
    """One kill: a target, and when.

    At a step: `before` (the request never arrives), `during` (it is being served), `after` (it is
    done, and its answer not received), `stored` (the first result after it is stored). Without a
    step: `delay` seconds after the kill before it, at whatever instant that is.
    """

    target: str
    step: str = ""
    side: str = "random"
    delay: float = 0.0
    place: float = 0.0  # along the path, to put them in order

    def __str__(self) -> str:
        if self.step:
            return f"{self.target} {self.side} {self.step}"
        return f"{self.target} after {self.delay:.1f} s"


def at(target: str, step: str, side: str) -> Kill:
    return Kill(target, step, side, place=NAMES.index(step) + SIDES.index(side) / 4)


def some_time(chance: Random) -> Kill:
    target = chance.choice(["flow"] * 6 + list(_OTHERS))
    place = chance.uniform(0, len(STEPS))
    return Kill(target, delay=chance.uniform(0.2, 6), place=place)


def deck(kills: int, chance: Random) -> list[Kill]:
    """So many kills in random order: every boundary for the flow first of all.

    Then every boundary with another target, and random instants for the rest.
    """
    boundaries = [(step, side) for step in NAMES for side in SIDES]
    own = [at("flow", *each) for each in boundaries]
    others = [at(chance.choice(_OTHERS), *each) for each in boundaries]
    chance.shuffle(own)
    chance.shuffle(others)
    most = kills * 2 // 3
    found = [*own, *others][:most]
    found += [some_time(chance) for _ in range(kills - len(found))]
    chance.shuffle(found)
    return found


def hands(cards: list[Kill], each: int) -> Iterator[list[Kill]]:
    """Deal `cards`, so many for a delivery, in the order of the path; more may be put back."""
    while cards:
        hand, cards[:] = cards[:each], cards[each:]
        yield sorted(hand, key=lambda kill: kill.place)
