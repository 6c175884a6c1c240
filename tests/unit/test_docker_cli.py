"""What `docker build` printed with BuildKit, read to the right family of error. Recorded."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from slipway.clients.docker_cli import build_failure
from slipway.clients.recipe import Recipe
from slipway.errors import Final, Retryable, SlipwayError

RECIPE = Recipe(
    dockerfile="Dockerfile",
    name="registry.example/shop:2.0.0",
    platforms=("linux/amd64",),
    labels={"a": "b"},
    arguments={"NODE_ENV": "production"},
    secrets={"NPM_TOKEN": SecretStr("hunter2\nsecond line\nx\n")},
)
SOLVE = "failed to solve with frontend dockerfile.v0: failed to create LLB definition: "


@pytest.mark.parametrize(
    ("said", "family", "hint"),
    [
        (f"{SOLVE}dockerfile parse error line 2: unknown instruction: FORM", Final, "correct"),
        ('failed to compute cache key: "/nothing" not found: not found', Final, "correct"),
        ("executor failed running [/t]: exit code: 3", Final, "correct"),
        ("executor failed running [/t]: exit code: 137", Final, "memory"),
        ('process "/bin/sh -c false" did not complete successfully: exit code: 1', Final, "correct"),
        ("secret OTHER not found: not found", Final, "correct"),
        ((f'{SOLVE}failed to do request: Head "http://a/v2/b/manifests/1": dial tcp 127.0.0.1:1:'
         " connect: connection refused"), Retryable, "retry"),
        ("unexpected EOF", Retryable, "retry"),
    ],
)  # fmt: skip
def test_B04_failures_find_their_family(said: str, family: type[SlipwayError], hint: str) -> None:
    error = build_failure(RECIPE, ["#4 [2/2] RUN", "------", said])
    assert type(error) is family
    assert hint in error.hint
    assert error.message.splitlines()[-1] == said


def test_a_command_without_buildkit_names_the_other_builder() -> None:
    lines = [
        "ERROR: BuildKit is enabled but the buildx component is missing or broken.",
        "       Install the buildx component to build images with BuildKit:",
        "       https://docs.docker.com/go/buildx/",
    ]
    error = build_failure(RECIPE, lines)
    assert type(error) is Final
    assert "its secrets need BuildKit: ERROR: BuildKit is enabled" in error.message
    assert "'buildah'" in error.hint


def test_B12_secrets_are_files_of_their_own_and_never_arguments(tmp_path: Path) -> None:
    options = RECIPE.options(tmp_path)
    assert options == [
        "--label=a=b",
        "--build-arg=NODE_ENV=production",
        f"--secret=id=NPM_TOKEN,src={tmp_path}/secret-0",
    ]
    assert (tmp_path / "secret-0").read_text() == "hunter2\nsecond line\nx\n"
    assert (tmp_path / "secret-0").stat().st_mode & 0o777 == 0o600
    assert "hunter2" not in repr(RECIPE)


def test_B12_lines_of_a_secret_are_hidden_but_not_every_letter() -> None:
    assert set(RECIPE.hidden()) == {"hunter2\nsecond line\nx\n", "second line", "hunter2"}
