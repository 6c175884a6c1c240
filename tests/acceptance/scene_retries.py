"""A promotion whose change moves while it waits, and which fails after its approval, every way."""

from dataclasses import dataclass

from sandbox import seed
from sandbox.prefect_api import Json
from sandbox.serving import Fault
from tests.acceptance.installation import Installation
from tests.acceptance.outside import Effects


@dataclass
class Retries:
    """What was seen of it, in this order."""

    run: str
    texts: list[str]  # of the questions: before and after somebody changed the manifest
    failures: list[str]  # messages: GitOps write, sync wait, smoke test
    effects: list[Effects]  # after each failure, and at the end
    probes: list[int]  # smoke requests seen, likewise
    inputs: int  # run inputs that were deleted before the last retry
    end: Json
    version: str  # that answers in production at the end
    message: str  # of the GitOps commit
    report: str
    decisions: list[str]  # records of the answers
    suspended: int  # how often the run waited
    parameters: Json


def play(site: Installation) -> Retries:
    """Approve what then fails; retry unforced, forced and by Prefect's command."""
    site.put_back()
    run = site.promote("books", "1.1.0")
    parameters = site.api.run(run)["parameters"]
    first = site.question(run)
    site.write_production("tag: '1.0.0'", "tag: '1.0.1'")
    site.approve(run)  # of a change that is not there any more
    second = site.question(run, after=first)
    texts = [site.text(run, key) for key in (first, second)]
    failures: list[str] = []
    effects: list[Effects] = []
    probes: list[int] = []

    def look() -> None:
        effects.append(site.outside.effects(run))
        probes.append(len(site.front("production").traffic.requests))

    site.world.git.protect(seed.GITOPS, "main")
    site.approve(run)
    failures.append(site.failed(run))
    look()
    site.world.git.unprotect(seed.GITOPS, "main")
    argocd, path = site.world.servers["argocd"], "/api/v1/applications/books-api-production"
    argocd.traffic.faults.append(refused := Fault(path=path, status=403, times=-1))
    site.retry(run)
    failures.append(site.failed(run))
    look()
    argocd.traffic.faults.remove(refused)
    front = site.front("production")
    front.traffic.faults.append(broken := Fault(path="/books", status=500, times=-1))
    site.retry(run, force=True)
    failures.append(site.failed(run))
    look()
    front.traffic.faults.remove(broken)
    inputs = site.delete_inputs(run)
    site.retry_by_command(run)
    end = site.ended(run)
    look()
    return Retries(
        run=run,
        texts=texts,
        failures=failures,
        effects=effects,
        probes=probes,
        inputs=inputs,
        end=end,
        version=site.outside.version("production"),
        message=site.outside.message(run, "production"),
        report=site.artifacts(run, "books-report")[-1],
        decisions=site.artifacts(run, "books-decision"),
        suspended=len(site.states(run, "Suspended")),
        parameters=parameters,
    )
