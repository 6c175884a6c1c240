"""Look at a service's repository, and start its delivery where the watched ref has moved.

Plain functions, not steps: nothing of a look is kept; Prefect knows by the key what was started.
"""

from prefect.settings import get_current_settings

from slipway.clients.git_remote import remote_refs
from slipway.clients.prefect import Prefect
from slipway.config import read_service
from slipway.triggers.rule import watched
from slipway.triggers.starting import begin
from tasks.environment import say, settings


def look_at_source(name: str) -> None:
    """Start the service's delivery, unless its commit has been. Raises what the look raises."""
    say(f"{name}: {_look(name)}")


def _look(name: str) -> str:
    known = settings()
    service = read_service(known.services, name)
    url, token = service.source.repository, known.optional("source_token")
    refs = remote_refs(url, token, f"refs/heads/{service.source.branch}", "refs/tags/*")
    ref = watched(service, refs)
    if ref is None:
        return f"nothing to deliver in {url} yet"
    api = get_current_settings().api
    with Prefect(api.url or "", api.auth_string) as prefect:
        return begin(service, ref, refs[ref], prefect)
