"""State timers, product counts and speeds."""

import pytest

from cell_controller.packml import (
    Command,
    CountError,
    Mode,
    PackMLMachine,
    ProductCount,
    ProductCounters,
    ProductCounts,
    SpeedMeter,
    State,
    StateTimes,
)


def test_the_machine_times_each_state_in_each_mode() -> None:
    machine = PackMLMachine(10.0)
    machine.command(Command.CLEAR, 12.0)
    machine.state_complete(15.0)
    machine.set_mode(Mode.MANUAL, 20.0)
    times = machine.times
    assert times.current_s(24.0) == 4.0
    assert times.cumulative_s(Mode.PRODUCTION, State.ABORTED, 24.0) == 2.0
    assert times.cumulative_s(Mode.PRODUCTION, State.CLEARING, 24.0) == 3.0
    assert times.cumulative_s(Mode.PRODUCTION, State.STOPPED, 24.0) == 5.0
    assert times.cumulative_s(Mode.MANUAL, State.STOPPED, 24.0) == 4.0
    assert times.mode_s(Mode.PRODUCTION, 24.0) == 10.0
    assert times.acc_since_reset_s(24.0) == 14.0


def test_current_time_is_the_latest_stay_and_cumulative_time_the_sum() -> None:
    times = StateTimes(Mode.PRODUCTION, State.EXECUTE, 0.0)
    times.enter(Mode.PRODUCTION, State.HELD, 7.0)
    times.enter(Mode.PRODUCTION, State.EXECUTE, 8.0)
    times.enter(Mode.PRODUCTION, State.HELD, 11.0)
    entries = {entry.state: entry for entry in times.entries(13.0)}
    assert (entries[State.EXECUTE].current_s, entries[State.EXECUTE].cumulative_s) == (3.0, 10.0)
    assert (entries[State.HELD].current_s, entries[State.HELD].cumulative_s) == (2.0, 3.0)


def test_resetting_the_timers_keeps_the_present_stay() -> None:
    times = StateTimes(Mode.PRODUCTION, State.IDLE, 0.0)
    times.enter(Mode.PRODUCTION, State.EXECUTE, 4.0)
    times.reset(10.0)
    assert times.current_s(12.0) == 8.0
    assert times.cumulative_s(Mode.PRODUCTION, State.EXECUTE, 12.0) == 2.0
    assert times.cumulative_s(Mode.PRODUCTION, State.IDLE, 12.0) == 0.0
    assert times.acc_since_reset_s(12.0) == 2.0
    times.enter(Mode.PRODUCTION, State.COMPLETING, 15.0)
    assert times.cumulative_s(Mode.PRODUCTION, State.EXECUTE, 16.0) == 5.0


def test_no_timer_runs_back_with_the_clock() -> None:
    times = StateTimes(Mode.PRODUCTION, State.IDLE, 10.0)
    times.enter(Mode.PRODUCTION, State.EXECUTE, 5.0)
    assert times.cumulative_s(Mode.PRODUCTION, State.IDLE, 5.0) == 0.0
    assert times.current_s(4.0) == 0.0
    assert times.acc_since_reset_s(4.0) == 0.0


def test_counts_reset_and_accumulated_counts_do_not() -> None:
    counters = ProductCounters(1, "bracket")
    counters.consume(3)
    counters.process(good=1, defective=1)
    counters.reset()
    counters.consume()
    counters.process(good=1)
    counts = counters.read()
    assert (counts.consumed.count, counts.consumed.acc_count) == (1, 4)
    assert (counts.processed.count, counts.processed.acc_count) == (1, 3)
    assert (counts.defective.count, counts.defective.acc_count) == (0, 1)
    assert counts.good == 1
    assert (counts.processed.id, counts.processed.name, counts.processed.unit) == (1, "bracket", "part")


@pytest.mark.parametrize(("good", "defective"), [(-1, 0), (0, -1), (-1, 2)])
def test_a_count_never_falls(good: int, defective: int) -> None:
    counters = ProductCounters(1, "bracket")
    before = counters.read()
    with pytest.raises(CountError):
        counters.process(good=good, defective=defective)
    with pytest.raises(CountError):
        counters.consume(-1)
    assert counters.read() == before


def test_current_speed_is_the_mean_over_the_last_completions() -> None:
    meter = SpeedMeter(design_hz=0.05)
    assert meter.read(0.0).current_hz == 0.0
    for now_s in (0.0, 1.0, 11.0, 21.0, 31.0):
        meter.part_ended(now_s)
    speed = meter.read(31.0)
    assert speed.current_hz == pytest.approx(0.1)
    assert (speed.design_hz, speed.target_hz) == (0.05, 0.05)
    assert meter.read(31.0, target_hz=0.04).target_hz == 0.04


def test_current_speed_falls_while_nothing_ends() -> None:
    meter = SpeedMeter(design_hz=0.05)
    meter.part_ended(0.0)
    meter.part_ended(10.0)
    assert meter.read(110.0).current_hz == pytest.approx(0.01)
    meter.restart()
    assert meter.read(110.0).current_hz == 0.0


@pytest.mark.parametrize("design_hz", [0.0, -1.0, float("inf"), float("nan")])
def test_a_design_speed_that_cannot_be_is_refused(design_hz: float) -> None:
    with pytest.raises(CountError):
        SpeedMeter(design_hz)


def test_a_new_counter_has_counted_nothing_and_what_ends_bad_is_not_good() -> None:
    counters = ProductCounters(3, "bracket", "piece")
    assert counters.read() == ProductCounts(*(ProductCount(3, "bracket", "piece", 0, 0) for _ in range(3)))
    counters.process(defective=1)
    counters.process(defective=2)
    counters.process(good=4)
    counts = counters.read()
    assert (counts.consumed.count, counts.processed.count, counts.defective.count) == (0, 7, 3)
    assert counts.good == 4
    counters.process()
    assert counters.read() == counts


def test_parts_that_end_in_the_same_moment_or_before_it_have_no_speed() -> None:
    meter = SpeedMeter(design_hz=0.05)
    meter.part_ended(10.0)
    meter.part_ended(4.0)
    assert meter.read(10.0).current_hz == 0.0, "the clock ran back"
    meter.part_ended(11.0)
    assert meter.read(11.0).current_hz == 2.0
