"""A Git host: smart HTTP over the real `git http-backend`, with GitHub's checks and refusals.

The same app answers the REST subset (`/api/v3/...`, see github.py) and the pages for people.
"""

import asyncio
import base64
import binascii
import contextlib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from starlette.responses import PlainTextResponse, Response

from sandbox.forge.github import GitHub
from sandbox.forge.ledger import Entry
from sandbox.forge.pages import Pages
from sandbox.forge.protection import Protection
from sandbox.forge.repositories import Draft, Repositories, Token, git_environment
from sandbox.serving import Asgi, Receive, Scope, Send

__all__ = ["GitHost", "Token"]

_GIT_PATH = re.compile(
    r"/(?P<name>[^/]+/[^/]+?)(\.git)?/(?P<service>info/refs|git-upload-pack|git-receive-pack)"
)
_CHUNK = 1 << 16


class GitHost:
    """Bare repositories below `root` and the app that serves them to the holders of `tokens`."""

    def __init__(self, root: Path, tokens: Iterable[Token]) -> None:
        self.repositories = Repositories(root / "repositories")
        self.tokens = {token.value: token for token in tokens}
        self.github = GitHub(self.repositories, self.tokens, root / "forge")
        self.before_push: Callable[[str], None] | None = None  # called once, by the next push
        self._pages: Asgi = Pages(self.repositories, self.github.ledger, self.github.pulls).app

    def create(self, name: str) -> Path:
        """Make a repository with an unborn `main`; one that is there stays as it is."""
        return self.repositories.create(name)

    def path(self, name: str) -> Path:
        """Folder of the bare repository."""
        return self.repositories.path(name)

    def protect(self, name: str, ref: str) -> None:
        """Refuse pushes to a branch (`main`) or to tags (`refs/tags/v*`)."""
        self.repositories.protect(name, ref)

    def unprotect(self, name: str, ref: str) -> None:
        """Allow pushes again; the ref as it was given to `protect`."""
        self.repositories.unprotect(name, ref)

    def head(self, name: str, branch: str = "main") -> str | None:
        """SHA of the branch's tip; None while it is unborn."""
        return self.repositories.commit_at(name, f"refs/heads/{branch}")

    def read(self, name: str, path: str, ref: str = "main") -> bytes:
        """Content of one file."""
        return self.repositories.read(name, ref, path)

    def commit(
        self,
        name: str,
        branch: str,
        files: Mapping[str, bytes],
        message: str,
        author: str = Draft.author,
        date: datetime | None = None,
    ) -> str:
        """Commit as somebody else, past every check: the competing writer. The new SHA."""
        draft = Draft(message, files, date or datetime.now(UTC), author)
        sha = self.repositories.write(name, branch, [draft])
        self.github.pulls(name).follow()
        return sha

    def merge(self, name: str, number: int, method: str = "merge", by: str = "leo") -> str:
        """Merge a pull request (`merge`, `squash` or `rebase`), as a person would. The new SHA."""
        entry = self._pull(name, number)
        merged = self.github.pulls(name).merge(entry, {"merge_method": method}, by)
        return str(merged["merge_commit_sha"])

    def approve(self, name: str, number: int, by: str = "leo") -> None:
        """Review a pull request with approval."""
        entry = self._pull(name, number)
        self.github.pulls(name).save({**entry, "approvals": [*entry["approvals"], by]})

    def enqueue(self, name: str, number: int) -> None:
        """Put a pull request into the merge queue, as a person would."""
        self.github.pulls(name).queue.enqueue(self._pull(name, number), None)

    def guard(self, name: str, branch: str, protection: Protection) -> None:
        """Set what merging into a branch asks for."""
        self.github.rules.protections[f"{name}:{branch}"] = protection

    def _pull(self, name: str, number: int) -> Entry:
        entry = self.github.pulls(name).get(number)
        if entry is None:
            raise ValueError(f"{name} has no pull request {number}")
        return entry

    def check(
        self, name: str, sha: str, check: str, conclusion: str = "", workflow_run: int = 0
    ) -> None:
        """Report a check as CI does, for a job of a workflow's run where one is given.

        Without a conclusion it is under way.
        """
        entry = {"name": check, "head_sha": sha, "app": "ci", "suite": workflow_run}
        self.github.ledger.save(name, "check_runs", entry | _ended(conclusion))

    def workflow(self, name: str, sha: str, workflow: str, conclusion: str = "") -> int:
        """Report a run of a workflow; its number. Without a conclusion it is under way."""
        entry = {"name": workflow, "head_sha": sha}
        made = self.github.ledger.save(name, "workflow_runs", entry | _ended(conclusion))
        return int(made["id"])

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI app: Git, REST and pages."""
        git = _GIT_PATH.fullmatch(scope["path"])
        if scope["path"].startswith(("/api/v3", "/api/uploads", "/api/graphql")):
            await self.github(scope, receive, send)
        elif git:
            await self._git(git["name"], git["service"], scope, receive, send)
        else:
            await self._pages(scope, receive, send)

    async def _git(
        self, name: str, service: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        writes = "receive-pack" in service or b"receive-pack" in scope["query_string"]
        refusal = self._refusal(name, writes, scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        hook = self.before_push
        if hook and service == "git-receive-pack":
            self.before_push = None
            await asyncio.to_thread(hook, name)
        await self._run(f"/{name}.git/{service}", scope, receive, send)
        if service == "git-receive-pack":
            await asyncio.to_thread(self.github.pulls(name).follow)

    def _refusal(self, name: str, writes: bool, scope: Scope) -> Response | None:
        password = _password(_headers(scope).get("authorization", ""))
        token = self.tokens.get(password)
        if token is None:
            challenge = {"WWW-Authenticate": 'Basic realm="GitHub"'}
            text = "Invalid username or token." if password else "No anonymous access."
            return PlainTextResponse(text, 401, challenge)
        if name not in token.repositories or not self.repositories.exists(name):
            return PlainTextResponse("Repository not found.", 404)
        if writes and not token.write:
            return PlainTextResponse("Write access to repository not granted.", 403)
        return None

    async def _run(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        environment = git_environment() | {
            "GIT_PROJECT_ROOT": str(self.repositories.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": headers.get("git-protocol", ""),
            "PATH_INFO": path,
            "REMOTE_USER": "x-access-token",
            "REMOTE_ADDR": "127.0.0.1",
            "REQUEST_METHOD": scope["method"],
            "QUERY_STRING": scope["query_string"].decode("latin-1"),
            "CONTENT_TYPE": headers.get("content-type", ""),
            "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        }
        # No CONTENT_LENGTH: with it, the backend of git 2.39 spins for ever when a client goes away
        # in the middle of a body. Without it, it reads to the end.
        await _cgi(["git", "http-backend"], environment, receive, send)


def _ended(conclusion: str) -> dict[str, str | None]:
    status = "completed" if conclusion else "in_progress"
    return {"status": status, "conclusion": conclusion or None}


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _password(authorization: str) -> str:
    """The password of a Basic header: the token. The user name does not matter."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


