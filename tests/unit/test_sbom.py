"""A generator's list, made one about the image, and what a generator is shown."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.evidence.sbom import about, parsed, plain_requirements, summary
from tests.unit.test_report import DIGEST, IMAGE


def document(**more: Any) -> dict[str, Any]:
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", **more}


def test_B53_the_list_is_about_the_image_by_digest() -> None:
    root = {"type": "application", "bom-ref": "shop@1", "name": "n", "purl": "pkg:npm/shop@1"}
    given_list = document(
        metadata={"tools": [1], "component": root},
        components=[{"name": "x"}],
        dependencies=[{"ref": "shop@1", "dependsOn": ["x"]}],
    )
    made = about(given_list, IMAGE, "npm, from package-lock.json")
    assert made["metadata"]["tools"] == [1]
    assert made["metadata"]["component"] == {
        "bom-ref": "shop@1",
        "type": "container",
        "name": "registry.example/acme/books-api",
        "version": DIGEST,
        "purl": f"pkg:oci/books-api@sha256%3A{DIGEST[7:]}"
        "?repository_url=registry.example/acme/books-api&tag=2.1.0",
        "properties": [{"name": "slipway:origin", "value": "npm, from package-lock.json"}],
    }
    assert (made["components"], made["dependencies"]) == (
        given_list["components"],
        given_list["dependencies"],
    )
    assert summary(made) == "attached: 1 component (npm, from package-lock.json)"


@pytest.mark.parametrize("metadata", [None, {}, {"component": None}])
def test_a_list_without_a_root_gets_one(metadata: Any) -> None:
    made = about(document(metadata=metadata), IMAGE, "syft, from the image")
    assert made["metadata"]["component"]["version"] == DIGEST
    assert summary(made) == "attached: 0 components (syft, from the image)"


def test_a_list_of_somebody_else_has_a_summary_too() -> None:
    assert summary(document(components=[{}, {}])) == "attached: 2 components"


def test_X8_no_address_in_the_list_carries_a_user() -> None:
    url = "https://robot:marker-word@packages.example/x"
    made = about(document(components=[{"externalReferences": [{"url": url}]}]), IMAGE, "npm")
    assert "marker-word" not in json.dumps(made)
    assert "https://packages.example/x" in json.dumps(made)


@pytest.mark.parametrize("output", [b"", b"[]", b"{}", b"{", b"[" * 100_000, b"\xff"])
def test_what_is_no_list_is_none(output: bytes) -> None:
    assert parsed(output) is None


def test_requirements_are_passed_on_as_bare_lines() -> None:
    text = (
        "# -*- coding: utf-7 -*-  \u00e9\n"
        "--index-url https://robot:word@pypi.example/simple\n-i https://x.example\n\n"
        "httpx==0.28.1 \\\n    --hash=sha256:abc \\\n    --hash=sha256:def  # why\n"
        "anyio[trio]>=4 ; python_version < '3.13'\r\n"
    )
    plain = plain_requirements(b"\xef\xbb\xbf" + text.encode())
    assert plain
    assert plain.decode().split("\n") == [
        "",
        "",
        "httpx==0.28.1 --hash=sha256:abc --hash=sha256:def",
        "anyio[trio]>=4 ; python_version < '3.13'",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "-r /etc/passwd",
        "-r/etc/passwd",
        "\ufeff-r x",
        "  --requirement=x",
        "--req x",
        "-c x",
        "-e .",
        "-\\\nr /etc/passwd",
        "\\\n-r x",
        "--index-url https://x.example -r /etc/passwd",
        "httpx --hash=sha256:a -r /etc/passwd",
        "httpx\x0c-r x\x0c",
        "--find-links /etc",
        "h\u00e9ttpx",
    ],
)
def test_X21_requirements_that_hold_more_are_not_passed_on(text: str) -> None:
    assert plain_requirements(text.encode()) is None


def test_X21_another_encoding_is_not_read() -> None:
    assert plain_requirements("-r x".encode("utf-16")) is None


@given(st.text(alphabet=st.sampled_from("-rc= \\\n\r\t#a/.\x0b\x85\ufeff"), max_size=24))
def test_X21_nothing_that_is_passed_on_begins_an_option(text: str) -> None:
    plain = plain_requirements(text.encode())
    for word in (plain or b"").decode().split():
        assert not word.startswith("-") or word.startswith("--hash=")
