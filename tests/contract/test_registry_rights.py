"""Who may push to and pull from which repository of the registry stand-in."""

import contextlib
from collections.abc import Callable, Iterator

import httpx
import pytest

from sandbox.registry.api import Account, Registry
from sandbox.serving import Server, served
from tests.contract.oci import connect, error_code, push_blob

ACCOUNTS = (
    Account("robot", "secret", push=("",)),
    Account("books", "secret", push=("team/books",), pull=("base",)),
    Account("reader", "secret", pull=("team",)),
)
Login = Callable[[str], httpx.Client]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(Registry(tmp_path_factory.mktemp("registry"), ACCOUNTS).app) as server:
        yield server


@pytest.fixture
def login(server: Server) -> Iterator[Login]:
    """Gives the client of an account."""
    with contextlib.ExitStack() as stack:
        yield lambda user: stack.enter_context(connect(server.url, user, "secret"))


@pytest.fixture
def client(login: Login) -> httpx.Client:
    """Of the account that may do everything."""
    return login("robot")


def test_no_credentials_are_challenged_for_basic(client: httpx.Client) -> None:
    answer = client.get("/v2/", auth=None)
    assert (answer.status_code, error_code(answer)) == (401, "UNAUTHORIZED")
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="sandbox registry"'


@pytest.mark.parametrize(
    ("username", "name", "status"),
    [
        ("books", "team/books", 202),
        ("books", "team/books/api", 202),
        ("books", "team/bookshop", 403),
        ("books", "base", 403),
        ("reader", "team/books", 403),
    ],
)
def test_B16_push_needs_the_right_to_the_repository(
    login: Login, username: str, name: str, status: int
) -> None:
    answer = login(username).post(f"/v2/{name}/blobs/uploads/")
    assert answer.status_code == status
    assert status == 202 or error_code(answer) == "DENIED"


@pytest.mark.parametrize(
    ("username", "name", "status"),
    [
        ("books", "team/books", 200),
        ("books", "base", 200),
        ("reader", "team/books", 200),
        ("reader", "base", 403),
    ],
)
def test_pull_needs_the_right_to_the_repository(
    client: httpx.Client, login: Login, username: str, name: str, status: int
) -> None:
    digest = push_blob(client, name, b"layer")["digest"]
    assert login(username).get(f"/v2/{name}/blobs/{digest}").status_code == status


def test_mount_needs_the_right_to_read_the_source(client: httpx.Client, login: Login) -> None:
    digest = push_blob(client, "team/private", b"private")["digest"]
    query = {"mount": digest, "from": "team/private"}
    books = login("books")
    assert books.post("/v2/team/books/blobs/uploads/", params=query).status_code == 202
    assert books.head(f"/v2/team/books/blobs/{digest}").status_code == 404


def test_wrong_credentials_are_challenged(registry: httpx.Client) -> None:
    for auth in (("robot", "wrong"), ("nobody", "secret"), ("röbot", "ß:ß")):
        answer = registry.get("/v2/", auth=auth)
        assert (answer.status_code, error_code(answer)) == (401, "UNAUTHORIZED")
        assert answer.headers["WWW-Authenticate"].startswith('Basic realm="')


def test_mount_looks_only_where_the_account_may_read(client: httpx.Client, login: Login) -> None:
    digest = push_blob(client, "team/hidden", b"hidden")["digest"]
    books = login("books")
    answer = books.post("/v2/team/books/blobs/uploads/", params={"mount": digest})
    assert answer.status_code == 202
    push_blob(client, "base/open", b"hidden")
    answer = books.post("/v2/team/books/blobs/uploads/", params={"mount": digest})
    assert answer.status_code == 201
