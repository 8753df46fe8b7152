"""The interlock's own outputs, step by step: when the guard is locked, and when the enables open."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from cell_controller.messages import CellPermit, DriveCondition, LinePhase, Permit, SafetyPhase
from cell_controller.safety.guarding import Guarding, must_reopen_outputs
from cell_controller.safety.limits import Channel, Program
from cell_controller.safety.snapshot import Snapshot
from support.heard_cell import BUS_AHEAD_S, EPOCH, NOW_S, heard, repeat, says, says_line, switch
from support.rule_limits import CELL_LIMITS, below

LOCK, ENABLE = 0b10, 0b01  # of safety_io
LIMITS = replace(
    CELL_LIMITS,
    programs={"short": Program("weld_line", (), 1.0), "long": Program("weld_line", (), 4.0)},
    enables={
        Channel("x_enable", "station_io", 0b1000): ("weld_x",),
        Channel("y_enable", "safety_io", 0b0100): ("weld_y", "weld_z"),
    },
)
ASKED = CellPermit(permit=Permit.MOTION)
NOT_ASKED = CellPermit(permit=Permit.HOLD)


def cell(phase: SafetyPhase = SafetyPhase.TRIPPED, permit: CellPermit | None = NOT_ASKED) -> Snapshot:
    snapshot = heard(LIMITS, phase)
    snapshot.phase_since_s = NOW_S
    snapshot.permit = permit
    return snapshot


def move(snapshot: Snapshot, drive: str = "belt", *, is_moving: bool = True) -> None:
    says(snapshot, drive, is_stopped=not is_moving)


def lock(guarding: Guarding, snapshot: Snapshot) -> bool:
    return bool(guarding.outputs(snapshot)["safety_io"][0] & LOCK)


@pytest.mark.parametrize(
    ("phase", "permit", "is_moving", "is_due", "locked"),
    [
        (SafetyPhase.MOTION, NOT_ASKED, False, False, True),
        (SafetyPhase.RECOVERY, NOT_ASKED, False, False, True),
        (SafetyPhase.HOLD, ASKED, False, False, True),
        (SafetyPhase.HOLD, NOT_ASKED, False, False, False),
        (SafetyPhase.HOLD, None, False, False, False),
        (SafetyPhase.HOLD, NOT_ASKED, True, False, True),
        (SafetyPhase.HOLD, NOT_ASKED, False, True, False),
        (SafetyPhase.TRIPPED, ASKED, False, False, False),
        (SafetyPhase.TRIPPED, None, False, False, False),
        (SafetyPhase.TRIPPED, NOT_ASKED, True, False, True),
        (SafetyPhase.TRIPPED, NOT_ASKED, False, True, True),
    ],
)
def test_the_guard_is_locked_while_something_moves_or_is_about_to(
    phase: SafetyPhase, permit: CellPermit | None, is_moving: bool, is_due: bool, locked: bool
) -> None:
    guarding, snapshot = Guarding(LIMITS), cell(phase, permit)
    move(snapshot, is_moving=is_moving)
    guarding.is_recovery_due = is_due
    enabled = ENABLE | 0b0100
    assert guarding.outputs(snapshot) == {
        "safety_io": (enabled | LOCK if locked else enabled, enabled | LOCK),
        "station_io": (0b1000, 0b1000),
    }


def test_a_lock_is_believed_once_it_has_had_its_time() -> None:
    guarding, snapshot = Guarding(LIMITS), cell(SafetyPhase.HOLD, ASKED)
    assert not guarding.is_locked(snapshot), "it was not told to lock"
    assert snapshot.due_s == inf
    guarding.outputs(snapshot)
    repeat(snapshot, NOW_S + 0.0625)
    guarding.outputs(snapshot)
    repeat(snapshot, below(NOW_S + 0.3))
    assert not guarding.is_locked(snapshot)
    assert snapshot.due_s == NOW_S + 0.3
    repeat(snapshot, NOW_S + 0.3)
    assert guarding.is_locked(snapshot)
    switch(snapshot, LIMITS.guard_locked, False)
    assert not guarding.is_locked(snapshot)


def test_a_lock_that_was_let_go_has_its_time_again() -> None:
    guarding, snapshot = Guarding(LIMITS), cell(SafetyPhase.HOLD, ASKED)
    guarding.outputs(snapshot)
    snapshot.permit = NOT_ASKED
    guarding.outputs(snapshot)
    repeat(snapshot, NOW_S + 1.0)
    assert not guarding.is_locked(snapshot)
    snapshot.permit = ASKED
    guarding.outputs(snapshot)
    repeat(snapshot, NOW_S + 1.25)
    assert not guarding.is_locked(snapshot)
    repeat(snapshot, NOW_S + 1.5)
    assert guarding.is_locked(snapshot)


CLOSED = {"safety_io": ENABLE | 0b0100 | LOCK, "station_io": 0b1000}
OPEN = {"safety_io": LOCK, "station_io": 0}


def outputs(guarding: Guarding, snapshot: Snapshot) -> dict[str, int]:
    return {module: on for module, (on, _) in guarding.outputs(snapshot).items()}


def test_all_enables_open_when_a_stop_has_not_ended_in_time_and_stay_open() -> None:
    guarding, snapshot = Guarding(LIMITS), cell()
    move(snapshot)
    assert outputs(guarding, snapshot) == CLOSED
    repeat(snapshot, below(NOW_S + 4.5))
    assert (outputs(guarding, snapshot), guarding.is_escalated) == (CLOSED, False)
    assert snapshot.due_s == NOW_S + 4.5
    repeat(snapshot, NOW_S + 4.5)
    assert (outputs(guarding, snapshot), guarding.is_escalated) == (OPEN, True)
    move(snapshot, is_moving=False)
    repeat(snapshot, NOW_S + 100.0)
    assert outputs(guarding, snapshot) == {"safety_io": 0, "station_io": 0}, (
        "who did not obey has its command"
    )


def test_what_was_only_not_heard_closes_behind_a_locked_guard_when_all_is_heard_to_stand() -> None:
    guarding, snapshot = Guarding(LIMITS), cell()
    says(snapshot, "grind_infeed", condition=DriveCondition.OFFLINE)
    repeat(snapshot, NOW_S + 4.5)
    assert (outputs(guarding, snapshot), guarding.is_escalated) == (OPEN, True)
    assert not guarding.waits_for_clear
    says(snapshot, "grind_infeed", condition=DriveCondition.SWITCHED_ON, is_stopped=True)
    assert outputs(guarding, snapshot) == OPEN
    repeat(snapshot, NOW_S + 4.75)
    assert outputs(guarding, snapshot) == OPEN, "the guard has to lock first"
    repeat(snapshot, NOW_S + 5.0)
    assert (outputs(guarding, snapshot), guarding.is_escalated) == (CLOSED, False)
    repeat(snapshot, NOW_S + 5.9375)
    assert lock(guarding, snapshot), "until all has stood for a second"
    repeat(snapshot, NOW_S + 6.0)
    assert not lock(guarding, snapshot)


@pytest.mark.parametrize("name", ["guard_locked", "guard_closed"])
def test_no_enable_closes_behind_a_guard_that_is_not_locked(name: str) -> None:
    guarding, snapshot = Guarding(LIMITS), cell()
    guarding.succeed()
    switch(snapshot, LIMITS.guard_locked if name == "guard_locked" else LIMITS.inputs[name].channel, False)
    for step in range(100):
        repeat(snapshot, NOW_S + step / 16)
        assert outputs(guarding, snapshot)["safety_io"] & ENABLE == 0
    assert lock(guarding, snapshot) is (name == "guard_locked"), "an open one cannot lock"


def test_a_follower_keeps_the_enables_open_until_all_stands_behind_a_locked_guard() -> None:
    guarding, snapshot = Guarding(LIMITS), cell()
    guarding.succeed()
    move(snapshot)
    for now_s in (NOW_S, NOW_S + 0.5, NOW_S + 4.0):
        repeat(snapshot, now_s)
        assert outputs(guarding, snapshot) == OPEN
    assert not guarding.waits_for_clear, "a bus may still play its stop program"
    move(snapshot, is_moving=False)
    repeat(snapshot, NOW_S + 4.25)
    assert outputs(guarding, snapshot) == CLOSED


def test_a_follower_that_sees_a_stop_fail_waits_for_a_clear() -> None:
    guarding, snapshot = Guarding(LIMITS), cell()
    guarding.succeed()
    move(snapshot)
    repeat(snapshot, NOW_S + 4.5)
    assert (outputs(guarding, snapshot), guarding.waits_for_clear) == (OPEN, True)
    move(snapshot, is_moving=False)
    repeat(snapshot, NOW_S + 10.0)
    assert outputs(guarding, snapshot) == {"safety_io": 0, "station_io": 0}


def test_an_enable_of_a_drive_closes_when_it_was_first_seen_to_stand() -> None:
    guarding, snapshot = Guarding(LIMITS), cell()
    says(snapshot, "weld_x", is_stopped=False)
    assert outputs(guarding, snapshot)["station_io"] == 0
    says(snapshot, "weld_x", is_stopped=True)
    assert outputs(guarding, snapshot)["station_io"] == 0b1000


def cleared() -> tuple[Guarding, Snapshot]:
    """A stop has failed, all stands now, and an operator has given Clear."""
    guarding, snapshot = Guarding(LIMITS), cell()
    move(snapshot)
    repeat(snapshot, NOW_S + 4.5)
    guarding.outputs(snapshot)
    move(snapshot, is_moving=False)
    guarding.cleared_at_s = snapshot.now_s
    return guarding, snapshot


def test_a_clear_closes_them_again_behind_a_locked_guard() -> None:
    guarding, snapshot = cleared()
    assert outputs(guarding, snapshot) == OPEN
    repeat(snapshot, NOW_S + 5.0)
    assert outputs(guarding, snapshot) == CLOSED
    repeat(snapshot, below(NOW_S + 6.0))
    assert outputs(guarding, snapshot) == CLOSED
    repeat(snapshot, NOW_S + 6.0)
    assert not lock(guarding, snapshot)
    move(snapshot)
    repeat(snapshot, below(NOW_S + 9.5))
    assert outputs(guarding, snapshot) == CLOSED, "it may have another stop program's time"
    repeat(snapshot, NOW_S + 9.5)
    assert outputs(guarding, snapshot) == OPEN


def test_a_clear_holds_for_two_seconds_for_a_guard_that_does_not_lock() -> None:
    guarding, snapshot = cleared()
    switch(snapshot, LIMITS.guard_locked, False)
    repeat(snapshot, below(NOW_S + 6.5))
    assert outputs(guarding, snapshot) == OPEN
    assert snapshot.due_s == NOW_S + 6.5
    repeat(snapshot, NOW_S + 6.5)
    assert not lock(guarding, snapshot)
    switch(snapshot, LIMITS.guard_locked, True)
    repeat(snapshot, NOW_S + 10.0)
    assert outputs(guarding, snapshot) == {"safety_io": 0, "station_io": 0}


@pytest.mark.parametrize("phase", list(SafetyPhase))
def test_the_enable_of_a_drive_that_is_not_heard_opens_at_once_and_closes_when_it_is_seen_to_stand(
    phase: SafetyPhase,
) -> None:
    guarding, snapshot = Guarding(LIMITS), cell(phase)
    assert outputs(guarding, snapshot)["station_io"] == 0b1000
    says(snapshot, "weld_x", condition=DriveCondition.OFFLINE)
    assert outputs(guarding, snapshot)["station_io"] == 0
    assert outputs(guarding, snapshot)["safety_io"] & 0b0101 == 0b0101, "the others are heard"
    says(snapshot, "weld_x", condition=DriveCondition.OPERATION_ENABLED, is_stopped=False)
    assert outputs(guarding, snapshot)["station_io"] == 0
    says(snapshot, "weld_x", is_stopped=True)
    assert outputs(guarding, snapshot)["station_io"] == 0b1000


def test_a_line_that_is_not_heard_takes_the_enables_of_its_drives() -> None:
    guarding, snapshot = Guarding(LIMITS), cell()
    snapshot.lines["weld_line"].states = None
    snapshot.lines["weld_line"].drives = {}
    assert outputs(guarding, snapshot) == {"safety_io": ENABLE | LOCK, "station_io": 0}


@pytest.mark.parametrize(
    ("changes", "is_escalated"),
    [
        ({"condition": DriveCondition.SWITCHED_ON}, False),
        ({"condition": DriveCondition.FAULT}, False),
        ({"condition": DriveCondition.OPERATION_ENABLED}, True),
        ({"condition": DriveCondition.QUICK_STOP_ACTIVE}, True),
        ({"condition": DriveCondition.OFFLINE}, True),
        ({"condition": DriveCondition.SWITCHED_ON, "measured_speed_rpm": 10.0}, False),
        ({"condition": DriveCondition.SWITCHED_ON, "measured_speed_rpm": -10.1}, True),
    ],
)
def test_no_enable_opens_for_a_spindle_that_may_coast_with_its_output_off(
    changes: dict[str, object], is_escalated: bool
) -> None:
    guarding, snapshot = Guarding(LIMITS), cell()
    says(snapshot, "grind_wheel", is_stopped=False, **changes)
    repeat(snapshot, NOW_S + 4.5)
    assert (outputs(guarding, snapshot), guarding.is_escalated) == (
        OPEN if is_escalated else CLOSED,
        is_escalated,
    )
    move(snapshot)
    assert outputs(guarding, snapshot) == OPEN, "something else moves, too"


@pytest.mark.parametrize("phase", [SafetyPhase.HOLD, SafetyPhase.MOTION, SafetyPhase.RECOVERY])
def test_the_enables_open_only_after_a_trip(phase: SafetyPhase) -> None:
    guarding, snapshot = Guarding(LIMITS), cell(phase)
    move(snapshot)
    repeat(snapshot, NOW_S + 100.0)
    assert outputs(guarding, snapshot) == CLOSED


def after_motion(phase: SafetyPhase = SafetyPhase.MOTION) -> tuple[Guarding, Snapshot]:
    """Something was let move until now, and then a trip came."""
    guarding, snapshot = Guarding(LIMITS), cell(phase)
    guarding.outputs(snapshot)
    snapshot.phase = SafetyPhase.TRIPPED
    return guarding, snapshot


@pytest.mark.parametrize("phase", [SafetyPhase.MOTION, SafetyPhase.RECOVERY])
def test_a_standstill_counts_when_it_was_measured_after_the_stop_has_begun(phase: SafetyPhase) -> None:
    guarding, snapshot = after_motion(phase)
    repeat(snapshot, below(NOW_S + 0.5))
    assert lock(guarding, snapshot)
    repeat(snapshot, NOW_S + 0.5)
    assert not lock(guarding, snapshot)


def test_every_mover_of_every_line_has_to_be_measured_anew() -> None:
    since_s = NOW_S + 0.5
    for drive in ("belt", "grind_wheel", "weld_x"):
        guarding, snapshot = after_motion()
        repeat(snapshot, NOW_S + 0.75)
        says(snapshot, drive, measured_at_s=since_s + BUS_AHEAD_S)
        assert not lock(guarding, snapshot)
        says(snapshot, drive, measured_at_s=since_s + BUS_AHEAD_S - 2.0**-20)
        assert lock(guarding, snapshot)
    guarding, snapshot = after_motion()
    repeat(snapshot, NOW_S + 0.75)
    says(snapshot, "safety_io", measured_at_s=NOW_S + BUS_AHEAD_S)
    assert not lock(guarding, snapshot), "a module does not move"


def test_a_mover_that_is_missing_or_a_line_that_was_not_heard_is_not_measured() -> None:
    guarding, snapshot = after_motion()
    repeat(snapshot, NOW_S + 1.0)
    snapshot.lines["weld_line"].states = None
    assert lock(guarding, snapshot)
    guarding, snapshot = after_motion()
    repeat(snapshot, NOW_S + 1.0)
    assert guarding._is_measured_anew(snapshot)
    del snapshot.lines["conveyor_line"].drives["belt"]
    assert not guarding._is_measured_anew(snapshot)
    snapshot = cell()
    snapshot.lines["safety_line"].states = None
    assert not guarding._is_measured_anew(snapshot)


def stopped(line: str = "safety_line", **changes: object) -> Snapshot:
    """A line that stopped by itself, when the epoch is half a second old."""
    snapshot = cell()
    snapshot.epoch_since_s = NOW_S - 0.5
    says_line(snapshot, line, **{"phase": LinePhase.STOPPED, "stop_cause": "permit lost", **changes})
    return snapshot


def test_outputs_are_asked_for_again_when_a_bus_without_axes_has_stopped_by_itself() -> None:
    snapshot = stopped()
    assert must_reopen_outputs(snapshot)
    snapshot.epoch_since_s = NOW_S - 0.5 + 2.0**-20
    assert not must_reopen_outputs(snapshot)
    assert snapshot.due_s == snapshot.epoch_since_s + 0.5


@pytest.mark.parametrize(
    "changes",
    [
        {"phase": LinePhase.PERMITTED},
        {"phase": LinePhase.ARMING},
        {"epoch": EPOCH - 1},
        {"epoch": EPOCH + 1},
        {"stop_cause": ""},
    ],
)
def test_outputs_are_not_asked_for_again_while_the_bus_obeys_or_is_not_ready(
    changes: dict[str, object],
) -> None:
    assert not must_reopen_outputs(stopped(**changes))


def test_a_bus_with_axes_that_stopped_waits_for_the_reset() -> None:
    assert not must_reopen_outputs(stopped("weld_line"))
    snapshot = stopped()
    snapshot.lines["safety_line"].states = None
    assert not must_reopen_outputs(snapshot)
