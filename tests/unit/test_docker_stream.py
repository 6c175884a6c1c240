"""Recorded lines of a Docker engine, read to a result or to the right family of error."""

from typing import Any

import pytest

from slipway.clients.docker_stream import LOG_LINES, built, engine_error, pushed
from slipway.errors import Conflict, Final, NotFound, Retryable, SlipwayError, Unauthorized

Line = dict[str, Any]
WHAT = "push to registry.example/shop the version 2.0.0"
DIGEST = "sha256:" + "d" * 64
RETRYING = [{"status": f"Retrying in {n} seconds", "id": "f1"} for n in (5, 4, 3, 2, 1)]


def failed_push(text: str, before: list[Line] | None = None) -> SlipwayError:
    lines = [
        {"status": "The push refers to repository [registry.example/shop]"},
        *(before or []),
        {"errorDetail": {"message": text}, "error": text},
    ]
    with pytest.raises(SlipwayError) as caught:
        pushed(lines, WHAT)
    return caught.value


def failed_build(text: str, code: int | None = None, before: int = 0) -> SlipwayError:
    detail: Line = {"message": text} | ({"code": code} if code else {})
    lines: list[Line] = [{"stream": f"line {n}\n"} for n in range(before)]
    with pytest.raises(SlipwayError) as caught:
        built([*lines, {"errorDetail": detail, "error": text}], "build shop:2.0.0 from Dockerfile")
    return caught.value


def test_good_streams_name_the_image_and_the_digest() -> None:
    build: list[Line] = [
        {"stream": "Step 1/1 : FROM scratch\n"},
        {"aux": {"ID": "sha256:" + "e" * 64}},
        {"stream": "Successfully built eeeeeeeeeeee\n"},
    ]
    push: list[Line] = [
        {"status": "Pushing", "progressDetail": {"current": 512}, "progress": "[=>]", "id": "f1"},
        {"status": f"2.0.0: digest: {DIGEST} size: 528"},
        {"progressDetail": {}, "aux": {"Tag": "2.0.0", "Digest": DIGEST, "Size": 528}},
    ]
    assert built(build, "build shop") == "sha256:" + "e" * 64
    assert pushed(push, WHAT) == DIGEST


def test_B03_dockerfile_error_names_file_and_line() -> None:
    said = "dockerfile parse error line 429: unknown instruction: FORM"
    error = engine_error(said, "build shop:2.0.0 from deploy/Dockerfile")
    assert type(error) is Final
    assert "deploy/Dockerfile" in error.message
    assert "line 429" in error.message


@pytest.mark.parametrize(
    ("text", "code", "family"),
    [
        ("COPY failed: file not found in build context: stat connection refused", None, Final),
        ("The command '/bin/sh -c echo connection refused' returned a non-zero code: 1", 1, Final),
        ("The command '/bin/sh -c make' returned a non-zero code: 137", 137, Final),
        ("pull access denied for acme/base, repository does not exist", None, Final),
        ("manifest for acme/base:9 not found: manifest unknown", None, Final),
        ('Get "https://registry.example/v2/": dial tcp: lookup registry.example: no such host',
         None, Retryable),
        ("toomanyrequests: You have reached your pull rate limit.", None, Retryable),
    ],
)  # fmt: skip
def test_B04_build_errors_find_their_family(
    text: str, code: int | None, family: type[SlipwayError]
) -> None:
    error = failed_build(text, code)
    assert isinstance(error, family)
    assert text[:60] in error.message


def test_B04_error_ends_with_the_last_lines_of_the_log() -> None:
    error = failed_build("The command returned a non-zero code: 2", 2, before=50)
    assert error.message.splitlines()[-LOG_LINES:] == [f"line {n}" for n in range(30, 50)]


def test_B04_out_of_memory_is_named() -> None:
    assert "memory" in failed_build("The command returned a non-zero code: 137", 137).hint


def test_B05_error_line_wins_over_an_image() -> None:
    lines: list[Line] = [{"aux": {"ID": "sha256:" + "e" * 64}}, {"error": "COPY failed: no"}]
    with pytest.raises(Final):
        built(lines, "build shop")


def test_B06_full_disk_of_the_engine_is_final() -> None:
    said = "Error processing tar file(exit status 1): write /big: no space left on device"
    error = engine_error(said, "build shop")
    assert type(error) is Final
    assert "no space left on device" in error.message


@pytest.mark.parametrize(
    "text",
    [
        "no basic auth credentials",
        "unauthorized: authentication required",
        'Get "http://127.0.0.1:5000/v2/": unauthorized: incorrect username or password',
        "login attempt to http://127.0.0.1:5000/v2/ failed with status: 401 Unauthorized",
    ],
)  # fmt: skip
def test_B15_B24_refused_credentials_are_final(text: str) -> None:
    assert isinstance(failed_push(text), Unauthorized)
    assert isinstance(engine_error(text, "log in to 127.0.0.1:5000"), Unauthorized)


def test_B16_denied_push_says_where_permission_is_missing() -> None:
    error = failed_push("denied: requested access to the resource is denied")
    assert isinstance(error, Unauthorized)
    assert error.message.startswith("no permission to push to registry.example/shop")


def test_B17_missing_image_is_final() -> None:
    said = "An image does not exist locally with the tag: registry.example/shop"
    assert isinstance(failed_push(said), NotFound)
    assert isinstance(failed_push("tag does not exist: registry.example/shop:2"), NotFound)


@pytest.mark.parametrize(
    "text",
    [
        'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
        'Get "https://nowhere/v2/": dial tcp: lookup nowhere: no such host',
        'Put "http://127.0.0.1:1/v2/shop/manifests/2": EOF',
        "net/http: TLS handshake timeout",
        "received unexpected HTTP status: 500 Internal Server Error",
        "toomanyrequests: too many requests",
        "received unexpected HTTP status: 429 Too Many Requests",
    ],
)
def test_B18_B19_network_and_busy_registry_are_retryable(text: str) -> None:
    assert isinstance(failed_push(text), Retryable)


def test_B20_B21_what_the_engine_retried_by_itself_is_final() -> None:
    said = "received unexpected HTTP status: 500 Internal Server Error"
    error = failed_push(said, before=RETRYING)
    assert type(error) is Final
    assert "disk" in error.hint


def test_B22_stream_without_a_digest_or_an_image_is_a_failure() -> None:
    with pytest.raises(Retryable, match="before it named a digest"):
        pushed([{"status": "f1: Pushed"}], WHAT)
    with pytest.raises(Retryable, match="before it named an image"):
        built([{"stream": "Step 1/2 : FROM scratch\n"}], "build shop")


def test_B35_refused_move_of_a_tag_is_a_conflict() -> None:
    assert isinstance(failed_push(f"unknown: tag 2.0.0 already points at {DIGEST}"), Conflict)


def test_secrets_and_control_characters_do_not_reach_the_error() -> None:
    lines = [{"stream": "\x1b[31mcloning https://bob:hunter2@git.example/shop\n"}]
    error_line = {"error": "header Authorization: Bearer abcdef123456 refused"}
    with pytest.raises(SlipwayError) as caught:
        pushed([*lines, error_line], WHAT)
    for hidden in ("hunter2", "abcdef123456", "\x1b"):
        assert hidden not in str(caught.value)
