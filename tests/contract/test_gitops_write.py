"""The GitOps update against a Git host: one commit or none."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from slipway import gitops
from slipway.config import parse_service
from slipway.errors import Final, InvalidInput, NotFound, Unauthorized
from slipway.manifests.editor import NotEditable
from slipway.manifests.message import commit_message
from slipway.service import Environment
from slipway.settings import Settings
from tests.contract.gitops_place import APPLICATION, FILES, NAME, VALUES, Desk, a_desk, image


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        yield made


def test_G04_G08_G32_three_values_in_two_files_are_one_commit(desk: Desk) -> None:
    base = desk.head()
    promotion = desk.write()
    assert promotion.committed
    assert promotion.revision == desk.head()
    assert promotion.change.base == base
    assert promotion.url == f"{desk.server.url}/{NAME}/commit/{desk.head()}"
    assert desk.read("staging.yaml") == VALUES.replace(b"1.0.0", b'"1.1.0"')
    assert desk.read("apps/staging.yaml") == APPLICATION.replace(
        b"targetRevision: 1.0.0", b'targetRevision: "1.1.0"'
    ).replace(b'"1.0.0"', b'"1.1.0"')
    assert desk.read("production.yaml") == VALUES
    assert desk.messages()[0].splitlines() == [
        "chore(staging): books-api 1.1.0",
        "",
        "Slipway-Service: books-api",
        "Slipway-Environment: staging",
        "Slipway-Version: 1.1.0",
        f"Slipway-Digest: sha256:{'a' * 64}",
        "Slipway-Run: run-1",
    ]


def test_G04_one_impossible_edit_and_nothing_is_written(desk: Desk) -> None:
    base = desk.commit({"apps/staging.yaml": APPLICATION.replace(b"valuesObject", b"values")})
    with pytest.raises(NotEditable, match=r"apps/staging\.yaml"):
        desk.write()
    assert desk.head() == base


def test_a_plan_shows_the_change_and_writes_nothing(desk: Desk) -> None:
    base = desk.head()
    change = desk.plan()
    assert [(edit.file, edit.old, edit.new) for edit in change.edits] == [
        ("staging.yaml", "1.0.0", "1.1.0"),
        ("apps/staging.yaml", "1.0.0", "1.1.0"),
        ("apps/staging.yaml", "1.0.0", "1.1.0"),
    ]
    assert change.diff.splitlines()[:7] == [
        "--- a/staging.yaml",
        "+++ b/staging.yaml",
        "@@ -1,4 +1,4 @@",
        " image:",
        "   repository: ghcr.io/acme/books-api",
        "-  tag: 1.0.0  # release",
        '+  tag: "1.1.0"  # release',
    ]
    assert desk.head() == base
    assert not [r for r in desk.server.traffic.writes() if "receive-pack" in r.path]


def test_G07_G09_a_repeated_write_finds_its_own_commit(desk: Desk) -> None:
    first = desk.write()
    desk.commit({"other.txt": b"x"})
    again = desk.write()
    assert (again.revision, again.committed, again.change) == (first.revision, False, first.change)
    assert "this run" in again.reason
    other = desk.write(run="run-2")
    assert (other.change.edits, other.change.diff) == ((), "")
    assert other.revision == first.revision
    assert "run-1" in other.reason
    assert len(desk.messages()) == 3


def test_G07_values_written_by_hand_give_the_head(desk: Desk) -> None:
    files = {name: content.replace(b"1.0.0", b"1.1.0") for name, content in FILES.items()}
    head = desk.commit(files)
    promotion = desk.write()
    assert (promotion.revision, promotion.committed) == (head, False)
    assert "there already" in promotion.reason


def test_a_missing_file_or_token_is_named(desk: Desk) -> None:
    where = desk.service.environment("staging")
    update = where.updates[0].model_copy(update={"file": "gone.yaml"})
    wrong = where.model_copy(update={"updates": (update,)})
    with pytest.raises(NotFound, match=r"gone\.yaml"):
        gitops.plan(desk.service, wrong, image(), desk.settings)
    with pytest.raises(InvalidInput, match="SLIPWAY_GITOPS_TOKEN"):
        gitops.write(
            desk.service,
            where,
            image(),
            Settings(),
            run="r",
            began=datetime.now(UTC),
            approvals=(),
        )
    with pytest.raises(Unauthorized):
        gitops.plan(desk.service, where, image(), Settings())


def test_a_digest_can_be_pinned(desk: Desk) -> None:
    where = desk.service.environment("staging")
    update = where.updates[0].model_copy(update={"value": "{digest}"})
    pinned = where.model_copy(update={"updates": (update,)})
    gitops.write(
        desk.service,
        pinned,
        image(),
        desk.settings,
        run="r",
        began=datetime.now(UTC),
        approvals=(),
    )
    assert desk.read("staging.yaml") == VALUES.replace(b"1.0.0", b'"sha256:' + b"a" * 64 + b'"')


def test_G72_the_subject_is_a_template_that_no_value_can_break(desk: Desk) -> None:
    template = "deploy {service} to {environment}: {version} {digest}"
    gitops_ = desk.service.gitops.model_copy(update={"message": template})
    desk.service = desk.service.model_copy(update={"gitops": gitops_})
    desk.write(run="run-1\n\nSlipway-Run: other")
    lines = desk.messages()[0].splitlines()
    assert lines[0] == f"deploy books-api to staging: 1.1.0 sha256:{'a' * 64}"
    runs = [line for line in lines if line.startswith("Slipway-Run")]
    assert runs == ["Slipway-Run: run-1 Slipway-Run: other"]
    odd = image().model_copy(update={"version": "1\n\nSlipway-Run: other"})
    text = commit_message(desk.service, "staging", odd, "run-1", None)
    assert len([line for line in text.splitlines() if line.startswith("Slipway-Run")]) == 1


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("{sevice} {version}", "unknown {sevice}"),
        ("two\nlines", "one line"),
        ("{version", "without its other half"),
        ("   ", "one line"),
        ("{}", "unknown {}"),
    ],
)
def test_G72_a_subject_with_unknown_words_is_refused_with_its_key(message: str, said: str) -> None:
    text = json.dumps({"service": "books-api", "gitops": {"message": message}})
    with pytest.raises(InvalidInput, match=r"gitops\.message") as refused:
        parse_service(text, "books-api.yaml", "books-api")
    assert said in refused.value.message


def patterned(desk: Desk, pattern: str) -> Environment:
    where = desk.service.environment("staging")
    update = where.updates[0].model_copy(update={"file": pattern})
    return where.model_copy(update={"updates": (update,)})


def test_a_pattern_means_every_file_that_it_matches(desk: Desk) -> None:
    files = {f"apps/{name}/values.yaml": VALUES for name in ("a", "b", "c/d")}
    desk.commit(files | {"apps/a/other.yaml": b"x: 1\n", "values.yaml": VALUES})
    where = patterned(desk, "apps/*/values.yaml")
    written = gitops.write(
        desk.service, where, image(), desk.settings, run="r", began=datetime.now(UTC), approvals=()
    )
    changed = ["apps/a/values.yaml", "apps/b/values.yaml"]
    assert [edit.file for edit in written.change.edits] == changed
    everywhere = patterned(desk, "**/values.yaml")
    change = gitops.plan(desk.service, everywhere, image(), desk.settings)
    assert [edit.file for edit in change.edits] == ["apps/c/d/values.yaml", "values.yaml"]


def test_a_pattern_without_a_match_is_named(desk: Desk) -> None:
    with pytest.raises(NotFound, match=r"no file that matches none/\*/values\.yaml"):
        gitops.plan(desk.service, patterned(desk, "none/*/values.yaml"), image(), desk.settings)


def test_G12_a_link_that_a_pattern_matches_is_refused(desk: Desk) -> None:
    tree = desk.host.repositories.git(NAME, "ls-tree", "main").decode()
    oid = desk.host.repositories.git(NAME, "rev-parse", "main:staging.yaml").decode().strip()
    listing = f"{tree}120000 blob {oid}\tlink.yaml\n".encode()
    made = desk.host.repositories.git(NAME, "mktree", stdin=listing).decode().strip()
    who = ["-c", "user.name=x", "-c", "user.email=x@y.z"]
    commit = ["commit-tree", made, "-p", "main", "-m", "x"]
    sha = desk.host.repositories.git(NAME, *who, *commit).decode().strip()
    desk.host.repositories.git(NAME, "update-ref", "refs/heads/main", sha)
    with pytest.raises(Final, match=r"'link\.yaml' .* is a symbolic link"):
        gitops.plan(desk.service, patterned(desk, "*.yaml"), image(), desk.settings)
