"""What a forge knows beside Git, on disk: releases and commit statuses, one file a repository."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


def timestamp() -> str:
    """Now, as GitHub writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Ledger:
    """Read for every request and replaced as a whole, so a restart or a kill loses nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def releases(self, name: str) -> list[Entry]:
        """All releases, oldest first."""
        return list(self._load(name)["releases"])

    def release_of(self, name: str, tag: str) -> Entry | None:
        """The published release of a tag."""
        for entry in self.releases(name):
            if entry["tag_name"] == tag and not entry["draft"]:
                return entry
        return None

    def save_release(self, name: str, release: Entry) -> Entry:
        """Add a release, or replace the one with the same `id`."""
        state = self._load(name)
        if "id" not in release:
            release = {**release, "id": self._next(state)}
        others = [entry for entry in state["releases"] if entry["id"] != release["id"]]
        state["releases"] = sorted([*others, release], key=lambda entry: int(entry["id"]))
        self._save(name, state)
        return release

    def statuses(self, name: str, sha: str) -> list[Entry]:
        """All statuses of a commit, newest first."""
        return list(reversed(self._load(name)["statuses"].get(sha, [])))

    def add_status(self, name: str, sha: str, status: Entry) -> Entry:
        """Add a status; an earlier one of the same context stays in the list."""
        state = self._load(name)
        status = {**status, "id": self._next(state)}
        state["statuses"].setdefault(sha, []).append(status)
        self._save(name, state)
        return status

    def _next(self, state: Entry) -> int:
        state["last_id"] += 1
        return int(state["last_id"])

    def _load(self, name: str) -> Entry:
        path = self._folder / f"{name}.json"
        if not path.exists():
            return {"last_id": 0, "releases": [], "statuses": {}}
        return dict(json.loads(path.read_text()))

    def _save(self, name: str, state: Entry) -> None:
        path = self._folder / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        with new.open("w") as file:
            json.dump(state, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
