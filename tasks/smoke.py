"""Ask the environment itself, and know that the new version answered."""

from slipway import smoke
from slipway.model import Image, SmokeProof, SyncProof
from slipway.service import Environment
from slipway.timing import Stopwatch
from tasks.environment import say, settings
from tasks.retries import step


# The sync proof is an input so that a smoke test belongs to one sync, and runs again after another.
@step("smoke test", "smoke {environment.name}", timeout=24 * 3600)
def smoke_test(environment: Environment, image: Image, sync: SyncProof) -> SmokeProof:
    proof = smoke.smoke_test(
        environment.smoke,
        environment.name,
        image.version,
        settings(),
        Stopwatch(),
        report=lambda sentence: say(f"{environment.name}: {sentence}"),
    )
    say(f"{environment.name}: {proof.url} answered well {proof.passes} times in a row")
    return proof
