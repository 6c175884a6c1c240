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
    """The server's rules forbid this push; another attempt cannot help."""


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
_SERVER_TROUBLE = ("internal server error", "unpacker error", "timeout", "try again")
# What git itself says (never the server's words), the kind of error it means, and what to do.
_KINDS: tuple[tuple[str, type[SlipwayError], str], ...] = (
    (
        r"Authentication failed for|could not read (Username|Password)|returned error: 40[13]",
        Unauthorized,
        "check the token: that it is set, has not expired, and may read and write this repository",
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


def push_failure(what: str, text: str) -> SlipwayError:
    """The error for a failed push, from porcelain output and stderr together.

    A refusal by name (`[rejected]`, `[remote rejected]`) outranks everything else in the text.
    """
    reasons = [
        (bool(remote), reason)
        for remote, reason in _REFUSED.findall(text)
        if reason != "atomic push failed"
    ]
    if not reasons:
        return failure(what, text)
    lowered = " ".join(reason for _, reason in reasons).lower()
    said = words_of_server(text) or "; ".join(reason for _, reason in reasons)
    if any(word in lowered for word in _RACES):
        return PushRace(
            f"could not {what}: the branch or tag has moved meanwhile ({said})",
            "the step fetches the new state and tries again",
        )
    if any(word in lowered for word in _SERVER_TROUBLE):
        return Retryable(f"could not {what}: {said}", "the server may recover; try again")
    return Protected(
        f"could not {what}: the server's rules refuse it: {said}",
        "allow the token's owner to push to this branch, or choose another branch",
    )


def failure(what: str, text: str) -> SlipwayError:
    """The error for any failed git command; Retryable unless the text says that it cannot help."""
    own = "\n".join(line for line in text.splitlines() if not line.startswith("remote:"))
    message = f"could not {what}: {words_of_server(text) or first_words(own)}"
    for pattern, kind, hint in _KINDS:
        if re.search(pattern, own):
            return kind(message, hint)
    return Retryable(message, "the server or the network may recover; try again")


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
