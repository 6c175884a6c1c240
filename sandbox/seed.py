"""The repositories to start from, and what happens in them later."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sandbox import changes
from sandbox.forge.githost import GitHost
from sandbox.forge.repositories import Draft

APPLICATION = "parraletz/books-api"
GITOPS = "parraletz/gitops-cf"
CHART = "helm/books-api"  # folder in the application's repository

_START = datetime(2026, 1, 12, 8, 0, tzinfo=UTC)
_GITOPS_FOLDER = Path(__file__).parent / "gitops"
_PYTHON_NOTE = b" It needs Python 3.9 or newer and nothing else."
_ROOT_PATH = b"""    if path == "/":
        return {"name": PACKAGE["name"], "version": PACKAGE["version"], "status": "ok"}
"""


def seed(
    host: GitHost, *, gitops_url: str, image_repository: str, tag: str = "1.0.0", digest: str = ""
) -> None:
    """Make both repositories; one that has commits stays as it is.

    `gitops_url` is the address the Applications name as their source; `image_repository`, `tag` and
    `digest` are what both environments are asked to run at first.
    """
    for name in (APPLICATION, GITOPS):
        host.create(name)
    if host.head(APPLICATION) is None:
        host.repositories.write(APPLICATION, "main", _application_history())
    _release_page(host)
    if host.head(GITOPS) is None:
        files = gitops_files(gitops_url, image_repository, tag, digest)
        first = Draft("chore: Books API in staging and production", files, _START)
        host.repositories.write(GITOPS, "main", [first])


def gitops_files(url: str, image_repository: str, tag: str, digest: str) -> dict[str, bytes]:
    """The GitOps repository's files, for this image and this address."""
    replacements = (
        ("https://github.com/parraletz/gitops-cf.git", url),
        ("ghcr.io/parraletz/books-api", image_repository),
        ('tag: "1.0.0"', f'tag: "{tag}"'),
        ("tag: '1.0.0'", f"tag: '{tag}'"),
        ('digest: ""', f'digest: "{digest}"'),
        ("digest: ''", f"digest: '{digest}'"),
    )
    files = {}
    for path in sorted(_GITOPS_FOLDER.rglob("*")):
        if path.is_file():
            text = path.read_text()
            for old, new in replacements:
                text = text.replace(old, new)
            files[path.relative_to(_GITOPS_FOLDER).as_posix()] = text.encode()
    return files


def next_number(host: GitHost) -> int:
    """Number of the first change that the application's main branch does not hold."""
    log = host.repositories.git(APPLICATION, "log", "--format=%s", "main")
    made = set(log.decode().splitlines())
    number = 1
    while changes.subject(number) in made:
        number += 1
    return number


def next_change(host: GitHost, number: int) -> str:
    """Commit change `number` (1, 2, ...) to the application: something to release. The new SHA.

    Where a bad change waits, it is taken back first, and `number` is left for the next call.
    """
    repair = changes.repair(host.read(APPLICATION, "server.py"))
    if repair:
        return _commit(host, changes.application(number - 1), repair)
    return _commit(host, changes.application(number), changes.subject(number))


def bad_change(host: GitHost) -> str:
    """Commit a change that makes the application end at start, everywhere. The new SHA."""
    message, server = changes.broken(host.read(APPLICATION, "server.py"))
    return _commit(host, {"server.py": server}, message)


def bad_in_production(host: GitHost) -> str:
    """Commit a change that only production shows to be bad. The new SHA."""
    message, server = changes.bad_in_production(host.read(APPLICATION, "server.py"))
    return _commit(host, {"server.py": server}, message)


def _commit(host: GitHost, files: changes.Files, message: str) -> str:
    new = {path: text for path, text in files.items() if host.read(APPLICATION, path) != text}
    if not new:  # it was made before
        return str(host.head(APPLICATION))
    return host.commit(APPLICATION, "main", new, f"{message}\n")


def _application_history() -> list[Draft]:
    readme, server = changes.original("README.md"), changes.original("server.py")
    package = changes.original("package.json")
    young = package.replace(b'"version": "1.0.0"', b'"version": "0.1.0"')
    books = changes.original("books.json")
    steps: tuple[tuple[str, changes.Files, str, str], ...] = (
        ("chore: start the project", {"README.md": readme.replace(_PYTHON_NOTE, b"")}, "", ""),
        (
            "feat: serve ten books",
            {
                "server.py": server.replace(_ROOT_PATH, b""),
                "books.json": books,
                "package.json": young,
            },
            "",
            "",
        ),
        ("feat: report the name and the version", {"server.py": server}, "", ""),
        ("build: add a Dockerfile", {"Dockerfile": changes.original("Dockerfile")}, "", ""),
        ("build: add a Helm chart", _chart(), "", ""),
        (
            "chore(main): release 1.0.0",
            {"package.json": package, "CHANGELOG.md": changes.original("CHANGELOG.md")},
            "v1.0.0",
            "",
        ),
        ("docs: say what is needed to run it", {"README.md": readme}, "", "helm-v1.0.0"),
    )
    return [
        Draft(f"{message}\n", files, _START + timedelta(minutes=20 * i), tag=tag, light_tag=light)
        for i, (message, files, tag, light) in enumerate(steps)
    ]


def _chart() -> changes.Files:
    """The chart is the one that the GitOps repository starts with, without its environments."""
    folder = _GITOPS_FOLDER / "books" / "api"
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        f"{CHART}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in paths
        if not path.name.startswith("values-")
    }


def _release_page(host: GitHost) -> None:
    if host.github.ledger.release_of(APPLICATION, "v1.0.0"):
        return
    moment = (_START + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    notes = changes.original("CHANGELOG.md").decode().partition("\n\n")[2]
    entry = {
        "tag_name": "v1.0.0",
        "target_commitish": "main",
        "name": "v1.0.0",
        "body": notes,
        "draft": False,
        "prerelease": False,
        "created_at": moment,
        "published_at": moment,
    }
    host.github.ledger.save_release(APPLICATION, entry)
