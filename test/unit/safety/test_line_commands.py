"""What stands in a LineCommand for every drive, field by field, in every phase."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import pytest

from cell_controller.messages import (
    Allowed,
    CellPermit,
    DriveSetpoint,
    Echo,
    LineDrive,
    SafetyPhase,
    SetpointKind,
)
from cell_controller.packml import Mode
from cell_controller.safety.gate import Clearance, Gate
from cell_controller.safety.limits import AxisLimits, SpindleLimits
from cell_controller.safety.snapshot import Snapshot
from support.interlock_bench import Bench

TURN = DriveSetpoint("weld_spindle", SetpointKind.VELOCITY, target_speed_rpm=10.0)
MOVE = DriveSetpoint("weld_x", SetpointKind.MOVE, 1, 0.1, 0.001, 0.5)


@pytest.fixture
def bench() -> Bench:
    return Bench.in_motion()


def in_phase(bench: Bench, phase: SafetyPhase, mode: int = Mode.PRODUCTION) -> Clearance:
    snapshot = bench.interlock._snapshot
    snapshot.phase, snapshot.permit = phase, CellPermit(recover_station="robot")
    clearance = bench.interlock._clearance()
    return replace(clearance, phase=phase, mode=mode, recover_station="robot")


def lines_of(bench: Bench, clearance: Clearance) -> dict[str, LineDrive]:
    """Every drive's part of the commands, after the robot has asked for a move and a turn."""
    snapshot, limits = bench.interlock._snapshot, bench.interlock._limits
    gate = Gate(limits)
    setpoint = replace(
        bench.setpoints["robot"],
        program="weld_stop",
        based_on=(bench.commands["weld_line"].echo,),
        drives=(MOVE, TURN),
    )
    assert gate.offer("robot", setpoint, snapshot.now_s, snapshot)
    commands = [gate.command(line, snapshot, clearance) for line in limits.lines]
    return {d.drive: d for command in commands for d in command.drives}


@pytest.mark.parametrize(
    ("phase", "allowed"),
    [(SafetyPhase.TRIPPED, Allowed.STOP_PROGRAM), (SafetyPhase.HOLD, Allowed.HOLD)],
)
def test_what_stands_still_does_so_with_its_full_force(
    bench: Bench, phase: SafetyPhase, allowed: Allowed
) -> None:
    limits = bench.interlock._limits.drives
    for name, line in lines_of(bench, in_phase(bench, phase)).items():
        if isinstance(limits[name], AxisLimits | SpindleLimits):
            force_n = getattr(limits[name], "max_force_n", 0.0)
            assert replace(line, program="") == LineDrive(
                name, allowed, max_force_n=force_n, setpoint=DriveSetpoint(name)
            )
        else:
            assert line.allowed is Allowed.HOLD


def test_what_moves_has_its_limits_and_its_program_with_it(bench: Bench) -> None:
    limits = bench.interlock._limits.drives
    x, spindle = limits["weld_x"], limits["weld_spindle"]
    assert isinstance(x, AxisLimits)
    assert isinstance(spindle, SpindleLimits)
    lines = lines_of(bench, in_phase(bench, SafetyPhase.MOTION))
    assert lines["weld_x"] == LineDrive(
        "weld_x", Allowed.MOTION, x.max_speed_m_s, 0.0, x.max_force_n, "weld_stop", MOVE
    )
    assert lines["weld_spindle"] == LineDrive(
        "weld_spindle", Allowed.MOTION, 0.0, spindle.max_speed_rpm, 0.0, "weld_stop", TURN
    )
    assert lines["safety_io"].allowed is Allowed.MOTION
    lines = lines_of(bench, in_phase(bench, SafetyPhase.RECOVERY))
    assert lines["weld_x"] == LineDrive("weld_x", Allowed.RECOVERY, 0.01, 0.0, 3000.0, "weld_stop", MOVE)
    assert lines["weld_spindle"] == LineDrive(
        "weld_spindle", Allowed.RECOVERY, 0.0, 0.25 * spindle.max_speed_rpm, 0.0, "weld_stop", TURN
    )
    assert lines["belt"].allowed is Allowed.NONE


