"""Every rule of an input or a process value by itself: what is off, what contradicts, what passes a limit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cell_controller.config import InputRule
from cell_controller.messages import CellPermit, DriveCondition, SafetyPhase
from cell_controller.packml import Mode
from cell_controller.safety import input_rules
from cell_controller.safety.findings import Finding, RuleName
from cell_controller.safety.limits import Channel, SafetyInputLimits, SafetyLimits
from cell_controller.safety.snapshot import Snapshot
from support.heard_cell import NOW_S, heard, repeat, says, switch
from support.rule_limits import CELL_LIMITS, above, below

MODULE = "safety_io"
ESTOP, ESTOP_B, RELAY, GUARD, COOLANT, ENABLING = (
    Channel(name, MODULE, 1 << bit)
    for bit, name in enumerate(("estop_ok", "estop_b", "relay_closed", "guard_closed", "coolant", "enabling"))
)
LOCKED = CELL_LIMITS.guard_locked
MOVING = (SafetyPhase.MOTION, SafetyPhase.RECOVERY)


def entry(channel: Channel, rule: InputRule, **changes: Any) -> SafetyInputLimits:
    return replace(SafetyInputLimits(channel, rule, False, None, 0.0, ""), **changes)


INPUTS = {
    "relay_closed": entry(RELAY, InputRule.RELAY),
    "estop_ok": entry(ESTOP, InputRule.ESTOP, second=ESTOP_B),
    "guard_closed": entry(GUARD, InputRule.GUARD),
    "coolant": entry(COOLANT, InputRule.COOLANT, for_s=0.25, while_turning="grind_wheel"),
}
# the relay and the guard's lock are inputs of modules of their own here, so that one can be silent
WITH_INPUTS = replace(CELL_LIMITS, inputs=INPUTS, guard_locked=replace(LOCKED, module="station_io"))


def found(snapshot: Snapshot, name: str) -> Finding | None:
    return input_rules.safety_input(snapshot, name)


def test_inputs_that_are_on_are_ok() -> None:
    snapshot = heard(WITH_INPUTS)
    for name in INPUTS:
        assert found(snapshot, name) is None
        assert input_rules.contradiction(snapshot, name) is None
    assert input_rules.guard_locked(snapshot, "cell") is None


@pytest.mark.parametrize("channel", [ESTOP, ESTOP_B])
def test_one_channel_that_is_off_is_enough(channel: Channel) -> None:
    snapshot = heard(WITH_INPUTS)
    switch(snapshot, channel, False)
    assert found(snapshot, "estop_ok") == Finding(RuleName.ESTOP, "estop_ok", "is off")
    assert found(snapshot, "guard_closed") is None


def test_an_input_of_a_silent_module_is_told_by_other_rules() -> None:
    snapshot = heard(WITH_INPUTS)
    says(snapshot, MODULE, condition=DriveCondition.OFFLINE, inputs=0)
    for name in INPUTS:
        assert found(snapshot, name) is None


def test_coolant_counts_while_the_wheel_turns_and_after_its_time() -> None:
    snapshot = heard(WITH_INPUTS)
    switch(snapshot, COOLANT, False)
    for now_s in (NOW_S, NOW_S + 1.0):
        repeat(snapshot, now_s)
        assert found(snapshot, "coolant") is None, "the wheel stands"
    says(snapshot, "grind_wheel", measured_speed_rpm=100.0)
    assert found(snapshot, "coolant") is None
    repeat(snapshot, below(NOW_S + 1.25))
    assert found(snapshot, "coolant") is None
    repeat(snapshot, NOW_S + 1.25)
    assert found(snapshot, "coolant") == Finding(RuleName.COOLANT, "coolant", "is off")
    switch(snapshot, COOLANT, True)
    assert found(snapshot, "coolant") is None
    switch(snapshot, COOLANT, False)
    assert found(snapshot, "coolant") is None, "the time begins anew"


def contradicts(snapshot: Snapshot, name: str) -> str:
    """What is told once it has lasted; it must not be told before, and counts by its name."""
    begun_s = snapshot.now_s
    assert input_rules.contradiction(snapshot, name) is None
    repeat(snapshot, below(begun_s + 0.5))
    assert input_rules.contradiction(snapshot, name) is None
    repeat(snapshot, begun_s + 0.5)
    finding = input_rules.contradiction(snapshot, name)
    assert finding is None or finding == Finding(RuleName.IMPLAUSIBLE, name, finding.text)
    return finding.text if finding else ""


@pytest.mark.parametrize("channel", [ESTOP, ESTOP_B])
def test_two_channels_that_differ_contradict_each_other(channel: Channel) -> None:
    snapshot = heard(WITH_INPUTS)
    switch(snapshot, channel, False)
    assert contradicts(snapshot, "estop_ok") == "and estop_b contradict each other"


def test_two_channels_that_are_off_agree() -> None:
    snapshot = heard(WITH_INPUTS)
    switch(snapshot, ESTOP, False)
    switch(snapshot, ESTOP_B, False)
    assert contradicts(snapshot, "estop_ok") == ""


@pytest.mark.parametrize(("stop", "name"), [(ESTOP, "estop_ok"), (GUARD, "guard_closed")])
def test_a_relay_opens_on_every_stop(stop: Channel, name: str) -> None:
    snapshot = heard(WITH_INPUTS)
    switch(snapshot, stop, False)
    words = f"is closed although {name} is off: welded, bridged or miswired"
    assert contradicts(snapshot, "relay_closed") == words
    switch(snapshot, RELAY, False)
    assert input_rules.contradiction(snapshot, "relay_closed") is None


def test_a_relay_does_not_open_for_coolant_or_for_a_stop_that_is_not_known() -> None:
    snapshot = heard(WITH_INPUTS)
    switch(snapshot, COOLANT, False)
    assert contradicts(snapshot, "relay_closed") == ""
    elsewhere = {**INPUTS, "relay_closed": entry(replace(RELAY, module="station_io"), InputRule.RELAY)}
    snapshot = heard(replace(WITH_INPUTS, inputs=elsewhere))
    says(snapshot, MODULE, condition=DriveCondition.OFFLINE, inputs=0)
    assert contradicts(snapshot, "relay_closed") == ""


def test_an_open_guard_is_not_locked() -> None:
    snapshot = heard(WITH_INPUTS)
    switch(snapshot, GUARD, False)
    assert contradicts(snapshot, "guard_closed") == f"is off although {LOCKED.name} says locked"
    switch(snapshot, WITH_INPUTS.guard_locked, False)
    assert input_rules.contradiction(snapshot, "guard_closed") is None
    switch(snapshot, GUARD, True)
    assert contradicts(snapshot, "guard_closed") == "", "closed and not locked is none"


@pytest.mark.parametrize("phase", MOVING)
def test_the_guard_is_locked_while_motion_is_permitted(phase: SafetyPhase) -> None:
    snapshot = heard(phase=phase)
    switch(snapshot, LOCKED, False)
    text = "the guard is not locked during motion"
    assert input_rules.guard_locked(snapshot, "") == Finding(RuleName.GUARD, LOCKED.name, text)


@pytest.mark.parametrize("phase", [SafetyPhase.TRIPPED, SafetyPhase.HOLD])
@pytest.mark.parametrize(
    ("drive", "name", "most"),
    [
        ("weld_x", "measured_speed_m_s", 2.0 * 0.0005),
        ("grind_infeed", "measured_speed_m_s", 2.0 * 0.0002),
        ("grind_wheel", "measured_speed_rpm", 20.0),
    ],
)
def test_nothing_moves_at_twice_its_standstill_behind_an_open_lock(
    drive: str, name: str, most: float, phase: SafetyPhase
) -> None:
    snapshot = heard(phase=phase)
    switch(snapshot, LOCKED, False)
    says(snapshot, "weld_spindle", condition=DriveCondition.OFFLINE)
    says(snapshot, "weld_y", condition=DriveCondition.OFFLINE)
    text = f"the guard is not locked while {drive} moves"
    for sign in (1.0, -1.0):
        says(snapshot, drive, **{name: sign * most})
        assert input_rules.guard_locked(snapshot, "") is None
        says(snapshot, drive, **{name: sign * above(most)})
        assert input_rules.guard_locked(snapshot, "") == Finding(RuleName.GUARD, LOCKED.name, text)
    switch(snapshot, LOCKED, True)
    assert input_rules.guard_locked(snapshot, "") is None


def test_a_lock_that_is_not_known_is_told_by_other_rules() -> None:
    snapshot = heard()
    says(snapshot, LOCKED.module, condition=DriveCondition.OFFLINE)
    assert input_rules.guard_locked(snapshot, "") is None


@pytest.mark.parametrize("phase", MOVING)
def test_in_manual_the_enabling_device_is_held_while_something_may_move(phase: SafetyPhase) -> None:
    snapshot = heard(replace(CELL_LIMITS, enabling=ENABLING), phase)
    switch(snapshot, ENABLING, False)
    assert input_rules.enabling(snapshot, "") is None, "the mode is Production"
    snapshot.permit = CellPermit(mode=Mode.MANUAL)
    assert input_rules.enabling(snapshot, "") == Finding(
        RuleName.ENABLING, "enabling", "is not held in manual mode"
    )
    for quiet in (SafetyPhase.TRIPPED, SafetyPhase.HOLD):
        snapshot.phase = quiet
        assert input_rules.enabling(snapshot, "") is None
    snapshot.phase = phase
    says(snapshot, MODULE, condition=DriveCondition.OFFLINE)
    assert input_rules.enabling(snapshot, "") is None, "other rules tell that"
    assert input_rules.enabling(heard(CELL_LIMITS, phase), "") is None, "there is no device"


def clamped(limits: SafetyLimits = CELL_LIMITS, phase: SafetyPhase = SafetyPhase.MOTION) -> Snapshot:
    """The robot's tool may be in the material, and its clamp is open."""
    snapshot = heard(limits, phase)
    snapshot.in_force["robot"] = "weld_retract"
    channel = limits.stations["robot"].clamp_closed
    assert channel is not None
    switch(snapshot, channel, False)
    return snapshot


