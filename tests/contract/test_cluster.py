"""The sandbox's cluster: pull, verify, run, roll, break, restart."""

import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.cluster.controller import Cluster, Refused
from sandbox.cluster.image import Images, PullError
from sandbox.cluster.pod import Pace
from sandbox.serving import Receive, Scope, Send, served
from tests.contract.processes import alive, until
from tests.contract.sample_image import CRASHING, Pushed, image_registry, layer, member_of

QUICK = Pace(first_backoff=0.2, longest_backoff=0.5, drain=0.05, grace=1.0)
NAMESPACE = "books-staging"


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    with image_registry(tmp_path_factory.mktemp("registry")) as pushed:
        yield pushed


@pytest.fixture
def cluster(tmp_path: Path, images: Pushed) -> Iterator[Cluster]:
    running = Cluster(tmp_path, images.credentials, pace=QUICK)
    yield running
    running.stop()


def of_kind(cluster: Cluster, kind: str) -> list[dict[str, Any]]:
    return [each for each in cluster.objects(NAMESPACE) if each["kind"] == kind]


def rolled_out(cluster: Cluster) -> bool:
    [deployment] = of_kind(cluster, "Deployment")
    status, wanted = deployment["status"], deployment["spec"]["replicas"]
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    observed = status["observedGeneration"] == deployment["metadata"]["generation"]
    return observed and counts == [wanted] * 3


def waiting(cluster: Cluster) -> set[str]:
    containers = [pod["status"]["containerStatuses"][0] for pod in of_kind(cluster, "Pod")]
    return {each["state"].get("waiting", {}).get("reason", "") for each in containers}


def test_service_spreads_requests_over_the_ready_pods(cluster: Cluster, images: Pushed) -> None:
    url = cluster.expose(NAMESPACE)
    assert httpx.get(url).status_code == 503
    cluster.apply(NAMESPACE, "books", images.push_server("1.0.0"), 2, {"PORT": "3000"})
    until(lambda: rolled_out(cluster))
    answers = [httpx.get(f"{url}/books?page=1").json() for _ in range(4)]
    assert len({answer["pid"] for answer in answers}) == 2
    assert answers[0] == {
        **answers[0],
        "version": "1.0.0",
        "path": "/books?page=1",
        "mode": "image",
    }


def test_rolling_update_never_interrupts_the_service(cluster: Cluster, images: Pushed) -> None:
    url = cluster.expose(NAMESPACE)
    cluster.apply(NAMESPACE, "books", images.push_server("1.0.0"), 2, {})
    until(lambda: rolled_out(cluster))
    assert cluster.apply(NAMESPACE, "books", images.push_server("1.1.0"), 2, {}) == "configured"
    [deployment] = of_kind(cluster, "Deployment")
    assert not rolled_out(cluster)
    assert deployment["metadata"]["generation"] == 2
    statuses = {httpx.get(url).status_code}
    while not rolled_out(cluster):
        statuses.add(httpx.get(url).status_code)
    assert statuses == {200}
    assert httpx.get(url).json()["version"] == "1.1.0"
    sets = of_kind(cluster, "ReplicaSet")
    assert [each["spec"]["replicas"] for each in sets] == [2, 0]


def test_unpullable_image_leaves_the_old_pods_serving(cluster: Cluster, images: Pushed) -> None:
    url = cluster.expose(NAMESPACE)
    cluster.apply(NAMESPACE, "books", images.push_server("1.0.0"), 1, {})
    until(lambda: rolled_out(cluster))
    cluster.progress_deadline = 0.5
    cluster.apply(NAMESPACE, "books", f"{images.repository}:2.0.1-typo", 1, {})
    until(lambda: "ErrImagePull" in waiting(cluster))
    until(lambda: "ImagePullBackOff" in waiting(cluster))

    def reasons() -> list[str]:
        [deployment] = of_kind(cluster, "Deployment")
        return [each.get("reason", "") for each in deployment["status"]["conditions"]]

    until(lambda: "ProgressDeadlineExceeded" in reasons())
    assert httpx.get(url).json()["version"] == "1.0.0"
    assert "Failed" in {event["reason"] for event in cluster.events(NAMESPACE)}


def test_crashing_process_is_restarted_and_its_log_is_shown(
    cluster: Cluster, images: Pushed
) -> None:
    image = images.push("9.9.9", layer({"app/server.py": CRASHING}))
    cluster.apply(NAMESPACE, "books", image, 1, {})
    until(lambda: "CrashLoopBackOff" in waiting(cluster))
    container = until(
        lambda: [
            each
            for pod in of_kind(cluster, "Pod")
            for each in pod["status"]["containerStatuses"]
            if each["restartCount"] >= 2
        ]
    )[0]
    ended = container["lastState"]["terminated"]
    assert ended["exitCode"] == 3
    assert "books.json is missing" in ended["message"]


