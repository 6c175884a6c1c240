"""How git is run: in a temporary folder, with a closed configuration, the token never in view.

Nothing of the machine's configuration takes part: no system or user config, hooks, credential
store, proxy, filter or symbolic link. Only http and https are spoken, redirects are not followed
and received objects are checked. The token is in the environment of the git process alone, and
handed over by an askpass script that holds no secret itself.
"""

import base64
import contextlib
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from subprocess import Popen
from typing import BinaryIO, NamedTuple, cast

import git
from pydantic import SecretStr

from slipway.clients.git_failures import failure
from slipway.clients.git_process import finished
from slipway.errors import Final, InvalidInput

STALL = 20  # seconds without a byte before a transfer is given up
LIMIT = 300.0  # seconds for one git command, whatever it does
_CHUNK = 65_536  # bytes read at once
_USER = "x-access-token"  # GitHub ignores the name beside a token; others accept any
_ASKPASS = """#!/bin/sh
case "$1" in Username*) echo "$SLIPWAY_GIT_USER" ;; *) echo "$SLIPWAY_GIT_TOKEN" ;; esac
"""
_CONFIGURATION = {
    "credential.helper": "",
    "core.hooksPath": "/dev/null",
    "core.symlinks": "false",
    "core.fsmonitor": "false",
    "core.autocrlf": "false",
    "core.attributesFile": "/dev/null",
    "protocol.allow": "never",
    "protocol.http.allow": "always",
    "protocol.https.allow": "always",
    "http.followRedirects": "false",
    "http.proxy": "",
    "transfer.fsckObjects": "true",
    "submodule.recurse": "false",
    "commit.gpgSign": "false",
    "push.gpgSign": "false",
    "log.mailmap": "false",  # it would be read from the repository, with every folder of it
    "gc.auto": "0",
    "maintenance.auto": "false",
    "tar.umask": "0022",
}
_RETRY_AFTER = re.compile(rb"(?i)recv header: retry-after: *(\d{1,6})\s")
_URL = re.compile(r"https?://[^\s@/?#]+/[^\s?#]*", re.IGNORECASE)
_BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/-]*")


class Output(NamedTuple):
    """What a git command printed, and how it ended."""

    status: int
    out: bytes
    err: str
    retry_after: float | None = None  # seconds the server asked us to wait, if it did

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.out.decode("utf-8", "replace")

    @property
    def all(self) -> str:
        """Everything that was printed."""
        return f"{self.text}\n{self.err}"


class GitCommand:
    """Runs git commands in one folder with one closed environment."""

    def __init__(
        self, process: git.Git, environment: Mapping[str, str], secrets: list[str]
    ) -> None:
        self._process, self._secrets = process, secrets
        process.update_environment(**environment)

    def within(self, repository: git.Repo) -> "GitCommand":
        """The same way of running git, bound to a repository and its GitPython object."""
        environment = {**self._process.environment(), "GIT_DIR": str(repository.git_dir)}
        return GitCommand(repository.git, environment, self._secrets)

    def run(
        self,
        *arguments: str,
        what: str,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
    ) -> Output:
        """Run `git <arguments>`; a failure is raised as what git_failures makes of it.

        `what` names the act and its object for people, as in "clone https://...".
        """
        output = self.attempt(*arguments, stdin=stdin, environment=environment)
        if output.status:
            raise failure(what, output.all, output.retry_after)
        return output

    def attempt(
        self, *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None
    ) -> Output:
        """Run `git <arguments>` and return how it ended, whatever that is."""
        with tempfile.TemporaryFile() as feed:
            feed.write(stdin)
            feed.seek(0)
            return self._execute(arguments, feed, environment, None)

    def _execute(
        self,
        arguments: Sequence[str],
        feed: BinaryIO | None,
        environment: Mapping[str, str] | None,
        sink: BinaryIO | None,
    ) -> Output:
        try:
            process = self._process.execute(
                ["git", *arguments],
                istream=feed,
                env=environment,
                as_process=True,
                start_new_session=True,  # a group of its own, to be ended as a whole
            )
        except git.GitCommandNotFound:
            raise Final("git was not found", "install git 2.39 or newer") from None
        status, out, err = finished(cast("Popen[bytes]", process.proc), sink, LIMIT)
        return Output(status, out, self._masked(err), self._asked_to_wait(status))

    def records(self, *arguments: str, what: str) -> Iterator[bytes]:
        """The NUL-ended records that `git <arguments>` prints; never all of them in memory."""
        with tempfile.TemporaryFile() as sink:
            output = self._execute(arguments, None, None, sink)
            if output.status:
                raise failure(what, output.all)
            sink.seek(0)
            yield from _split(sink)

    def _asked_to_wait(self, status: int) -> float | None:
        """The last Retry-After among the headers that this command has received."""
        trace = Path(self._process.environment()["GIT_TRACE_CURL"])
        found: list[bytes] = []
        with contextlib.suppress(FileNotFoundError):
            found = _RETRY_AFTER.findall(trace.read_bytes()) if status else []
            trace.unlink()
        return float(found[-1]) if found else None

    def _masked(self, text: str | bytes) -> str:
        readable = text if isinstance(text, str) else text.decode("utf-8", "replace")
        for secret in self._secrets:
            readable = readable.replace(secret, "***")
        return readable


