"""Show at GitHub how an environment's change stands. Never a failure."""

from prefect.runtime import flow_run

from slipway.clients.github import GitHub
from slipway.clients.github.deployments import State
from slipway.errors import SlipwayError
from slipway.model import Release
from slipway.proof_page import tell_proof
from slipway.service import Environment, Service
from slipway.settings import Settings
from tasks.environment import run_id, say, settings
from tasks.retries import step
from tasks.telling import only_told


def show_at_github(
    service: Service, environment: Environment, release: Release, state: State, said: str
) -> None:
    """Nothing where the service does not ask for it."""
    if not (service.github.deployments or service.github.statuses):
        return
    with only_told("show it at GitHub"):
        tell_github(service, environment, release, state, said)


# Once for each thing there is to tell, however often the run is resumed or retried.
@step("tell GitHub", "tell GitHub: {environment.name} {state}", timeout=120)
def tell_github(
    service: Service, environment: Environment, release: Release, state: State, said: str
) -> str:
    try:
        _tell(service, environment, release, state, said, settings())
    except SlipwayError as error:
        say(f"could not show it at GitHub: {error}")
        return error.message
    return ""


def show_proof(service: Service, environment: Environment, *versions: str) -> None:
    """What was proven, or taken back, on the release page of each version, where it is asked for.

    Once for each environment, however often the run is resumed or retried.
    """
    if not service.github.proof:
        return
    for version in versions:
        with only_told("show it at GitHub"):
            tell_release(service, environment.name, version)


@step("tell release page", "tell page of {version}: {environment}", timeout=120)
def tell_release(service: Service, environment: str, version: str) -> None:
    """All that the ledger holds of it; `environment` tells two moments of a run apart.

    Trouble goes out of the step, so that it is tried again: nothing later would write it.
    """
    tell_proof(service, version, settings())


def _tell(
    service: Service,
    environment: Environment,
    release: Release,
    state: State,
    said: str,
    known: Settings,
) -> None:
    token, link = known.secret("source_token"), str(flow_run.ui_url or "")
    name, last = environment.name, service.environments[-1].name
    with GitHub(known.github_api_url, service.source.repository, token) as github:
        if service.github.statuses:
            github.show_status(release.sha, f"slipway/{name}", state, said, link)
        if service.github.deployments:
            number = github.deployment(release.tag, name, run_id(), production=name == last)
            address = environment.smoke.url
            github.show_deployment(number, state, said, log=link, address=address)
