"""Settings: where secrets come from, and that they do not show."""

import pytest

from slipway.errors import InvalidInput
from slipway.settings import block_name, load

MARKER = "marker-1f6c"


def test_a_secret_of_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_GITOPS_TOKEN", MARKER)
    assert load(lambda _: "other").secret("gitops_token").get_secret_value() == MARKER


def test_a_missing_secret_comes_from_its_block() -> None:
    blocks = {"slipway-argocd-token": MARKER}
    settings = load(blocks.get)
    assert settings.secret("argocd_token").get_secret_value() == MARKER
    with pytest.raises(InvalidInput, match="SLIPWAY_SOURCE_TOKEN is not set"):
        settings.secret("source_token")


@pytest.mark.parametrize("value", ["", None])
def test_X14_a_missing_or_empty_secret_is_named_not_shown(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    if value is not None:
        monkeypatch.setenv("SLIPWAY_SOURCE_TOKEN", value)
    with pytest.raises(InvalidInput, match="SLIPWAY_SOURCE_TOKEN") as caught:
        load().secret("source_token")
    assert block_name("source_token") in caught.value.hint


def test_X12_no_secret_shows_in_any_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SOURCE_TOKEN", "GITOPS_TOKEN", "REGISTRY_PASSWORD", "ARGOCD_TOKEN"):
        monkeypatch.setenv(f"SLIPWAY_{name}", MARKER)
    settings = load()
    assert MARKER not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_a_value_that_cannot_be_read_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_PRIVATE_NETWORKS", "not-a-network")
    with pytest.raises(InvalidInput, match="SLIPWAY_PRIVATE_NETWORKS"):
        load()


def test_lists_are_read_with_commas_or_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_PRIVATE_NETWORKS", "127.0.0.0/8, ::1/128 10.0.0.0/8")
    assert [str(n) for n in load().private_networks] == ["127.0.0.0/8", "::1/128", "10.0.0.0/8"]


def test_a_missing_endpoint_is_named() -> None:
    with pytest.raises(InvalidInput, match="SLIPWAY_ARGOCD_URL"):
        load().required("argocd_url")
