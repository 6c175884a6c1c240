"""One delivery that is disturbed, and judged."""

import time
from collections.abc import Sequence

from tests.crash.delivery import Delivery, Story
from tests.crash.found import difference, look
from tests.crash.moments import Kill
from tests.crash.place import STAND_INS
from tests.crash.site import Site
from tests.crash.tables import Figures

_SETTLED = 60.0  # seconds until the engine has looked at what it was restarted on


class Wrong(AssertionError):
    """A delivery left something twice or not at all, or did not end."""


def disturbed(site: Site, kills: Sequence[Kill], figures: Figures) -> Story:
    """Play one and look at what it leaves. Raises Wrong where that is not one of each."""
    delivery = Delivery(site, kills)
    figures.stories.append(delivery.story)
    try:
        story = delivery.play()
    except AssertionError as error:
        figures.wrong.append(str(error))
        raise Wrong(_account(delivery.story, [str(error)])) from None
    wrong = [*_settled(site, story), *_unlikely(story)]
    if wrong:
        figures.wrong += wrong
        raise Wrong(_account(story, wrong))
    return story


def _settled(site: Site, story: Story) -> list[str]:
    """What differs, once everything that was killed at the end has come to rest."""
    for name in STAND_INS:
        site.until_answers(name)
    limit = time.monotonic() + _SETTLED
    while (wrong := difference(look(site, story.end, _version(story)))) and (
        time.monotonic() < limit
    ):
        time.sleep(0.5)
    return wrong


def _unlikely(story: Story) -> list[str]:
    """What no state shows any more: requests that were served too often."""
    lost = sum(kill.target == "engine" for kill in story.killed)  # it forgets its operations
    served = story.requests["sync of production"]
    wrong = [] if served <= 1 + lost else [f"{served} syncs of production were asked for"]
    return (
        wrong if story.approvals == 1 else [*wrong, f"{story.approvals} approvals were asked for"]
    )


def _account(story: Story, wrong: Sequence[str]) -> str:
    kills = "\n".join(f"  killed: {kill}" for kill in story.killed)
    failures = "\n".join(f"  the run said: {text}" for text in story.failures)
    found = "\n".join(f"  WRONG: {text}" for text in wrong)
    return f"run {story.run}, {story.retries} retries\n{kills}\n{failures}\n{found}"


def _version(story: Story) -> str:
    return str(story.end["name"]).split()[1]
