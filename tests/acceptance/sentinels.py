"""Distinctive secrets in every setting, and witnesses of what a worker does with them."""

import base64
import json
import os
import pickle
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from sandbox.world import REGISTRY_ACCOUNT
from tests.contract.notify_place import PASSWORD

BUILD_SECRET = "sentinel-build-4f1d9c"  # a value that stands out
WEBHOOK_SECRET = "sentinel-webhook-93ae"
_PROGRAMS = ("git", "ssh-keygen", "gpg", "buildah", "docker")
# Prints its arguments and the repository's configuration to the witness, then is the program.
_WITNESS = """#!/bin/sh
{{ for word in "$@"; do printf '%s\\n' "$word"; done
   [ -n "$GIT_DIR" ] && cat "$GIT_DIR/config" "$GIT_DIR/logs/HEAD" 2>/dev/null; }} >> '{said}'
exec '{program}' "$@"
"""


def environment(home: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """The worker's: each secret setting has a value, everything is traced and overheard."""
    return {
        **settings,
        "SLIPWAY_BUILD_SECRETS": json.dumps({"NPM_TOKEN": BUILD_SECRET}),
        "SLIPWAY_GITOPS_SIGNING_KEY": _signing_key(home),
        "SLIPWAY_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "PATH": f"{_overheard(home)}:{os.environ['PATH']}",
        "GIT_TRACE": "1",
        "GIT_TRACE_CURL": str(home / "logs" / "git-curl.log"),
        "GIT_CURL_VERBOSE": "1",
        "PREFECT_LOGGING_LEVEL": "DEBUG",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "httpx,httpcore,git",
    }


def secrets(settings: Mapping[str, str]) -> dict[str, str]:
    """The secrets among them, by what each is called."""
    return {
        **{name: settings[name] for name in settings if _is_secret(name)},
        "SLIPWAY_BUILD_SECRETS": BUILD_SECRET,
        "SLIPWAY_NOTIFY_LISTS": PASSWORD,
        "SLIPWAY_GITOPS_WEBHOOKS": PASSWORD,
    }


_SECRETS = ("_TOKEN", "_PASSWORD", "_KEY", "_URLS", "_SECRET")


def _is_secret(name: str) -> bool:
    return name.startswith("SLIPWAY_") and name.endswith(_SECRETS)


def forms(secret: str) -> Iterator[bytes]:
    """The secret as it is, and as URLs, HTTP headers, JSON and pickled results carry it."""
    secret = max(secret.splitlines(), key=len)  # of a key in PEM form: a line of it
    yield secret.encode()
    yield quote(secret, safe="").encode()
    for text in (secret, f"x-access-token:{secret}", f"{REGISTRY_ACCOUNT[0]}:{secret}"):
        yield base64.b64encode(text.encode()).rstrip(b"=")
    yield base64.b64encode(pickle.dumps(secret))[8:-8]  # its frame differs


def overheard(home: Path) -> Path:
    """The folder of what the programs were told."""
    return home / "overheard"


def _overheard(home: Path) -> Path:
    folder = home / "bin"
    folder.mkdir(exist_ok=True)
    overheard(home).mkdir(exist_ok=True)
    for name in _PROGRAMS:
        program = shutil.which(name)
        if program:
            said = overheard(home) / name
            (folder / name).write_text(_WITNESS.format(said=said, program=program))
            (folder / name).chmod(stat.S_IRWXU)
    return folder


def _signing_key(home: Path) -> str:
    file = home / "gitops-signing-key"
    if not file.exists():
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(file)]
        subprocess.run(command, check=True, capture_output=True)
    return file.read_text()
