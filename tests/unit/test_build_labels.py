"""What an image says about itself comes from its source; what cannot be known is not said."""

from pathlib import Path

import pytest

from slipway.builders.labels import described


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("package.json", '{"description": "Books", "license": "MIT"}',
         {"description": "Books", "license": "MIT"}),
        ("package.json", '{"description": "a\\nb", "license": "Apache-2.0 OR MIT"}',
         {"description": "a b", "license": "Apache-2.0 OR MIT"}),
        ("package.json", '{"description": 7, "license": {"type": "MIT"}}', {}),
        ("package.json", '{"license": "SEE LICENSE IN x"}', {}),
        ("package.json", "[]", {}),
        ("package.json", "{", {}),
        ("pyproject.toml", '[project]\ndescription = "Books"\nlicense = "MIT"\n',
         {"description": "Books", "license": "MIT"}),
        ("pyproject.toml", "[tool]\n", {}),
        ("other", "", {}),
    ],
)  # fmt: skip
def test_description_and_licence(
    name: str, text: str, told: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    assert described(tmp_path) == told


def test_X25_a_linked_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "real").write_text('{"description": "elsewhere"}')
    (tmp_path / "package.json").symlink_to(tmp_path / "real")
    assert described(tmp_path) == {}
