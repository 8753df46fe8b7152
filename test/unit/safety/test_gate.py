"""What the gate lets through in motion, what it clips, and what it holds back."""

from __future__ import annotations

from math import inf, nan

import pytest

from cell_controller.messages import Allowed, DriveSetpoint, Echo, Permit, SafetyPhase, SetpointKind
from cell_controller.safety import limits_of
from cell_controller.safety.clip import approach_speed_m_s
from cell_controller.safety.guarding import LOCK_SETTLES_S
from cell_controller.safety.limits import AxisLimits
from support.interlock_bench import Bench


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.to_motion()
    bench.grant(weld_place="robot", grind_place="spindle")
    bench.run(0.1)
    return bench


def move(
    drive: str, target_m: float, speed_m_s: float = 0.05, acceleration_m_s2: float = 1.0
) -> DriveSetpoint:
    return DriveSetpoint(drive, SetpointKind.MOVE, 1, target_m, speed_m_s, acceleration_m_s2)


def jog(drive: str, speed_m_s: float) -> DriveSetpoint:
    return DriveSetpoint(drive, SetpointKind.VELOCITY, target_speed_m_s=speed_m_s)


def turn(drive: str, speed_rpm: float) -> DriveSetpoint:
    return DriveSetpoint(drive, SetpointKind.VELOCITY, target_speed_rpm=speed_rpm)


def reference(drive: str, speed_m_s: float = 0.05) -> DriveSetpoint:
    return DriveSetpoint(drive, SetpointKind.REFERENCE, 1, target_speed_m_s=speed_m_s)


def test_the_search_for_a_zero_is_motion_with_a_limited_speed(bench: Bench) -> None:
    bench.grant(weld_place="conveyor", grind_place="conveyor")
    bench.wish("conveyor", reference("belt", 5.0))
    bench.run(0.1)
    assert bench.allowed("belt") is Allowed.MOTION
    assert bench.drive("belt").setpoint.target_speed_m_s == pytest.approx(0.4)
    bench.wish("conveyor", reference("belt", 0.0))
    bench.run(0.1)
    assert bench.allowed("belt") is Allowed.HOLD
    bench.wish("conveyor", reference("belt"), program="")
    bench.run(0.1)
    assert bench.allowed("belt") is Allowed.HOLD
    assert "belt: conveyor names no stop program" in bench.safety.warnings


def test_in_recovery_nothing_looks_for_its_zero() -> None:
    bench = Bench()
    bench.to_recovery("conveyor", "belt")
    bench.wish("conveyor", jog("belt", 0.005))
    bench.run(0.1)
    assert bench.allowed("belt") is Allowed.RECOVERY
    bench.wish("conveyor", reference("belt", 0.005))
    bench.run(0.1)
    assert bench.allowed("belt") is Allowed.HOLD


def test_a_good_setpoint_passes_unchanged(bench: Bench) -> None:
    bench.wish("robot", move("weld_x", 0.1), turn("weld_spindle", 1000.0))
    bench.run(0.1)
    assert bench.allowed("weld_x") is Allowed.MOTION
    assert bench.drive("weld_x").setpoint == move("weld_x", 0.1)
    assert bench.drive("weld_x").program == "weld_stop"
    assert bench.drive("weld_spindle").setpoint == turn("weld_spindle", 1000.0)
    assert bench.drive("weld_spindle").max_speed_rpm == pytest.approx(1800.0)
    assert bench.safety.warnings == ()


def test_a_new_setpoint_is_passed_at_once(bench: Bench) -> None:
    bench.wish("robot", move("weld_x", 0.1))
    bench.sent.clear()
    bench.now_s += 0.001
    bench.send_setpoint("robot")
    bench.step(bench.now_s)
    assert [c.line for c in bench.sent] == ["weld_line"]
    assert bench.drive("weld_x").setpoint.target_position_m == pytest.approx(0.1)


def test_the_program_of_a_setpoint_comes_with_it(bench: Bench) -> None:
    bench.wish("robot", jog("weld_z", -0.001), program="weld_retract")
    bench.run(0.1)
    drive = bench.drive("weld_z")
    assert (drive.allowed, drive.program) == (Allowed.MOTION, "weld_retract")


def test_the_program_in_force_stays_after_a_trip(bench: Bench) -> None:
    bench.wish("robot", program="weld_retract")
    bench.run(0.1)
    bench.switch("estop_ok", False)
    bench.run(0.05)
    bench.wish("robot", program="weld_stop")
    bench.run(0.2)
    assert (bench.allowed("weld_z"), bench.drive("weld_z").program) == (Allowed.STOP_PROGRAM, "weld_retract")


