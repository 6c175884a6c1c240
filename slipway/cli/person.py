"""Who is at the keyboard: as told, or as git knows the person."""

import subprocess

from slipway.errors import InvalidInput


def who(name: str | None) -> str:
    """The name given, or git's user.email. Raises InvalidInput where there is neither."""
    if name:
        return name
    try:
        command = ["git", "config", "user.email"]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=10)
    except FileNotFoundError:
        done = None
    found = done.stdout.strip() if done else ""
    if not found:
        raise InvalidInput("who are you?", "name yourself with --as, or set git's user.email")
    return found
