"""Rules about inputs and process values: second channels, contradictions, clamps, enabling device, limits."""

from __future__ import annotations

from math import nan
from typing import Any

import pytest

from cell_controller.config import (
    AnalogRule,
    AnalogSignal,
    AnalogWatch,
    CellFile,
    InputRule,
    InputSignal,
    SafetyInput,
)
from cell_controller.messages import Permit, SafetyPhase
from cell_controller.packml import Mode
from cell_controller.plan import CellPlan
from support.interlock_bench import Bench, demo_cell


def with_safety(
    inputs: dict[str, SafetyInput] | None = None, analog: dict[str, AnalogWatch] | None = None, **changes: Any
) -> tuple[CellFile, CellPlan]:
    """The demo cell with more inputs: channels 8 to 11 of the safety module, and the gauge as vibration."""
    cell, plan = demo_cell()
    more = {
        name: InputSignal(module="safety_io", channel=8 + n)
        for n, name in enumerate(("estop_b", "enabling", "coolant_flow"))
    }
    signals = cell.signals.model_copy(
        update={
            "inputs": cell.signals.inputs | more,
            "analog": cell.signals.analog
            | {
                "vibration_mm_s": AnalogSignal(module="station_io", channel=3, scale=0.001, offset=0.0),
            },
        }
    )
    safety = cell.safety.model_copy(
        update={"inputs": cell.safety.inputs | (inputs or {}), "analog": analog or {}, **changes}
    )
    return cell.model_copy(update={"signals": signals, "safety": safety}), plan


TWO_CHANNELS = with_safety(
    {"estop_ok": SafetyInput(rule=InputRule.ESTOP, is_recoverable=False, second="estop_b")}
)
ENABLING = with_safety(enabling_device="enabling")
COOLANT = with_safety(
    {
        "coolant_flow": SafetyInput(
            rule=InputRule.COOLANT, is_recoverable=True, for_s=0.5, while_turning="grind_wheel"
        )
    }
)
PROCESS = with_safety(
    analog={
        "weld_tool_temperature_c": AnalogWatch(
            rule=AnalogRule.TEMPERATURE, warn_above=540.0, trip_above=580.0, warn_below=5.0, trip_below=0.0
        ),
        "vibration_mm_s": AnalogWatch(
            rule=AnalogRule.VIBRATION,
            warn_above=1.0,
            trip_above=2.8,
            for_s=0.2,
            while_turning="grind_wheel",
            is_recoverable=False,
        ),
    }
)


def first_out_is(bench: Bench, words: str) -> bool:
    return bench.safety.first_out.startswith(words)


@pytest.mark.parametrize("name", ["estop_ok", "estop_b"])
def test_either_channel_of_an_estop_stops_and_their_difference_is_a_fault(name: str) -> None:
    bench = Bench.in_motion(TWO_CHANNELS)
    bench.switch(name, False)
    bench.run(0.03)
    assert first_out_is(bench, "estop estop_ok:")
    bench.switch("relay_closed", False)
    bench.run(0.44)
    assert bench.rules == ("estop", "relay")
    bench.run(0.1)
    assert bench.rules == ("estop", "relay", "implausible")
    assert "contradict each other" in bench.safety.trips[2].text


def test_both_channels_together_contradict_nothing() -> None:
    bench = Bench.in_motion(TWO_CHANNELS)
    bench.switch("estop_ok", False)
    bench.switch("relay_closed", False)
    bench.run(0.3)
    bench.switch("estop_b", False)
    bench.run(1.0)
    bench.switch("estop_b", True)
    bench.run(0.3)
    bench.switch("estop_ok", True)
    bench.run(1.0)
    assert bench.rules == ("estop", "relay")


