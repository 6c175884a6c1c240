"""JSON files are edited like any other. Judged by json, which the editor does not use."""

import json
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from slipway.manifests.editor import NotEditable
from tests.unit.manifests_editing import DIGEST, edit

VALUES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True) | st.just(DIGEST)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


@settings(max_examples=60, deadline=None)
@given(
    data=st.dictionaries(st.text(min_size=1, max_size=6), JSON, max_size=4),
    name=st.text(min_size=1, max_size=6),
    indent=st.sampled_from([None, 2, "\t"]),
    ascii_only=st.booleans(),
    value=VALUES,
)
def test_G26_any_JSON_object_is_edited_exactly(
    data: dict[str, Any], name: str, indent: int | str | None, ascii_only: bool, value: str
) -> None:
    marker = "@@the value@@"
    assume(marker not in json.dumps(data))
    text = json.dumps({**data, name: marker}, indent=indent, ensure_ascii=ascii_only)
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    try:
        edited = edit(text.encode(), f'"{quoted}"', value).decode()
    except NotEditable:
        assert not text.isprintable() or indent is not None or not text.isascii()
        return
    assert edited == text.replace(f'"{marker}"', f'"{value}"')
    assert json.loads(edited) == {**data, name: value}
