"""Tells an engine's webhook of a push, in the words in which GitHub would.

Argo CD takes them (`/api/webhook`), and so do Flux Receivers of the types `github` (the signature
of GitHub) and `generic-hmac` (the same one in `X-Signature`), and `generic`, which reads nothing.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Sequence

import httpx
from pydantic import SecretStr

from slipway.clients.http import client, send
from slipway.errors import InvalidInput

_ADDRESS = re.compile(r"(https?://[^\s@/?#]+)(/[^\s?#]*)?(?: +(\S+))?")
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

    `address` is the webhook's URL and, after a blank, the secret it shares, where it has one; it
    never shows in an error, which tells `name`. Raises InvalidInput, and what `send` raises.
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
        signed = f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"
        headers |= {"X-Hub-Signature-256": signed, "X-Signature": signed}
    with client(host, timeout=_TIMEOUT) as http:
        send(http, "POST", path or "/", what=f"tell the webhook {name}", content=body,
             headers=headers)  # fmt: skip


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
