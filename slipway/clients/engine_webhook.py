"""Tells an engine's webhook of a push, in the words in which GitHub would.

Argo CD takes them (`/api/webhook`), and so do Flux Receivers of the types `github` (the signature
of GitHub) and `generic-hmac` (the same one in `X-Signature`), and `generic`, which reads nothing.
"""

import json
import re
from collections.abc import Sequence

import httpx
from pydantic import SecretStr

from slipway.clients.http import client, send
from slipway.clients.silence import silent
from slipway.errors import InvalidInput
from slipway.triggers.signature import signature

_ADDRESS = re.compile(r"(https?://[^\s@/?#]+)(/[^\s?#]*)?(?: +(\S+))?")
_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2")  # they tell paths
_TIMEOUT = httpx.Timeout(10.0, connect=5.0)  # seconds


def tell_push(
    name: str,
    address: SecretStr,
    repository: str,
    branch: str,
    commits: tuple[str, str],
    files: Sequence[str],
) -> None:
    """Say that the branch has moved, between the two commits, and which files were changed.

    `address` is the webhook's URL and, after a blank, the secret it shares, where it has one. A
    Flux Receiver's path is its credential: no error and no log tells it, nor what the server said,
    which may be the path. Raises InvalidInput, and what `send` raises, naming `name`.
    """
    read = _ADDRESS.fullmatch(address.get_secret_value().strip())
    if read is None:
        raise InvalidInput(
            f"the webhook {name} has no address of the form URL, or URL SECRET",
            "write an http or https URL without user and query",
        )
    host, path, secret = read.groups()
    body = json.dumps(_push(repository, branch, commits, files)).encode()
    headers = {"Content-Type": "application/json", "X-GitHub-Event": "push"}
    if secret:
        signed = signature(body, secret)
        headers |= {"X-Hub-Signature-256": signed, "X-Signature": signed}
    with silent(*_LOGGERS), client(host, timeout=_TIMEOUT) as http:
        send(http, "POST", path or "/", what=f"tell the webhook {name}", content=body,
             headers=headers, quoted=False)  # fmt: skip


def _push(
    repository: str, branch: str, commits: tuple[str, str], files: Sequence[str]
) -> dict[str, object]:
    before, after = commits
    page = repository.removesuffix(".git")
    return {
        "ref": f"refs/heads/{branch}",
        "before": before,
        "after": after,
        "repository": {"html_url": page, "clone_url": f"{page}.git", "default_branch": branch},
        "commits": [{"id": after, "added": [], "modified": list(files), "removed": []}],
    }
