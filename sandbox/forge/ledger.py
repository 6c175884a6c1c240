"""What a forge knows beside Git, on disk: one file a repository, and the attached files."""

import copy
import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Entry = dict[str, Any]
_EMPTY: Entry = {"last_id": 0, "last_number": 0, "releases": [], "assets": [], "statuses": {},
                 "pulls": [], "check_runs": [], "workflow_runs": [], "deployments": []}  # fmt: skip


def timestamp() -> str:
    """Now, as GitHub writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Ledger:
    """Read for every request and replaced as a whole, so a restart or a kill loses nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()  # requests come one by one, tests from their own thread

    def entries(self, name: str, kind: str) -> list[Entry]:
        """All entries of a kind, oldest first."""
        return list(self._load(name)[kind])

    def save(self, name: str, kind: str, entry: Entry) -> Entry:
        """Add an entry, or replace the one with the same `id`."""
        with self._lock:
            state = self._load(name)
            if "id" not in entry:
                entry = {**entry, "id": self._next(state)}
            if kind == "pulls" and "number" not in entry:
                entry = {**entry, "number": self._next(state, "last_number")}
            others = [other for other in state[kind] if other["id"] != entry["id"]]
            state[kind] = sorted([*others, entry], key=lambda entry: int(entry["id"]))
            self._save(name, state)
        return entry

    def remove(self, name: str, kind: str, number: int) -> None:
        """Remove the entry with that `id`."""
        with self._lock:
            state = self._load(name)
            state[kind] = [entry for entry in state[kind] if entry["id"] != number]
            self._save(name, state)

    def releases(self, name: str) -> list[Entry]:
        """All releases, oldest first."""
        return self.entries(name, "releases")

    def release_of(self, name: str, tag: str) -> Entry | None:
        """The published release of a tag."""
        for entry in self.releases(name):
            if entry["tag_name"] == tag and not entry["draft"]:
                return entry
        return None

    def save_release(self, name: str, release: Entry) -> Entry:
        """Add a release, or replace the one with the same `id`."""
        return self.save(name, "releases", release)

    def statuses(self, name: str, sha: str) -> list[Entry]:
        """All statuses of a commit, newest first."""
        return list(reversed(self._load(name)["statuses"].get(sha, [])))

    def add_status(self, name: str, sha: str, status: Entry) -> Entry:
        """Add a status; an earlier one of the same context stays in the list."""
        with self._lock:
            state = self._load(name)
            status = {**status, "id": self._next(state)}
            state["statuses"].setdefault(sha, []).append(status)
            self._save(name, state)
        return status

    def file(self, name: str, number: int) -> Path:
        """Where the content of an attached file lies."""
        return self._folder / f"{name}.assets" / str(number)

    def _next(self, state: Entry, counter: str = "last_id") -> int:
        state[counter] += 1
        return int(state[counter])

    def _load(self, name: str) -> Entry:
        path = self._folder / f"{name}.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        return {**copy.deepcopy(_EMPTY), **known}

    def _save(self, name: str, state: Entry) -> None:
        path = self._folder / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        with new.open("w") as file:
            json.dump(state, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
