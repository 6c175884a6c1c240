"""What an environment's updates make of the files of the GitOps repository."""

from typing import Any

import pytest

from slipway.errors import NotFound, Superseded
from slipway.manifests.editor import NotEditable
from slipway.manifests.edits import compute, holds
from slipway.service import Environment
from tests.unit.manifests_editing import APPLICATION, BASE, CHART, DIGEST, IMAGE

VALUES = b"image:\n  tag: 1.0.0 # set by the release\n"
KUSTOMIZATION = b"""\
images:
- name: ghcr.io/acme/other
  newTag: 1.0.0
- name: ghcr.io/acme/books-api
  newTag: 1.0.0  # of books-api
  digest: sha256:00
"""


def environment(*updates: dict[str, Any]) -> Environment:
    return Environment.model_validate(
        {
            "name": "staging",
            "updates": updates,
            "application": {"name": "books-api-staging"},
            "smoke": {"url": "https://books.example.com/books"},
        }
    )


def files(contents: dict[str, bytes | None], *updates: dict[str, Any]) -> dict[str, bytes]:
    return dict(compute(environment(*updates), IMAGE, contents, BASE).files)


def test_G04_G32_three_values_in_two_files_are_one_change() -> None:
    contents: dict[str, bytes | None] = {
        "books/values.yaml": VALUES,
        "apps/books.yaml": APPLICATION,
    }
    updates = (
        {"file": "books/values.yaml", "key": "image.tag"},
        {"file": "apps/books.yaml", "key": f"{CHART}.targetRevision"},
        {"file": "apps/books.yaml", "key": f"{CHART}.helm.valuesObject.image.tag"},
    )
    made = compute(environment(*updates), IMAGE, contents, BASE)
    assert [(edit.file, edit.old, edit.new) for edit in made.change.edits] == [
        ("books/values.yaml", "1.0.0", "2.0.0"),
        ("apps/books.yaml", "1.0.0", "2.0.0"),
        ("apps/books.yaml", "1.0.0", "2.0.0"),
    ]
    assert made.files["apps/books.yaml"].count(b'"2.0.0"') == 2
    assert made.change.diff.count("\n+ ") == 3
    assert holds(environment(*updates), IMAGE, made.files)


def test_G04_one_edit_that_cannot_be_made_and_there_is_no_change() -> None:
    good, bad = {"file": "a.yaml", "key": "image.tag"}, {"file": "b.yaml", "key": "image.tag"}
    with pytest.raises(NotEditable, match=r"b\.yaml"):
        files({"a.yaml": VALUES, "b.yaml": b"other: 1\n"}, good, bad)


def test_G30_an_image_of_a_kustomization_is_found_by_its_name() -> None:
    item = "images[name=ghcr.io/acme/books-api]"
    made = files(
        {"kustomization.yaml": KUSTOMIZATION},
        {"file": "kustomization.yaml", "key": f"{item}.newTag"},
        {"file": "kustomization.yaml", "key": f"{item}.digest", "value": "{digest}"},
    )
    assert made["kustomization.yaml"] == KUSTOMIZATION.replace(
        b"1.0.0  # of", b'"2.0.0"  # of'
    ).replace(b"sha256:00", f'"{DIGEST}"'.encode())


def test_a_pattern_means_every_file_that_it_selects() -> None:
    contents: dict[str, bytes | None] = {
        "books/eu/values.yaml": VALUES, "books/us/values.yaml": VALUES,
        "books/values.yaml": VALUES, "books/eu/other.yaml": b"a: 1\n", "books/gone/values.yaml": None,
    }  # fmt: skip
    update = {"file": "books/*/values.yaml", "key": "image.tag"}
    made = files(contents, update)
    assert list(made) == ["books/eu/values.yaml", "books/us/values.yaml"]
    assert set(made.values()) == {VALUES.replace(b"1.0.0", b'"2.0.0"')}
    assert len(files(contents, {**update, "file": "books/**/values.yaml"})) == 3
    assert not holds(environment(update), IMAGE, contents)
    assert holds(environment(update), IMAGE, {**contents, **made})
    later = {**made, "books/x/values.yaml": VALUES}
    assert not holds(environment(update), IMAGE, later)
    assert holds(environment(update), IMAGE, later, made)
    assert not holds(environment(update), IMAGE, {"books/eu/values.yaml": None}, made)


def test_a_pattern_that_selects_nothing_is_named() -> None:
    update = {"file": "apps/*/x.yaml", "key": "a"}
    with pytest.raises(NotFound, match=r"no file that matches apps/\*/x.yaml at aaaa"):
        files({"apps/x.yaml": VALUES}, update)
    with pytest.raises(NotFound, match=r"no file a\.yaml at aaaa"):
        files({"a.yaml": None}, {"file": "a.yaml", "key": "a"})
    assert not holds(environment(update), IMAGE, {"apps/x.yaml": VALUES})


def test_every_file_of_a_pattern_must_hold_the_key_or_get_it() -> None:
    contents: dict[str, bytes | None] = {"a/v.yaml": VALUES, "b/v.yaml": b"image:\n  name: x\n"}
    update = {"file": "*/v.yaml", "key": "image.tag"}
    with pytest.raises(NotEditable, match=r"b/v\.yaml:2: image.tag: there is no key"):
        files(contents, update)
    made = files(contents, {**update, "create": True})
    assert made["b/v.yaml"] == b'image:\n  name: x\n  tag: "2.0.0"\n'
    assert holds(environment(update), IMAGE, made)


def test_G37_an_update_names_its_document() -> None:
    source = b"kind: A\ntag: 1\n---\nkind: B\ntag: 1\n"
    update = {"file": "a.yaml", "key": "tag", "document": {"kind": "B"}}
    made = compute(environment(update), IMAGE, {"a.yaml": source}, BASE)
    assert made.files["a.yaml"] == b'kind: A\ntag: 1\n---\nkind: B\ntag: "2.0.0"\n'
    assert made.change.edits[0].key == "tag (kind: B)"  # an approval holds for this document only
    assert holds(environment(update), IMAGE, made.files)
    assert not holds(environment({**update, "document": {"kind": "A"}}), IMAGE, made.files)


def test_G06_a_newer_version_in_any_of_the_files_is_left_alone() -> None:
    newer = VALUES.replace(b"1.0.0", b"2.1.0")
    with pytest.raises(Superseded, match=r"b/v\.yaml: image.tag is already 2.1.0"):
        files({"a/v.yaml": VALUES, "b/v.yaml": newer}, {"file": "*/v.yaml", "key": "image.tag"})


def test_G07_values_that_are_there_are_no_change() -> None:
    update = {"file": "a.yaml", "key": "image.tag", "create": True}
    made = compute(environment(update), IMAGE, {"a.yaml": b"image: {tag: '2.0.0'}\n"}, BASE)
    assert (made.change.edits, made.change.diff, dict(made.files)) == ((), "", {})