async def _cgi(
    command: list[str], environment: dict[str, str], receive: Receive, send: Send
) -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # it names folders of this machine
    )
    stdin = cast("asyncio.StreamWriter", process.stdin)
    stdout = cast("asyncio.StreamReader", process.stdout)
    feeding = asyncio.create_task(_feed(receive, stdin))
    try:
        await _relay(stdout, send)
        await feeding
    except BaseException:  # the server is stopping, or the answer cannot be sent
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        raise
    finally:
        feeding.cancel()
        await process.wait()


async def _feed(receive: Receive, stdin: asyncio.StreamWriter) -> None:
    """Pass the body on as it comes; read it to its end even if nobody wants it any more."""
    while True:
        message = await receive()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            stdin.write(message.get("body", b""))
            await stdin.drain()
        if not message.get("more_body", False):
            break
    stdin.close()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        await stdin.wait_closed()


async def _relay(stdout: asyncio.StreamReader, send: Send) -> None:
    status, headers = 200, []
    while (line := await stdout.readline()).strip():
        name, _, value = line.strip().partition(b":")
        if name.lower() == b"status":
            status = int(value.split()[0])
        else:
            headers.append((name.lower(), value.strip()))
    if not headers:
        status = 500  # the backend died without a word
    await send({"type": "http.response.start", "status": status, "headers": headers})
    while chunk := await stdout.read(_CHUNK):
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
