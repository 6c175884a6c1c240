"""What Docker and buildah say when the network or a registry fails them. Observed, not promised."""

import re

NETWORK = re.compile(
    r"connection refused|connection reset|no such host|no route to host|network is unreachable"
    r"|i/o timeout|timed? ?out|deadline exceeded|server misbehaving|name resolution"
    r"|unexpected EOF|\bEOF$|request canceled|Client\.Timeout",
    re.IGNORECASE,
)
BUSY = re.compile(
    r"toomanyrequests|too many requests|(HTTP|status|code)[a-z ]*:? (429|5\d\d)\b", re.IGNORECASE
)
LOGIN = re.compile(
    r"no basic auth credentials|unauthorized|authentication required|incorrect username|\b401\b",
    re.IGNORECASE,
)
DENIED = re.compile(r"\bdenied\b")
UNKNOWN = re.compile(
    r"manifest unknown|name unknown|not found: manifest|repository does not exist"
    r"|no image found in (manifest list|image index)",
    re.IGNORECASE,
)
