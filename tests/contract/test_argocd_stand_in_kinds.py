"""What the Argo CD stand-in runs beside a Deployment: hooks, CronJobs, ScaledObjects and more."""

from typing import Any

from tests.contract.argocd_world import World, states
from tests.contract.sync_wait import history, live

Json = dict[str, Any]
TREE = "/api/v1/applications/books/resource-tree"


def results(application: Json) -> dict[str, Json]:
    found = application["status"]["operationState"]["syncResult"].get("resources", [])
    return {f"{each['kind']}/{each['name']}": each for each in found}


def resources(application: Json) -> dict[str, Json]:
    return {each["kind"]: each for each in application["status"].get("resources", [])}


def test_hooks_run_before_and_after_and_count_for_nothing(argo: World) -> None:
    extra = "hooks: [{name: migrate}, {name: notify, hook: PostSync}]\n"
    revision = argo.push_values(tag="1.0.0", replicas=0, extra=extra)
    argo.add()
    ended = argo.until_live(revision)
    first, second, third = results(ended).values()
    assert [each["hookType"] for each in (first, third)] == ["PreSync", "PostSync"]
    assert [each["hookPhase"] for each in (first, third)] == ["Succeeded", "Succeeded"]
    assert (second["kind"], second["status"]) == ("Deployment", "Synced")
    job = next(each for each in ended["status"]["resources"] if each["kind"] == "Job")
    assert job["hook"] is True
    assert "status" not in job
    managed = argo.api.get("/api/v1/applications/books/managed-resources").json()["items"]
    assert [each["kind"] for each in managed] == ["Deployment"]
    assert {"Job", "Deployment"} <= {each["kind"] for each in argo.api.get(TREE).json()["nodes"]}


def test_a_failing_hook_fails_the_operation_before_anything_is_applied(argo: World) -> None:
    first = live(argo)
    argo.cluster.others.failing_jobs.add("books-migrate")
    argo.argocd.delays.retry = 0.05
    second = argo.push_values(tag="1.1.0", replicas=0, extra="hooks: [{name: migrate}]\n")
    argo.refresh()
    ended = argo.until(lambda each: "conditions" in each["status"])
    state = ended["status"]["operationState"]
    assert state["phase"] == "Failed"
    assert state["message"].startswith("one or more synchronization tasks completed unsuccessfully")
    [hook] = results(ended).values()
    assert (hook["hookPhase"], hook["hookType"]) == ("Failed", "PreSync")
    assert states(ended) == ("OutOfSync", second, "Healthy")
    assert argo.argocd.truth("books").revisions == (first,)


def test_a_cron_job_carries_an_image_that_nothing_runs(argo: World) -> None:
    extra = "kind: none\ncronJob: {schedule: '0 3 * * *'}\n"
    revision = argo.push_values(tag="1.0.0", extra=extra)
    argo.add()
    seen = argo.until_live(revision)
    assert list(resources(seen)) == ["CronJob"]
    assert "images" not in seen["status"]["summary"]
    query = {"resourceName": "books-cron", "kind": "CronJob", "group": "batch"}
    found = argo.api.get("/api/v1/applications/books/resource", params=query).json()["manifest"]
    assert f"{argo.images.repository}:1.0.0" in found
    [cron] = argo.kube.get("/apis/batch/v1/namespaces/books/cronjobs").json()["items"]
    assert cron["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"].startswith("books:")


def test_a_scaled_object_is_degraded_for_a_moment_in_each_rollout(argo: World) -> None:
    scaled = "scaleObject: {enabled: true}\n"
    argo.cluster.others.scaler_seconds = 0.2
    first = argo.push_image("1.0.0", extra=scaled)
    argo.add()
    argo.until_live(first)
    argo.cluster.others.scaler_seconds = 2.0
    recorder = argo.record(name="books")
    second = argo.push_image("1.1.0", extra=scaled)
    argo.refresh()
    argo.until(lambda each: states(each) == ("Synced", second, "Degraded"))
    argo.until_live(second)
    seen = [states(each)[2] for each in recorder.applications() if states(each)[1] == second]
    assert "Degraded" in seen
    assert argo.get()["status"]["operationState"]["phase"] == "Succeeded"
    found = resources(argo.get())["ScaledObject"]
    assert (found["group"], found["health"]) == ("keda.sh", {"status": "Healthy"})


