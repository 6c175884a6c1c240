"""What cannot be edited without doubt is refused: with the file, the line, the reason and a way out."""

import pytest

from slipway.manifests.editor import NotEditable
from tests.unit.manifests_editing import APPLICATION, edit

REFUSED = {
    "G34 anchored target": ("image:\n  tag: &t 1\nb: *t\n", "anchored", 2),
    "G34 alias as target": ("a: &t 1\nimage:\n  tag: *t\n", "anchored", 1),
    "G34 anchored parent": ("image: &i\n  tag: 1\n", "anchored", 1),
    "G34 alias as parent": ("a: &i {tag: 1}\nimage: *i\n", "anchored", 1),
    "G35 merge key only": ("a: &i {tag: 1}\nimage:\n  <<: *i\n  b: 1\n", "merge key", 3),
    "G35 merge list only": ("a: &i {tag: 1}\nimage:\n  <<: [*i]\n", "merge key", 3),
    "G36 duplicate key": ("image:\n  tag: 1\n  tag: 2\n", "duplicate", 3),
    "G36 duplicate parent": ("image:\n  tag: 1\nimage:\n  tag: 2\n", "duplicate", 3),
    "G37 two documents": ("image:\n  tag: 1\n---\nimage:\n  tag: 1\n", "2 documents", None),
    "G37 empty": ("", "0 documents", None),
    "G37 only comments": ("# nothing\n", "0 documents", None),
    "G38 literal": ("image:\n  tag: |\n    1\n", "block of text", 2),
    "G38 folded": ("image:\n  tag: >-\n    1\n", "block of text", 2),
    "G38 plain over lines": ("image:\n  tag: one\n    two\n", "spans lines", 2),
    "G38 quoted over lines": ("image:\n  tag: 'one\n    two'\n", "spans lines", 2),
    "G38 tag": ("image:\n  tag: !!str 1\n", "carries a tag", 2),
    "G38 own tag": ("image:\n  tag: !vault x\n", "carries a tag", 2),
    "G39 target is a map": ("image:\n  tag: {a: 1}\n", "is a mapping", 2),
    "G39 target is a list": ("image:\n  tag: [1]\n", "is a list", 2),
    "G39 parent is a value": ("image: x\n", "not a mapping", 1),
    "G39 parent is a list": ("image: [x]\n", "is a list", 1),
    "G39 key missing": ("image:\n  tags: 1\n", "no key 'image.tag'", 2),
    "G39 key without colon": ("image: {tag}\n", "no colon", 1),
    "G40 NUL": ("image:\n  tag: 1\n# \0\n", "NUL", 3),
    "G40 NEL": ("image:\n  tag: 1 # a\x85b\n", "U+0085", 2),
    "G41 tab as indentation": ("image:\n\ttag: 1\n", "not valid YAML", 2),
    "G41 tab before a comment": ("image:\n  tag: 1\t# c\n", "not valid YAML", 2),
    "G42 template": ("image:\n  tag: {{ .Values.tag }}\n", "is a template", 2),
    "G42 template elsewhere": ("image:\n  tag: 1\na: {{ .Values.a }}\n", "is a template", 3),
    "G42 template in quotes": ("image:\n  tag: '{{ .Values.tag }}'\n", "is a template", 2),
    "G42 Jinja": ("a: 1\n{% if x %}\nimage:\n  tag: 1\n", "is a template", 2),
    "G42 template line": ("{{- if x }}\nimage:\n  tag: 1\n{{- end }}\n", "is a template", 1),
    "G43 inside a string": ("image: |\n  tag: 1.0.0\n", "block of text", 1),
    "unclosed": ("image: {tag: 1\n", "not valid YAML", 2),
    "unknown alias": ("image:\n  tag: *x\n", "not valid YAML", 2),
    "too deep": ("[" * 5000, "nested too deeply", None),
    "too long": ("#" * (1 << 20) + "\nimage: {tag: 1}", "longer than", None),
}


@pytest.mark.parametrize(("text", "reason", "line"), REFUSED.values(), ids=REFUSED.keys())
def test_G34_G35_G36_G37_G38_G39_G40_G41_G42_G43_refusals_name_file_line_and_reason(
    text: str, reason: str, line: int | None
) -> None:
    with pytest.raises(NotEditable) as refused:
        edit(text.encode())
    where = f"values.yaml:{line}: image.tag: " if line else "values.yaml: image.tag: "
    assert refused.value.message.startswith(where)
    assert reason in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_G40_other_encodings_are_refused_at_their_byte(encoding: str) -> None:
    with pytest.raises(NotEditable, match="not UTF-8 at byte"):
        edit("ñ: 1\nimage: {tag: 1}\n".encode(encoding))


def test_G43_the_literal_of_an_application_is_refused_with_the_way_out() -> None:
    with pytest.raises(NotEditable) as refused:
        edit(APPLICATION, "spec.literal.values.image.tag")
    assert "valuesObject" in refused.value.hint


CHART_TEMPLATE = b"kind: Deployment\nname: '{{ .Release.Name }}'\nimage:\n  tag: 1\n"


def test_G42_a_chart_s_template_is_refused_though_it_is_YAML() -> None:
    for file in ("templates/a.yaml", "books/api/templates/sub/a.yaml"):
        with pytest.raises(NotEditable, match="template") as refused:
            edit(CHART_TEMPLATE, file=file)
        assert "values file" in refused.value.hint
    assert edit(CHART_TEMPLATE, file="books/templates.yaml").endswith(b'tag: "1.10"\n')


@pytest.mark.parametrize(
    "text",
    [
        "# {{ tag }}\nimage:\n  tag: 1\n",
        "a: '{{ inputs.parameters.x }}'\nimage:\n  tag: 1\n",
        "a: |\n  {{- if x }}\nimage:\n  tag: 1\n",
        '{"a": "{{ x }}", "image": {"tag": 1}}',
    ],
)
def test_G42_braces_in_text_and_comments_make_no_template(text: str) -> None:
    assert edit(text.encode(), file="apps/templates/a.yaml").decode() == text.replace(
        "tag: 1", 'tag: "1.10"'
    ).replace('"tag": 1', '"tag": "1.10"')


def test_G41_broken_YAML_without_braces_is_no_template() -> None:
    with pytest.raises(NotEditable, match="not valid YAML"):
        edit(b"image:\n\ttag: 1 # {{ x }}\n")
