"""Create the next release, or find the one that is asked for."""

from slipway.model import NothingToRelease, Release
from slipway.release import converge as releases
from slipway.service import Service
from tasks.environment import run_id, say, settings
from tasks.retries import step


@step("release", "release {service.service}", timeout=600)
def cut_release(service: Service) -> Release | NothingToRelease:
    result = releases.release(service, settings(), run=run_id())
    if isinstance(result, NothingToRelease):
        say(f"nothing to release: {result.reason}")
    else:
        say(f"released {service.service} {result.version} at {result.sha[:12]}: {result.url}")
    return result


@step("find release", "find {service.service} {version}", timeout=300)
def find_release(service: Service, version: str) -> Release:
    found = releases.find(service, version, settings())
    say(f"{service.service} {found.version} was released before, at {found.sha[:12]}")
    return found
