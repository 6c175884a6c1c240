"""What the team of the sample application does next: endless small changes, the same every time."""

import json
from pathlib import Path

Files = dict[str, bytes]

_FOLDER = Path(__file__).parent / "books_api"
_SEARCH_ALL = """    return BOOKS
"""
_SEARCH_AUTHOR = """    wanted = query.get("author", [""])[0]
    return [book for book in BOOKS if wanted in book["author"]]
"""
_SEARCH_ANY_CASE = """    wanted = query.get("author", [""])[0].casefold()
    return [book for book in BOOKS if wanted in book["author"].casefold()]
"""
_SEARCH_BOTH = """    author = query.get("author", [""])[0].casefold()
    title = query.get("title", [""])[0].casefold()
    return [
        book
        for book in BOOKS
        if author in book["author"].casefold() and title in book["title"].casefold()
    ]
"""
_SEARCH_TIDY = _SEARCH_BOTH.replace("[0].casefold()", "[0].strip().casefold()")
_ROW = "| `GET /books` | the books |\n"
_ROW_AUTHOR = _ROW + "| `GET /books?author=austen` | the books of an author |\n"
_ROW_TITLE = _ROW_AUTHOR + "| `GET /books?title=emma` | the books with a title |\n"

# subject, then: file, text before, text after
_CODE: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "feat: search books by author",
        (("server.py", _SEARCH_ALL, _SEARCH_AUTHOR), ("README.md", _ROW, _ROW_AUTHOR)),
    ),
    (
        "fix: ignore upper and lower case in the author search",
        (("server.py", _SEARCH_AUTHOR, _SEARCH_ANY_CASE),),
    ),
    (
        "feat: search books by title",
        (("server.py", _SEARCH_ANY_CASE, _SEARCH_BOTH), ("README.md", _ROW_AUTHOR, _ROW_TITLE)),
    ),
    (
        "fix: ignore spaces around the searched words",
        (("server.py", _SEARCH_BOTH, _SEARCH_TIDY),),
    ),
)
_MORE_BOOKS = (
    ("Fortunata y Jacinta", "Benito Pérez Galdós", 1887),
    ("Jane Eyre", "Charlotte Brontë", 1847),
    ("La Regenta", "Leopoldo Alas", 1884),
    ("Great Expectations", "Charles Dickens", 1861),
    ("Martín Fierro", "José Hernández", 1872),
    ("The Moonstone", "Wilkie Collins", 1868),
    ("Doña Perfecta", "Benito Pérez Galdós", 1876),
    ("Anna Karenina", "Leo Tolstoy", 1878),
)
_SETTINGS = ("CATALOGUE_FILE", "CATALOGUE_PATH")
_LOAD = 'BOOKS: list[dict[str, Any]] = load("books.json")\n'
_LOAD_CATALOGUE = """CATALOGUE = os.environ.get("{setting}")
if not CATALOGUE:
    sys.exit("books-api cannot start: {setting} is not set")
BOOKS: list[dict[str, Any]] = load(CATALOGUE)
"""

_ALL_BOOKS = """        return books(query)
"""
_LICENSED = """        found = books(query)
        if os.environ.get("NODE_ENV") == "production":
            found = [book for book in found if book.get("licence")]
        return found
"""
_LICENCE = b'book.get("licence")'


def subject(number: int) -> str:
    """First line of the commit of change `number` (1, 2, ...): features and fixes in turn."""
    if number <= len(_CODE):
        return _CODE[number - 1][0]
    title = _book(number)[0]
    return f'feat: add "{title}"' if number % 2 else f'fix: add the year of "{title}"'


def application(number: int) -> Files:
    """The application's files with the changes 1 to `number`, without those a release writes."""
    texts = {
        name: (_FOLDER / name).read_text() for name in ("server.py", "books.json", "README.md")
    }
    for _subject, edits in _CODE[:number]:
        for name, before, after in edits:
            texts[name] = _replaced(texts[name], before, after)
    books = json.loads(texts["books.json"])
    for step in range(len(_CODE) + 1, number + 1):
        title, author, year = _book(step)
        if step % 2:
            books.append({"id": len(books) + 1, "title": title, "author": author})
        else:
            books[-1]["year"] = year
    texts["books.json"] = _listing(books)
    return {name: text.encode() for name, text in texts.items()}


def original(name: str) -> bytes:
    """A file as the application's folder holds it: version 1.0.0."""
    return (_FOLDER / name).read_bytes()


def repair(server: bytes) -> str | None:
    """Subject of the commit that takes a bad change of server.py back; None: there is none in it.

    Bad is one that needs the catalogue, which no environment has, or licences, which no book has.
    """
    if _LICENCE in server:
        return "fix: show every book again"
    return "fix: start without the shared catalogue" if _needs_catalogue(server) else None


def bad_in_production(server: bytes) -> tuple[str, bytes]:
    """Subject and server.py of a change that is well in staging and shows nothing in production."""
    subject_line = "feat: show only books with a licence in production"
    return subject_line, _replaced(server.decode(), _ALL_BOOKS, _LICENSED).encode()


def _needs_catalogue(server: bytes) -> bool:
    return any(setting.encode() in server for setting in _SETTINGS)


def broken(server: bytes) -> tuple[str, bytes]:
    """Subject and server.py of a change that looks right and cannot start anywhere."""
    text, (first, second) = server.decode(), _SETTINGS
    if not _needs_catalogue(server):
        catalogue = _LOAD_CATALOGUE.format(setting=first)
        subject_line = "feat: read the books from the shared catalogue"
        return subject_line, _replaced(text, _LOAD, catalogue).encode()
    old, new = (first, second) if first in text else (second, first)
    return f"fix: name the catalogue setting {new}", text.replace(old, new).encode()


def _book(number: int) -> tuple[str, str, int]:
    volume, place = divmod((number - len(_CODE) - 1) // 2, len(_MORE_BOOKS))
    title, author, year = _MORE_BOOKS[place]
    return (f"{title}, volume {volume + 1}" if volume else title), author, year


def _replaced(text: str, before: str, after: str) -> str:
    if before not in text:
        raise RuntimeError(f"the sample application no longer holds {before.strip()!r}")
    return text.replace(before, after)


def _listing(books: list[dict[str, object]]) -> str:
    return "[\n" + ",\n".join(f"  {json.dumps(b, ensure_ascii=False)}" for b in books) + "\n]\n"