def test_outside_production_all_axes_of_a_tool_together_keep_the_reduced_speed(bench: Bench) -> None:
    axes = bench.interlock._limits.stations["robot"].axes
    lines = lines_of(bench, in_phase(bench, SafetyPhase.MOTION, Mode.MANUAL))
    assert lines["weld_x"].max_speed_m_s == pytest.approx(0.9 * 0.25 / sqrt(len(axes)))


def test_in_recovery_only_the_station_that_recovers_puts_a_program_in_force(bench: Bench) -> None:
    clearance = in_phase(bench, SafetyPhase.RECOVERY)
    bench.interlock._snapshot.permit = CellPermit(recover_station="spindle")
    assert {line.program for line in lines_of(bench, clearance).values()} == {""}
    bench.interlock._snapshot.permit = None
    assert {line.program for line in lines_of(bench, clearance).values()} == {""}


def test_a_bus_that_was_not_heard_has_no_echo(bench: Bench) -> None:
    limits = bench.interlock._limits
    command = Gate(limits).command("weld_line", Snapshot(limits), in_phase(bench, SafetyPhase.TRIPPED))
    assert command.echo == Echo()


@pytest.mark.parametrize(("outputs", "switched"), [(0, 0), (0xFFFF, 1)])
def test_only_the_outputs_of_the_mask_are_switched(bench: Bench, outputs: int, switched: int) -> None:
    snapshot, limits = bench.interlock._snapshot, bench.interlock._limits
    gate, clearance = Gate(limits), replace(in_phase(bench, SafetyPhase.MOTION), outputs={})
    wish = DriveSetpoint("station_io", SetpointKind.OUTPUTS, outputs=outputs, outputs_mask=1)
    based_on = (bench.commands["weld_line"].echo,)
    setpoint = replace(bench.setpoints["robot"], based_on=based_on, drives=(wish,))
    assert gate.offer("robot", setpoint, snapshot.now_s, snapshot)
    line = limits.drives["station_io"].line
    sent = {d.drive: d.setpoint for d in gate.command(line, snapshot, clearance).drives}["station_io"]
    assert (sent.outputs, sent.outputs_mask) == (switched, 1)


def test_a_trip_opens_what_has_to_open_beside_what_the_interlock_switches(bench: Bench) -> None:
    snapshot, limits = bench.interlock._snapshot, bench.interlock._limits
    clearance = replace(in_phase(bench, SafetyPhase.TRIPPED), outputs={"station_io": (0, 0b1000)})
    line = limits.drives["station_io"].line
    drives = Gate(limits).command(line, snapshot, clearance).drives
    sent = {d.drive: d.setpoint for d in drives}["station_io"]
    assert sent.outputs_mask == 0b1000 | limits.drives["station_io"].open_mask  # type: ignore[union-attr]


def test_a_station_leaves_the_outputs_alone_of_which_it_does_not_speak(bench: Bench) -> None:
    snapshot, limits = bench.interlock._snapshot, bench.interlock._limits
    module = replace(limits.drives["station_io"], owners={"robot": 0b1001})  # type: ignore[call-arg]
    limits = replace(limits, drives={**limits.drives, "station_io": module})
    gate, clearance = Gate(limits), replace(in_phase(bench, SafetyPhase.MOTION), outputs={})
    wish = DriveSetpoint("station_io", SetpointKind.OUTPUTS, outputs=0b1001, outputs_mask=0b1000)
    based_on = (bench.commands["weld_line"].echo,)
    setpoint = replace(bench.setpoints["robot"], based_on=based_on, drives=(wish,))
    assert gate.offer("robot", setpoint, snapshot.now_s, snapshot)
    sent = {d.drive: d.setpoint for d in gate.command(module.line, snapshot, clearance).drives}["station_io"]
    assert (sent.outputs, sent.outputs_mask) == (0b1000, 0b1000)
