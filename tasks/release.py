"""Create the next release, or find the one that is asked for."""

from slipway.model import Release
from slipway.release import converge as releases
from slipway.service import Service
from tasks.environment import run_id, say, settings
from tasks.retries import step


# Long enough for the named checks of the service file, with the attempts in between.
@step("release", "release {service.service}", timeout=24 * 3600)
def cut_release(service: Service) -> releases.Outcome:
    result = releases.release(service, settings(), run=run_id(), report=say)
    if isinstance(result, Release):
        say(f"released {service.service} {result.version} at {result.sha[:12]}: {result.url}")
        for warning in result.warnings:
            say(warning)
    else:
        say(result.summary)
    return result


@step("find release", "find {service.service} {version}", timeout=300)
def find_release(service: Service, version: str) -> Release:
    found = releases.find(service, version, settings())
    say(f"{service.service} {found.version} was released before, at {found.sha[:12]}")
    return found
