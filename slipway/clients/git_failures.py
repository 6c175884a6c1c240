"""What a failure of git means, told from the text that git and the server printed.

Pure. The texts were observed over smart HTTP with git 2.39; the server's own words ("remote: ...")
are untrusted and only quoted. `Everything up-to-date` is never read as success: git prints it after
a server error as well.
"""

import re

from slipway.errors import (
    Final,
    InvalidInput,
    NotFound,
    Retryable,
    SlipwayError,
    Unauthorized,
)
from slipway.text import printable


class PushRace(Retryable):
    """Someone else moved the ref first: fetch, compute again on the new head, push again."""


class Protected(Final):
    """The branch is protected: only a pull request, or another account, can change it."""


class Refused(Final):
    """A hook or a rule of the server's own refuses this push; another attempt cannot help."""


class NotPermitted(Unauthorized):
    """The credential is accepted, and lacks the permission."""


_REFUSED = re.compile(r"^!\t[^\t\n]*\t\[(remote )?rejected\] \((.+)\)\s*$", re.MULTILINE)
_RACES = (
    "fetch first",
    "non-fast-forward",
    "stale info",
    "already exists",
    "remote ref updated since checkout",
    "cannot lock ref",
    "failed to lock",
    "failed to update ref",
    "incorrect old value",
    "atomic transaction failed",
)
# How GitHub, GitLab, Gitea, Bitbucket and Azure DevOps say that a branch is protected.
_PROTECTED = re.compile(
    r"gh006|gh013|protected (branch|from)|rule violations|repository rule|through a pull request"
    r"|must use a pull request|modified through pull requests|tf402455"
)
_SLOW_DOWN = 60.0  # seconds to wait after HTTP 429 without Retry-After
_SERVER_TROUBLE = ("internal server error", "unpacker error", "timeout", "try again")
# What git itself says (never the server's words), the kind of error it means, and what to do.
_KINDS: tuple[tuple[str, type[SlipwayError], str], ...] = (
    (
        r"returned error: 403",
        NotPermitted,
        "the token is accepted but may not do this: allow it to write the repository's contents",
    ),
    (
        r"Authentication failed for|could not read (Username|Password)|returned error: 401",
        Unauthorized,
        "check the token: that it is set, has not expired, and is meant for this host",
    ),
    (
        r"repository '[^']*' not found|returned error: (404|410)",
        NotFound,
        "there is no such repository, or the token has no access to it: check both",
    ),
    (
        r"Remote branch .+ not found in upstream|couldn't find remote ref",
        InvalidInput,
        "check the branch in the service file",
    ),
    (r"returned error: 30\d", InvalidInput, "the repository has moved: write its new URL"),
    (
        r"SSL certificate|certificate verif",
        Final,
        "the server's certificate is not trusted here: install its issuer",
    ),
    (
        r"No space left on device|Disk quota exceeded",
        Retryable,
        "make room in the worker's temporary folder",
    ),
)


def push_failure(what: str, text: str, retry_after: float | None = None) -> SlipwayError:
    """The error for a failed push, from porcelain output and stderr together.

    A refusal by name (`[rejected]`, `[remote rejected]`) outranks everything else in the text.
    """
    reasons = [
        (bool(remote), reason)
        for remote, reason in _REFUSED.findall(text)
        if reason != "atomic push failed"
    ]
    if not reasons:
        return failure(what, text, retry_after)
    lowered = " ".join(reason for _, reason in reasons).lower()
    said = words_of_server(text) or "; ".join(reason for _, reason in reasons)
    if any(word in lowered for word in _RACES):
        return PushRace(
            f"could not {what}: the branch or tag has moved meanwhile ({said})",
            "the step fetches the new state and tries again",
        )
    if any(word in lowered for word in _SERVER_TROUBLE):
        return Retryable(f"could not {what}: {said}", "the server may recover; try again")
    if _PROTECTED.search(f"{lowered} {said.lower()}"):
        return Protected(
            f"could not {what}: the branch is protected: {said}",
            "write with 'write: pull-request', or allow the token's owner to push to this branch",
        )
    return Refused(
        f"could not {what}: a hook or rule of the server refuses it: {said}",
        "do what it asks for, or ask whoever keeps it (subject: gitops.message, author and"
        " signature: the settings)",
    )


def failure(what: str, text: str, retry_after: float | None = None) -> SlipwayError:
    """The error for any failed git command; Retryable unless the text says that it cannot help."""
    own = "\n".join(line for line in text.splitlines() if not line.startswith("remote:"))
    message = f"could not {what}: {words_of_server(text) or first_words(own)}"
    for pattern, kind, hint in _KINDS:
        if re.search(pattern, own):
            return kind(message, hint)
    if re.search(r"returned error: 429|HTTP 429", own):
        hint = "the server limits how often it is asked: fewer deliveries at once, or wait"
        return Retryable(message, hint, _SLOW_DOWN if retry_after is None else retry_after)
    return Retryable(message, "the server or the network may recover; try again", retry_after)


def words_of_server(text: str) -> str:
    """The server's own words (its `remote:` lines), on one line and of bounded length."""
    lines = [
        line.removeprefix("remote:") for line in text.splitlines() if line.startswith("remote:")
    ]
    return printable(" ".join(lines), 400)


def first_words(text: str) -> str:
    """The line that says most about a failure: the first `fatal:` or `error:`, else the first."""
    lines = [line for line in text.splitlines() if line.strip() and line != "Everything up-to-date"]
    telling = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return printable((telling or lines or ["git failed without a word"])[0], 400)
