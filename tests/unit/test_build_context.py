"""Which files of a source reach a builder, and that their archive depends on nothing else."""

import io
import os
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.builders.context import (
    check_size,
    context_paths,
    layer_paths,
    left_out,
    pack,
)
from slipway.errors import InvalidInput
from slipway.key_files import is_secret

WHEN = datetime(2026, 11, 3, tzinfo=UTC)
PART = st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,3})?", fullmatch=True)


def tree(folder: Path, *names: str, ignore: str = "") -> Path:
    for name in (*names, "Dockerfile"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{name}\n")
    if ignore:
        (folder / ".dockerignore").write_text(ignore)
    return folder


@pytest.mark.parametrize(
    "name",
    [".env", ".env.production", ".ENV", "a/.env", ".git/config", "lib/.git", "x.pem", "a/B.KEY",
     "id_rsa", "id_ed25519.pub", ".ssh/config", "a/.aws/credentials", ".netrc", "cert.p12"],
)  # fmt: skip
def test_B11_secret_files_are_known(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name", ["env.ts", ".github/x.yml", ".gitignore", "keys.ts", "monkey", "pem/a.txt"]
)
def test_B11_ordinary_files_are_not_secret(name: str) -> None:
    assert not is_secret(name)


@given(above=st.lists(PART, max_size=3), below=st.lists(PART, max_size=3))
def test_B11_what_lies_below_a_secret_folder_is_secret(above: list[str], below: list[str]) -> None:
    assert is_secret("/".join([*above, ".git", *below]))


def test_B11_dockerignore_with_exceptions_decides(tmp_path: Path) -> None:
    names = ("src/a.ts", "src/a.test.ts", "docs/x.md", "docs/keep.md", "node_modules/m/i.js")
    ignore = "# tests\n**/*.test.ts\ndocs/*\n!docs/keep.md\nnode_modules\n"
    kept = context_paths(tree(tmp_path, *names, ignore=ignore), "Dockerfile")
    files = [path for path in kept if (tmp_path / path).is_file()]
    assert files == [".dockerignore", "Dockerfile", "docs/keep.md", "src/a.ts"]


@pytest.mark.parametrize("wish", ["!.env\n!**/*.pem\n!.git\n", ""])
def test_B11_dockerignore_cannot_ask_for_secrets(wish: str, tmp_path: Path) -> None:
    source = tree(tmp_path, ".env", "a/b.pem", ".git/config", "a/c", ignore="*.md\n" + wish)
    assert context_paths(source, "Dockerfile") == [".dockerignore", "Dockerfile", "a", "a/c"]


def test_B11_allowed_files_are_sent_and_the_others_are_told(tmp_path: Path) -> None:
    names = ("certs/ca.pem", "certs/server.key", ".env", "docs/x.pem", ".git/x.pem")
    source = tree(tmp_path, *names, ignore="docs\n")
    allow = ["certs/ca.pem", ".git", "docs"]
    kept = context_paths(source, "Dockerfile", allow)
    assert [path for path in kept if (source / path).is_file()] == [
        ".dockerignore", "Dockerfile", "certs/ca.pem",
    ]  # fmt: skip
    assert left_out(source, "Dockerfile", allow) == [".env", "certs/server.key"]
    assert "certs/server.key" in layer_paths(source, ["certs"], ["certs"])


def test_B11_allowing_everything_never_sends_the_data_of_git(tmp_path: Path) -> None:
    source = tree(tmp_path, ".env", ".git/config", "a/.GIT/config")
    sent = context_paths(source, "Dockerfile", ["."])
    assert {".env"} == {path for path in sent if is_secret(path)}


def test_ignored_dockerfile_is_sent_all_the_same(tmp_path: Path) -> None:
    assert "Dockerfile" in context_paths(tree(tmp_path, "a", ignore="*\n"), "Dockerfile")


@pytest.mark.parametrize(("content", "said"), [(None, "missing"), ("  \n", "empty")])
def test_B03_missing_or_empty_dockerfile_is_named(
    content: str | None, said: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "Web.Dockerfile").write_text(content)
    with pytest.raises(InvalidInput, match=rf"Web.Dockerfile: the Dockerfile is {said}"):
        context_paths(tmp_path, "Web.Dockerfile")


def test_layer_takes_the_included_files_and_their_folders(tmp_path: Path) -> None:
    source = tree(tmp_path, "app/lib/x.js", "app/y.js", "other/z.js", ignore="app/y.js\n")
    assert layer_paths(source, ["app"]) == ["app", "app/lib", "app/lib/x.js"]
    assert layer_paths(source, ["other/z.js", "Dockerfile"]) == [
        "Dockerfile",
        "other",
        "other/z.js",
    ]
    assert ".dockerignore" not in layer_paths(source, ["."])


def test_layer_include_that_is_all_ignored_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="'docs' holds no file"):
        layer_paths(tree(tmp_path, "docs/a.md", ignore="docs\n"), ["docs"])


def test_B13_size_and_largest_folders_are_named(tmp_path: Path) -> None:
    source = tree(tmp_path, "film/a", "film/deep/b", "code/c")
    for name, size in (("film/a", 2), ("film/deep/b", 3), ("code/c", 1)):
        os.truncate(source / name, size * 1024 * 1024)
    paths = context_paths(source, "Dockerfile")
    check_size(source, paths, limit=7 * 1024 * 1024)
    with pytest.raises(InvalidInput, match=r"6\.0 MiB, over .* 4\.0 MiB; largest: film 5\.0 MiB, "):
        check_size(source, paths, limit=4 * 1024 * 1024)


def test_B39_archive_depends_on_names_contents_and_executable_bits_alone(tmp_path: Path) -> None:
    one, two = (tree(tmp_path / name, "a/b", "c") for name in ("one", "two"))
    os.utime(two / "c", (1, 1))
    (two / "c").chmod(0o600)
    (two / "a").chmod(0o711)
    assert packed(one) == packed(two)
    (two / "c").chmod(0o700)
    assert packed(one) != packed(two)


def test_archive_lies_below_its_prefix_with_every_folder(tmp_path: Path) -> None:
    content = packed(tree(tmp_path / "s", "a/b"), prefix="/srv/app")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        members = archive.getmembers()
    assert [member.name for member in members] == [
        "srv", "srv/app", "srv/app/Dockerfile", "srv/app/a", "srv/app/a/b",
    ]  # fmt: skip
    assert {(m.uid, m.gid, m.mtime) for m in members} == {(0, 0, int(WHEN.timestamp()))}


def test_links_are_not_packed(tmp_path: Path) -> None:
    source = tree(tmp_path / "s", "a")
    (source / "out").symlink_to("/etc/passwd")
    with tarfile.open(fileobj=io.BytesIO(packed(source))) as archive:
        assert archive.getnames() == ["Dockerfile", "a"]


def packed(source: Path, prefix: str = "") -> bytes:
    target = io.BytesIO()
    pack(source, context_paths(source, "Dockerfile"), target, WHEN, prefix)
    return target.getvalue()
