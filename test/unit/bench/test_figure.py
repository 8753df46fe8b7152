"""What `make bench` prints: percentiles, ratios and the form of a line."""

import json

import pytest

from bench.figure import Figure, percentile, spread


def test_a_percentile_is_a_sample_that_so_many_do_not_exceed() -> None:
    samples = [float(n) for n in range(1000, 0, -1)]
    assert [percentile(samples, p) for p in (50.0, 99.0, 99.9, 100.0)] == [500.0, 990.0, 999.0, 1000.0]
    assert percentile([7.0], 50.0) == 7.0
    with pytest.raises(ValueError, match="no samples"):
        percentile([], 50.0)


def test_a_line_has_its_six_keys_in_order_and_four_digits() -> None:
    text = Figure("wake_p99", 95.0912, "us", 82.7934, 5000).as_json()
    assert list(json.loads(text)) == ["figure", "value", "unit", "floor", "ratio", "n"]
    assert json.loads(text) == {
        "figure": "wake_p99",
        "value": 95.09,
        "unit": "us",
        "floor": 82.79,
        "ratio": 1.149,
        "n": 5000,
    }


@pytest.mark.parametrize("floor", [None, 0.0])
def test_without_a_floor_there_is_no_ratio(floor: float | None) -> None:
    assert json.loads(Figure("memory", 60.0, "MB", floor, 1).as_json())["ratio"] is None


def test_a_percentile_that_the_samples_cannot_show_is_left_out() -> None:
    few = list(spread("chain", [0.001] * 100, [0.0005] * 100))
    assert [(f.figure, f.value, f.ratio) for f in few] == [
        ("chain_p50", 1000.0, 2.0),
        ("chain_p99", 1000.0, 2.0),
    ]
    many = list(spread("chain", [0.001] * 1000, []))
    assert [f.figure for f in many] == ["chain_p50", "chain_p99", "chain_p99_9"]