def test_without_a_stop_program_nothing_moves(bench: Bench) -> None:
    bench.wish("robot", move("weld_x", 0.1), program="")
    bench.run(0.1)
    assert bench.allowed("weld_x") is Allowed.HOLD
    assert "weld_x: robot names no stop program" in bench.safety.warnings


def test_speeds_are_clipped_and_the_clipping_is_told(bench: Bench) -> None:
    bench.wish("robot", move("weld_x", 0.1, 9.0, 99.0), turn("weld_spindle", -5000.0))
    bench.wish("spindle", turn("grind_wheel", 3000.0))
    bench.run(0.1)
    x = bench.drive("weld_x").setpoint
    assert (x.target_speed_m_s, x.target_acceleration_m_s2) == (0.25, 2.0)
    assert bench.drive("weld_spindle").setpoint.target_speed_rpm == -1800.0
    assert bench.drive("grind_wheel").setpoint.target_speed_rpm == 2900.0
    assert len(bench.safety.warnings) == 3


@pytest.mark.parametrize("target_m", [0.5, -0.1])
def test_a_target_outside_the_limits_is_refused(bench: Bench, target_m: float) -> None:
    bench.wish("robot", move("weld_x", target_m), turn("weld_spindle", 500.0))
    bench.run(0.1)
    assert bench.allowed("weld_x") is Allowed.HOLD
    assert bench.allowed("weld_spindle") is Allowed.MOTION
    assert bench.safety.phase is SafetyPhase.MOTION
    assert "weld_x: target" in bench.safety.warnings[0]


def test_a_move_without_speed_is_refused(bench: Bench) -> None:
    bench.wish("robot", move("weld_x", 0.1, 0.0))
    bench.run(0.1)
    assert bench.allowed("weld_x") is Allowed.HOLD


def test_velocity_towards_a_limit_is_slowed_so_that_it_can_stop(bench: Bench) -> None:
    bench.edit("weld_z", measured_position_m=0.149)
    bench.wish("robot", jog("weld_z", 0.1))
    bench.run(0.1)
    assert 0.0 < bench.drive("weld_z").setpoint.target_speed_m_s < 0.02
    bench.edit("weld_z", measured_position_m=0.15)
    bench.run(0.1)
    assert bench.drive("weld_z").setpoint.target_speed_m_s == 0.0
    bench.wish("robot", jog("weld_z", -0.1))
    bench.run(0.1)
    assert bench.drive("weld_z").setpoint.target_speed_m_s == -0.1


def test_the_approach_speed_stops_inside_the_way() -> None:
    limits = limits_of(Bench().cell, Bench().plan).drives["weld_z"]
    assert isinstance(limits, AxisLimits)
    for way_m in (1e-5, 1e-3, 0.05, 2.0):
        speed = approach_speed_m_s(limits, way_m)
        stop_m = speed * limits.reaction_s + speed**2 / (2 * limits.max_acceleration_m_s2)
        assert stop_m == pytest.approx(way_m)
    assert approach_speed_m_s(limits, -0.1) == approach_speed_m_s(limits, nan) == 0.0
    assert approach_speed_m_s(limits, inf) == inf


@pytest.mark.parametrize(
    "wish",
    [
        move("weld_x", nan),
        move("weld_x", 0.1, nan),
        move("weld_x", 0.1, 0.1, inf),
        jog("weld_z", nan),
        turn("weld_spindle", nan),
        DriveSetpoint("weld_x", SetpointKind.STOP, force_limit_n=nan),
        DriveSetpoint("weld_spindle", SetpointKind.MOVE),
        DriveSetpoint("weld_x", SetpointKind.REFERENCE, 1, target_speed_m_s=0.05),  # absolute: has its zero
        DriveSetpoint("weld_spindle", SetpointKind.REFERENCE, 1, target_speed_m_s=0.05),
        DriveSetpoint("weld_x", SetpointKind.OUTPUTS),
        DriveSetpoint("belt", SetpointKind.STOP),
        DriveSetpoint("safety_io", SetpointKind.OUTPUTS, outputs=0, outputs_mask=1),
        DriveSetpoint("station_io", SetpointKind.OUTPUTS, outputs=2, outputs_mask=2),
        DriveSetpoint("station_io", SetpointKind.OUTPUTS, outputs=0, outputs_mask=-1),
    ],
    ids=lambda w: f"{w.drive}-{w.kind.name}",
)
def test_a_setpoint_that_no_working_station_sends_trips(bench: Bench, wish: DriveSetpoint) -> None:
    bench.wish("robot", wish)
    bench.run(0.06)
    assert bench.safety.first_out.startswith("setpoint robot:")
    assert bench.safety.reset_hindrance.endswith("restart the station")


