"""A version that fails its proof is taken back, by itself and by a person; never on a guess."""

import contextlib
import os
import signal
import time
from dataclasses import dataclass

from sandbox.prefect_api import Json
from sandbox.serving import Fault
from slipway import ledger
from slipway.config import read_service
from slipway.ledger.entries import Ledger
from slipway.settings import Settings
from tests.acceptance.installation import Installation
from tests.acceptance.outside import Effects
from tests.acceptance.runs import PATIENCE
from tests.acceptance.services import UNDONE


@dataclass
class RolledBackScene:
    """What was seen of it, in this order."""

    run: str  # of the version that fails
    end: Json
    report: str
    effects: Effects
    message: str  # of the commit that took it back
    again: Json  # the end of a retry of it
    effects_again: Effects
    held: Json  # the end of another run of the version
    written: Ledger
    released: Json  # the end of a run after the hold was released
    unknown: Json  # the end of a run that could not ask the engine
    effects_unknown: Effects
    by_hand: Json  # the end of the flow rollback
    report_by_hand: str
    first: str  # run of the flow rollback
    closing: Ledger


def play(site: Installation) -> RolledBackScene:
    """Prove 1.0.0; let 1.1.0 answer badly, and kill the run while it goes back."""
    settings = _settings(site)
    spec = read_service(settings.services, UNDONE)
    assert site.ended(site.promote(UNDONE, "1.0.0", UNDONE))["state_type"] == "COMPLETED"
    front = site.front(UNDONE).traffic
    front.faults.append(bad := Fault(path="/books", status=500, times=-1))
    run = site.promote(UNDONE, "1.1.0", UNDONE)
    _kill_when_it_says(site, run, "back from 1.1.0 to 1.0.0")
    front.faults.remove(bad)
    site.api.wait(run, lambda now: now["state_type"] == "CRASHED", PATIENCE)
    site.retry(run)
    end, effects = site.ended(run), site.outside.effects(run)
    report = site.artifacts(run, f"{UNDONE}-rollback")[-1]
    site.retry(run)
    again, effects_again = site.ended(run), site.outside.effects(run)
    held = site.ended(site.promote(UNDONE, "1.1.0", UNDONE))
    written = ledger.read(spec, settings)
    ledger.release_hold(spec, settings, UNDONE, "1.1.0", "ana@example.com", "the front is mended")
    released = site.ended(site.promote(UNDONE, "1.1.0", UNDONE))
    unknown, effects_unknown = _engine_away(site)
    first = site.roll_back(UNDONE, "customers see wrong prices")
    by_hand = site.ended(first)
    return RolledBackScene(
        run=run,
        end=end,
        report=report,
        effects=effects,
        message=site.outside.message(run, UNDONE),
        again=again,
        effects_again=effects_again,
        held=held,
        written=written,
        released=released,
        unknown=unknown,
        effects_unknown=effects_unknown,
        by_hand=by_hand,
        report_by_hand=site.artifacts(first, f"{UNDONE}-rollback")[-1],
        first=first,
        closing=ledger.read(spec, settings),
    )


def _engine_away(site: Installation) -> tuple[Json, Effects]:
    """A run during which Argo CD answers nothing about the application; six short attempts."""
    traffic = site.world.servers["argocd"].traffic
    away = Fault(path=f"/applications/books-api-{UNDONE}", status=503, times=-1)
    traffic.faults.append(away)
    site.undone(timeout="3s")
    run = site.promote(UNDONE, "1.1.0", UNDONE)
    end = site.ended(run)
    traffic.faults.remove(away)
    site.undone()
    return end, site.outside.effects(run)


def _settings(site: Installation) -> Settings:
    known = site.world.settings()
    return Settings(
        services=site.service_file(UNDONE).parent, gitops_token=known["SLIPWAY_GITOPS_TOKEN"]
    )


def _kill_when_it_says(site: Installation, run: str, part: str) -> None:
    """End the run's processes once its log holds `part`."""
    limit = time.monotonic() + PATIENCE
    while not site.said(run, part):
        assert time.monotonic() < limit, site.last_words(run)
    for pid in site.processes(run):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