def _split(file: BinaryIO) -> Iterator[bytes]:
    rest = bytearray()
    while chunk := file.read(_CHUNK):
        *ended, begun = chunk.split(b"\0")
        for part in ended:
            yield bytes(rest) + part
            rest.clear()
        rest += begun


def require_url(url: str) -> None:
    """Raise InvalidInput unless this is a plain http or https URL."""
    if not _URL.fullmatch(url):
        raise InvalidInput(
            "a repository URL is not http or https, or carries a user, query or fragment",
            "write it as https://host/owner/name; the token belongs in the settings",
        )


def require_remote(url: str, branch: str) -> None:
    """Raise InvalidInput unless these are a plain http or https URL and the name of a branch."""
    require_url(url)
    if not _BRANCH.fullmatch(branch) or ".." in branch:
        raise InvalidInput(f"{branch!r} is not a branch name", "correct the branch")


@contextlib.contextmanager
def git_in(token: SecretStr | None) -> Iterator[tuple[GitCommand, Path]]:
    """A way to run git and the temporary folder it works in; both are gone after the block."""
    with tempfile.TemporaryDirectory(prefix="slipway-git-") as name:
        folder = Path(name)
        command = GitCommand(git.Git(name), _environment(folder, token), _spellings(token))
        yield command, folder


def _environment(folder: Path, token: SecretStr | None) -> dict[str, str]:
    environment = {
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_PARAMETERS": "",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "GIT_ALLOW_PROTOCOL": "http:https",
        "GIT_HTTP_LOW_SPEED_LIMIT": "1",
        "GIT_HTTP_LOW_SPEED_TIME": str(STALL),
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_TRACE_REDACT": "1",
        "GIT_TRACE_CURL": str(folder / "trace"),  # git itself does not tell of Retry-After
        "GIT_TRACE_CURL_NO_DATA": "1",
        "LC_ALL": "C",
        "GIT_CONFIG_COUNT": str(len(_CONFIGURATION)),
    }
    for number, (key, value) in enumerate(_CONFIGURATION.items()):
        environment[f"GIT_CONFIG_KEY_{number}"] = key
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    if token is not None and token.get_secret_value():
        script = folder / "askpass"
        script.write_text(_ASKPASS, encoding="utf-8")
        script.chmod(0o700)
        environment["GIT_ASKPASS"] = str(script)
        environment["SLIPWAY_GIT_USER"] = _USER
        environment["SLIPWAY_GIT_TOKEN"] = token.get_secret_value()
    return environment


def _spellings(token: SecretStr | None) -> list[str]:
    if token is None or not token.get_secret_value():
        return []
    secret = token.get_secret_value()
    return [secret, base64.b64encode(f"{_USER}:{secret}".encode()).decode()]
