"""Who calls, and what they may do: accounts, API keys, logins, permissions."""

import secrets
import time
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.cookies import SimpleCookie

from starlette.requests import Request

from sandbox.argocd.errors import DENIED, UNAUTHENTICATED, ApiError

LOGIN_LIFE = 24 * 3600.0  # seconds
_FAILURES, _FAILURE_WINDOW = 5, 300.0


@dataclass(frozen=True)
class Account:
    """A local account, or a project role when named `proj:<project>:<role>`."""

    name: str
    password: str = ""  # empty: no login, API key only
    token: str = ""  # an API key: three parts with dots between, never a real one
    policies: tuple[str, ...] = ("applications, *, */*",)  # "resource, action, object"

    def may(self, resource: str, action: str, target: str) -> bool:
        """Whether a policy allows `action` on `target`, such as `default/books-api`."""
        wanted = (resource, action, target)
        for policy in self.policies:
            parts = [part.strip() for part in policy.split(",")]
            if all(map(fnmatchcase, wanted, parts)):
                return True
        return False


def api_key(name: str) -> str:
    """A string in the shape of an API key that nobody can mistake for one."""
    return f"sandbox.{name.replace(':', '-').replace('.', '-')}.not-a-real-token"


@dataclass
class Accounts:
    """All accounts and the tokens that stand for them."""

    accounts: list[Account]
    life: float = LOGIN_LIFE
    _logins: dict[str, tuple[Account, float]] = field(default_factory=dict)
    _failures: dict[str, list[float]] = field(default_factory=dict)

    def login(self, name: str, password: str) -> str:
        """A token for 24 hours; raises ApiError 401, also after too many failures."""
        failures = self._failures.setdefault(name, [])
        failures[:] = [at for at in failures if time.monotonic() - at < _FAILURE_WINDOW]
        for account in self.accounts:
            known = account.name == name and account.password
            if known and len(failures) < _FAILURES and account.password == password:
                token = f"sandbox.{secrets.token_hex(8)}.not-a-real-token"
                self._logins[token] = (account, time.monotonic() + self.life)
                return token
        failures.append(time.monotonic())
        raise ApiError(UNAUTHENTICATED, "Invalid username or password")

    def revoke(self, token: str) -> None:
        """Make a login or an API key worthless."""
        self._logins.pop(token, None)
        self.accounts = [each for each in self.accounts if each.token != token]

    def caller(self, request: Request) -> Account:
        """The account behind a request; raises ApiError 401."""
        token = _token(request)
        if not token:
            raise ApiError(UNAUTHENTICATED, "no session information")
        for account in self.accounts:
            if account.token == token:
                return account
        if token not in self._logins:
            why = "token signature is invalid: signature is invalid"
            raise ApiError(UNAUTHENTICATED, f"invalid session: {why}")
        account, expires = self._logins[token]
        if time.monotonic() > expires:
            why = "token has invalid claims: token is expired"
            raise ApiError(UNAUTHENTICATED, f"invalid session: {why}")
        return account


def require(account: Account, action: str, target: str, resource: str = "applications") -> None:
    """Raise the long 403 of a later check."""
    if not account.may(resource, action, target):
        subject = f"sub: {account.name}, iat: 2026-08-22T09:00:00Z"
        raise ApiError(DENIED, f"permission denied: {resource}, {action}, {target}, {subject}")


def _token(request: Request) -> str:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme == "Bearer" and len(bearer.split(".")) == 3:
        return bearer
    cookie = SimpleCookie(request.headers.get("cookie", "")).get("argocd.token")
    value = cookie.value if cookie else ""
    return value if len(value.split(".")) == 3 else ""
