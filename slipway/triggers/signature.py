"""Whether GitHub sent a body: HMAC-SHA-256 over its bytes as they came. Pure.

Source: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries.
"""

import hashlib
import hmac
from collections.abc import Collection, Sequence

HEADER = "x-hub-signature-256"


def is_signed(body: bytes, given: Sequence[str], secrets: Collection[str]) -> bool:
    """Whether the one signature header fits the body under any of the secrets.

    Every secret is tried in constant time, so the time tells nothing; an empty one never fits. Two
    are valid at once while one is replaced. No header, or several, is no signature.
    """
    offered = given[0] if len(given) == 1 else ""
    fits = False
    for secret in secrets:
        digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        same = hmac.compare_digest(f"sha256={digest}".encode(), offered.encode())
        fits = fits or (same and bool(secret))
    return fits
