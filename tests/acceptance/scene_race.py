"""Two versions of one service at the gate of production, and what becomes of the older one."""

from dataclasses import dataclass
from typing import Any

from sandbox import seed
from sandbox.prefect_api import Json, ended
from sandbox.serving import Fault
from tests.acceptance.installation import PRODUCTION, Installation
from tests.acceptance.outside import Effects
from tests.acceptance.runs import PATIENCE
from tests.acceptance.services import PLAIN, RACE


@dataclass
class Race:
    """What was seen of it, in this order."""

    older: str
    newer: str
    other: Json  # the end of a run of another service, while the first one waited
    older_state: Json  # once the newer one had come
    reply: Any  # to an approval of the older one
    newer_waits: Json
    effects: Effects  # of the older one
    late: Json  # the end of a third run, whose version was overtaken in production
    late_effects: Effects


def play(site: Installation) -> Race:
    """1.0.0 waits; 1.1.0 comes; 1.0.0 is approved. Then 1.0.0 waits alone, and 1.1.0 is written."""
    _production_asks_for(site, "0.9.0")
    older = site.promote(RACE, "1.0.0")
    site.question(older)
    other = _other(site)
    newer = site.promote(RACE, "1.1.0")
    site.question(newer)
    older_state = site.api.wait(older, ended, PATIENCE)["state"]
    reply = site.api.resume(older, {**_ANA})
    newer_waits = site.api.run(newer)["state"]
    effects = site.outside.effects(older)
    site.api.set_state(newer, {"type": "CANCELLED"})
    late = site.promote(RACE, "1.0.0")
    site.question(late)
    _production_asks_for(site, "1.1.0")
    site.approve(late)
    return Race(
        older=older,
        newer=newer,
        other=other,
        older_state=older_state,
        reply=reply,
        newer_waits=newer_waits,
        effects=effects,
        late=site.ended(late),
        late_effects=site.outside.effects(late),
    )


def _other(site: Installation) -> Json:
    """The end of another service's run, of which GitHub shows nothing."""
    traffic = site.world.servers["git"].traffic
    traffic.faults.append(away := Fault(path="/deployments", status=503, times=-1))
    end = site.ended(site.promote(PLAIN, "1.0.0", PLAIN))
    traffic.faults.remove(away)
    return end


_ANA = {"decision": "approve", "approver": "ana@example.com", "reason": "looks good"}


def _production_asks_for(site: Installation, tag: str) -> None:
    """Somebody writes a version into production's values of this branch."""
    text = site.world.git.read(seed.GITOPS, PRODUCTION, RACE).decode()
    lines = [
        f"  tag: '{tag}'" if line.strip().startswith("tag:") else line for line in text.splitlines()
    ]
    new = ("\n".join(lines) + "\n").encode()
    site.world.git.commit(seed.GITOPS, RACE, {PRODUCTION: new}, f"chore: {tag} by hand\n")
