"""`make demo`: deliver the sample service, or stay up for someone who wants to look around."""

import argparse
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.demo.scenarios import SCENARIOS
from sandbox.demo.screen import Screen
from sandbox.demo.story import Story
from sandbox.processes import PrefectServer, Runner
from sandbox.service_file import write_service
from sandbox.serving import free_port
from sandbox.world import World

HOME = Path(".slipway")
UI_PORT = 4200  # Prefect's own; another free one when it is taken


def main() -> int:
    """Exit code 0 when the story ended as it must."""
    options = _options()
    screen = Screen()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        engine = SCENARIOS[options.scenario].engine
        with only_one(HOME), World(HOME.resolve(), engine=engine) as world:
            return play(world, screen, options)
    except KeyboardInterrupt:
        screen.say("\nStopped; nothing is left running. `make demo` goes on from here.")
        return 130
    except RuntimeError as error:
        screen.say(f"[red]{error}[/]")
        return 1


def play(world: World, screen: Screen, options: argparse.Namespace) -> int:
    """Start server and runner, tell the story, and stay if asked to."""
    scenario = SCENARIOS[options.scenario]
    screen.title("Slipway demo", "stand-ins on loopback: not a cluster, no Docker, no token")
    write_service(world, scenario.mode, scenario.write, scenario.on_failure, **scenario.gate)
    logs = world.home / "logs"
    server = PrefectServer(world.home / "prefect", ui_port(), logs)
    runner = Runner(server, world.settings(), logs)
    try:
        server.start()
        with screen.console.status("starting the Prefect server …"):
            server.wait_until_ready()
        runner.start()
        screen.say(f"Prefect UI   {server.url}")
        engine = f"   Argo CD  {world.argocd_url}" if world.engine == "argocd" else ""
        screen.say(f"Git          {world.git_url}{engine}")
        screen.say(f"Logs         {logs.relative_to(Path.cwd())}/")
        good = Story(world, server, scenario, screen, yes=options.yes).tell()
        if options.keep:
            stay(screen, world)
        return 0 if good else 1
    finally:
        runner.stop()
        server.stop()


def stay(screen: Screen, world: World) -> None:
    """Keep everything up until Ctrl-C."""
    screen.say(f"\nStill up. Try: curl -i {world.url('production')}/books   (Ctrl-C ends it)")
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        screen.say("\nStopped; nothing is left running.")


def ui_port() -> int:
    """Prefect's usual port, or a free one."""
    with socket.socket() as probe:
        taken = probe.connect_ex(("127.0.0.1", UI_PORT)) == 0
    return free_port() if taken else UI_PORT


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Two demos in one checkout would share one state."""
    home.mkdir(exist_ok=True)
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RuntimeError("a demo is running in this folder already; end it first") from None
        yield


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--yes", action="store_true", help="approve without asking")
    parser.add_argument("--keep", action="store_true", help="stay up afterwards")
    names = sorted(filter(None, SCENARIOS))
    parser.add_argument(
        "--scenario",
        choices=["", *names],
        default=os.environ.get("SCENARIO", ""),
        help=f"another story: {', '.join(names)} (also: SCENARIO=…)",
    )
    options = parser.parse_args()
    if options.scenario not in SCENARIOS:
        parser.error(f"no scenario '{options.scenario}'; there are {', '.join(names)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