@pytest.mark.parametrize("stop", ["estop_ok", "guard_closed"])
def test_a_relay_that_stays_closed_on_a_stop_is_a_fault(stop: str) -> None:
    bench = Bench.in_motion()
    bench.switch("guard_locked", stop != "guard_closed")
    bench.switch(stop, False)
    bench.run(0.47)
    assert "implausible" not in bench.rules
    bench.run(0.1)
    assert [(t.rule, t.subject) for t in bench.safety.trips][-1] == ("implausible", "relay_closed")
    bench.switch(stop, True)
    bench.run(0.1)
    assert not bench.safety.trips[-1].is_present


def test_a_relay_that_opens_on_a_stop_is_none() -> None:
    bench = Bench.in_motion()
    bench.switch("estop_ok", False)
    bench.run(0.2)
    bench.switch("relay_closed", False)
    bench.run(1.0)
    assert bench.rules == ("estop", "relay")


def test_an_open_guard_that_says_locked_is_a_fault() -> None:
    bench = Bench.in_motion()
    bench.switch("guard_closed", False)
    bench.switch("relay_closed", False)
    bench.run(0.47)
    assert "implausible" not in bench.rules
    bench.run(0.1)
    assert ("implausible", "guard_closed") in [(t.rule, t.subject) for t in bench.safety.trips]


@pytest.mark.parametrize(
    ("drive", "speed"),
    [("weld_x", {"measured_speed_m_s": 0.0011}), ("grind_wheel", {"measured_speed_rpm": 21.0})],
)
def test_nothing_moves_behind_an_open_lock_even_after_a_stop(drive: str, speed: dict[str, float]) -> None:
    bench = Bench()
    bench.to_hold()
    bench.switch("guard_locked", False)
    bench.edit(drive, **{name: value / 1.2 for name, value in speed.items()}, is_stopped=False)
    bench.run(0.1)
    assert bench.safety.phase is SafetyPhase.HOLD, "noise"
    bench.edit(drive, **speed)
    bench.run(0.05)
    assert first_out_is(bench, f"guard guard_locked: the guard is not locked while {drive} moves")


def to_manual(bench: Bench) -> None:
    bench.to_hold()
    bench.ask(Permit.HOLD, mode=Mode.MANUAL)
    bench.run(0.1)
    bench.ask(Permit.MOTION)
    bench.run(0.5)


def test_in_manual_nothing_moves_without_the_enabling_device() -> None:
    bench = Bench(cell=ENABLING)
    bench.switch("enabling", False)
    to_manual(bench)
    assert bench.safety.phase is SafetyPhase.HOLD
    assert "motion waits for the enabling device" in bench.safety.warnings
    bench.switch("enabling", True)
    bench.run(0.1)
    assert bench.safety.phase is SafetyPhase.MOTION
    bench.switch("enabling", False)
    bench.run(0.03)
    assert first_out_is(bench, "enabling enabling:")


def test_production_needs_no_enabling_device() -> None:
    bench = Bench.in_motion(ENABLING)
    bench.switch("enabling", False)
    bench.run(0.2)
    assert bench.safety.phase is SafetyPhase.MOTION


def test_a_recovery_lasts_as_long_as_the_enabling_device_is_held() -> None:
    bench = Bench(cell=ENABLING)
    bench.run(0.3)
    bench.switch("enabling", False)
    bench.to_recovery("robot", "weld_z")
    assert bench.safety.phase is SafetyPhase.TRIPPED
    assert "recovery waits for the enabling device" in bench.safety.warnings
    bench.switch("enabling", True)
    bench.run(0.1)
    assert bench.safety.phase is SafetyPhase.RECOVERY
    bench.switch("enabling", False)
    bench.run(0.05)
    assert bench.safety.phase is SafetyPhase.TRIPPED
    bench.switch("enabling", True)
    bench.run(0.3)
    assert bench.safety.phase is SafetyPhase.TRIPPED, "the button has to be let go, too"


