"""Whatever is wished, what a drive is told is inside its registers, and never rounded to "without limit"."""

from math import nan
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cell_controller.config import AxisDrive
from cell_controller.drives.actuation import Stage, Wanted
from cell_controller.drives.device import Device
from cell_controller.drives.goal import HOLD, OFF, STOP, Goal, GoalKind, goal_of, move_goal
from cell_controller.drives.profile import (
    DriveProfile,
    Exchange,
    Quantity,
    Source,
    StopCategory,
    Verb,
    encode_exchange,
    encode_field,
    load_profile,
    to_raw,
    value_limits,
    within_reach,
)
from cell_controller.messages import Allowed, DriveSetpoint, LineDrive, SetpointKind

DRIVES = Path(__file__).parents[3] / "config" / "drives"
PROFILES = {path.stem: load_profile(path) for path in sorted(DRIVES.glob("*.yaml"))}
SEQUENCES = [
    (name, sequence)
    for name, profile in PROFILES.items()
    for sequence in (*profile.setpoints.values(), *profile.references.values())
    if sequence is not profile.setpoints.get(Verb.OUTPUTS)
]
NONE_AT_ZERO = (
    Source.SPEED_MAGNITUDE,
    Source.ACCELERATION,
    Source.RAMP_TIME,
    Source.STOP_RAMP_TIME,
    Source.TORQUE_LIMIT,
)
NUMBERS = st.floats(1e-12, 1e12)
BELT = {
    "line": "l",
    "unit": 1,
    "profile": "p",
    "label": "belt",
    "kind": "axis",
    "m_per_rev": 0.05,
    "absolute": False,
    "min_m": -0.5,
    "max_m": 1.0,
    "max_speed_m_s": 0.4,
    "max_acceleration_m_s2": 1.0,
    "max_force_n": 60.0,
    "moving_mass_kg": 10.0,
    "standstill_m_s": 0.001,
}


def belt(**changes: float) -> AxisDrive:
    return AxisDrive.model_validate({**BELT, **changes})


@given(st.sampled_from(SEQUENCES), NUMBERS, NUMBERS, NUMBERS, st.sampled_from([1.0, -1.0]))
def test_what_is_within_reach_is_told_and_leaves_no_limit_at_zero(
    which: tuple[str, tuple[Exchange, ...]], speed: float, acceleration: float, torque: float, sign: float
) -> None:
    profile, sequence = PROFILES[which[0]], which[1]
    values = {
        Source.TARGET_POSITION: 0.5,
        Source.TARGET_SPEED: sign * speed,
        Source.ACCELERATION: acceleration,
        Source.RAMP_TIME: speed / acceleration,
        Source.STOP_RAMP_TIME: speed / acceleration,
        Source.TORQUE_LIMIT: torque,
    }
    fitted = within_reach(profile, sequence, values, most_acceleration=acceleration)
    if fitted is None:
        return
    assert abs(fitted[Source.TARGET_SPEED]) <= speed
    assert fitted[Source.ACCELERATION] <= acceleration
    assert fitted[Source.TORQUE_LIMIT] <= torque
    for exchange in sequence:
        _, words = encode_exchange(profile, exchange, fitted)
        at = 0
        for write in exchange.write:
            field = profile.field(write.field)
            count = to_raw(profile, field, words[at : at + field.end - field.address])
            at += field.end - field.address
            if write.source in NONE_AT_ZERO:
                assert count > 0, write.field


@given(st.sampled_from([(p, q) for p in PROFILES.values() for q in p.fields if p.field(q).low is not None]))
@example((PROFILES["robotis_dynamixel_x"], Quantity.PROFILE_SPEED))
@example((PROFILES["fastech_ezi_servo"], Quantity.RAMP_DOWN_TIME))
def test_half_a_count_below_the_least_value_is_the_least_value(which: tuple[DriveProfile, Quantity]) -> None:
    profile, quantity = which
    field = profile.field(quantity)
    low = value_limits(field)[0]
    if field.ramp_span is not None or low <= 0.0:
        return
    below = low - 0.5 * field.scale
    counts = [to_raw(profile, field, encode_field(profile, quantity, value)) for value in (below, low)]
    assert counts[0] == counts[1] > 0


