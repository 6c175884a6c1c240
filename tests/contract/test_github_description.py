"""Client and stand-in against GitHub's own description, for github.com and Enterprise Server."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from sandbox.serving import Asgi, Message, Receive, Scope, Send, served
from slipway.clients.github import GitHub, Page, Pull
from slipway.clients.github.checks import _Run, _Status
from slipway.clients.github.deployments import _Deployment
from slipway.clients.github.values import Asset, FullPullAnswer, PullAnswer
from tests.contract.forge_place import BRANCH, CHECKLESS, NAME, WRITER, Forge, a_forge
from tests.contract.github_description import DESCRIPTION, check_answer, check_request

SHA = "c" * 40
EXAMPLES = DESCRIPTION["examples"]


@dataclass
class Recorded:
    """Stands before the stand-in and keeps what was asked and answered."""

    inner: Asgi
    asked: list[tuple[str, str, str, bytes]] = field(default_factory=list)
    told: list[tuple[str, str, int, bytes]] = field(default_factory=list)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, answer, status = bytearray(), bytearray(), 0

        async def heard() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def tell(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            answer.extend(message.get("body", b""))
            await send(message)

        await self.inner(scope, heard, tell)
        method, path = scope["method"], scope["path"]
        self.asked.append((method, path, scope["query_string"].decode(), bytes(body)))
        self.told.append((method, path, status, bytes(answer)))


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    with a_forge(tmp_path) as forge:
        yield forge


def everything(forge: Forge, github: GitHub) -> None:
    """Each thing that the client can do."""
    sha = forge.head()
    for conclusion in ("success", ""):
        run = forge.host.workflow(NAME, sha, "CI", conclusion)
        forge.host.check(NAME, sha, "build", conclusion, run)
    forge.call("POST", f"/statuses/{sha}", {"state": "success"})
    github.checks(sha)
    github.is_protected("main")
    github.show_status(sha, "slipway/staging", "success", "proven", "https://x.example/")
    number = github.deployment("main", "staging", "run", production=False)
    github.show_deployment(number, "success", "proven", log="https://x.example/", address="")
    page = github.create("v1.0.0", sha, "notes", draft=True)
    assert page
    forge.host.github.rules.broken_uploads = 1
    with pytest.raises(Exception, match="502"):
        github.attach(page, "a.json", b"{}", "application/json")
    github.attach(page, "a.json", b"{}", "application/json")
    github.rewrite(page, "more notes")
    github.publish(page)
    github.release("v1.0.0")
    github.create("v1.0.0", sha, "notes", prerelease=True)
    pull = github.create_pull(BRANCH, "main", "title", "body")
    github.create_pull(BRANCH, "main", "title", "body")
    github.newest_pull(BRANCH, "main")
    github.change_pull(pull, title="other", body="body")
    github.label(pull, ("bot",))
    github.close_pull(pull)
    forge.branch("more")
    forge.commit("more", "more", "c.txt")
    merged = github.pull(github.create_pull("more", "main", "title", "body").number)
    github.merge_pull(merged, "squash", "subject\n\nrest")
    github.pull(merged.number)


def test_every_request_and_every_answer_is_described(forge: Forge) -> None:
    recorded = Recorded(forge.host.app)
    with served(recorded.app) as front:
        url, name = f"{front.url}/api/v3", f"https://x/{NAME}"
        with GitHub(url, name, SecretStr(WRITER.value)) as github:
            everything(forge, github)
        with GitHub(url, name, SecretStr(CHECKLESS.value)) as github:
            github.checks(forge.head())
    assert len(recorded.asked) > 20
    for request in recorded.asked:
        check_request(*request)
    for answer in recorded.told:
        check_answer(*answer)


def required(model: type[BaseModel]) -> set[str]:
    return {name for name, field in model.model_fields.items() if field.is_required()}


@pytest.mark.parametrize(
    ("model", "schema"),
    [
        (Page, "release"),
        (Asset, "release-asset"),
        (PullAnswer, "pull-request"),
        (FullPullAnswer, "pull-request"),
        (PullAnswer, "pull-request-simple"),
        (_Run, "check-run"),
        (_Run, "workflow-run"),
        (_Run, "job"),
        (_Status, "simple-commit-status"),
        (_Deployment, "deployment"),
    ],
)
def test_what_the_client_needs_is_always_there(model: type[BaseModel], schema: str) -> None:
    described = DESCRIPTION["schemas"][schema]
    assert required(model) <= set(described["required"])
    optional = set(model.model_fields) - required(model)
    others = {"app", "check_suite", "check_suite_id", "workflow_id"} if model is _Run else set()
    assert optional - others <= set(described["properties"])


def answering(*answers: Any, refused: str = "nothing") -> Asgi:
    """A server that gives its answers by the end of the path."""
    by_end = {refused: {"message": "no"}, **dict(answers)}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        answer = next(body for end, body in by_end.items() if scope["path"].endswith(end))
        status = 403 if scope["path"].endswith(refused) else 200
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    return app


def asked(app: Asgi, ask: Any) -> Any:
    with (
        served(app) as server,
        GitHub(server.url, "https://x/octocat/hello", SecretStr("t")) as github,
    ):
        return ask(github)


def test_githubs_example_of_a_release_is_understood() -> None:
    app = answering(("/tags/v1.0.0", EXAMPLES["release"]))
    page = asked(app, lambda github: github.release("v1.0.0"))
    assert (page.id, page.tag_name, page.draft, page.prerelease) == (1, "v1.0.0", False, False)
    assert page.upload_url.startswith("https://uploads.github.com/repos/octocat/")
    assert [(asset.name, asset.state) for asset in page.assets] == [("example.zip", "uploaded")]


def test_githubs_examples_of_pull_requests_are_understood() -> None:
    (listed,) = EXAMPLES["pull-request-simple-items"]
    app = answering(("/pulls", [listed]), ("/pulls/1347", EXAMPLES["pull-request"]))
    branch = listed["head"]["ref"]
    found: Pull = asked(app, lambda github: github.open_pull(branch, "master"))
    assert (found.number, found.open, found.labels) == (1347, True, ("bug",))
    assert found.head_sha == listed["head"]["sha"]
    closed: Pull = asked(app, lambda github: github.close_pull(found))
    assert closed.number == 1347
    full = asked(app, lambda github: github.pull(1347))
    assert (full.mergeable_state, full.draft) == ("clean", False)
    assert full.closed_at


def test_githubs_example_of_jobs_is_understood() -> None:
    runs = EXAMPLES["workflow-run-paginated"]
    app = answering(
        (f"/runs/{runs['workflow_runs'][0]['id']}/jobs", EXAMPLES["job-paginated"]),
        ("/status", EXAMPLES["combined-commit-status"]),
        ("/actions/runs", runs),
        refused="/check-runs",
    )
    checks = asked(app, lambda github: github.checks(SHA))
    assert (checks[0].source, checks[0].name, checks[0].state) == ("check run", "build", "passed")


def test_githubs_examples_of_checks_are_understood() -> None:
    app = answering(
        ("/check-runs", EXAMPLES["check-run-paginated"]),
        ("/status", EXAMPLES["combined-commit-status"]),
        ("/runs", EXAMPLES["workflow-run-paginated"]),
    )
    checks = asked(app, lambda github: github.checks(SHA))
    assert [(check.source, check.name, check.state) for check in checks] == [
        ("check run", "mighty_readme", "skipped"),
        ("status", "continuous-integration/jenkins", "passed"),
        ("status", "security/brakeman", "passed"),
        ("workflow run", "Build", "waiting"),
    ]
