"""What a retry repeats, and what it does not."""

import pytest

from tests.acceptance.scene_repairs import STEPS, Repairs
from tests.acceptance.scene_retries import Retries

# The order in which things were broken after the approval.
GITOPS, SYNC, SMOKE, END = range(4)


def test_A16_a_change_that_moved_while_it_was_shown_is_asked_about_again(retries: Retries) -> None:
    before, after = retries.texts
    assert "-  tag: '1.0.0'" in before
    assert "-  tag: '1.0.1'" in after
    assert "What has changed since" not in before
    assert "image.tag holds '1.0.1' now, and held '1.0.0'" in after


def test_A16_the_answer_to_the_first_question_does_not_count_and_is_recorded(
    retries: Retries,
) -> None:
    assert retries.effects[GITOPS].commits == ()
    void, counted = retries.decisions
    assert "approved, does not count" in void
    assert "what it was about has changed" in void
    assert "does not count" not in counted


def test_A27_A29_an_approval_is_reused_by_every_way_of_retrying(retries: Retries) -> None:
    assert retries.end["state_type"] == "COMPLETED"
    assert retries.suspended == 2  # for the two changes that were shown; never after a retry


def test_A31_an_approval_outlives_the_run_inputs(retries: Retries) -> None:
    assert retries.inputs > 0
    assert "Approved-By: ana@example.com" in retries.message
    assert "approved by `ana@example.com`" in retries.report


def test_A42_A45_a_failed_production_write_is_all_that_a_retry_repeats(retries: Retries) -> None:
    assert "GH006" in retries.failures[GITOPS]
    assert retries.effects[SYNC].commits == ("chore(production): books 1.1.0",)


def test_A43_a_failed_sync_wait_is_repeated_without_a_second_commit(retries: Retries) -> None:
    assert "403" in retries.failures[SYNC]
    assert retries.effects[SMOKE].commits == retries.effects[SYNC].commits


def test_A44_a_failed_smoke_test_really_runs_again(retries: Retries) -> None:
    assert "HTTP 500" in retries.failures[SMOKE]
    assert retries.probes[END] > retries.probes[SMOKE]
    assert retries.effects[END].commits == retries.effects[SMOKE].commits
    before, after = retries.effects[SMOKE].syncs, retries.effects[END].syncs
    assert after["books-api-production"] == before["books-api-production"]  # others sync too
    assert retries.version == "1.1.0"


def test_A46_a_retried_run_is_the_same_run(retries: Retries) -> None:
    assert retries.end["id"] == retries.run
    assert retries.end["parameters"] == retries.parameters
    assert retries.end["run_count"] == 4  # one and three retries; resuming does not count


def test_A39_a_failed_release_leaves_nothing_and_is_repeated(repairs: Repairs) -> None:
    failed, after = repairs.effects[0], repairs.effects[1]
    assert "GH006" in repairs.failures["release"]
    assert (failed.tags, failed.pages) == ((), repairs.before.pages)
    assert (after.tags, after.pages) == (("v1.1.1",), repairs.before.pages + 1)


def test_A40_a_failed_build_is_repeated_without_a_second_release(repairs: Repairs) -> None:
    failed, after = repairs.effects[1], repairs.effects[2]
    assert failed.images["1.1.1"] == 0
    assert after.images["1.1.1"] == 1
    assert (after.tags, after.pages) == (failed.tags, failed.pages)


def test_A41_an_image_whose_answer_got_lost_is_not_pushed_twice(repairs: Repairs) -> None:
    assert [found.images["1.1.1"] for found in repairs.effects] == [0, 0, 1, 1, 1, 1]
    assert [found.charts["1.1.1"] for found in repairs.effects] == [0, 0, 1, 1, 1, 1]


def test_A42_a_failed_gitops_write_repeats_nothing_before_it(repairs: Repairs) -> None:
    failed, after = repairs.effects[2], repairs.effects[3]
    assert "GH006" in repairs.failures["gitops"]
    assert failed.commits == ()
    assert after.commits == ("chore(trial): trial 1.1.1",)
    assert after[:4] == failed[:4]  # tags, pages, images, charts


def test_A43_a_refused_sync_is_waited_for_again_without_a_second_commit(repairs: Repairs) -> None:
    assert "admission webhook denied the request" in repairs.failures["sync"]
    assert [found.commits for found in repairs.effects[4:]] == [repairs.effects[3].commits] * 2
    assert repairs.effects[4].syncs["books-api-trial"] > repairs.effects[3].syncs["books-api-trial"]


def test_A44_smoke_runs_again_and_nothing_else(repairs: Repairs) -> None:
    failed, end = repairs.effects[4:]
    assert "HTTP 500" in repairs.failures["smoke"]
    assert repairs.probes[-1] > repairs.probes[-2]
    assert end == failed._replace(pushes=end.pushes, syncs=end.syncs)  # others do these too
    assert end.syncs["books-api-trial"] == failed.syncs["books-api-trial"]


def test_A06_A46_a_delivery_without_a_gate_is_never_suspended(repairs: Repairs) -> None:
    assert repairs.end["state_type"] == "COMPLETED"
    assert repairs.end["parameters"] == repairs.parameters
    assert repairs.end["run_count"] == 1 + len(STEPS)
    assert repairs.suspended == 0


def test_A47_a_retry_goes_on_with_the_service_file_the_run_began_with(repairs: Repairs) -> None:
    assert repairs.end["state"]["message"] == "trial 1.1.1 is proven in trial"


@pytest.mark.parametrize("step", STEPS)
def test_every_failure_says_what_to_do_next(repairs: Repairs, step: str) -> None:
    assert "→" in repairs.failures[step]
