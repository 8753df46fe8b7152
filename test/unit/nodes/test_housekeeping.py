"""The garbage collector works between the steps, and has little to do."""

import gc
from collections.abc import Callable, Iterator

import pytest

from cell_controller.nodes.housekeeping import FREE_S, FULL_EVERY, PATIENCE_S, PERIOD_S, Housekeeping
from support.interlock_bench import Bench
from support.line_bench import LineBench

RESTING_S = 20.0


@pytest.fixture
def looks() -> Iterator[list[int]]:
    """Generations that are looked at; Python's own collector is as before afterwards."""
    yield []
    gc.enable()
    gc.unfreeze()


def begun(looks: list[int], monkeypatch: pytest.MonkeyPatch) -> Housekeeping:
    keeper = Housekeeping()
    keeper.begin(100.0)
    monkeypatch.setattr(gc, "collect", looks.append)
    return keeper


def test_nothing_is_collected_in_a_step_and_everything_as_before_at_the_end(
    looks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = begun(looks, monkeypatch)
    assert not gc.isenabled()
    keeper.end()
    assert gc.isenabled()


def test_it_is_looked_at_once_a_second_while_there_is_time(
    looks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = begun(looks, monkeypatch)
    keeper.use(100.0 + PERIOD_S / 2, 1.0)
    keeper.use(100.0 + PERIOD_S, FREE_S / 2)
    assert looks == [], "too early, then too little time"
    keeper.use(100.0 + PERIOD_S + 0.01, FREE_S)
    keeper.use(100.0 + PERIOD_S + 0.02, FREE_S)
    assert looks == [1]
    for second in range(2, FULL_EVERY + 1):
        keeper.use(100.0 + second * (PERIOD_S + 0.1), 1.0)
    assert looks == [1] * (FULL_EVERY - 1) + [2]


def test_who_is_never_free_cleans_up_all_the_same(looks: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = begun(looks, monkeypatch)
    keeper.use(100.0 + PERIOD_S + PATIENCE_S - 0.01, 0.0)
    assert looks == []
    keeper.use(100.0 + PERIOD_S + PATIENCE_S, 0.0)
    assert looks == [1]


def grown(rest: Callable[[float], None]) -> tuple[int, int]:
    """Objects that such a time leaves behind, and those of them that only a collector can free."""
    rest(RESTING_S)
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        rest(RESTING_S)
        after = len(gc.get_objects())
        return after - before, gc.collect()
    finally:
        gc.enable()


def test_the_interlock_makes_no_garbage_in_motion() -> None:
    bench = Bench()
    bench.to_motion()

    def rest(seconds: float) -> None:
        bench.run(seconds)
        bench.history.clear()
        bench.sent.clear()

    left, garbage = grown(rest)
    assert garbage == 0
    assert left < 100, "memory does not grow with time"


def test_a_bus_makes_no_garbage_while_it_polls() -> None:
    bench = LineBench("weld_line")
    bench.enable_all()

    def rest(seconds: float) -> None:
        bench.run(seconds)
        del bench.states[:-1], bench.sent[:]

    left, garbage = grown(rest)
    assert garbage == 0
    assert left < 100, "memory does not grow with time"
