"""Who calls, and what they may do: tokens and role rules."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from sandbox.kubernetes.errors import StatusError
from sandbox.kubernetes.path import Path


@dataclass(frozen=True)
class Rule:
    """What may be done with which resources, and where; `*` is a wildcard in each."""

    verbs: tuple[str, ...]
    resources: tuple[str, ...]  # `plural.group`, `pods`, `pods/log`
    namespaces: tuple[str, ...] = ("*",)

    def allows(self, verb: str, resource: str, namespace: str) -> bool:
        """Whether this rule is about that; no namespace means all of them at once."""
        return (
            any(fnmatchcase(verb, each) for each in self.verbs)
            and any(fnmatchcase(resource, each) for each in self.resources)
            and any(each in ("*", namespace) for each in self.namespaces)
        )


@dataclass(frozen=True)
class Account:
    """A service account or a user."""

    name: str
    token: str = ""
    rules: tuple[Rule, ...] = ()

    def may(self, verb: str, resource: str, namespace: str) -> bool:
        return any(rule.allows(verb, resource, namespace) for rule in self.rules)


EVERYTHING = Rule(("*",), ("*",))
ADMIN = Account("admin", "sandbox-admin-not-a-real-token", (EVERYTHING,))
_ANONYMOUS = Account("system:anonymous")


def caller(accounts: list[Account], authorization: str) -> Account:
    """The account behind a request; raises StatusError 401 for a token nobody has."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        return _ANONYMOUS
    for account in accounts:
        if account.token == token:
            return account
    raise StatusError(401, "Unauthorized")


def require(account: Account, verb: str, path: Path) -> None:
    """Raise StatusError 403 unless a rule allows it."""
    if account.may(verb, path.resource, path.namespace):
        return
    where = f'in the namespace "{path.namespace}"' if path.namespace else "at the cluster scope"
    plural, slash, sub = path.plural, "/" if path.sub else "", path.sub
    text = (
        f'User "{account.name}" cannot {verb} resource "{plural}{slash}{sub}"'
        f' in API group "{path.group}" {where}'
    )
    about = f'{path.object_resource} "{path.name}"' if path.name else path.object_resource
    named = {"name": path.name, "group": path.group, "kind": plural}
    details = {key: value for key, value in named.items() if value}
    raise StatusError(403, f"{about} is forbidden: {text}", **details)
