"""The keys of evidence: ECDSA on P-256 with SHA-256, or Ed25519. Pure: nothing is read or kept.

A private key is PEM text without a password, as `openssl genpkey` writes it; it comes from the
settings and appears in no error.
"""

import base64
import re
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from pydantic import SecretStr

from slipway.errors import InvalidInput

Private = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
Public = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
_ECDSA = ec.ECDSA(hashes.SHA256())
_BLOCK = re.compile(r"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)
_MAKE = "make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"


@dataclass(frozen=True)
class PublicKey:
    """Checks signatures. Two are equal when they are the same key."""

    der: bytes  # SubjectPublicKeyInfo

    @classmethod
    def of(cls, key: Public) -> Self:
        """From a key of the library."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return cls(key.public_bytes(serialization.Encoding.DER, form))

    @cached_property
    def _key(self) -> Public:
        return _usable_public(serialization.load_der_public_key(self.der))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the key, 64 hex: what people compare."""
        return sha256(self.der).hexdigest()

    @property
    def hint(self) -> str:
        """How a Sigstore bundle points at the key."""
        return base64.b64encode(sha256(self.der).digest()).decode()

    @property
    def pem(self) -> str:
        """The key as text, for `SLIPWAY_TRUSTED_KEYS` or cosign."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key.public_bytes(serialization.Encoding.PEM, form).decode()

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` is this key's, over exactly `message`."""
        try:
            if isinstance(self._key, ed25519.Ed25519PublicKey):
                self._key.verify(signature, message)
            else:
                self._key.verify(signature, message, _ECDSA)
        except InvalidSignature:
            return False
        return True


class Signer:
    """A private key; it is never shown."""

    def __init__(self, pem: SecretStr) -> None:
        """Raises InvalidInput, which names the setting and not its value."""
        self._key = _private(_lines(pem.get_secret_value()))
        self.public = PublicKey.of(self._key.public_key())

    def sign(self, message: bytes) -> bytes:
        """The signature over `message`."""
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(message)
        return self._key.sign(message, _ECDSA)


def public_keys(pem: str) -> tuple[PublicKey, ...]:
    """The keys in a text of PEM blocks. Raises InvalidInput for an unreadable one, and for none."""
    text = _lines(pem)
    blocks = [match[0] for match in _BLOCK.finditer(text)]
    if not blocks:
        raise InvalidInput(
            "SLIPWAY_TRUSTED_KEYS holds no PEM block",
            "write the public keys one after the other, as `openssl pkey -pubout` prints them",
        )
    return tuple(_public(block) for block in blocks)


def _lines(pem: str) -> str:
    r"""The text with its line breaks; environment files often write them as `\n`."""
    return pem.replace("\\n", "\n")


def _private(pem: str) -> Private:
    if "ENCRYPTED" in pem:
        raise InvalidInput("SLIPWAY_SIGNING_KEY is encrypted with a password", _MAKE)
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InvalidInput("SLIPWAY_SIGNING_KEY is not a private key in PEM form", _MAKE) from None
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise InvalidInput("SLIPWAY_SIGNING_KEY is neither ECDSA P-256 nor Ed25519", _MAKE)


def _public(pem: str) -> PublicKey:
    try:
        return PublicKey.of(_usable_public(serialization.load_pem_public_key(pem.encode())))
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidInput(
            "SLIPWAY_TRUSTED_KEYS holds something other than public keys of ECDSA P-256 or Ed25519",
            "print the public half of a key with: openssl pkey -pubout -in FILE",
        ) from None


def _usable_public(key: object) -> Public:
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise ValueError("neither ECDSA P-256 nor Ed25519")
