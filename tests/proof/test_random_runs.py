"""A few of the random runs of `python -m tests.proof`; docs/proof.md has the figures of many."""

import pytest

from tests.proof.__main__ import play


@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", [11, 12])
def test_deliveries_in_bad_weather_tell_the_truth_and_lose_nothing(seed: int) -> None:
    report = play(3, seed)
    assert report.runs == 3
    assert report.wrong == []