def test_a_clamp_that_opens_under_the_tool_trips_after_its_time() -> None:
    bench = Bench.in_motion()
    bench.wish("robot", program="weld_retract")
    bench.run(0.2)
    bench.switch("weld_clamp_closed", False)
    bench.run(0.09)
    assert bench.safety.phase is SafetyPhase.MOTION
    bench.run(0.05)
    assert first_out_is(bench, "clamp weld_clamp_closed: has opened under the tool of robot")
    assert bench.safety.trips[0].is_recoverable
    assert bench.drive("weld_z").program == "weld_retract"


def test_a_clamp_may_open_while_the_tool_is_clear() -> None:
    bench = Bench.in_motion()
    bench.switch("weld_clamp_closed", False)
    bench.switch("grind_clamp_closed", False)
    bench.run(0.5)
    assert bench.safety.phase is SafetyPhase.MOTION


def test_coolant_is_needed_while_the_wheel_turns_and_may_fail_for_a_moment() -> None:
    bench = Bench.in_motion(COOLANT)
    bench.switch("coolant_flow", False)
    bench.run(0.8)
    assert bench.safety.phase is SafetyPhase.MOTION, "the wheel stands"
    bench.edit("grind_wheel", measured_speed_rpm=2000.0)
    bench.run(0.45)
    assert bench.safety.phase is SafetyPhase.MOTION
    bench.switch("coolant_flow", True)
    bench.run(0.1)
    bench.switch("coolant_flow", False)
    bench.run(0.47)
    assert bench.safety.phase is SafetyPhase.MOTION, "the time begins anew"
    bench.run(0.1)
    assert first_out_is(bench, "coolant coolant_flow:")


def measure(bench: Bench, *, temperature_c: float = 25.0, vibration_mm_s: float = 0.0) -> None:
    bench.edit("station_io", analog_inputs=(temperature_c * 10.0, 30000.0, 0.0, vibration_mm_s * 1000.0))


@pytest.mark.parametrize(
    ("temperature_c", "warning"),
    [(540.0, ""), (540.1, "nearly too high"), (580.0, "nearly too high"), (4.9, "nearly too low"), (5.0, "")],
)
def test_a_process_value_warns_between_its_limits(temperature_c: float, warning: str) -> None:
    bench = Bench.in_motion(PROCESS)
    measure(bench, temperature_c=temperature_c)
    bench.run(0.1)
    assert bench.safety.phase is SafetyPhase.MOTION
    assert [warning in w for w in bench.safety.warnings] == ([True] if warning else [])


@pytest.mark.parametrize(
    ("temperature_c", "words"), [(580.1, "is too high"), (-0.1, "is too low"), (nan, "")]
)
def test_a_process_value_outside_its_limits_trips(temperature_c: float, words: str) -> None:
    bench = Bench.in_motion(PROCESS)
    measure(bench, temperature_c=temperature_c)
    bench.run(0.03)
    assert first_out_is(bench, f"temperature weld_tool_temperature_c: {words}")
    assert bench.safety.trips[0].unit == "°C"
    assert bench.safety.trips[0].is_recoverable


def test_a_module_without_the_value_trips() -> None:
    bench = Bench.in_motion(PROCESS)
    bench.edit("station_io", analog_inputs=())
    bench.run(0.03)
    assert first_out_is(bench, "not_a_number weld_tool_temperature_c")


def test_vibration_counts_while_the_wheel_turns_and_when_it_lasts() -> None:
    bench = Bench.in_motion(PROCESS)
    measure(bench, vibration_mm_s=5.0)
    bench.run(0.5)
    assert bench.safety.phase is SafetyPhase.MOTION, "the wheel stands"
    assert not bench.safety.warnings
    bench.edit("grind_wheel", measured_speed_rpm=2000.0)
    measure(bench, vibration_mm_s=2.79)
    bench.run(0.5)
    assert any("is nearly too high" in w for w in bench.safety.warnings)
    measure(bench, vibration_mm_s=2.81)
    bench.run(0.17)
    assert bench.safety.phase is SafetyPhase.MOTION
    bench.run(0.06)
    assert first_out_is(bench, "vibration vibration_mm_s:")
    assert not bench.safety.trips[0].is_recoverable
