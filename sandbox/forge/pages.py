"""Pages for people, so that the links in reports open: a repository, a commit, a release."""

from html import escape

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sandbox.forge.ledger import Ledger
from sandbox.forge.repositories import Repositories

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}}
pre{{background:#f4f4f4;padding:1em;overflow:auto}}</style>
<h1>{title}</h1><p><a href="/{name}">{name}</a> · sandbox</p>{content}</html>
"""
_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


def pages(repositories: Repositories, ledger: Ledger) -> Starlette:
    """The app that serves them, to anybody who can reach this port."""

    def name_of(request: Request) -> str:
        name = "{owner}/{name}".format(**request.path_params)
        if not repositories.exists(name):
            raise HTTPException(404)
        return name

    async def repository(request: Request) -> Response:
        name = name_of(request)
        text = b""
        if repositories.commit_at(name, "main"):
            text = repositories.git(name, "log", "-50", "--format=%H %as %s", "main")
        rows = []
        for line in text.decode(errors="replace").splitlines():
            sha, date, subject = line.split(" ", 2)
            link = f'<a href="/{escape(name)}/commit/{sha}">{sha[:7]}</a>'
            rows.append(f"<li>{link} {date} {escape(subject)}</li>")
        return _page(name, name, f"<ul>{''.join(rows)}</ul>")

    async def commit(request: Request) -> Response:
        name, sha = name_of(request), request.path_params["sha"]
        if not sha.isalnum() or repositories.commit_at(name, sha) is None:
            raise HTTPException(404)
        text = repositories.git(name, "show", "--stat", "--patch", "--no-color", sha, "--")
        content = f"<pre>{escape(text.decode(errors='replace'))}</pre>"
        return _page(f"Commit {sha[:7]}", name, content)

    async def release(request: Request) -> Response:
        name = name_of(request)
        entry = ledger.release_of(name, request.path_params["tag"])
        if entry is None:
            raise HTTPException(404)
        content = f"<pre>{escape(entry['body'])}</pre>"
        return _page(f"Release {entry['name'] or entry['tag_name']}", name, content)

    return Starlette(
        routes=[
            Route("/{owner}/{name}", repository),
            Route("/{owner}/{name}/commit/{sha}", commit),
            Route("/{owner}/{name}/releases/tag/{tag:path}", release),
        ]
    )


def _page(title: str, name: str, content: str) -> Response:
    text = _PAGE.format(title=escape(title), name=escape(name), content=content)
    return HTMLResponse(text, headers=_HEADERS)
