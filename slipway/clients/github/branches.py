"""What GitHub tells of a branch."""

from urllib.parse import quote

from pydantic import TypeAdapter

from slipway.clients.github.answers import decoded
from slipway.clients.github.transport import Transport
from slipway.clients.github.values import Answer


class _Branch(Answer):
    protected: bool


_BRANCH = TypeAdapter(_Branch)


class Branches(Transport):
    """Part of the GitHub client."""

    def is_protected(self, branch: str) -> bool:
        """Whether rules guard the branch; whether they let us push is shown by a push alone."""
        what = f"read the branch {branch} of {self.name}"
        answer = self._send("GET", f"{self._path}/branches/{quote(branch, safe='')}", what)
        return decoded(_BRANCH, answer, what).protected
