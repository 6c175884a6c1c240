"""Files that look like keys, and Git's own data: they never leave the machine unasked. Pure."""

import fnmatch
from pathlib import PurePosixPath

# Whatever an ignore file says, at any depth, in any case.
_SECRET = (
    ".git", ".env*", "*.pem", "*.key", "*.p12", "*.pfx", "id_rsa*", "id_dsa*", "id_ecdsa*",
    "id_ed25519*", ".netrc", ".pypirc", ".git-credentials", ".ssh", ".aws", ".gnupg", ".kube",
)  # fmt: skip


def is_secret(path: str) -> bool:
    """Whether a path of the source is, or lies below, a file that must not be sent anywhere."""
    parts = PurePosixPath(path.lower()).parts
    return any(fnmatch.fnmatchcase(part, pattern) for part in parts for pattern in _SECRET)
