"""Who may approve now: the gate a run began with, less what was taken away since."""

from slipway.config import read_service
from slipway.gates.people import stricter
from slipway.service import Environment, Gate, Service
from tasks.environment import settings


def gate_now(service: str, environment: str, began: Gate) -> Gate:
    """The gate by which answers count now. Raises InvalidInput for a broken service file."""
    found = read_service(settings().services, service).environments
    now = next((each.gate for each in found if each.name == environment), None)
    return stricter(began, now)


def with_gate_now(service: Service, environment: Environment) -> Environment:
    """The environment behind the gate as it is now. Raises InvalidInput."""
    if environment.gate is None or not environment.gate.approvers:
        return environment
    gate = gate_now(service.service, environment.name, environment.gate)
    return environment.model_copy(update={"gate": gate})
