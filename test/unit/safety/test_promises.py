"""Whatever stations ask for: what leaves the gate is no faster, further, stronger or older than it may be."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from math import inf, isfinite, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cell_controller.config import AxisDrive, SpindleDrive
from cell_controller.messages import (
    Allowed,
    CellPermit,
    DriveSetpoint,
    DriveState,
    LineDrive,
    SafetyPhase,
    Setpoint,
    SetpointKind,
)
from cell_controller.packml import Mode
from cell_controller.safety import limits_of
from cell_controller.safety.clip import clip_axis, clip_spindle, fault_of
from cell_controller.safety.gate import Gate
from cell_controller.safety.limits import AxisLimits, ModuleLimits, SpindleLimits
from support.interlock_bench import Bench, demo_cell

STATIONS = ("robot", "spindle", "conveyor")
MOVING = (SetpointKind.MOVE, SetpointKind.VELOCITY, SetpointKind.REFERENCE)
NUMBERS = st.floats(-4000.0, 4000.0) | st.floats(-0.5, 0.5) | st.sampled_from((0.0, 1e-12, nan, inf, -inf))


CELL, PLAN = demo_cell()
LIMITS = limits_of(CELL, PLAN)
AXES = [limits for limits in LIMITS.drives.values() if isinstance(limits, AxisLimits)]
SPINDLES = [limits for limits in LIMITS.drives.values() if isinstance(limits, SpindleLimits)]


@cache
def in_motion() -> Bench:
    """One for all: what a test changes in it, the next one sets anew."""
    bench = Bench()
    bench.to_motion()
    bench.grant(weld_place="robot", grind_place="spindle")
    bench.run(0.1)
    return bench


def wishes() -> st.SearchStrategy[DriveSetpoint]:
    """Of any drive of the cell, or of none, whoever asks."""
    return st.builds(
        DriveSetpoint,
        drive=st.sampled_from((*LIMITS.drives, "unknown", "")),
        kind=st.sampled_from(SetpointKind),
        move_id=st.integers(0, 3),
        target_position_m=NUMBERS,
        target_speed_m_s=NUMBERS,
        target_acceleration_m_s2=NUMBERS,
        target_speed_rpm=NUMBERS,
        force_limit_n=NUMBERS,
        outputs=st.integers(0, 0xFFFF),
        outputs_mask=st.integers(0, 0xFFFF),
    )


WILD = st.builds(
    Setpoint,
    station=st.sampled_from(STATIONS),
    program=st.sampled_from(("weld_stop", "weld_retract", "grind_back", "belt_stop", "unknown", "")),
    drives=st.lists(wishes(), max_size=5).map(tuple),
)


def _tame(drive: str) -> st.SearchStrategy[DriveSetpoint]:
    """What a station may well ask of its own drive, and some of it is too much."""
    limits = LIMITS.drives[drive]
    kinds = (SetpointKind.MOVE, SetpointKind.VELOCITY, SetpointKind.REFERENCE, SetpointKind.STOP)
    if isinstance(limits, SpindleLimits):
        kinds = (SetpointKind.VELOCITY, SetpointKind.STOP)
    return st.builds(
        DriveSetpoint,
        drive=st.just(drive),
        kind=st.sampled_from(kinds[:2] if drive.startswith("weld") else kinds),
        target_position_m=st.floats(-0.05, 0.45),
        target_speed_m_s=st.floats(-0.5, 0.5),
        target_acceleration_m_s2=st.floats(0.1, 5.0),
        target_speed_rpm=st.floats(-4000.0, 4000.0),
        force_limit_n=st.floats(0.0, 20000.0),
    )


def _from(station: str) -> st.SearchStrategy[Setpoint]:
    limits = LIMITS.stations[station]
    own = [
        st.builds(
            DriveSetpoint,
            drive=st.just(module),
            kind=st.just(SetpointKind.OUTPUTS),
            outputs=st.integers(0, 0xFFFF),
            outputs_mask=st.just(LIMITS.drives[module].owners[station]),  # type: ignore[union-attr]
        )
        for module in limits.modules
    ]
    return st.builds(
        Setpoint,
        station=st.just(station),
        program=st.sampled_from(limits.programs),
        drives=st.tuples(*map(_tame, limits.drives), *own),
    )


SETPOINTS = st.sampled_from(STATIONS).flatmap(_from) | WILD


def passed(setpoints: list[Setpoint], phase: SafetyPhase, mode: int = Mode.PRODUCTION) -> list[LineDrive]:
    """What a gate makes of setpoints that come in time, in one phase and mode."""
    bench = in_motion()
    interlock, gate = bench.interlock, Gate(LIMITS)
    snapshot = interlock._snapshot
    snapshot.phase, snapshot.permit = phase, CellPermit(recover_station="robot")
    for setpoint in setpoints:
        based_on = tuple(
            replace(bench.commands[line].echo, session=bench.buses[line].session)
            for line in bench.cell.lines_of_station(setpoint.station)
        )
        gate.offer(setpoint.station, replace(setpoint, based_on=based_on), snapshot.now_s, snapshot)
    clearance = replace(interlock._clearance(), phase=phase, mode=mode, recover_station="robot")
    commands = [gate.command(line, snapshot, clearance) for line in bench.cell.lines]
    assert all(command.epoch == snapshot.epoch for command in commands)
    return [drive for command in commands for drive in command.drives]


@settings(max_examples=100)
@given(setpoints=st.lists(SETPOINTS, max_size=4), mode=st.sampled_from((Mode.PRODUCTION, Mode.MANUAL, 77)))
def test_nothing_leaves_faster_further_or_stronger_than_its_limits(
    setpoints: list[Setpoint], mode: int
) -> None:
    for phase in (SafetyPhase.MOTION, SafetyPhase.RECOVERY):
        for left in passed(setpoints, phase, mode):
            drive, wish = CELL.drives[left.drive], left.setpoint
            assert wish.drive == left.drive
            if left.allowed not in (Allowed.MOTION, Allowed.RECOVERY):
                assert wish.kind not in MOVING
            elif isinstance(drive, AxisDrive):
                slowest_m_s = drive.max_speed_m_s
                if phase is SafetyPhase.RECOVERY:
                    slowest_m_s = min(slowest_m_s, LIMITS.manual_speed_m_s)
                    assert left.max_force_n <= LIMITS.manual_force_n
                elif mode != Mode.PRODUCTION:
                    slowest_m_s = min(slowest_m_s, 0.25)  # ISO 10218-1
                assert left.max_speed_m_s <= slowest_m_s
                assert left.max_force_n <= drive.max_force_n
                if wish.kind in MOVING:
                    assert left.program in LIMITS.programs
                    assert abs(wish.target_speed_m_s) <= left.max_speed_m_s
                    assert wish.force_limit_n <= left.max_force_n
                if wish.kind is SetpointKind.MOVE:
                    assert drive.min_m <= wish.target_position_m <= drive.max_m
                    assert 0.0 < wish.target_acceleration_m_s2 <= drive.max_acceleration_m_s2
            elif isinstance(drive, SpindleDrive):
                share = 0.25 if phase is SafetyPhase.RECOVERY else 1.0
                assert left.max_speed_rpm <= share * drive.permitted_rpm
                assert (
                    wish.kind is not SetpointKind.VELOCITY or abs(wish.target_speed_rpm) <= left.max_speed_rpm
                )


@given(setpoints=st.lists(SETPOINTS, max_size=4))
def test_nothing_but_a_stop_leaves_while_tripped(setpoints: list[Setpoint]) -> None:
    own = in_motion().interlock._clearance().outputs
    for left in passed(setpoints, SafetyPhase.TRIPPED):
        limits = LIMITS.drives[left.drive]
        if isinstance(limits, ModuleLimits):
            assert left.allowed is Allowed.HOLD
            outputs, mask = own.get(left.drive, (0, 0))
            assert (left.setpoint.outputs, left.setpoint.outputs_mask) == (outputs, mask | limits.open_mask)
        else:
            assert left.allowed is Allowed.STOP_PROGRAM
            assert left.setpoint == DriveSetpoint(left.drive)
            assert left.program == "", "none was in force when it tripped"


@given(setpoints=st.lists(SETPOINTS, max_size=4))
def test_outputs_are_switched_by_their_owners_alone(setpoints: list[Setpoint]) -> None:
    own = in_motion().interlock._clearance().outputs
    for left in passed(setpoints, SafetyPhase.MOTION):
        limits = LIMITS.drives[left.drive]
        if isinstance(limits, ModuleLimits):
            outputs, mask = own.get(left.drive, (0, 0))
            owned = 0
            for owner in limits.owners.values():
                owned |= owner
            assert not left.setpoint.outputs_mask & ~(owned | mask)
            assert not left.setpoint.outputs & ~left.setpoint.outputs_mask
            assert left.setpoint.outputs & mask & ~owned == outputs & ~owned


@given(
    wish=st.sampled_from(("robot", "spindle", "conveyor")).flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from(CELL.stations[name].drives))
    ),
    between=st.lists(wishes(), max_size=2),
)
def test_a_drive_that_is_named_twice_spoils_the_whole_setpoint(
    wish: tuple[str, str], between: list[DriveSetpoint]
) -> None:
    station, drive = wish
    snapshot, gate = in_motion().interlock._snapshot, Gate(LIMITS)
    feed = gate.feeds[station]
    twice = (DriveSetpoint(drive), *between, DriveSetpoint(drive))
    assert not gate.offer(station, Setpoint(station, drives=twice), snapshot.now_s, snapshot)
    assert feed.setpoint is None
    assert feed.fault is not None


@settings(max_examples=100)
@given(late_s=st.floats(-10.0, 10.0) | st.sampled_from((nan, inf, -inf)), session=st.integers(0, 3))
def test_a_setpoint_out_of_another_time_or_session_is_not_used(late_s: float, session: int) -> None:
    bench = in_motion()
    snapshot, bus = bench.interlock._snapshot, bench.buses["conveyor_line"]
    echo = replace(
        bench.commands["conveyor_line"].echo,
        session=bus.session + session,
        stamp_s=snapshot.lines["conveyor_line"].bus_now_s(snapshot.now_s) - late_s,
    )
    setpoint = Setpoint("conveyor", based_on=(echo,))
    is_used = Gate(LIMITS).offer("conveyor", setpoint, snapshot.now_s, snapshot)
    limit_s = LIMITS.ages.based_on_s["conveyor"]
    assert is_used == (session == 0 and isfinite(late_s) and abs(late_s) <= limit_s)


def test_the_epoch_of_a_command_is_never_older_than_one_before() -> None:
    bench = Bench.in_motion()
    bench.sent.clear()
    for _ in range(2):
        bench.run(0.1)
        bench.switch("estop_ok", False)
        bench.run(0.1)
        bench.switch("estop_ok", True)
        bench.run(0.1)
        bench.clear()
        bench.run(0.1)
    for line in bench.cell.lines:
        epochs = [command.epoch for command in bench.sent if command.line == line]
        assert epochs == sorted(epochs)
        assert len(set(epochs)) == 5, "two trips and two resets"


@pytest.mark.parametrize("limits", AXES, ids=lambda limits: limits.name)
@settings(max_examples=50)
@given(
    setpoint=wishes(),
    position_m=NUMBERS | st.floats(-0.1, 0.6),
    is_homed=st.booleans(),
    share=st.floats(0.01, 1.0),
)
def test_no_axis_goes_further_faster_or_harder_than_its_limits(
    limits: AxisLimits, setpoint: DriveSetpoint, position_m: float, is_homed: bool, share: float
) -> None:
    if fault_of(limits, setpoint, limits.station):
        return
    max_speed_m_s, max_force_n = share * limits.max_speed_m_s, share * limits.max_force_n
    state = DriveState(limits.name, is_homed=is_homed, measured_position_m=position_m)
    left = clip_axis(limits, setpoint, state, max_speed_m_s=max_speed_m_s, max_force_n=max_force_n).setpoint
    if left is None:
        return
    assert left.force_limit_n <= max_force_n
    if left.kind in (SetpointKind.MOVE, SetpointKind.VELOCITY, SetpointKind.REFERENCE):
        assert abs(left.target_speed_m_s) <= max_speed_m_s
    if left.kind is SetpointKind.MOVE:
        assert limits.min_m <= limits.lowest_m <= left.target_position_m <= limits.max_m
        assert 0.0 < left.target_acceleration_m_s2 <= limits.max_acceleration_m_s2
    if left.kind is SetpointKind.VELOCITY and is_homed:
        ahead_m = limits.max_m - position_m if left.target_speed_m_s > 0 else position_m - limits.lowest_m
        speed_m_s = abs(left.target_speed_m_s)
        way_m = speed_m_s * limits.reaction_s + speed_m_s**2 / (2.0 * limits.max_acceleration_m_s2)
        assert speed_m_s == 0.0 or way_m <= ahead_m + 1e-9


@pytest.mark.parametrize("limits", SPINDLES, ids=lambda limits: limits.name)
@given(setpoint=wishes(), share=st.floats(0.01, 1.0))
def test_no_spindle_turns_faster_than_its_limit(
    limits: SpindleLimits, setpoint: DriveSetpoint, share: float
) -> None:
    if fault_of(limits, setpoint, limits.station):
        return
    left = clip_spindle(limits, setpoint, max_speed_rpm=share * limits.max_speed_rpm).setpoint
    assert left is not None
    assert (
        left.kind is not SetpointKind.VELOCITY or abs(left.target_speed_rpm) <= share * limits.max_speed_rpm
    )


@given(setpoint=wishes())
def test_what_counts_of_a_well_formed_setpoint_is_a_number(setpoint: DriveSetpoint) -> None:
    for limits in (*AXES, *SPINDLES):
        if fault_of(limits, setpoint, limits.station):
            continue
        if isinstance(limits, AxisLimits):
            assert isfinite(setpoint.force_limit_n)
        counts = {
            SetpointKind.MOVE: ("target_position_m", "target_speed_m_s", "target_acceleration_m_s2"),
            SetpointKind.VELOCITY: (
                "target_speed_m_s" if isinstance(limits, AxisLimits) else "target_speed_rpm",
            ),
            SetpointKind.REFERENCE: ("target_speed_m_s",),
        }.get(setpoint.kind, ())
        assert all(isfinite(getattr(setpoint, name)) for name in counts)
