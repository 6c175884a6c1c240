"""Which of Prefect's settings a warm worker adds to a run's environment."""

import ssl

from workers.lean import NOBODY, lean

PLAIN = {"PREFECT_API_URL": "http://127.0.0.1:4200/api"}
SAFE = {"PREFECT_API_URL": "https://prefect.example.com/api"}
TRUST = "PREFECT_API_SSL_CERT_FILE"


def test_over_plain_http_nobody_is_trusted() -> None:
    assert lean(PLAIN)[TRUST] == NOBODY
    found = ssl.create_default_context(cafile=NOBODY)
    assert [dict(name[0] for name in each["subject"]) for each in found.get_ca_certs()] == [
        {"commonName": "nobody"}
    ]


def test_over_tls_it_is_as_it_was() -> None:
    assert TRUST not in lean(SAFE)
    assert TRUST not in lean({})
    assert lean(SAFE | {TRUST: "/own.pem"})[TRUST] == "/own.pem"


def test_a_run_that_goes_to_another_server_does_not_inherit_it() -> None:
    assert TRUST not in lean(SAFE | {TRUST: NOBODY})


def test_what_somebody_has_set_stays() -> None:
    theirs = PLAIN | {TRUST: "/own.pem", "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "True"}
    assert lean(theirs) == theirs
