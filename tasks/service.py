"""Read the service file once a run: a retry goes on with what the run started with."""

from slipway.config import read_service as read
from slipway.service import Service
from tasks.environment import settings
from tasks.retries import step


@step("read service file", "read {name}", timeout=30)
def read_service(name: str) -> Service:
    return read(settings().services, name)
