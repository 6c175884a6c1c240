"""Whether GitHub sent a body: HMAC-SHA-256 over its bytes as they came. Pure.

Source: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries.
"""

import hashlib
import hmac
from collections.abc import Collection, Sequence

HEADER = "x-hub-signature-256"


def signature(body: bytes, secret: str) -> str:
    """What the header has to say about the body."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def is_signed(body: bytes, given: Sequence[str], secrets: Collection[str]) -> bool:
    """Whether the one signature header fits the body under any of the secrets.

    Every secret is tried in constant time, so the time tells nothing; an empty one never fits. Two
    are valid at once while one is replaced. No header, or several, is no signature.
    """
    offered = given[0] if len(given) == 1 else ""
    fits = False
    for secret in secrets:
        same = hmac.compare_digest(signature(body, secret).encode(), offered.encode())
        fits = fits or (same and bool(secret))
    return fits