def test_scaling_to_zero_and_stopping_end_every_process(cluster: Cluster, images: Pushed) -> None:
    url, image = cluster.expose(NAMESPACE), images.push_server("1.0.0")
    cluster.apply(NAMESPACE, "books", image, 2, {})
    until(lambda: rolled_out(cluster))
    first = {httpx.get(url).json()["pid"] for _ in range(4)}
    cluster.apply(NAMESPACE, "books", image, 1, {})
    until(lambda: rolled_out(cluster) and len(of_kind(cluster, "Pod")) == 1)
    assert sum(alive(pid) for pid in first) == 1
    cluster.stop()
    assert not any(alive(pid) for pid in first)


def test_restarted_cluster_runs_what_was_applied(
    cluster: Cluster, images: Pushed, tmp_path: Path
) -> None:
    cluster.apply(NAMESPACE, "books", images.push_server("1.0.0"), 1, {"MODE": "own"})
    cluster.stop()
    again = Cluster(tmp_path, images.credentials, pace=QUICK)
    try:
        until(lambda: rolled_out(again))
        assert httpx.get(again.expose(NAMESPACE)).json()["mode"] == "own"
    finally:
        again.stop()


KILLED = """
import sys, time
from pathlib import Path
from sandbox.cluster.controller import Cluster
host, image, root = sys.argv[1:]
cluster = Cluster(Path(root), {host: ("robot", "secret")})
cluster.apply("n", "books", image, 1, {})
print(cluster.expose("n"), flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_processes_do_not_outlive_a_killed_sandbox(images: Pushed, tmp_path: Path) -> None:
    arguments = [images.host, images.push_server("1.0.0"), str(tmp_path)]
    command = [sys.executable, "-c", KILLED, *arguments]
    environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as sandbox:
        try:
            assert sandbox.stdout
            url = sandbox.stdout.readline().strip()
            until(lambda: httpx.get(url).status_code == 200)
            pid = httpx.get(url).json()["pid"]
        finally:
            sandbox.send_signal(signal.SIGKILL)
    until(lambda: not alive(pid), seconds=5)


def test_refused_apply_changes_nothing(cluster: Cluster, images: Pushed) -> None:
    cluster.refusals[NAMESPACE] = "admission webhook denied the request"
    with pytest.raises(Refused, match="denied"):
        cluster.apply(NAMESPACE, "books", images.push_server("1.0.0"), 1, {})
    assert cluster.objects(NAMESPACE) == []


def test_whiteouts_remove_what_lower_layers_put_there(images: Pushed, tmp_path: Path) -> None:
    lower = layer({"app/a": "1", "app/b": "1", "data/old": "1"}, {"app/link": "a"})
    upper = layer({"app/.wh.a": "", "app/link": "own", "data/.wh..wh..opq": "", "data/new": "2"})
    image = Images(tmp_path, images.credentials).pull(images.push("w", lower, upper))
    files = sorted(str(path.relative_to(image.root)) for path in image.root.rglob("*"))
    assert files == ["app", "app/b", "app/link", "data", "data/new"]
    assert (image.root / "app/link").read_text() == "own"


@pytest.mark.parametrize(
    "bad",
    [
        member_of(tarfile.CHRTYPE, "null"),
        member_of(tarfile.BLKTYPE, "disk"),
        member_of(tarfile.FIFOTYPE, "pipe"),
        member_of(tarfile.LNKTYPE, "link", "../../../escaped"),
        layer({"../../escaped": "1"}),
        layer({}, {"app": "/etc"}),
        layer({"out/passwd": "1"}, {"out": "../../.."}),
        layer({"out/../../.wh.blobs": ""}),
    ],
)
def test_B60_layer_that_leaves_its_root_is_refused(
    bad: bytes, images: Pushed, tmp_path: Path
) -> None:
    with pytest.raises(PullError, match="extract"):
        Images(tmp_path / "cache", images.credentials).pull(images.push("evil", bad))
    assert not (tmp_path / "escaped").exists()
    assert (tmp_path / "cache/blobs").is_dir()


def test_layer_that_is_not_the_configured_one_is_refused(images: Pushed, tmp_path: Path) -> None:
    wrong = images.push("w2", layer({"a": "1"}), diff_ids=["sha256:" + "0" * 64])
    with pytest.raises(PullError, match="unexpected content"):
        Images(tmp_path, images.credentials).pull(wrong)


def test_manifest_with_another_digest_is_refused(tmp_path: Path) -> None:
    async def forger(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    with served(forger) as server, pytest.raises(PullError, match="unexpected content"):
        Images(tmp_path, {}).pull(f"127.0.0.1:{server.port}/team/app@sha256:{'1' * 64}")


def test_registry_that_is_not_on_loopback_is_never_asked(tmp_path: Path) -> None:
    with pytest.raises(PullError, match="not a registry on loopback"):
        Images(tmp_path, {}).pull("registry.example.com/team/app:1.0.0")
