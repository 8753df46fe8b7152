"""OEE after ISO 22400-2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cell_controller.packml import (
    CountError,
    Mode,
    OeeInputs,
    ProductCounters,
    State,
    StateTimes,
    oee_inputs,
    overall_equipment_effectiveness,
)

SECONDS = st.floats(min_value=1e-3, max_value=1e6)


@given(SECONDS, SECONDS, SECONDS, st.integers(1, 10_000), st.data())
def test_oee_is_the_product_of_its_factors_and_good_parts_times_run_time_over_busy_time(
    busy_s: float, production_s: float, per_part_s: float, produced: int, data: st.DataObject
) -> None:
    good = data.draw(st.integers(0, produced))
    oee = overall_equipment_effectiveness(OeeInputs(busy_s, production_s, per_part_s, produced, good))
    assert oee.oee == pytest.approx(oee.availability * oee.performance * oee.quality)
    assert oee.oee == pytest.approx(good * per_part_s / busy_s)


def test_a_worked_shift_gives_its_known_oee() -> None:
    # 420 min planned, 373 min run, 1 part/min planned, 320 parts of which 304 good
    oee = overall_equipment_effectiveness(OeeInputs(420 * 60, 373 * 60, 60.0, 320, 304))
    assert oee.availability == pytest.approx(0.8881, abs=1e-4)
    assert oee.performance == pytest.approx(0.8579, abs=1e-4)
    assert oee.quality == pytest.approx(0.95)
    assert oee.oee == pytest.approx(304 / 420)


def test_nothing_made_yet_is_zero_and_not_an_error() -> None:
    oee = overall_equipment_effectiveness(OeeInputs(0.0, 0.0, 20.0, 0, 0))
    assert (oee.availability, oee.performance, oee.quality, oee.oee) == (0.0, 0.0, 0.0, 0.0)


def test_the_packml_mapping_takes_production_time_less_planned_stops() -> None:
    times = StateTimes(Mode.MANUAL, State.IDLE, 0.0)
    times.enter(Mode.PRODUCTION, State.IDLE, 50.0)
    times.enter(Mode.PRODUCTION, State.EXECUTE, 60.0)
    times.enter(Mode.PRODUCTION, State.HELD, 120.0)
    counters = ProductCounters(1, "bracket")
    counters.consume(4)
    counters.process(good=2, defective=1)
    inputs = oee_inputs(times, counters.read(), design_hz=0.1, planned_stops_s=10.0, now_s=140.0)
    assert inputs == OeeInputs(80.0, 60.0, 10.0, 3, 2)
    assert overall_equipment_effectiveness(inputs).oee == pytest.approx(2 * 10.0 / 80.0)


@pytest.mark.parametrize(
    "values",
    [
        (-1.0, 1.0, 1.0, 1, 1),
        (1.0, float("nan"), 1.0, 1, 1),
        (1.0, 1.0, float("inf"), 1, 1),
        (1.0, 1.0, 1.0, 1, 2),
    ],
)
def test_inputs_that_cannot_be_are_refused(values: tuple[float, float, float, float, float]) -> None:
    with pytest.raises(CountError):
        OeeInputs(*values)


def test_more_good_parts_than_produced_are_refused_by_name() -> None:
    with pytest.raises(CountError, match=r"^good = 2: more than the 1 produced"):
        OeeInputs(1.0, 1.0, 1.0, 1, 2)


def test_more_planned_stops_than_production_time_leaves_no_busy_time() -> None:
    times = StateTimes(Mode.PRODUCTION, State.IDLE, 0.0)
    counts = ProductCounters(1, "bracket").read()
    assert oee_inputs(times, counts, 0.1, planned_stops_s=99.0, now_s=10.0).planned_busy_s == 0.0
    with pytest.raises(CountError):
        oee_inputs(times, counts, 0.0, planned_stops_s=0.0, now_s=10.0)
