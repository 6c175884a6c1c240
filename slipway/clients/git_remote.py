"""What a remote repository's refs point at, without a clone."""

from pydantic import SecretStr

from slipway.clients.git_command import git_in, require_remote


def remote_refs(url: str, token: SecretStr | None, *patterns: str) -> dict[str, str]:
    """Object ids of the refs that fit a pattern of `git ls-remote`, now.

    An annotated tag stands for its commit. Raises InvalidInput, NotFound, Unauthorized, Retryable.
    """
    require_remote(url, "main")
    with git_in(token) as (command, _folder):
        printed = command.run("ls-remote", "--", url, *patterns, what=f"list refs of {url}")
    found: dict[str, str] = {}
    for line in printed.text.splitlines():  # a peeled line follows the tag object's own
        oid, ref = line.split("\t", 1)
        found[ref.removesuffix("^{}")] = oid
    return found
