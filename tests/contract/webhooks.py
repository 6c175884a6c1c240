"""Events as GitHub sends them, and the service that they are about."""

import hashlib
import hmac
import json
from typing import Any

import httpx


def signature(body: bytes, secret: str) -> str:
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def written(repository: str, **changed: Any) -> dict[str, Any]:
    """A service file of the repository, released from main."""
    one = {
        "name": "staging",
        "updates": [{"file": "values.yaml", "key": "image.tag"}],
        "application": {"name": "shop-staging"},
        "smoke": {"url": "https://shop.example.com/books"},
    }
    return {
        "service": "shop",
        "source": {"repository": repository, **changed.pop("source", {})},
        "image": {"repository": "ghcr.io/acme/shop"},
        "gitops": {"repository": "https://github.com/acme/gitops"},
        "environments": [one],
        **changed,
    }


def push(repository: str, commit: str) -> dict[str, Any]:
    """A push to main that changed one file."""
    return {
        "ref": "refs/heads/main",
        "after": commit,
        "repository": {"clone_url": repository},
        "commits": [{"modified": ["src/app.py"]}],
    }


def deliver(
    url: str, payload: Any, secret: str, *, delivery: str, **changed: str | None
) -> httpx.Response:
    """Send an event to a receiver; `changed` are headers, None leaves one out."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers: dict[str, str | None] = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": delivery,
        "X-Hub-Signature-256": signature(body, secret),
    }
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    kept = {name: value for name, value in headers.items() if value is not None}
    return httpx.post(f"{url}/github", content=body, headers=kept, timeout=30, trust_env=False)
