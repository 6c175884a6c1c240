"""A whole installation on loopback with a run that waits, and Chromium to look at it."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright
from ruamel.yaml import YAML

from sandbox import seed
from sandbox.prefect_api import Json, PrefectApi, ended, waiting
from sandbox.processes import PrefectServer, Runner
from sandbox.service_file import write_service
from sandbox.serving import free_port
from sandbox.world import World

AUTOMATIONS = Path(__file__).parents[2] / "deployments" / "automations.yaml"
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)
PATIENCE = 240  # seconds; the limit of waits for servers and runs, far above what they need


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; the tests are skipped where there is none, unless it is required."""
    if shutil.which(CHROMIUM) is None:
        reason = f"there is no {CHROMIUM}"
        if os.environ.get("SLIPWAY_REQUIRE_BROWSER") == "1":
            pytest.fail(f"{reason}, and SLIPWAY_REQUIRE_BROWSER is 1")
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield browser
        browser.close()


@dataclass
class Place:
    """What the tests look at."""

    world: World
    server: PrefectServer
    api: PrefectApi

    def waiting_run(self, expires: str = "1h") -> tuple[str, str]:
        """A new change on its way, up to the question before production: run id and version."""
        write_service(self.world, expires=expires)
        seed.next_change(self.world.git, seed.next_number(self.world.git))
        run = self.api.start("deliver/books-api", {"service": "books-api"})
        now = self.until(run, lambda now: waiting(now) and self._can_be_answered(now))
        return run, str(now["name"]).removeprefix("books-api ")

    def until(self, run: str, reached: Callable[[Json], bool]) -> Json:
        """The run once `reached(run)` holds; it may not end in another way."""
        now = self.api.wait(run, lambda now: reached(now) or ended(now), PATIENCE)
        assert reached(now), "\n".join([str(now["state"]), *self.api.logs(run)[-15:]])
        return now

    def _can_be_answered(self, run: Json) -> bool:
        """The form is stored a moment after the state."""
        key = run["state"]["state_details"]["run_input_keyset"]["schema"]
        url = f"{self.server.url}/api/flow_runs/{run['id']}/input/{key}"
        return httpx.get(url, trust_env=False).is_success

    def digest(self) -> str:
        """The digest that staging was asked to run."""
        values = self.world.git.read(seed.GITOPS, "books/api/values-staging.yaml")
        return str(YAML(typ="safe", pure=True).load(values)["image"]["digest"])

    def production(self) -> str:
        """The version that production answers with."""
        return str(httpx.get(self.world.url("production"), trust_env=False).json()["version"])


@pytest.fixture(scope="module")
def place(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Needs the browser, so that nothing is started where the tests are skipped."""
    home = tmp_path_factory.mktemp("browser")
    with World(home / "world") as world:
        write_service(world)
        server = PrefectServer(home / "prefect", free_port(), home / "logs")
        runner = Runner(server, world.settings(), home / "logs")
        api = PrefectApi(server.url)
        try:
            server.start()
            server.wait_until_ready(PATIENCE)
            runner.start()
            _wait_for_deployments(api, runner)
            for automation in YAML(typ="safe", pure=True).load(AUTOMATIONS)["automations"]:
                api.create_automation(automation)
            yield Place(world, server, api)
        finally:
            api.close()
            runner.stop()
            server.stop()


def _wait_for_deployments(api: PrefectApi, runner: Runner) -> None:
    limit = time.monotonic() + PATIENCE
    while api.deployment("deliver/books-api") is None:
        if runner.ended() or time.monotonic() > limit:
            raise RuntimeError(f"the runner did not start:\n{runner.tail()}")
        time.sleep(0.2)


@pytest.fixture
def page(browser: Browser, place: Place) -> Iterator[Page]:
    """A page that reaches nothing but the Prefect server."""

    def only_prefect(route: Route) -> None:
        if route.request.url.startswith(f"{place.server.url}/"):
            route.continue_()
        else:
            route.abort()

    context = browser.new_context(viewport={"width": 1200, "height": 1300})
    context.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)  # what is expected has a limit of its own
    page = context.new_page()
    page.route("**/*", only_prefect)
    yield page
    context.close()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots are kept: the folder SLIPWAY_SCREENSHOTS names, or a temporary one."""
    named = os.environ.get("SLIPWAY_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
