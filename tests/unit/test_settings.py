"""Settings come from the environment; secrets may come from elsewhere and stay hidden."""

from ipaddress import ip_network

import pytest
from pydantic import SecretStr

from slipway.clients.registry import credential_of
from slipway.errors import InvalidInput
from slipway.settings import Settings, block_name, load

SECRETS = [
    name for name, field in Settings.model_fields.items() if field.annotation == SecretStr | None
]


def test_everything_has_a_default() -> None:
    assert load().github_api_url == "https://api.github.com"
    assert str(load().services) == "services"
    assert load().private_networks == ()


def test_a_variable_is_slipway_and_the_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_ARGOCD_URL", "https://argocd.example")
    assert load().required("argocd_url") == "https://argocd.example"


@pytest.mark.parametrize(
    "text", ["10.0.0.0/8,fd00::/8", "10.0.0.0/8 fd00::/8", " 10.0.0.0/8 , fd00::/8 "]
)
def test_lists_are_separated_by_commas_or_blanks(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("SLIPWAY_PRIVATE_NETWORKS", text)
    assert load().private_networks == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def test_X12_a_value_that_cannot_be_read_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLIPWAY_PRIVATE_NETWORKS", "10.0.0.0/8 me:hunter2@host")
    with pytest.raises(InvalidInput, match="SLIPWAY_PRIVATE_NETWORKS") as error:
        load()
    assert "hunter2" not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


@pytest.mark.parametrize("field", SECRETS)
@pytest.mark.parametrize("value", [None, ""])
def test_X14_a_missing_secret_names_variable_and_block(
    monkeypatch: pytest.MonkeyPatch, field: str, value: str | None
) -> None:
    if value is not None:
        monkeypatch.setenv(f"SLIPWAY_{field.upper()}", value)
    with pytest.raises(InvalidInput, match=f"SLIPWAY_{field.upper()} is not set") as error:
        load().secret(field)
    assert block_name(field) in error.value.hint
    assert load().optional(field) is None


@pytest.mark.parametrize("field", SECRETS)
def test_a_block_stands_in_for_a_missing_variable(field: str) -> None:
    blocks = {f"slipway-{field.replace('_', '-')}": "from the block"}
    settings = load(blocks.get)
    assert settings.secret(field) == SecretStr("from the block")
    assert settings.optional(field) == SecretStr("from the block")


def test_the_environment_comes_before_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_SOURCE_TOKEN", "from the environment")
    asked: list[str] = []
    assert load(asked.append).secret("source_token") == SecretStr("from the environment")
    assert asked == []


def test_the_registry_password_may_come_from_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_REGISTRY_USERNAME", "robot")
    found = credential_of(load({"slipway-registry-password": "hunter2"}.get))
    assert found is not None
    assert found.password == SecretStr("hunter2")
    assert credential_of(load()) is None


def test_a_missing_address_names_its_variable() -> None:
    with pytest.raises(InvalidInput, match="SLIPWAY_ARGOCD_URL is not set"):
        load().required("argocd_url")


@pytest.mark.parametrize("field", SECRETS)
def test_X12_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    monkeypatch.setenv(f"SLIPWAY_{field.upper()}", "hunter2")
    settings = load()
    for shown in (
        repr(settings),
        str(settings),
        settings.model_dump_json(),
        repr(settings.secret(field)),
    ):
        assert "hunter2" not in shown


def test_build_secrets_come_by_name_from_a_json_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_BUILD_SECRETS", '{"NPM_TOKEN": "hunter2"}')
    settings = load()
    assert settings.build_secret("NPM_TOKEN") == SecretStr("hunter2")
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert "hunter2" not in shown


@pytest.mark.parametrize("text", [None, "", "{}", '{"NPM_TOKEN": ""}'])
def test_X14_a_missing_build_secret_names_variable_and_block(
    monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    if text is not None:
        monkeypatch.setenv("SLIPWAY_BUILD_SECRETS", text)
    with pytest.raises(InvalidInput, match="the build secret NPM_TOKEN has no value") as error:
        load().build_secret("NPM_TOKEN")
    assert "SLIPWAY_BUILD_SECRETS" in error.value.hint
    assert "slipway-build-secret-npm-token" in error.value.hint


def test_a_block_stands_in_for_a_missing_build_secret() -> None:
    blocks = {"slipway-build-secret-npm-token": "from the block"}
    assert load(blocks.get).build_secret("NPM_TOKEN") == SecretStr("from the block")


@pytest.mark.parametrize("text", ["hunter2", '["hunter2"]', '{"A": ["hunter2"]}'])
def test_X12_build_secrets_that_cannot_be_read_are_not_shown(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("SLIPWAY_BUILD_SECRETS", text)
    with pytest.raises(InvalidInput, match="cannot read SLIPWAY_BUILD_SECRETS") as error:
        load()
    assert "hunter2" not in str(error.value)


def test_every_secret_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_BUILD_SECRETS", '{"A": "one", "B": ""}')
    monkeypatch.setenv("SLIPWAY_SOURCE_TOKEN", "two")
    blocks = {"slipway-argocd-token": "three"}
    assert load(blocks.get).known_secrets() == {"one", "two", "three"}


def test_each_of_several_secrets_in_one_setting_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_NOTIFY_URLS", "json://a slack://b")
    monkeypatch.setenv("SLIPWAY_WEBHOOK_SECRET", "old new")
    monkeypatch.setenv("SLIPWAY_NOTIFY_LISTS", '{"team": "mailtos://c"}')
    monkeypatch.setenv("SLIPWAY_GITOPS_WEBHOOKS", '{"flux": "https://d/hook/e hush"}')
    monkeypatch.setenv("SLIPWAY_SIGNING_KEY", "-----BEGIN PRIVATE KEY----- f")
    found = load().known_secrets()
    assert {"json://a", "slack://b", "old", "new", "mailtos://c"} <= found
    assert {"https://d/hook/e", "hush", "https://d/hook/e hush"} <= found
    assert "PRIVATE" not in found  # a key is one secret, whatever its lines


def test_a_missing_notify_list_names_variable_and_block() -> None:
    known = Settings.model_validate({"notify_lists": {"team": "json://a", "empty": ""}})
    assert known.notify_list("team").get_secret_value() == "json://a"
    assert "json://a" in known.known_secrets()
    for name in ("empty", "other"):
        with pytest.raises(InvalidInput, match=f"notify list {name}") as missing:
            known.notify_list(name)
        assert f"slipway-notify-list-{name}" in missing.value.hint
