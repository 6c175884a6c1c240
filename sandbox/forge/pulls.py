"""Pull requests: what GitHub knows of them, and what happens to them when their branch moves."""

from collections.abc import Mapping

from sandbox.forge.ledger import Entry, Ledger, timestamp
from sandbox.forge.merges import METHODS, Merger, Unmergeable
from sandbox.forge.protection import QUEUE_ONLY, Protection, conclusions
from sandbox.forge.queue import MergeQueue
from sandbox.forge.repositories import GitError, Repositories
from sandbox.forge.wire import Refusal, invalid

_BODY_LIMIT = 65_536  # characters
_NEW: Entry = {"node_id": "", "draft": False, "approvals": [], "queued": None, "merged_by": None}


class PullRequests:
    """The pull requests of one repository."""

    def __init__(
        self,
        repositories: Repositories,
        ledger: Ledger,
        name: str,
        protections: Mapping[str, Protection],
    ) -> None:
        self._repositories, self._ledger, self._name = repositories, ledger, name
        self._protections = protections  # by "owner/name:branch"
        self._owner = name.partition("/")[0]
        self.queue = MergeQueue(self)

    def stored(self) -> list[Entry]:
        """Oldest first, as they were last seen."""
        return [{**_NEW, **entry} for entry in self._ledger.entries(self._name, "pulls")]

    def all(self) -> list[Entry]:
        """Newest first, as they stand now."""
        for entry in self.stored():
            self._followed(entry)
        self.queue.move()
        return [self._followed(entry) for entry in reversed(self.stored())]

    def protection(self, base: str) -> Protection:
        """What merging into a branch asks for."""
        return self._protections.get(f"{self._name}:{base}", Protection())

    def get(self, number: int) -> Entry | None:
        return next((entry for entry in self.all() if entry["number"] == number), None)

    def follow(self) -> None:
        """Somebody pushed: see what that means for those that are open."""
        self.all()

    def open(self, given: Entry) -> Entry:
        """A new one; refused as GitHub does."""
        title, base = given.get("title"), str(given.get("base") or "")
        head = str(given.get("head") or "").removeprefix(f"{self._owner}:")
        if not title:
            raise invalid("PullRequest", "title", "missing_field")
        for field, branch in (("head", head), ("base", base)):
            if not branch or self.tip(branch) is None:
                raise invalid("PullRequest", field, "invalid")
        self._check_new(head, base)
        now = timestamp()
        entry: Entry = {
            **_NEW,
            "title": title,
            "body": _checked_body(given.get("body")),
            "state": "open",
            "head": head,
            "base": base,
            "head_sha": self.tip(head),
            "node_id": f"PR_{self._name}_{head}_{now}_{len(self.stored())}",
            "draft": bool(given.get("draft")),
            "labels": [],
            "created_at": now,
            "updated_at": now,
            "closed_at": None,
            "merged_at": None,
            "merge_commit_sha": None,
        }
        return self.save(entry)

    def change(self, entry: Entry, given: Entry) -> Entry:
        """Another title, body or state."""
        if given.get("title"):
            entry = {**entry, "title": given["title"]}
        if "body" in given:
            entry = {**entry, "body": _checked_body(given["body"])}
        wanted = given.get("state", entry["state"])
        if wanted not in ("open", "closed"):
            raise invalid("PullRequest", "state", "invalid")
        if (entry["state"], wanted) == ("open", "closed"):
            entry = {**entry, "state": "closed", "closed_at": timestamp()}
        if (entry["state"], wanted) == ("closed", "open"):
            self._check_reopens(entry)
            entry = {**entry, "state": "open", "closed_at": None}
        return self.save({**entry, "updated_at": timestamp()})

    def merge(self, entry: Entry, given: Entry, by: str) -> Entry:
        """Merge it, by the way asked for; with `sha` only if that is still its head."""
        method = str(given.get("merge_method", "merge"))
        if method not in METHODS:
            raise Refusal(422, f"Invalid request.\n\n{method!r} is not a merge_method.")
        rules = self.protection(entry["base"])
        off = rules.method_refusal(method)
        if off:
            raise Refusal(405, off)
        if entry["draft"]:
            raise Refusal(405, "Pull Request is still a draft")
        if given.get("sha") not in (None, entry["head_sha"]):
            raise Refusal(409, "Head branch was modified. Review and try the merge again.")
        lacking = self.refusal(entry) or (QUEUE_ONLY if rules.queue else "")
        if entry["state"] == "open" and lacking:
            raise Refusal(405, lacking)
        return self.land(entry, method, by, given)

    def refusal(self, entry: Entry) -> str:
        """What the rules of its base find missing, in GitHub's words; empty when nothing is."""
        rules = self.protection(entry["base"])
        lacking = rules.lacks(entry, conclusions(self._ledger, self._name, entry["head_sha"]))
        if not lacking and rules.up_to_date and self.is_behind(entry):
            return "Head branch is out of date. Review and try the merge again."
        return lacking

    def is_behind(self, entry: Entry) -> bool:
        """Whether the base has commits that the head does not hold."""
        base = self.tip(entry["base"])
        return base is not None and not self._holds(entry["head_sha"], base)

    def land(self, entry: Entry, method: str, by: str, given: Entry) -> Entry:
        """Move the base to the merge of this method."""
        base, ref = self.tip(entry["base"]), f"refs/heads/{entry['base']}"
        if entry["state"] != "open" or base is None:
            raise Refusal(405, "Pull Request is not mergeable")
        try:
            made = self._merged(entry, base, method, given)
            self._repositories.git(self._name, "update-ref", ref, made, base)
        except Unmergeable:
            raise Refusal(405, "Pull Request is not mergeable") from None
        except GitError:
            raise Refusal(
                405, "Base branch was modified. Review and try the merge again."
            ) from None
        done = {"merged_at": timestamp(), "merge_commit_sha": made, "merged_by": by}
        return self.save({**entry, **_done(), **done})

    def save(self, entry: Entry) -> Entry:
        return self._ledger.save(self._name, "pulls", entry)

    def tip(self, branch: str) -> str | None:
        return self._repositories.commit_at(self._name, f"refs/heads/{branch}")

    def merger(self, entry: Entry, base: str) -> Merger:
        return Merger(self._repositories, self._name, base, entry["head_sha"])

    def _merged(self, entry: Entry, base: str, method: str, given: Entry) -> str:
        merger, author = self.merger(entry, base), f"{self._owner} <{self._owner}@example.com>"
        if method == "rebase":
            return merger.rebase()
        number, commits = entry["number"], merger.commits()
        if method == "merge":
            title = f"Merge pull request #{number} from {self._owner}/{entry['head']}"
            text = entry["title"]
        else:
            messages = [merger.message(sha).partition("\n") for sha in commits]
            single = messages[0] if len(messages) == 1 else None
            title = f"{single[0] if single else entry['title']} (#{number})"
            listed = "\n\n".join(f"* {subject}" for subject, _, _ in messages)
            text = single[2].strip() if single else listed
        title, text = given.get("commit_title") or title, given.get("commit_message", text)
        message = f"{title}\n\n{text}"
        return (merger.merge if method == "merge" else merger.squash)(author, message)

    def _check_new(self, head: str, base: str) -> None:
        there = [e for e in self.all() if e["state"] == "open"]
        if any((entry["head"], entry["base"]) == (head, base) for entry in there):
            text = f"A pull request already exists for {self._owner}:{head}."
            raise invalid("PullRequest", "", "custom", text)
        if self._contains(base, head):
            text = f"No commits between {base} and {head}"
            raise invalid("PullRequest", "", "custom", text)

    def _check_reopens(self, entry: Entry) -> None:
        """GitHub reopens only what it can still tell the story of."""
        tip, reason = self.tip(entry["head"]), ""
        if entry["merged_at"]:
            reason = "The pull request cannot be reopened."
        elif tip is None:
            reason = f"The {entry['head']} branch has been deleted."
        elif not self._contains(entry["head"], entry["head_sha"]):
            reason = f"The {entry['head']} branch was force-pushed or recreated."
        if reason:
            raise invalid("PullRequest", "state", "invalid", f"state cannot be changed. {reason}")
        self._check_new(entry["head"], entry["base"])

    def _followed(self, entry: Entry) -> Entry:
        """An open one follows its branch: closed with it, merged when its commits are in the base.

        A branch that was moved back into the base has nothing to merge, and closes it.
        """
        if entry["state"] != "open":
            return entry
        tip = self.tip(entry["head"])
        if tip is None:
            return self.save({**entry, **_done()})
        if self._contains(entry["base"], tip):
            merged = {
                "merged_at": timestamp(), "merge_commit_sha": tip, "merged_by": self._owner,
            }  # fmt: skip
            moved = tip != entry["head_sha"]
            return self.save({**entry, **_done(), **({} if moved else merged)})
        if tip != entry["head_sha"]:
            moved_on = {"head_sha": tip, "queued": None, "updated_at": timestamp()}
            return self.save({**entry, **moved_on})
        return entry

    def _contains(self, branch: str, commit: str) -> bool:
        return self._holds(
            f"refs/heads/{branch}", commit if len(commit) == 40 else f"refs/heads/{commit}"
        )

    def _holds(self, revision: str, commit: str) -> bool:
        try:
            self._repositories.git(self._name, "merge-base", "--is-ancestor", commit, revision)
        except GitError:
            return False
        return True


def _done() -> Entry:
    now = timestamp()
    return {"state": "closed", "closed_at": now, "updated_at": now}


def _checked_body(body: object) -> str | None:
    if len(str(body or "")) > _BODY_LIMIT:
        text = f"body is too long (maximum is {_BODY_LIMIT} characters)"
        raise invalid("Issue", "body", "custom", text)
    return None if body is None else str(body)