def test_a_clamp_that_opens_under_the_tool_trips_after_its_time() -> None:
    snapshot = clamped()
    assert input_rules.clamp(snapshot, "robot") is None
    repeat(snapshot, below(NOW_S + 0.0625))
    assert input_rules.clamp(snapshot, "robot") is None
    repeat(snapshot, NOW_S + 0.0625)
    assert input_rules.clamp(snapshot, "robot") == Finding(
        RuleName.CLAMP, "weld_clamp_closed", "has opened under the tool of robot"
    )
    assert input_rules.clamp(snapshot, "spindle") is None
    assert input_rules.clamp(snapshot, "conveyor") is None, "it has no clamp"


def _is_clear(snapshot: Snapshot) -> None:
    snapshot.in_force["robot"] = "weld_stop"


def _is_held(snapshot: Snapshot) -> None:
    snapshot.phase = SafetyPhase.HOLD


def _is_silent(snapshot: Snapshot) -> None:
    says(snapshot, "station_io", condition=DriveCondition.OFFLINE)


def _is_closed(snapshot: Snapshot) -> None:
    says(snapshot, "station_io", inputs=0xFFFF)


@pytest.mark.parametrize("happens", [_is_clear, _is_held, _is_silent, _is_closed])
def test_a_clamp_is_asked_only_under_the_tool_and_its_time_begins_anew(happens: Any) -> None:
    snapshot = clamped()
    assert input_rules.clamp(snapshot, "robot") is None
    happens(snapshot)
    for now_s in (NOW_S, NOW_S + 1.0):
        repeat(snapshot, now_s)
        assert input_rules.clamp(snapshot, "robot") is None
