"""Foreign text as errors and reports quote it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.text import redacted

HEADER = "Illegal header value b'Bearer eyJhbGciOiJSUzI1\\nNiIsImtpZCI6SECRETREST'"
STATUS = json.dumps({"kind": "ExecCredential", "status": {"token": "k8s-aws-v1.aHR0cSECRET"}})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (HEADER, "Illegal header value b'Bearer ***'"),
        ('"Basic dXNlcjpwYXNz\nSECRET", 401', '"Basic ***", 401'),
        (STATUS, STATUS.replace("k8s-aws-v1.aHR0cSECRET", "***")),
        (json.dumps(STATUS), json.dumps(STATUS).partition("k8s")[0] + '***"'),
        ('{"password": "pa\\"SECRET", "n": 1}', '{"password": "***", "n": 1}'),
        ("{'access_token': 'SECRET', 'n': 1}", "{'access_token': '***', 'n': 1}"),
        ('password="SECRET x"', 'password="***"'),
        ("clientKeyData: LS0tLS1CRUdJTi", "clientKeyData: ***"),
        ('client-certificate-data: "LS0tLS1C"', 'client-certificate-data: "***"'),
        ('{"clientKeyData":"LS0tLS1C","n":1}', '{"clientKeyData":"***","n":1}'),
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer ***"),
        ("https://user:pass@host/x", "https://host/x"),
        ("ghp_abcdefghijklmnopqrst", "ghp_***"),
    ],
)
def test_a_credential_is_not_shown(text: str, shown: str) -> None:
    assert redacted(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "could not read the token: permission denied",
        "no such secret: 'books-tls'",
        "metadata: {name: books}, data: books",
        "the 'token' is of another server",
    ],
)
def test_what_people_need_to_read_is_left(text: str) -> None:
    assert redacted(text) == text


SECRETS = st.text("abcXYZ0189+/=._-\\\n \"'", min_size=6)


@given(st.sampled_from(["token", "id_token", "password"]), SECRETS)
def test_no_part_of_a_quoted_value_is_left(key: str, secret: str) -> None:
    for text in (json.dumps({key: secret}), repr({key: secret})):
        assert redacted(text).replace("'", '"') == f'{{"{key}": "***"}}'


def test_a_long_line_takes_no_time() -> None:
    assert redacted("token-" * 20_000).startswith("token-")
    assert redacted('token:"' * 20_000).startswith('token:"***')
