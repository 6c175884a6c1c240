"""What a run is called before its version is known."""

from prefect.runtime import flow_run


def run_name() -> str:
    """The service; or the name the run already carries from before a suspension or a retry."""
    service, name = str(flow_run.parameters["service"]), str(flow_run.name)
    return name if name.startswith(f"{service} ") else service
