"""Where the servers are and with which key. The only place that reads environment variables.

Every name is `SLIPWAY_` and the field in capitals. A secret that is not in the environment may come
from elsewhere: `load` takes a function that is asked for it when it is needed (the tasks pass one
that reads Prefect Secret blocks).
"""

import json
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated

from pydantic import Field, PrivateAttr, SecretStr, ValidationError
from pydantic.functional_validators import BeforeValidator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from slipway.errors import InvalidInput

_SEVERAL = ("notify_urls", "webhook_secret")  # hold more than one secret, with blanks between


def _listed(value: object) -> object:
    return value.replace(",", " ").split() if isinstance(value, str) else value


def _parsed(value: object) -> object:
    return json.loads(value or "{}") if isinstance(value, str) else value


class Settings(BaseSettings):
    """Endpoints and credentials of one installation."""

    model_config = SettingsConfigDict(env_prefix="SLIPWAY_", frozen=True, extra="ignore")

    services: Path = Path("services")  # folder of the service files
    github_api_url: str = "https://api.github.com"
    source_token: SecretStr | None = None  # application repository: push, releases
    gitops_token: SecretStr | None = None  # GitOps repository: push
    registry_username: str = ""
    registry_password: SecretStr | None = None
    plain_http_registries: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = ()
    # JSON object: the name of a build secret, and its value
    build_secrets: Annotated[dict[str, SecretStr], NoDecode, BeforeValidator(_parsed)] = {}
    signing_key: SecretStr | None = None  # PEM, ECDSA P-256 or Ed25519: signs provenance
    trusted_keys: str = ""  # PEM public keys that provenance may be signed with
    # JSON object: the name of an engine's webhook, its URL and, after a blank, its secret
    gitops_webhooks: Annotated[dict[str, SecretStr], NoDecode, BeforeValidator(_parsed)] = {}
    argocd_url: str = ""
    argocd_token: SecretStr | None = None
    kubeconfig: str = ""  # path; none: the Pod's service account, else the user's own file
    kube_context: str = ""
    gitops_signing_key: SecretStr | None = None  # SSH or OpenPGP private key: signs GitOps commits
    private_networks: Annotated[
        tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_listed)
    ] = ()  # addresses a smoke test may reach although they are not public
    notify_urls: SecretStr | None = None  # apprise URLs, separated by blanks: who is told
    # JSON object: the name of a list, and its apprise URLs, for services that name it
    notify_lists: Annotated[dict[str, SecretStr], NoDecode, BeforeValidator(_parsed)] = {}
    webhook_secret: SecretStr | None = None  # GitHub's; two, with a blank between, are valid
    webhook_folder: Path = Path(".slipway/webhook")  # where received events wait
    watch_seconds: Annotated[int, Field(ge=0)] = 0  # between two looks at the sources; 0: none
    report_folder: Path | None = None  # where the flow `report` writes pages; none: nowhere
    author_name: str = "Slipway"
    author_email: str = "slipway@users.noreply.example"

    _fallback: Callable[[str], str | None] = PrivateAttr(default_factory=lambda: _nowhere)

    def optional(self, field: str) -> SecretStr | None:
        """The secret of that field; None when it is missing or empty."""
        given: SecretStr | None = getattr(self, field)
        value = given.get_secret_value() if given else self._fallback(block_name(field))
        return SecretStr(value) if value else None

    def secret(self, field: str) -> SecretStr:
        """The secret of that field; InvalidInput when it is missing or empty."""
        found = self.optional(field)
        if found is None:
            raise InvalidInput(
                f"SLIPWAY_{field.upper()} is not set",
                f"set it in the worker's environment, or save a Secret block {block_name(field)}",
            )
        return found

    def build_secret(self, name: str) -> SecretStr:
        """The value of a build secret; InvalidInput when it is missing or empty."""
        block = block_name(f"build_secret_{name.lower()}")
        return self._named(self.build_secrets, name, block, "build secret", "BUILD_SECRETS")

    def notify_list(self, name: str) -> SecretStr:
        """The addresses of a list of people; InvalidInput when it is missing or empty."""
        block = block_name(f"notify_list_{name}")
        return self._named(self.notify_lists, name, block, "notify list", "NOTIFY_LISTS")

    def gitops_webhook(self, name: str) -> SecretStr:
        """URL and secret of an engine's webhook; InvalidInput when it is missing or empty."""
        block = block_name(f"gitops_webhook_{name}")
        return self._named(self.gitops_webhooks, name, block, "webhook", "GITOPS_WEBHOOKS")

    def _named(
        self, known: dict[str, SecretStr], name: str, block: str, kind: str, setting: str
    ) -> SecretStr:
        given = known.get(name)
        value = given.get_secret_value() if given else self._fallback(block)
        if not value:
            raise InvalidInput(
                f"the {kind} {name} has no value",
                f"name it in SLIPWAY_{setting}, or save a Secret block {block}",
            )
        return SecretStr(value)

    @classmethod
    def secret_fields(cls) -> list[str]:
        """Names of the settings that hold one secret."""
        return [n for n, f in cls.model_fields.items() if f.annotation == SecretStr | None]

    def known_secrets(self) -> set[str]:
        """Every secret value there is, to recognise one where none may be."""
        lists = (self.notify_lists, self.gitops_webhooks)
        several = [
            *map(self.optional, _SEVERAL),
            *(value for known in lists for value in known.values()),
        ]
        found = [
            *map(self.optional, self.secret_fields()), *self.build_secrets.values(), *several,
        ]  # fmt: skip
        parts = {part for each in several if each for part in each.get_secret_value().split()}
        return parts | {secret.get_secret_value() for secret in found if secret} - {""}

    def required(self, field: str) -> str:
        """The text setting of that field; InvalidInput when it is empty."""
        value = str(getattr(self, field))
        if not value:
            raise InvalidInput(
                f"SLIPWAY_{field.upper()} is not set",
                "set it in the worker's environment",
            )
        return value


class PrefectAccess(BaseSettings):
    """Where the Prefect server is, by Prefect's own names: for commands that answer a run."""

    model_config = SettingsConfigDict(env_prefix="PREFECT_", frozen=True, extra="ignore")

    api_url: str = "http://127.0.0.1:4200/api"
    api_auth_string: SecretStr | None = None  # "user:password"


def prefect_access() -> PrefectAccess:
    """How the Prefect server is reached, from the environment."""
    return PrefectAccess()


def block_name(field: str) -> str:
    """Name of the Secret block that stands in for a missing environment variable."""
    return f"slipway-{field.replace('_', '-')}"


def _nowhere(_block: str) -> None:
    return None


def load(fallback: Callable[[str], str | None] = _nowhere) -> Settings:
    """Settings from the environment; `fallback(block name)` is asked for secrets that are missing.

    Raises InvalidInput when a variable has a value that cannot be read.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        names = ", ".join(f"SLIPWAY_{str(issue['loc'][0]).upper()}" for issue in error.errors())
        raise InvalidInput(f"cannot read {names}", "correct the worker's environment") from None
    settings._fallback = fallback  # noqa: SLF001  # private only to keep it out of the environment
    return settings
