"""What a remote repository's refs point at, without a clone."""

from pydantic import SecretStr

from slipway.clients.git_command import git_in, require_url
from slipway.clients.http import client, send


def remote_refs(url: str, token: SecretStr | None, *patterns: str) -> dict[str, str]:
    """Object ids of the refs that fit a pattern of `git ls-remote`, now.

    An annotated tag stands for its commit. Raises InvalidInput, NotFound, Unauthorized, Retryable.
    """
    require_url(url)
    with git_in(token) as (command, _folder):
        asked = [*patterns, *(f"{pattern}^{{}}" for pattern in patterns)]
        printed = command.run("ls-remote", "--", url, *asked, what=f"list refs of {url}")
    found: dict[str, str] = {}
    for line in printed.text.splitlines():  # a peeled line follows the tag object's own
        oid, ref = line.split("\t", 1)
        found[ref.removesuffix("^{}")] = oid
    return found


def may_push(url: str, token: SecretStr) -> bool:
    """Whether the server would begin a push with this token; nothing is sent.

    It says nothing about protected branches. Raises Retryable, NotFound.
    """
    require_url(url)
    login = ("x-access-token", token.get_secret_value())
    with client(url, auth=login) as http:
        reply = send(
            http, "GET", f"{url.removesuffix('/')}/info/refs?service=git-receive-pack",
            what=f"ask {url} for the right to push", allow={401, 403},
        )  # fmt: skip
    return reply.is_success
