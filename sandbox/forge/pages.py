"""Pages for people, so that the links in reports open.

They only show: nobody logs in here, so what changes something is a call to the API with a token,
and the page tells which.
"""

from collections.abc import Callable
from html import escape

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from sandbox.forge.ledger import Entry, Ledger
from sandbox.forge.pulls import PullRequests
from sandbox.forge.repositories import Repositories

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}}
pre{{background:#f4f4f4;padding:1em;overflow:auto}}</style>
<h1>{title}</h1><p><a href="/{name}">{name}</a> · <a href="/{name}/pulls">pull requests</a>
· sandbox</p>{content}</html>
"""
_PULL = """<p><b>{state}</b> · {head} → {base}</p><pre>{body}</pre>{how}<pre>{diff}</pre>"""
_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


class Pages:
    """The pages of all repositories, for anybody who can reach this port."""

    def __init__(
        self,
        repositories: Repositories,
        ledger: Ledger,
        pulls_of: Callable[[str], PullRequests],
    ) -> None:
        self._repositories, self._ledger, self._pulls_of = repositories, ledger, pulls_of
        self.app = Starlette(
            routes=[
                Route("/{owner}/{name}", self.repository),
                Route("/{owner}/{name}/commit/{sha}", self.commit),
                Route("/{owner}/{name}/pulls", self.pulls),
                Route("/{owner}/{name}/pull/{number:int}", self.pull),
                Route("/{owner}/{name}/releases/tag/{tag:path}", self.release),
                Route("/{owner}/{name}/releases/download/{tag:path}/{file}", self.download),
            ]
        )

    async def repository(self, request: Request) -> Response:
        name, text = self._name(request), b""
        if self._repositories.commit_at(name, "main"):
            text = self._repositories.git(name, "log", "-50", "--format=%H %as %s", "main")
        rows = []
        for line in text.decode(errors="replace").splitlines():
            sha, date, subject = line.split(" ", 2)
            link = _link(f"/{name}/commit/{sha}", sha[:7])
            rows.append(f"{link} {date} {escape(subject)}")
        return _page(name, name, _list(rows))

    async def commit(self, request: Request) -> Response:
        name, sha = self._name(request), request.path_params["sha"]
        if not sha.isalnum() or self._repositories.commit_at(name, sha) is None:
            raise HTTPException(404)
        text = self._repositories.git(name, "show", "--stat", "--patch", "--no-color", sha, "--")
        content = f"<pre>{escape(text.decode(errors='replace'))}</pre>"
        return _page(f"Commit {sha[:7]}", name, content)

    async def pulls(self, request: Request) -> Response:
        name = self._name(request)
        rows = [
            _link(f"/{name}/pull/{entry['number']}", f"#{entry['number']}")
            + f" {escape(entry['title'])} ({_state(entry)})"
            for entry in self._pulls_of(name).all()
        ]
        return _page("Pull requests", name, _list(rows))

    async def pull(self, request: Request) -> Response:
        name, number = self._name(request), request.path_params["number"]
        pulls = self._pulls_of(name)
        entry = pulls.get(number)
        if entry is None:
            raise HTTPException(404)
        diff = pulls.merger(entry, f"refs/heads/{entry['base']}").diff()
        call = f"PUT {request.base_url}api/v3/repos/{name}/pulls/{number}/merge"
        how = f"<p>To merge it: <code>{escape(call)}</code></p>"
        content = _PULL.format(
            state=_state(entry),
            head=escape(entry["head"]),
            base=escape(entry["base"]),
            body=escape(entry["body"] or ""),
            how=how if entry["state"] == "open" else "",
            diff=escape(diff),
        )
        return _page(f"{entry['title']} #{number}", name, content)

    async def release(self, request: Request) -> Response:
        name, entry = self._name(request), self._release(request)
        tag, rows = entry["tag_name"], []
        for asset in self._files(name, entry):
            link = _link(f"/{name}/releases/download/{tag}/{asset['name']}", asset["name"])
            rows.append(f"{link} {asset['size']} bytes")
        content = f"<pre>{escape(entry['body'])}</pre>{_list(rows)}"
        return _page(f"Release {entry['name'] or tag}", name, content)

    async def download(self, request: Request) -> Response:
        name, asked = self._name(request), request.path_params["file"]
        for asset in self._files(name, self._release(request)):
            if asset["name"] == asked:
                path = self._ledger.file(name, asset["id"])
                return FileResponse(path, filename=asked, headers=_HEADERS)
        raise HTTPException(404)

    def _name(self, request: Request) -> str:
        name = "{owner}/{name}".format(**request.path_params)
        if not self._repositories.exists(name):
            raise HTTPException(404)
        return name

    def _release(self, request: Request) -> Entry:
        entry = self._ledger.release_of(self._name(request), request.path_params["tag"])
        if entry is None:
            raise HTTPException(404)
        return entry

    def _files(self, name: str, release: Entry) -> list[Entry]:
        entries = self._ledger.entries(name, "assets")
        return [e for e in entries if e["release"] == release["id"] and e["state"] == "uploaded"]


def _state(pull: Entry) -> str:
    return "merged" if pull["merged_at"] else str(pull["state"])


def _link(url: str, text: str) -> str:
    return f'<a href="{escape(url)}">{escape(text)}</a>'


def _list(rows: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{row}</li>' for row in rows)}</ul>"


def _page(title: str, name: str, content: str) -> Response:
    text = _PAGE.format(title=escape(title), name=escape(name), content=content)
    return HTMLResponse(text, headers=_HEADERS)
