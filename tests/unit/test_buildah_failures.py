"""What buildah 1.28 printed, read to the right family of error. Recorded from the real one."""

import pytest

from slipway.clients.buildah_failures import (
    MISMATCH,
    build_failure,
    failed_line,
    failure,
    foreign_base,
)
from slipway.errors import Final, InvalidInput, NotFound, Retryable, SlipwayError, Unauthorized
from slipway.text import LOG_LINES

WHAT = "build registry.example/shop:2.0.0 from Dockerfile"
BASE = "Error: creating build container: initializing source docker://registry.example/base:1: "
DOCKERFILE = '# syntax=docker/dockerfile:1\nFROM scratch\n\nCOPY tool \\\n  /tool\nRUN ["/tool"]\n'


def failed(*lines: str, status: int = 125, dockerfile: str = DOCKERFILE) -> SlipwayError:
    return build_failure(WHAT, status, lines, dockerfile)


def test_B03_unknown_instruction_is_final_with_its_line() -> None:
    error = failed(
        "STEP 1/2: FROM scratch",
        "STEP 2/2: FORM x",
        'Error: building at STEP "FORM ": Build error: Unknown instruction: "FORM"',
        dockerfile="FROM scratch\nFORM x\n",
    )
    assert type(error) is Final
    assert 'Dockerfile line 2: building at STEP "FORM "' in error.message
    assert type(failed("Error: no FROM statement found")) is Final


def test_B04_missing_file_is_final_with_its_line_and_the_log() -> None:
    error = failed(
        "STEP 1/2: FROM scratch",
        "STEP 2/2: COPY nothing /",
        'Error: building at STEP "COPY nothing /": checking on sources under "/x": copier: stat:'
        ' "/nothing": no such file or directory',
        dockerfile="FROM scratch\nCOPY nothing /\n",
    )
    assert type(error) is Final
    assert "from Dockerfile line 2: building" in error.message
    assert error.message.splitlines()[1] == "last 3 lines of the log:"


@pytest.mark.parametrize(
    ("said", "status", "hint"),
    [
        ("subprocess exited with status 3", 3, "correct the Dockerfile"),
        ("subprocess exited with status 137", 137, "killed, mostly for lack of memory"),
        ("process failed to start with error: fork/exec /tool: exec format error", 1, "qemu-user"),
        ("curl: (7) Failed to connect: connection refused", 7, "correct the Dockerfile"),
    ],
)
def test_B04_failed_command_is_final(said: str, status: int, hint: str) -> None:
    end = f'Error: building at STEP "RUN /tool": exit status {status}'
    error = failed('STEP 3/3: RUN ["/tool"]', said, end, status=status)
    assert type(error) is Final
    assert hint in error.hint
    assert "Dockerfile line 6: " in error.message


@pytest.mark.parametrize(
    ("said", "family"),
    [
        (('pinging container registry a:5: Get "http://a:5/v2/": dial tcp 127.0.0.1:5: connect:'
         " connection refused"), Retryable),
        (('pinging container registry a: Get "https://a/v2/": dial tcp: lookup a on 10.0.0.53:53:'
         " no such host"), Retryable),
        ('Get "http://a:5/v2/team/base/manifests/1": EOF', Retryable),
        ("reading manifest 1 in a/base: StatusCode: 429, slow down", Retryable),
        ("reading manifest 1 in a/base: received unexpected HTTP status: 503 Service Unavailable",
         Retryable),
        ("pinging container registry a: invalid status code from registry 503", Retryable),
        ("reading manifest 1 in a/base: manifest unknown: manifest unknown", NotFound),
        (('choosing an image from manifest list docker://a: no image found in image index for'
         ' architecture arm64, variant "v8", OS linux'), NotFound),
        ("reading manifest 1 in a/base: unauthorized: authentication required", Unauthorized),
        ("reading manifest 1 in a/base: denied: requested access to the resource is denied",
         Unauthorized),
    ],
)  # fmt: skip
def test_B04_base_image_that_cannot_be_had(said: str, family: type[SlipwayError]) -> None:
    error = failed("STEP 1/1: FROM a/base:1", "Trying to pull a/base:1...", BASE + said)
    assert type(error) is family
    assert said[:40] in error.message


def test_registry_without_tls_is_final_and_names_the_setting() -> None:
    error = failed(BASE + 'Get "https://a/v2/": http: server gave HTTP response to HTTPS client')
    assert type(error) is Final
    assert "SLIPWAY_PLAIN_HTTP_REGISTRIES" in error.hint


def test_B06_full_disk_is_final_wherever_it_is_said() -> None:
    error = failed(
        'Error: deleting build container "4b92": 1 error occurred:',
        "\t* write /run/overlay-layers/.tmp-mountpoints.json: no space left on device",
        ': building at STEP "COPY . /app": 3 errors occurred:',
    )
    assert type(error) is Final
    assert "free disk space" in error.hint


def test_X29_image_that_is_not_in_a_registry_is_refused() -> None:
    said = "Source image rejected: Running image oci:/srv/x: is rejected by policy."
    assert type(failed(f"Error: creating build container: {said}")) is InvalidInput


def test_user_without_subordinate_ids_is_told() -> None:
    said = 'Error: cannot set up namespace using "/usr/bin/newuidmap": exit status 1'
    assert "uidmap" in failure(WHAT, [said]).hint


def test_a_silent_end_is_final_too() -> None:
    assert type(failure(WHAT, [])) is Final
    assert "without a word" in failure(WHAT, []).message


def test_the_error_ends_with_the_last_lines() -> None:
    error = failed(*(f"line {n}" for n in range(50)), "Error: no FROM statement found")
    last = [f"line {n}" for n in range(51 - LOG_LINES, 50)]
    assert error.message.splitlines()[2:-1] == last


@pytest.mark.parametrize(
    ("step", "line"),
    [
        ("STEP 2/3: COPY tool   /tool", 4),
        ("[1/2] STEP 2/3: COPY tool   /tool", 4),
        ("[linux/arm64] [2/2] STEP 1/3: FROM scratch", 2),
        ('STEP 9/9: LABEL "a"="b"', None),
        ("no step", None),
    ],
)
def test_B03_the_line_is_that_of_the_last_step(step: str, line: int | None) -> None:
    assert failed_line([step, "output"], DOCKERFILE) == line


def test_B03_a_line_that_is_there_twice_is_not_named() -> None:
    assert failed_line(["STEP 1/3: FROM scratch"], "FROM scratch\nFROM scratch\n") is None


def test_B14_base_of_another_platform_is_refused_though_buildah_goes_on() -> None:
    warning = (
        "WARNING: image platform ({amd64 linux  [] }) does not match the expected platform"
        " ({arm64 linux  [] v8})"
    )
    error = foreign_base(WHAT, [warning])
    assert isinstance(error, InvalidInput)
    assert "for linux/amd64, not for linux/arm64" in error.message
    assert foreign_base(WHAT, [warning.replace("amd64", "arm64")]) is None
    assert MISMATCH
