"""DSSE: a signed envelope around a statement, as it is written and as it is read. Pure.

https://github.com/secure-systems-lab/dsse. What arrives here came from a registry, where anybody
with a push right can put anything: it is a statement only after its signature is checked.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from slipway.evidence.keys import PublicKey, Signer

PAYLOAD_TYPE = "application/vnd.in-toto+json"


class Unacceptable(ValueError):
    """This is not evidence; the reason is for people."""


@dataclass(frozen=True)
class Envelope:
    """A payload, what it is, and signatures over both."""

    payload: bytes
    signatures: tuple[bytes, ...]
    payload_type: str = PAYLOAD_TYPE

    @classmethod
    def signed(cls, payload: bytes, signer: Signer) -> Self:
        """The payload, signed."""
        return cls(payload, (signer.sign(_encoded(PAYLOAD_TYPE, payload)),))

    @classmethod
    def read(cls, document: Any) -> Self:
        """The envelope that a JSON document is. Raises Unacceptable."""
        if not isinstance(document, dict):
            raise Unacceptable("it is not a DSSE envelope")
        entries = document.get("signatures")
        if not isinstance(entries, list) or not entries:
            raise Unacceptable("it carries no signature")
        signatures = tuple(_bytes(entry, "sig") for entry in entries)
        return cls(_bytes(document, "payload"), signatures, str(document.get("payloadType")))

    @property
    def document(self) -> dict[str, Any]:
        """The envelope as JSON. The key id is empty: some verifiers skip one they do not know."""
        return {
            "payload": _text(self.payload),
            "payloadType": self.payload_type,
            "signatures": [{"keyid": "", "sig": _text(each)} for each in self.signatures],
        }

    def signer(self, trusted: Iterable[PublicKey]) -> PublicKey:
        """The trusted key that signed exactly this payload of this type. Raises Unacceptable."""
        if self.payload_type != PAYLOAD_TYPE:
            raise Unacceptable(f"its payload type is {self.payload_type!r:.80}")
        message = _encoded(self.payload_type, self.payload)
        for key in trusted:
            if any(key.verifies(message, signature) for signature in self.signatures):
                return key
        raise Unacceptable("no trusted key has signed it")


def _encoded(payload_type: str, payload: bytes) -> bytes:
    """What is signed: DSSE's pre-authentication encoding."""
    kind = payload_type.encode()
    return b" ".join((b"DSSEv1", b"%d" % len(kind), kind, b"%d" % len(payload), payload))


def _bytes(document: Any, field: str) -> bytes:
    value = document.get(field) if isinstance(document, dict) else None
    if not isinstance(value, str):
        raise Unacceptable(f"it has no {field}")
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        raise Unacceptable(f"its {field} is not base64") from None


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
