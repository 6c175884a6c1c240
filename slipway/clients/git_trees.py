"""The folders of a clone. Only those on the way to what is asked for are read, or fetched.

A sparse clone begins with commits alone. The folders on the way to some files are then fetched
level by level, one request a level for all of them, and the files' contents in one more.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from types import MappingProxyType

from slipway.clients.git_command import GitCommand
from slipway.clients.git_objects import (
    Entry,
    parsed_entries,
    refuse_links,
    revision_argument,
)
from slipway.errors import Final, InvalidInput


class Trees:
    """The folders of one clone, each read once. `sparse`: whether the clone may lack some."""

    def __init__(self, git: GitCommand, *, sparse: bool) -> None:
        self._git, self._sparse = git, sparse
        self._folders: dict[str, dict[str, Entry]] = {}
        self._local: set[str] | None = None  # objects that are here; None: not looked up yet

    def changed(self) -> None:
        """Something was fetched past this object."""
        self._local = None

    def files(self, revision: str, paths: Iterable[str]) -> dict[str, Entry]:
        """The entries of these regular files; those that exist.

        Raises Final when a path is, or leads through, a symbolic link or submodule, or is a folder.
        """
        ends = {path: way[-1] for path, way in self._ways(revision, paths).items() if way}
        reached = {path: end for path, end in ends.items() if end.path == _plain(path)}
        for path, end in reached.items():
            if end.kind == "tree":
                raise Final(f"{path!r} at {revision} is a folder", "name a file")
        return reached

    def below(self, revision: str, folder: str) -> dict[str, Entry]:
        """Every file below the folder ("": the root), links and submodules included, by path."""
        tree, prefix = self._tree(revision), ""
        if folder:
            way = self._ways(revision, [folder])[folder]
            if not way or way[-1].path != _plain(folder) or way[-1].kind != "tree":
                return {}
            tree, prefix = way[-1].oid, f"{_plain(folder)}/"
        self._obtain([tree], "blob:none")
        return {f"{prefix}{entry.path}": entry for entry in self._listed(tree, recurse=True)}

    def obtain(self, entries: Iterable[Entry]) -> None:
        """Fetch the contents of these files in one request, where they are missing."""
        self._obtain([entry.oid for entry in entries], "tree:0")

    def modes(self, revision: str, paths: Iterable[str]) -> dict[str, str]:
        """The mode that a file has, or gets where it is new. Raises Final for unfit paths."""
        wanted = list(paths)
        existing = self.files(revision, wanted)
        for path, way in self._ways(revision, wanted).items():
            if path not in existing and way and way[-1].kind == "blob":
                raise Final(
                    f"{path!r} at {revision} leads through {way[-1].path!r}, which is a file",
                    "correct the path",
                )
        return {path: existing[path].mode if path in existing else "100644" for path in wanted}

    def _ways(self, revision: str, paths: Iterable[str]) -> dict[str, list[Entry]]:
        """The entries on the way to each path, as far as there are any; links are refused."""
        parts = {path: steps(path) for path in paths}
        ways: dict[str, list[Entry]] = {path: [] for path in parts}
        root = Entry("040000", "tree", self._tree(revision), "")
        for depth in range(max(map(len, parts.values()), default=0)):
            ends = {
                path: (way or [root])[-1]
                for path, way in ways.items()
                if len(way) == depth < len(parts[path])
            }
            self._read({end.oid for end in ends.values() if end.kind == "tree"})
            for path, end in ends.items():
                entry = self._folders.get(end.oid, {}).get(parts[path][depth])
                if entry is not None:
                    entry = entry._replace(path="/".join(parts[path][: depth + 1]))
                    refuse_links([entry], revision)
                    ways[path].append(entry)
        return ways

    def _tree(self, revision: str) -> str:
        printed = self._git.run(
            "log", "-1", "--no-walk", "--format=%T", revision_argument(revision), "--",
            what=f"read {revision}",
        )  # fmt: skip
        return printed.text.strip()

    def _read(self, trees: Iterable[str]) -> None:
        unread = [tree for tree in trees if tree not in self._folders]
        self._obtain(unread, "tree:0")
        for tree in unread:
            self._folders[tree] = {entry.path: entry for entry in self._listed(tree)}

    def _listed(self, tree: str, *, recurse: bool = False) -> Iterator[Entry]:
        options = ["-r"] if recurse else []
        printed = self._git.run("ls-tree", "-z", *options, tree, what=f"list the folder {tree}")
        return parsed_entries(printed.out)

    def _obtain(self, objects: Iterable[str], filtered: str) -> None:
        """Fetch the objects that are not here. Filters: `tree:0` these alone, `blob:none` below."""
        if not self._sparse:
            return  # git itself gets what is missing
        if self._local is None:
            printed = self._git.run(
                "cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objectname)",
                what="list the clone's objects",
            )  # fmt: skip
            self._local = set(printed.text.split())
        missing = [oid for oid in dict.fromkeys(objects) if oid not in self._local]
        if missing:
            self._git.run(
                "-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags",
                "--no-write-fetch-head", f"--filter={filtered}", "--stdin", "origin",
                stdin="\n".join(missing).encode() + b"\n", what="fetch files and folders",
            )  # fmt: skip
            self._local.update(missing)


def _plain(path: str) -> str:
    return "/".join(steps(path))


def steps(path: str) -> tuple[str, ...]:
    """The names on the way to a path; InvalidInput when it is not one inside the repository."""
    name = PurePosixPath(path)
    odd = any(part == ".." or part.lower() == ".git" for part in name.parts)
    if name.is_absolute() or odd or not name.parts or "\0" in path:
        raise InvalidInput(f"{path!r} is not a path inside the repository", "correct the path")
    return name.parts


def write_tree(git: GitCommand, trees: Trees, parent: str, files: Mapping[str, bytes]) -> str:
    """The tree of `parent` with these files replaced or added; modes of existing files stay.

    Only the folders on the way to them are read and written: git's importer works on those alone.
    """
    modes = trees.modes(parent, files)
    return changed_tree(git, parent, files, modes)


def changed_tree(
    git: GitCommand,
    parent: str | None,
    files: Mapping[str, bytes | None],
    modes: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The tree of `parent` (None: an empty one) with these files in it, without those of None.

    A file that `modes` does not name is a plain one.
    """
    stream = [b"commit refs/slipway/tree\ncommitter x <x> 0 +0000\ndata 0\n"]
    if parent:
        stream.append(f"from {parent}\n".encode())
    for path, content in sorted(files.items()):
        if content is None:
            stream.append(f"D {_quoted(path)}\n".encode())
            continue
        mode = modes.get(path, "100644")
        stream.append(f"M {mode} inline {_quoted(path)}\ndata {len(content)}\n".encode())
        stream += [content, b"\n"]
    stream.append(b'ls ""\n\ndone\n')
    written = git.run(
        "fast-import", "--quiet", "--done", "--force", stdin=b"".join(stream), what="write files"
    )
    return written.text.split()[2]  # "040000 tree <id>"


def _quoted(path: str) -> str:
    octal = "".join(f"\\{byte:03o}" for byte in _plain(path).encode())
    return f'"{octal}"'