@pytest.mark.parametrize("program", ["nonsense", "grind_stop"])
def test_a_program_of_somebody_else_trips(bench: Bench, program: str) -> None:
    bench.wish("robot", program=program)
    bench.run(0.06)
    assert bench.safety.first_out.startswith("setpoint robot:")


def test_a_drive_that_is_named_twice_trips(bench: Bench) -> None:
    bench.wish("robot", jog("weld_x", 0.01))
    old = bench.setpoints["robot"]
    bench.setpoints["robot"] = type(old)("robot", old.program, (), (*old.drives, jog("weld_x", 0.02)))
    bench.run(0.06)
    assert bench.safety.first_out == "setpoint robot: weld_x is named twice"


def test_setpoints_on_old_drive_states_are_as_good_as_none(bench: Bench) -> None:
    bench.wish("robot", move("weld_x", 0.1))
    bench.run(0.1)
    bus = bench.buses["weld_line"]
    bench.based_on["weld_line"] = Echo("weld_line", bus.session, bus.stamp_s)
    bench.run(0.7)
    assert bench.safety.first_out == "station_lost robot: no usable setpoint arrives"


@pytest.mark.parametrize(
    "echo", [Echo("weld_line", 4711, 1000.0), Echo(), Echo("weld_line", 10, nan), Echo("weld_line", 10, 1e9)]
)
def test_setpoints_without_a_true_echo_are_not_used(bench: Bench, echo: Echo) -> None:
    bench.based_on["weld_line"] = echo
    bench.wish("robot", move("weld_x", 0.3))
    bench.run(0.1)
    assert bench.drive("weld_x").setpoint.kind is SetpointKind.NONE
    bench.run(0.2)
    assert bench.safety.first_out.startswith("station_lost robot")


def test_a_wish_from_before_the_permit_is_not_followed() -> None:
    bench = Bench()
    bench.to_hold()
    bench.wish("robot", move("weld_x", 0.1))
    bench.ask(Permit.MOTION)
    bench.run(LOCK_SETTLES_S - 0.05)
    bus = bench.buses["weld_line"]
    bench.based_on["weld_line"] = Echo("weld_line", bus.session, bus.stamp_s)
    bench.run(0.15)
    assert bench.safety.phase is SafetyPhase.MOTION
    assert bench.allowed("weld_x") is Allowed.HOLD
    assert "from before the permit" in bench.safety.warnings[0]
    bench.based_on.clear()
    bench.run(0.1)
    assert bench.allowed("weld_x") is Allowed.MOTION


def test_stations_switch_their_own_outputs_and_only_in_motion(bench: Bench) -> None:
    bench.wish("robot", DriveSetpoint("station_io", SetpointKind.OUTPUTS, outputs=0b001, outputs_mask=0b001))
    bench.wish(
        "conveyor", DriveSetpoint("station_io", SetpointKind.OUTPUTS, outputs=0b100, outputs_mask=0b100)
    )
    bench.run(0.1)
    assert bench.outputs("station_io") == (0b101, 0b101)
    bench.switch("air_ok", False)
    bench.run(0.05)
    assert bench.outputs("station_io") == (0b000, 0b100)  # load_request opens, the clamps hold


def test_hold_switches_only_the_interlocks_own_outputs() -> None:
    bench = Bench()
    bench.to_hold()
    bench.wish("robot", DriveSetpoint("station_io", SetpointKind.OUTPUTS, outputs=1, outputs_mask=1))
    bench.run(0.1)
    assert bench.outputs("station_io") == (0, 0)
    assert bench.outputs("safety_io") == (0b01, 0b11)


def test_the_guard_stays_locked_until_measured_standstill(bench: Bench) -> None:
    bench.edit("grind_wheel", is_stopped=False, measured_speed_rpm=2000.0)
    bench.edit_line("grind_line", is_stopped=False)
    bench.switch("air_ok", False)
    bench.run(0.3)
    assert bench.outputs("safety_io")[0] & 0b10
    bench.silent.add("grind_line")
    bench.edit("grind_wheel", is_stopped=True, measured_speed_rpm=0.0)
    bench.run(0.3)
    assert bench.outputs("safety_io")[0] & 0b10, "what is not heard is not at standstill"
    bench.silent.clear()
    bench.run(0.1)
    assert not bench.outputs("safety_io")[0] & 0b10


def test_the_echo_is_the_newest_state_of_that_bus(bench: Bench) -> None:
    bench.run(0.05)
    for line, bus in bench.buses.items():
        echo = bench.commands[line].echo
        assert (echo.source, echo.session) == (line, bus.session)
        assert bus.stamp_s - echo.stamp_s <= 0.021
        assert bench.commands[line].valid_for_s == pytest.approx(0.1)