def test_a_ramp_time_stays_inside_its_register_and_the_axis_inside_its_acceleration() -> None:
    fastech = PROFILES["fastech_ezi_servo"]

    def ramp_s(speed_m_s: float, acceleration: float, axis: AxisDrive) -> float | None:
        goal = move_goal(fastech, axis, 0.5, speed_m_s, acceleration, 60.0)
        return dict(goal.values)[Source.RAMP_TIME] if goal.kind is GoalKind.MOVE else None

    assert ramp_s(0.3, 1.0, belt()) == pytest.approx(0.3)
    assert ramp_s(0.0004, 1.0, belt()) == 0.001, "0.0004 s is below what the register holds"
    assert ramp_s(0.3, 0.02, belt()) == 9.999, "15 s are more than it holds"
    assert ramp_s(0.3, 0.02, belt(max_acceleration_m_s2=0.025)) is None, "9.999 s would be too steep"
    gentle = dict(move_goal(fastech, belt(), 0.5, 0.3, 0.1, 60.0).values)
    assert gentle[Source.RAMP_TIME] == pytest.approx(3.0)
    assert gentle[Source.STOP_RAMP_TIME] == pytest.approx(0.3), "a stop is never gentler than it is planned"
    assert ramp_s(1e-9, 1.0, belt()) is None, "no speed that the drive knows"


def test_a_creep_that_the_drive_does_not_know_is_a_hold() -> None:
    dynamixel = PROFILES["robotis_dynamixel_x"]
    axis = belt(max_force_n=1.0)

    def goal(speed_m_s: float) -> Goal:
        setpoint = DriveSetpoint("belt", SetpointKind.VELOCITY, target_speed_m_s=speed_m_s)
        command = LineDrive("belt", Allowed.MOTION, max_speed_m_s=0.4, max_force_n=1.0, setpoint=setpoint)
        return goal_of(dynamixel, axis, command)

    assert goal(0.01).kind is not GoalKind.HOLD
    assert goal(0.0001) == HOLD  # 0.12 rpm: half a count, and 0 is as fast as it can
    assert goal(-0.0001) == HOLD


def wanted_by(device: Device, exchange: Exchange, stage: Stage, **values: float) -> None:
    """As if this exchange were the next towards the device's goal."""
    given = tuple((Source(name), value) for name, value in values.items())
    device.actuator.wanted = lambda seen, now_s: Wanted(exchange, stage, device.actuator.goal, given)  # type: ignore[method-assign]


def test_a_motion_that_no_register_holds_is_not_told_and_ends_nothing() -> None:
    device = Device("belt", belt(), PROFILES["fastech_ezi_servo"], {})
    move = device.profile.setpoints[Verb.PROFILE_MOVE][-1]
    device.pursue(Goal(GoalKind.MOVE))
    wanted_by(device, move, Stage.SETPOINT, target_position=1e9, target_speed=100.0)
    assert device.write_job(1.0) is None
    assert device.untold.startswith("fastech_ezi_servo.target_position = 1e+09")
    wanted_by(device, move, Stage.SETPOINT, target_position=1.0)
    assert device.write_job(1.0) is None
    assert device.untold == "profile fastech_ezi_servo needs a value for target_speed"
    device.pursue(OFF)
    assert device.untold == ""


def test_a_stop_that_no_register_holds_takes_the_power() -> None:
    device = Device("belt", belt(), PROFILES["robotis_dynamixel_x"], {Source.WATCHDOG_TIMEOUT: 0.5})
    stops = device.profile.stops
    device.pursue(STOP)
    wanted_by(device, stops[device.profile.hold_category].ramp[-1], Stage.RAMP, stop_position=nan)
    job = device.write_job(1.0, stops_only=True)
    assert job is not None
    assert job.wanted is not None
    assert job.wanted.exchange == stops[StopCategory.REMOVE_POWER].ramp[0]
