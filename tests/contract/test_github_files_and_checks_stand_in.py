"""The stand-in's files of releases and its checks over HTTP, as GitHub documents them."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.forge_place import (
    BRANCH,
    CHECKLESS,
    NAME,
    READER,
    WRITER,
    Forge,
    Token,
    a_forge,
)

CONTENT = b"the content\n"


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    with a_forge(tmp_path) as forge:
        yield forge


def release(forge: Forge, **fields: Any) -> Any:
    answer = forge.call("POST", "/releases", {"tag_name": "v1.0.0", **fields})
    assert answer.status_code == 201
    return answer.json()


def upload(
    forge: Forge, page: Any, name: str, content: bytes = CONTENT, token: Token = WRITER
) -> httpx.Response:
    url, _, template = page["upload_url"].partition("{")
    assert template == "?name,label}"
    headers = {"Authorization": f"Bearer {token.value}", "Content-Type": "text/plain"}
    return httpx.post(url, params={"name": name}, content=content, headers=headers)


def test_a_file_is_uploaded_listed_shown_and_removed(forge: Forge) -> None:
    page = release(forge)
    made = upload(forge, page, "a.txt")
    assert made.status_code == 201
    asset = made.json()
    assert asset["digest"] == f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
    assert {key: asset[key] for key in ("name", "state", "size", "content_type")} == {
        "name": "a.txt", "state": "uploaded", "size": len(CONTENT), "content_type": "text/plain",
    }  # fmt: skip
    assert forge.call("GET", f"/releases/{page['id']}/assets").json() == [asset]
    assert forge.call("GET", "/releases/tags/v1.0.0").json()["assets"] == [asset]
    assert forge.call("GET", f"/releases/assets/{asset['id']}").json() == asset
    assert httpx.get(asset["browser_download_url"]).content == CONTENT
    assert forge.call("DELETE", f"/releases/assets/{asset['id']}").status_code == 204
    assert forge.call("GET", f"/releases/assets/{asset['id']}").status_code == 404
    assert httpx.get(asset["browser_download_url"]).status_code == 404


def test_a_name_is_taken_once_and_made_plain(forge: Forge) -> None:
    page = release(forge)
    assert upload(forge, page, "a b.txt").json()["name"] == "a.b.txt"
    again = upload(forge, page, "a.b.txt", b"other")
    assert again.status_code == 422
    error = {"resource": "ReleaseAsset", "code": "already_exists", "field": "name"}
    assert again.json()["errors"] == [error]
    assert upload(forge, page, "").status_code == 422


def test_an_upload_that_breaks_off_keeps_its_name(forge: Forge) -> None:
    page = release(forge)
    forge.host.github.rules.broken_uploads = 1
    assert upload(forge, page, "a.txt").status_code == 502
    (left,) = forge.call("GET", f"/releases/{page['id']}/assets").json()
    assert (left["state"], left["size"], left["digest"]) == ("starter", 0, None)
    assert upload(forge, page, "a.txt").status_code == 422
    forge.call("DELETE", f"/releases/assets/{left['id']}")
    assert upload(forge, page, "a.txt").status_code == 201


def test_an_immutable_release_keeps_its_files_as_they_were_published(forge: Forge) -> None:
    forge.host.github.rules.immutable_releases = True
    page = release(forge, draft=True)
    assert page["immutable"] is False
    asset = upload(forge, page, "a.txt").json()
    published = forge.call("PATCH", f"/releases/{page['id']}", {"draft": False}).json()
    assert published["immutable"] is True
    refused = upload(forge, page, "b.txt")
    assert refused.status_code == 422
    assert refused.json()["message"] == "Cannot upload assets to an immutable release."
    assert forge.call("DELETE", f"/releases/assets/{asset['id']}").status_code == 422
    changed = forge.call("PATCH", f"/releases/{page['id']}", {"body": "more"})
    assert (changed.status_code, changed.json()["immutable"]) == (200, True)


def test_a_release_is_deleted_with_its_files_and_its_tag_stays(forge: Forge) -> None:
    page = release(forge)
    asset = upload(forge, page, "a.txt").json()
    assert forge.call("DELETE", f"/releases/{page['id']}", token=READER).status_code == 403
    assert forge.call("DELETE", f"/releases/{page['id']}").status_code == 204
    assert forge.call("DELETE", f"/releases/{page['id']}").status_code == 404
    assert forge.call("GET", f"/releases/assets/{asset['id']}").status_code == 404
    assert forge.call("GET", "/git/ref/tags/v1.0.0").status_code == 200


def test_files_of_a_draft_are_for_those_who_may_write(forge: Forge) -> None:
    page = release(forge, draft=True)
    asset = upload(forge, page, "a.txt").json()
    for path in (f"/releases/{page['id']}/assets", f"/releases/assets/{asset['id']}"):
        assert forge.call("GET", path).status_code == 200
        assert forge.call("GET", path, token=READER).status_code == 404
    assert upload(forge, page, "b.txt", token=READER).status_code == 403


def test_check_runs_are_reported_and_listed(forge: Forge) -> None:
    sha = forge.head()
    made = forge.call("POST", "/check-runs", {"name": "build", "head_sha": sha})
    assert made.status_code == 201
    assert (made.json()["status"], made.json()["conclusion"]) == ("queued", None)
    path = f"/check-runs/{made.json()['id']}"
    done = forge.call("PATCH", path, {"conclusion": "success"}).json()
    assert (done["status"], done["conclusion"]) == ("completed", "success")
    assert done["completed_at"]
    listed = forge.call("GET", f"/commits/{sha}/check-runs").json()
    assert listed == {"total_count": 1, "check_runs": [done]}
    assert forge.call("GET", "/commits/main/check-runs").json() == listed
    assert forge.call("GET", f"/commits/{BRANCH}/check-runs").json()["total_count"] == 0
    assert forge.call("GET", "/commits/nowhere/check-runs").status_code == 422


def test_the_latest_of_each_name_is_listed_unless_all_are_asked_for(forge: Forge) -> None:
    for conclusion in ("failure", "success"):
        forge.host.check(NAME, forge.head(), "build", conclusion)
    forge.host.check(NAME, forge.head(), "lint")
    path = f"/commits/{forge.head()}/check-runs"
    runs = forge.call("GET", path).json()["check_runs"]
    assert {(r["name"], r["conclusion"]) for r in runs} == {("build", "success"), ("lint", None)}
    assert forge.call("GET", f"{path}?filter=all").json()["total_count"] == 3
    assert forge.call("GET", f"{path}?check_name=lint").json()["total_count"] == 1
    first = forge.call("GET", f"{path}?per_page=1")
    assert (first.json()["total_count"], len(first.json()["check_runs"])) == (2, 1)
    assert "page=2" in first.links["next"]["url"]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"head_sha": "a" * 40},
        {"status": "asleep"},
        {"conclusion": "fine"},
        {"status": "completed"},
    ],
)
def test_a_bad_check_run_is_refused(forge: Forge, fields: dict[str, str]) -> None:
    body = {"name": "build", "head_sha": forge.head(), **fields}
    assert forge.call("POST", "/check-runs", body).status_code == 422
    assert forge.call("GET", "/commits/main/check-runs").json()["total_count"] == 0


def test_workflow_runs_are_listed_by_their_commit(forge: Forge) -> None:
    forge.host.workflow(NAME, forge.head(), "CI", "success")
    forge.host.workflow(NAME, forge.head(BRANCH), "CI")
    assert forge.call("GET", "/actions/runs").json()["total_count"] == 2
    (run,) = forge.call("GET", f"/actions/runs?head_sha={forge.head()}").json()["workflow_runs"]
    assert (run["name"], run["status"], run["conclusion"]) == ("CI", "completed", "success")


def test_a_job_belongs_to_the_suite_of_its_workflow_run(forge: Forge) -> None:
    for workflow in ("CI", "Docs"):
        run = forge.host.workflow(NAME, forge.head(), workflow, "success")
        forge.host.check(NAME, forge.head(), "build", "success", run)
    runs = forge.call("GET", "/actions/runs").json()["workflow_runs"]
    jobs = forge.call("GET", "/commits/main/check-runs").json()["check_runs"]
    assert [job["check_suite"]["id"] for job in jobs] == [run["check_suite_id"] for run in runs]
    assert len({run["workflow_id"] for run in runs}) == 2
    for run, job in zip(runs, jobs, strict=True):
        (listed,) = forge.call("GET", f"/actions/runs/{run['id']}/jobs").json()["jobs"]
        assert (listed["id"], listed["run_id"]) == (job["id"], run["id"])


def test_a_fine_grained_token_may_not_read_check_runs(forge: Forge) -> None:
    refused = forge.call("GET", "/commits/main/check-runs", token=CHECKLESS)
    assert refused.status_code == 403
    assert refused.json()["message"] == "Resource not accessible by personal access token"
    assert refused.headers["x-accepted-github-permissions"] == "checks=read"
    assert forge.call("GET", "/actions/runs", token=CHECKLESS).status_code == 200


def test_the_pages_of_a_pull_request_and_of_files_open_and_escape(forge: Forge) -> None:
    fields = {"title": "<b>1</b>", "head": BRANCH, "base": "main", "body": "<script>x</script>"}
    pull = forge.call("POST", "/pulls", fields).json()
    page = release(forge)
    upload(forge, page, "a.txt")
    for url in (pull["html_url"], f"{forge.server.url}/{NAME}/pulls", page["html_url"]):
        shown = httpx.get(url)
        assert shown.status_code == 200
        assert "<script>" not in shown.text
        assert "<b>1" not in shown.text
    opened = httpx.get(pull["html_url"]).text
    assert "&lt;b&gt;1&lt;/b&gt;" in opened
    assert "+second" in opened
    assert f"PUT {forge.api}/repos/{NAME}/pulls/1/merge" in opened
    assert "a.txt" in httpx.get(page["html_url"]).text
    assert httpx.get(f"{forge.server.url}/{NAME}/pull/9").status_code == 404
    forge.host.merge(NAME, 1)
    assert "<b>merged</b>" in httpx.get(pull["html_url"]).text
