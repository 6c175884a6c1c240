"""One of several documents in a file is selected by what stands in it."""

import pytest
import yaml  # type: ignore[import-untyped]

from slipway.errors import InvalidInput
from slipway.manifests.editor import NotEditable, get_scalar
from tests.unit.manifests_editing import edit

FILE = b"""\
# two services and their application
apiVersion: v1
kind: Service
metadata: {name: books}
spec: {tag: 1.0.0}
---
kind: Application
metadata:
  name: books   # the one
  labels: {app.kubernetes.io/name: books}
spec:
  tag: 1.0.0
---
---
kind: Application
metadata: {name: authors}
spec:
  tag: 1.0.0
...
"""
BOOKS = {"kind": "Application", "metadata.name": "books"}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("last", [True, False])
def test_G37_only_the_selected_document_is_changed(end: str, bom: str, last: bool) -> None:
    text = FILE.decode() if last else FILE.decode().removesuffix("\n...\n")
    source = (bom + text.replace("\n", end)).encode()
    edited = edit(source, "spec.tag", document=BOOKS)
    head, tail = source.split(b"  tag: 1.0.0", 1)
    assert edited == head + b'  tag: "1.10"' + tail
    tags = [each["spec"]["tag"] for each in yaml.safe_load_all(edited) if each]
    assert tags == ["1.0.0", "1.10", "1.0.0"]
    assert edit(edited, "spec.tag", document=BOOKS) == edited


@pytest.mark.parametrize(
    "document",
    [
        {"metadata.name": "books", "kind": "Application"},
        {r"metadata.labels.app\.kubernetes\.io/name": "books"},
        {'metadata.labels."app.kubernetes.io/name"': "books"},
    ],
)
def test_G37_a_document_is_selected_by_any_of_its_values(document: dict[str, str]) -> None:
    assert edit(FILE, "spec.tag", document=document) == edit(FILE, "spec.tag", document=BOOKS)
    assert get_scalar(FILE, "spec.tag", file="f", document=document) == "1.0.0"


@pytest.mark.parametrize(
    ("document", "reason", "hint"),
    [
        (None, "holds 3 documents, not one",
         "there is Service books, Application books, Application authors"),
        ({}, "holds 3 documents, not one", "updates.document"),
        ({"kind": "Deployment"}, "no document has kind: Deployment",
         "there is Service books, Application books, Application authors"),
        ({"kind": "Application"}, "2 of 3 documents have kind: Application",
         "there is Application books, Application authors"),
        ({"kind": "Application", "metadata.name": "x"},
         "no document has kind: Application, metadata.name: x", "Application authors"),
        ({"metadata": "books"}, "no document has metadata: books", "Service books"),
    ],
)  # fmt: skip
def test_G37_none_or_several_that_fit_are_refused(
    document: dict[str, str] | None, reason: str, hint: str
) -> None:
    with pytest.raises(NotEditable) as refused:
        edit(FILE, "spec.tag", document=document)
    assert reason in refused.value.message
    assert hint in refused.value.hint


def test_G37_a_document_that_is_the_only_one_must_fit_as_well() -> None:
    source = b"kind: Application\nspec: {tag: 1}\n"
    assert edit(source, "spec.tag", document={"kind": "Application"}).count(b"1.10") == 1
    with pytest.raises(NotEditable, match="no document has kind: Service"):
        edit(source, "spec.tag", document={"kind": "Service"})


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b"- a\n---\n- b\n", "there is a list, a list"),
        (b"a\n---\nb: 1\n", "there is a value, a mapping"),
        (b"kind: A\n---\n" * 12, "A, ..."),
    ],
)
def test_G37_documents_without_a_name_are_named_by_their_form(source: bytes, said: str) -> None:
    with pytest.raises(NotEditable) as refused:
        edit(source, "a")
    assert said in refused.value.hint


def test_G37_documents_are_selected_by_list_items_too() -> None:
    source = b"l: [{n: x, v: 1}]\nt: 1\n---\nl: [{n: x, v: 2}]\nt: 1\n"
    edited = edit(source, "t", document={"l[n=x].v": "2"})
    assert edited == source[:-2] + b'"1.10"\n'
    assert edit(source, "t", document={"l[0].v": "1"}).startswith(
        b'l: [{n: x, v: 1}]\nt: "1.10"\n-'
    )
    with pytest.raises(InvalidInput):
        edit(source, "t", document={"l[": "2"})


def test_G36_a_key_that_is_there_twice_selects_nothing() -> None:
    with pytest.raises(NotEditable, match="no document has a: 1"):
        edit(b"a: 1\na: 1\nt: 1\n", "t", document={"a": "1"})
