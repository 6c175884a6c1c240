"""Prefect settings that make its clients cheaper, where nothing is lost by them.

Each client reads every certificate authority there is, for 20 ms, and a run makes nine clients.
Over plain HTTP no certificate is ever looked at: then one of which nobody has the key is enough.
And each run asks for the version of the server, which its worker knows already.
"""

from collections.abc import Mapping
from pathlib import Path

from prefect.settings import get_current_settings

NOBODY = str(Path(__file__).with_name("nobody.crt"))  # its key was never written anywhere
_TRUST = "PREFECT_API_SSL_CERT_FILE"


def lean_defaults() -> dict[str, str]:
    """The setting, as Prefect names it, for clients of this process."""
    return {"api.ssl_cert_file": NOBODY} if _is_plain(get_current_settings().api.url) else {}


def lean(environment: Mapping[str, str | None]) -> dict[str, str | None]:
    """A run's environment with those settings. What somebody has set stays as it is."""
    theirs = {name: text for name, text in environment.items() if (name, text) != (_TRUST, NOBODY)}
    ours = {_TRUST: NOBODY} if _is_plain(theirs.get("PREFECT_API_URL")) else {}
    return {"PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "False", **ours, **theirs}


def _is_plain(url: str | None) -> bool:
    return (url or "").startswith("http://")
