"""The demo, scene by scene: a change, its delivery, the question, the proof."""

import time
from pathlib import Path

import httpx
from ruamel.yaml import YAML

from sandbox.demo.crash import effects
from sandbox.demo.scenarios import Scenario
from sandbox.demo.screen import Screen, took
from sandbox.prefect_api import Json, PrefectApi, ended, state_of, waiting
from sandbox.processes import PrefectServer
from sandbox.seed import APPLICATION
from sandbox.world import ENVIRONMENTS, World

DELIVER = "deliver/books-api"
AUTOMATIONS = Path(__file__).parents[2] / "deployments" / "automations.yaml"
APPROVER = "ana@example.com"


class Story:
    """One run of the demo."""

    def __init__(
        self, world: World, server: PrefectServer, scenario: Scenario, screen: Screen, *, yes: bool
    ) -> None:
        self.world, self.server, self.scenario, self.screen = world, server, scenario, screen
        self.yes = yes
        self.api = PrefectApi(server.url)
        self._told: set[str] = set()

    def tell(self) -> bool:
        """Play it; whether it ended as this scenario must."""
        self._wait_for_runner()
        if self.scenario.story:
            self.screen.say(f"\n[bold]Scenario {self.scenario.name}.[/] {self.scenario.story}")
        if self.scenario.first:
            first = self.scenario.first(self.world)
            last = self._deliver(f"A developer pushed [cyan]{first}[/]")
            self.screen.say(f"[bold]{last['name']}[/]: {state_of(last)}")
        subject = self.scenario.change(self.world)
        self.scenario.prepare(self.world)
        began = time.monotonic()
        last = self._deliver(f"A developer pushed [cyan]{subject}[/]")
        if self.scenario.mode == "pull-request":
            last = self._deliver(self._merge(last))
        self.scenario.cure(self.world)
        return self._end(last, time.monotonic() - began)

    def _deliver(self, cause: str) -> Json:
        run = self.api.start(DELIVER, {"service": "books-api"})
        self.screen.say(f"\n{cause}; delivery started:")
        self.screen.say(f"  {self.server.url}/runs/flow-run/{run}\n")
        return self._watch(run)

    def _merge(self, proposal: Json) -> str:
        self.screen.say(f"\n{state_of(proposal)}")
        pulls = self.world.git.github.pulls(APPLICATION).all()
        [pull] = [pull for pull in pulls if pull["state"] == "open"]
        self.world.git.merge(APPLICATION, pull["number"], "squash")
        return f"A maintainer merged [cyan]{pull['title']}[/]"

    def _wait_for_runner(self) -> None:
        deadline = time.monotonic() + 90
        while self.api.deployment(DELIVER) is None:
            if time.monotonic() > deadline:
                raise RuntimeError("the runner did not register its deployments; see its log")
            time.sleep(0.2)
        known = {automation["name"] for automation in self.api.automations()}
        for automation in YAML(typ="safe", pure=True).load(AUTOMATIONS)["automations"]:
            if automation["name"] not in known:
                self.api.create_automation(automation)

    def _watch(self, run: str) -> Json:
        answered = False
        with self.screen.console.status("starting …") as status:
            while True:
                now = self.api.run(run)
                self._show_steps(run)
                if ended(now) and not self._may_still_change(now):
                    time.sleep(0.5)  # the last steps' rows lag behind the run
                    self._show_steps(run)
                    return now
                if waiting(now) and not answered:
                    status.stop()
                    answered = self._question(run)
                    status.start()
                status.update(self._current(run, now))
                time.sleep(0.3)

    def _may_still_change(self, run: Json) -> bool:
        """Expiry is told in two steps, and a crashed run is started again by the reaper."""
        awaits_reaper = self.scenario.crashes and run["state_type"] == "CRASHED"
        return awaits_reaper or "never resumed" in state_of(run)

    def _show_steps(self, run: str) -> None:
        for task in self.api.task_runs(run):
            state, name = task["state_name"], task["name"]
            if task["state_type"] in ("COMPLETED", "FAILED", "CRASHED") and state != "Cached":
                key = f"{name}{task['id']}"
                if key not in self._told:
                    self._told.add(key)
                    self.screen.step(name, task["state_type"], took(task))

    def _current(self, run: str, now: Json) -> str:
        lines = [line for line in self.api.logs(run) if ":" in line]
        return f"{now['name']} · {lines[-1][:100] if lines else now['state_name']}"

    def _question(self, run: str) -> bool:
        """Show the question and answer it as the scenario, the flags or a person says."""
        self.screen.markdown(self.api.artifact("books-api-question") or "", "waiting for approval")
        decision = "approve" if self.yes else self.scenario.answer
        if self.scenario.answer in ("reject", "none"):
            decision = self.scenario.answer
        if decision == "none":
            self.screen.say("Nobody answers …")
            return True
        self.screen.say(f"Answer here, or in the UI: {self.server.url}/runs/flow-run/{run}")
        if decision == "ask":
            return self._ask_person(run)
        self._answer(run, decision, APPROVER, f"the demo was told to {decision}")
        return True

    def _ask_person(self, run: str) -> bool:
        def over() -> bool:
            return not waiting(self.api.run(run))

        decision = self.screen.ask("approve or reject?", "approve", over)
        approver = decision and self.screen.ask("your name?", APPROVER, over)
        reason = approver and self.screen.ask("why?", "looks good in staging", over)
        if decision and approver and reason:
            word = "approve" if decision.lower() in ("a", "approve", "y", "yes") else "reject"
            self._answer(run, word, approver, reason)
        return False  # an answer that does not count is asked again

    def _answer(self, run: str, decision: str, approver: str, reason: str) -> None:
        answer = {"decision": decision, "approver": approver, "reason": reason}
        reply = self.api.resume(run, answer)
        while reply["status"] == "REJECT" and "schema not found" in str(reply["details"]):
            time.sleep(0.2)  # the form is stored a moment after the state
            reply = self.api.resume(run, answer)
        verdict = "accepted" if reply["status"] == "ACCEPT" else str(reply["details"])
        self.screen.say(f"{decision} by {approver}: {verdict}\n")
        self.api.wait(run, lambda now: not waiting(now) or reply["status"] != "ACCEPT")

    def _end(self, run: Json, seconds: float) -> bool:
        as_told = run["state_type"] == self.scenario.ends and self.scenario.says in state_of(run)
        report = self.api.artifact("books-api-report")
        if report and run["state_type"] == "COMPLETED":
            self.screen.markdown(report, "report")
        if run["state_name"] == "RolledBack":
            self.screen.markdown(self.api.artifact("books-api-rollback") or "", "rollback")
        self.screen.say(f"\n[bold]{run['name']}[/]: {state_of(run)}")
        self._what_runs_where()
        if self.scenario.crashes:
            as_told &= self._one_of_each(run)
        self.screen.say(f"[dim]{seconds:.1f} s from the push, a person's time included[/]")
        if not as_told:
            self.screen.say(
                f"[red]This is not how it should end:[/] {self.scenario.ends} with"
                f" '{self.scenario.says}'"
            )
        return as_told

    def _what_runs_where(self) -> None:
        rows = [self._row(environment) for environment in ENVIRONMENTS]
        columns = ("environment", "version", "digest", "commit", "answers at")
        self.screen.table("What runs where", columns, rows)
        books = f"{self.world.url('production')}/books"
        answer = httpx.get(books, trust_env=False)
        self.screen.say(f"GET {books} → {answer.status_code} {answer.text[:100]}…")

    def _one_of_each(self, run: Json) -> bool:
        found = effects(self.world, str(run["id"]), str(run["name"]).split()[1])
        rows = [(what, str(times)) for what, times in found.items()]
        self.screen.table("Side effects of this delivery", ("what", "times"), rows)
        return run["run_count"] > 2 and set(found.values()) == {1}

    def _row(self, environment: str) -> tuple[str, ...]:
        """Asked of the environment, the cluster and the Git host themselves."""
        root = httpx.get(self.world.url(environment), trust_env=False)
        version = root.json()["version"] if root.is_success else f"HTTP {root.status_code}"
        [deployment] = [
            item
            for item in self.world.cluster.objects(f"books-api-{environment}")
            if item["kind"] == "Deployment"
        ]
        image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
        commit = self.world.newest_gitops_commit(f"books/api/values-{environment}.yaml")
        digest = image.partition("@sha256:")[2][:12] or "by tag"
        return environment, version, digest, commit[:12], self.world.url(environment)
