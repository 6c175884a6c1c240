"""Nobody can tell whether a version is well: people decide, and the environment is taken back."""

from dataclasses import dataclass

from sandbox.prefect_api import Json
from sandbox.serving import Fault
from tests.acceptance.installation import Installation
from tests.acceptance.outside import Effects
from tests.acceptance.services import DOUBTED


@dataclass
class Doubted:
    """What was seen of it, in this order."""

    run: str
    text: str  # of the second question
    before: Effects  # while it waited for its answer
    end: Json
    effects: Effects
    report: str
    version: str  # that answers at the end


def play(site: Installation) -> Doubted:
    """Prove 1.0.0; nothing answers about 1.1.0 until people were asked."""
    first = site.promote(DOUBTED, "1.0.0", DOUBTED)
    site.question(first)
    site.approve(first)
    assert site.ended(first)["state_type"] == "COMPLETED"
    traffic = site.world.servers["argocd"].traffic
    site.doubted(timeout="3s")
    run = site.promote(DOUBTED, "1.1.0", DOUBTED)
    asked = site.question(run)
    away = Fault(path=f"/applications/books-api-{DOUBTED}", status=503, times=-1)
    traffic.faults.append(away)
    site.approve(run)
    again = site.question(run, after=asked)
    text, before = site.text(run, again), site.outside.effects(run)
    traffic.faults.remove(away)
    site.doubted()
    site.approve(run, reason="the shop is full")
    end = site.ended(run)
    reports = site.artifacts(run, f"{DOUBTED}-rollback")
    assert reports, f"{end['state']}\n{site.last_words(run)}"
    return Doubted(
        run=run,
        text=text,
        before=before,
        end=end,
        effects=site.outside.effects(run),
        report=reports[-1],
        version=site.answers(DOUBTED),
    )
