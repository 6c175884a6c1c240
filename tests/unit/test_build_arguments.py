"""Which build arguments are refused: they would stay readable in the image."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.builders.arguments import check_arguments, looks_secret
from slipway.errors import InvalidInput

WORD = st.text(string.ascii_lowercase, min_size=1, max_size=8)
SECRET = st.sampled_from(["password", "secret", "token", "credentials", "apikey", "key", "auth"])


@pytest.mark.parametrize(
    "name",
    ["PASSWORD", "DB_PASSWORD", "dbPassword", "DBPASSWORD", "NPM_TOKEN", "GITHUBTOKEN", "API_KEY",
     "apiKey", "SECRET_KEY_BASE", "AWS_SECRET_ACCESS_KEY", "GITHUB_PAT", "BASIC_AUTH",
     "SSH_PRIVATE_KEY", "CREDENTIALS", "TOKEN_VALUE"],
)  # fmt: skip
def test_B12_names_that_look_like_secrets_are_known(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name",
    ["NODE_ENV", "VERSION", "MONKEY", "KEYBOARD", "AUTHOR", "PATH_PREFIX", "TOKENIZERS_PARALLELISM",
     "NEXT_PUBLIC_API_KEY", "PUBLIC_KEY", "CACHE_KEY", "KEY_ID", "TOKEN_URL", "SECRET_NAME",
     "COMPASS", "PASSENGER", "PATCH"],
)  # fmt: skip
def test_B12_ordinary_names_are_accepted(name: str) -> None:
    assert not looks_secret(name)


@given(before=st.lists(WORD, max_size=2), secret=SECRET)
def test_B12_a_name_that_ends_in_a_secret_word_is_refused(before: list[str], secret: str) -> None:
    if "public" in before or before[:1] == ["cache"]:
        return
    name = "_".join([*before, secret])
    with pytest.raises(InvalidInput, match=f"image.args: {name} looks like a secret"):
        check_arguments([(name, "x")], set())
    assert looks_secret(name.upper())


def test_B12_a_value_that_is_a_secret_is_refused_and_not_shown() -> None:
    with pytest.raises(InvalidInput, match="the value of MIRROR is a secret") as caught:
        check_arguments([("NODE_ENV", "production"), ("MIRROR", "hunter2")], {"hunter2"})
    assert "hunter2" not in str(caught.value)
    assert "image.secrets" in caught.value.hint


def test_public_arguments_pass() -> None:
    check_arguments([("NODE_ENV", "production"), ("VERSION", "")], {"hunter2"})
