"""From a goal to exchanges: order, acknowledgement, repetition, and what is never repeated."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cell_controller.drives.actuation import REPEAT_S, Actuator, Seen, Stage, Wanted
from cell_controller.drives.goal import HOLD, KEEP, OFF, STOP, Goal, GoalKind
from cell_controller.drives.profile import DriveCondition, DriveProfile, Quantity, Source, encode_exchange

READY = Seen(DriveCondition.READY_TO_SWITCH_ON, is_standing=True, is_armed=True, measured_at_s=1.0)
ON = replace(READY, condition=DriveCondition.OPERATION_ENABLED)
MOVE = Goal(
    GoalKind.MOVE,
    ((Source.TARGET_POSITION, 10.0), (Source.TARGET_SPEED, 600.0), (Source.ACCELERATION, 12000.0)),
    move_id=5,
    target_m=0.1,
)


class Drive:
    """Acknowledges everything at once and counts time."""

    def __init__(self, profile: DriveProfile) -> None:
        self.profile, self.actuator = profile, Actuator(profile)
        self.now_s = 1.0

    def fields(self, wanted: Wanted | None) -> list[Quantity]:
        return [w.field for w in wanted.exchange.write] if wanted else []

    def ack(self, wanted: Wanted) -> None:
        address, words = encode_exchange(self.profile, wanted.exchange, dict(wanted.values))
        self.actuator.acknowledged(wanted, address, words, self.now_s)

    def told(self, seen: Seen, limit: int = 10) -> list[Quantity]:
        """Fields of everything it is told until there is nothing more to say."""
        found: list[Quantity] = []
        for _ in range(limit):
            wanted = self.actuator.wanted(replace(seen, measured_at_s=self.now_s), self.now_s)
            if wanted is None:
                break
            self.now_s += 0.001
            self.ack(wanted)
            found += self.fields(wanted)
            if wanted.stage is Stage.ENABLE:
                break
        return found


@pytest.fixture
def drive(asda: DriveProfile) -> Drive:
    return Drive(asda)


MOVE_FIELDS = [
    Quantity.TARGET_POSITION,
    Quantity.PROFILE_ACCELERATION,
    Quantity.PROFILE_SPEED,
    Quantity.MOVE_TRIGGER,
]


def test_a_move_switches_on_then_writes_the_setpoint_then_the_trigger(drive: Drive) -> None:
    drive.actuator.pursue(MOVE)
    assert drive.told(READY) == [Quantity.SOFTWARE_INPUTS]
    assert drive.told(ON) == MOVE_FIELDS
    assert drive.actuator.accepted_move_id == 5
    assert drive.told(ON) == []


def test_a_repeated_move_is_not_told_again_and_a_new_one_leaves_out_what_is_known(drive: Drive) -> None:
    drive.actuator.pursue(MOVE)
    drive.told(ON)
    drive.actuator.pursue(replace(MOVE))
    assert drive.told(ON) == []
    further = replace(MOVE, values=((Source.TARGET_POSITION, 12.0), *MOVE.values[1:]), move_id=6)
    drive.actuator.pursue(further)
    assert drive.told(ON) == [Quantity.TARGET_POSITION, Quantity.MOVE_TRIGGER]


def test_a_command_that_a_stop_has_written_over_is_told_again(profiles: dict[str, DriveProfile]) -> None:
    """LS: frequency and command go in one request, and a stop writes the command alone."""
    drive = Drive(profiles["ls_s100"])
    turning = Goal(GoalKind.VELOCITY, ((Source.TARGET_SPEED, 20.0),))
    drive.actuator.pursue(turning)
    assert drive.told(ON) == [Quantity.TARGET_SPEED, Quantity.CONTROL]
    drive.actuator.pursue(HOLD)
    assert drive.told(ON) == [Quantity.CONTROL]
    drive.actuator.pursue(turning)
    assert drive.told(ON) == [Quantity.TARGET_SPEED, Quantity.CONTROL]


def test_a_sequence_without_acknowledgement_starts_again_from_its_first_request(drive: Drive) -> None:
    drive.actuator.pursue(MOVE)
    first = drive.actuator.wanted(ON, 1.0)
    assert first is not None
    drive.ack(first)
    second = drive.actuator.wanted(ON, 1.0)
    assert second is not None
    drive.actuator.failed(second)
    assert drive.fields(drive.actuator.wanted(ON, 1.0)) == [Quantity.PROFILE_ACCELERATION]  # target is known
    drive.actuator.forget()
    assert drive.told(ON) == MOVE_FIELDS


def test_a_drive_that_went_off_by_itself_is_not_switched_on_again(drive: Drive) -> None:
    drive.actuator.pursue(MOVE)
    assert not drive.actuator.has_dropped_out(READY)  # not on yet
    assert not drive.actuator.has_dropped_out(ON)
    assert drive.actuator.has_dropped_out(READY)
    assert drive.told(READY) == []
    drive.actuator.forget()  # armed anew in between: still not
    assert drive.told(READY) == []
    drive.actuator.pursue(OFF)
    drive.actuator.pursue(HOLD)
    assert drive.told(READY) == [Quantity.SOFTWARE_INPUTS]


def test_a_reading_from_before_it_was_switched_off_neither_drops_out_nor_takes_a_setpoint(
    drive: Drive,
) -> None:
    """A line that arms its other drives may not read this one for half a second."""
    drive.actuator.pursue(HOLD)
    drive.told(ON)
    drive.actuator.pursue(OFF)
    old = replace(ON, measured_at_s=drive.now_s)
    drive.told(ON)
    drive.actuator.pursue(MOVE)
    assert drive.actuator.wanted(old, drive.now_s) is None
    assert not drive.actuator.has_dropped_out(old)
    off = replace(READY, measured_at_s=drive.now_s + 0.01)
    assert not drive.actuator.has_dropped_out(off)
    assert drive.fields(drive.actuator.wanted(off, drive.now_s)) == [Quantity.SOFTWARE_INPUTS]


def test_a_fault_is_not_a_drop_out(drive: Drive) -> None:
    drive.actuator.pursue(HOLD)
    drive.actuator.has_dropped_out(ON)
    assert not drive.actuator.has_dropped_out(replace(ON, condition=DriveCondition.FAULT))
    assert not drive.actuator.has_dropped_out(replace(ON, condition=DriveCondition.OFFLINE))


def test_nothing_switches_on_or_moves_a_drive_that_is_not_armed(drive: Drive) -> None:
    for goal in (MOVE, HOLD):
        drive.actuator.pursue(goal)
        assert drive.told(replace(READY, is_armed=False)) == []
        assert drive.told(replace(ON, is_armed=False)) == []


def test_a_stop_is_told_once_and_repeated_only_while_it_shows_no_effect(drive: Drive) -> None:
    drive.actuator.pursue(STOP)
    moving = replace(ON, is_standing=False, is_armed=False)
    assert drive.told(moving) == [Quantity.MOVE_TRIGGER]
    assert drive.told(moving) == []
    drive.now_s += REPEAT_S
    assert drive.told(moving) == [Quantity.MOVE_TRIGGER]
    drive.now_s += REPEAT_S
    assert drive.told(ON) == []


def test_a_stop_leaves_a_drive_off_that_is_off(drive: Drive) -> None:
    drive.actuator.pursue(STOP)
    assert drive.told(READY) == []


def test_a_drive_may_be_on_by_what_was_written_although_it_was_not_seen_on(drive: Drive) -> None:
    drive.actuator.pursue(HOLD)
    assert drive.told(READY) == [Quantity.SOFTWARE_INPUTS]
    drive.actuator.pursue(OFF)
    assert drive.told(READY) == [Quantity.MOVE_TRIGGER, Quantity.SOFTWARE_INPUTS]


def test_off_ramps_first_and_switches_off_at_standstill(drive: Drive) -> None:
    drive.actuator.pursue(OFF)
    assert drive.told(replace(ON, is_standing=False)) == [Quantity.MOVE_TRIGGER]
    assert drive.told(ON) == [Quantity.SOFTWARE_INPUTS]
    assert drive.told(READY) == []


def test_after_a_stop_switching_off_needs_no_second_ramp(drive: Drive) -> None:
    drive.actuator.pursue(STOP)
    drive.told(ON)
    drive.actuator.pursue(OFF)
    assert drive.told(ON) == [Quantity.SOFTWARE_INPUTS]


def test_a_faulted_drive_is_switched_off_without_waiting_for_a_ramp(drive: Drive) -> None:
    drive.actuator.pursue(MOVE)
    drive.told(ON)
    drive.actuator.pursue(OFF)
    faulted = replace(ON, condition=DriveCondition.FAULT, is_standing=False)
    assert drive.told(faulted) == [Quantity.SOFTWARE_INPUTS]


def test_a_kept_spindle_is_told_nothing(inverter: DriveProfile) -> None:
    drive = Drive(inverter)
    drive.actuator.pursue(Goal(GoalKind.VELOCITY, ((Source.TARGET_SPEED, 20.0),)))
    assert drive.told(ON) == [Quantity.TARGET_SPEED, Quantity.CONTROL]
    drive.actuator.pursue(KEEP)
    assert drive.told(ON) == []


def test_only_stops_go_before_everything_else(servo: DriveProfile) -> None:
    assert {stage for stage in Stage if stage.is_stop} == {Stage.RAMP, Stage.DISABLE, Stage.OPEN}
    drive = Drive(servo)
    drive.actuator.pursue(HOLD)
    wanted = drive.actuator.wanted(ON, 1.0)
    assert wanted is not None
    assert wanted.stage is Stage.RAMP


def test_outputs_are_written_until_they_read_back(module: DriveProfile) -> None:
    actuator = Actuator(module)
    actuator.pursue(Goal(GoalKind.OUTPUTS, outputs=0b001, outputs_mask=0b011))
    assert actuator.wanted(replace(ON, outputs=None), 1.0) is None  # what to leave alone is not known yet
    wanted = actuator.wanted(replace(ON, outputs=0b110), 1.0)
    assert wanted is not None
    assert wanted.values == ((Source.OUTPUTS, 0b101),)
    assert wanted.stage is Stage.OPEN
    assert actuator.wanted(replace(ON, outputs=0b101), 1.0) is None
