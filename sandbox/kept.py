"""What an installation chooses once and keeps below its home: its ports, and its signing key."""

import contextlib
import json
import random
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec


def ports(file: Path, names: Sequence[str]) -> dict[str, int]:
    """A port for each name: chosen once, because the repositories name them."""
    chosen: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    missing = [name for name in names if name not in chosen]
    if missing:
        chosen |= dict(zip(missing, _free_ports(), strict=False))
        file.write_text(json.dumps(chosen))
    return chosen


def _free_ports() -> Iterator[int]:
    """Free ports below those that the system lends to clients, which could be lent later.

    They begin anywhere, so that two installations on one machine rarely want the same.
    """
    for port in range(random.randrange(14200, 31000), 32000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            yield port


def signing_key(file: Path) -> str:
    """A private key, made once; nobody can take it for a real one."""
    if not file.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
        pem = key.private_bytes(*form, serialization.NoEncryption()).decode()
        file.write_text(f"This key signs what a sandbox makes; it is worth nothing.\n{pem}")
    return file.read_text()
