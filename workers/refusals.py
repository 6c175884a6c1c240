"""When a warm worker does not start: what it was not proven with, it does not run on."""

import sys

import prefect
from prefect.client.orchestration import PrefectClient

PROVEN = ("3.8.8",)  # run tests/contract/test_warm_worker.py before another one is added
_STOCK = "use the stock worker: --type process"


class Refused(RuntimeError):
    """This worker cannot serve here, for a reason that will not pass by itself."""


def require_known_prefect() -> None:
    """Refused on another system than Linux, and with a Prefect that the tests have not seen."""
    if sys.platform != "linux":
        raise Refused(f"the warm worker needs Linux, and this is {sys.platform}; {_STOCK}")
    if prefect.__version__ not in PROVEN:
        raise Refused(
            f"the warm worker is proven with Prefect {', '.join(PROVEN)}, and this is"
            f" {prefect.__version__}; install that, or {_STOCK}"
        )


async def require_postgresql(client: PrefectClient) -> None:
    """Refused where the server keeps its data in SQLite, which answers 503 to work in parallel.

    The API does not tell its database, but what a pattern means there: in PostgreSQL's `ILIKE` a
    backslash takes the next character as it is, in SQLite's `LIKE` it is a character itself.
    Raises httpx.HTTPError when the server does not answer.
    """
    plain, escaped = [await _block_types(client, pattern) for pattern in ("s", r"\s")]
    if plain and not escaped:
        raise Refused(
            "the warm worker needs a Prefect server on PostgreSQL, and this one uses SQLite, where"
            f" it would be slower and lose requests; move the server, or {_STOCK}"
        )


async def _block_types(client: PrefectClient, pattern: str) -> int:
    """How many names of block types, which every server brings along, hold the pattern."""
    wanted = {"block_types": {"name": {"like_": pattern}}}
    answer = await client.request("POST", "/block_types/filter", json=wanted)
    answer.raise_for_status()
    return len(answer.json())
