"""Build arguments are public: they stay in the image's history. None may be a secret. Pure."""

import re
from collections.abc import Collection, Iterable

from slipway.errors import InvalidInput

_ENDINGS = (
    "password", "passwords", "passwd", "pwd", "passphrase", "secret", "secrets", "token", "tokens",
    "credential", "credentials", "apikey", "accesskey", "privatekey", "secretkey", "signingkey",
)  # fmt: skip
_WORDS = ("key", "keys", "auth", "pass", "pat")
# A name that ends so says where or what the secret is; one with "public" in it is public.
_PUBLIC = ("public", "id", "url", "path", "file", "dir", "name", "ttl", "length")
_HINT = "pass it as a build secret: image.secrets, and its value in SLIPWAY_BUILD_SECRETS"


def looks_secret(name: str) -> bool:
    """Whether a build argument of this name would hold a secret, as far as one can tell."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().split("_")
    if "public" in words or words[-1] in _PUBLIC or words[:1] == ["cache"]:
        return False
    return any(word in _WORDS or word.endswith(_ENDINGS) for word in words)


def check_arguments(arguments: Iterable[tuple[str, str]], secrets: Collection[str]) -> None:
    """InvalidInput for a build argument that looks like, or is, one of our `secrets`."""
    for name, value in arguments:
        if looks_secret(name):
            raise InvalidInput(
                f"image.args: {name} looks like a secret, and build arguments stay in the image",
                _HINT,
            )
        if value in secrets:
            raise InvalidInput(
                f"image.args: the value of {name} is a secret of the settings,"
                " and build arguments stay in the image",
                _HINT,
            )