def test_a_stateful_set_never_becomes_degraded(argo: World) -> None:
    argo.cluster.progress_deadline = 0.3
    first = argo.push_image("1.0.0", replicas=2, extra="kind: StatefulSet\n")
    argo.add()
    argo.until_live(first)
    pods = argo.kube.get("/api/v1/namespaces/books/pods").json()["items"]
    assert [each["metadata"]["name"] for each in pods] == ["books-0", "books-1"]
    assert pods[0]["metadata"]["ownerReferences"][0]["kind"] == "StatefulSet"
    second = argo.push_values(tag="2.0.1-typo", replicas=2, extra="kind: StatefulSet\n")
    argo.refresh()
    recorder = argo.record(name="books")

    def stuck(_: Json) -> bool:
        nodes = argo.api.get(TREE).json()["nodes"]
        return any(
            info["value"] == "ImagePullBackOff" for node in nodes for info in node.get("info", [])
        )

    argo.until(stuck)
    argo.until(lambda each: states(each) == ("Synced", second, "Progressing"))
    [found] = argo.kube.get("/apis/apps/v1/namespaces/books/statefulsets").json()["items"]
    assert found["status"]["currentRevision"] != found["status"]["updateRevision"]
    assert found["status"]["readyReplicas"] == 1  # the old one serves
    third = argo.push_image("1.2.0", replicas=2, extra="kind: StatefulSet\n")
    argo.refresh()
    argo.until(lambda each: states(each) == ("Synced", third, "Progressing"))
    assert "1.2.0" not in argo.kube.get("/api/v1/namespaces/books/pods").text  # a known issue
    assert "Degraded" not in {states(each)[2] for each in recorder.applications()}


def test_what_is_not_wanted_any_more_stays_until_a_sync_may_prune(argo: World) -> None:
    first = argo.push_values(tag="1.0.0", replicas=0, extra="cronJob: {schedule: '* * * * *'}\n")
    argo.add(automatic=False)
    argo.until(lambda each: states(each)[0] == "OutOfSync")
    argo.sync().raise_for_status()
    argo.until_live(first)
    argo.push_values(tag="1.0.0", replicas=0)
    extra = resources(argo.refresh())["CronJob"]
    assert (extra["status"], extra["requiresPruning"]) == ("OutOfSync", True)
    argo.sync().raise_for_status()
    kept = argo.ended()
    assert results(kept)["CronJob/books-cron"]["status"] == "PruneSkipped"
    argo.sync(prune=True).raise_for_status()
    argo.until(lambda each: states(each)[0] == "Synced")
    assert results(argo.get())["CronJob/books-cron"]["status"] == "Pruned"
    assert "CronJob" not in resources(argo.get())


def test_j_self_heal_is_partial_and_leaves_no_history(argo: World) -> None:
    first = argo.push_image("1.0.0")
    policy = {"automated": {"prune": True, "selfHeal": True}}
    argo.add(syncPolicy=policy)
    argo.until_live(first)
    by_hand = argo.images.push_server("8.8.8")
    argo.cluster.apply("books", "books", by_hand, 1, {})
    argo.until(lambda _: argo.argocd.truth("books").reference.endswith(":1.0.0"))
    argo.until_live(first)
    state = argo.get()["status"]["operationState"]
    assert state["operation"]["sync"]["autoHealAttemptsCount"] == 1
    assert [each["kind"] for each in state["operation"]["sync"]["resources"]] == ["Deployment"]
    assert state["syncResult"]["revision"] == first
    assert history(argo) == [first]


def test_without_self_heal_a_change_by_hand_stays(argo: World) -> None:
    first = live(argo)
    argo.cluster.apply("books", "books", argo.images.push_server("8.8.8"), 1, {})
    argo.until(lambda each: states(each)[:2] == ("OutOfSync", first))
    assert "operation" not in argo.refresh()
