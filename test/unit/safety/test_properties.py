"""Whatever arrives in whatever order: the gate's promises hold after every step."""

from __future__ import annotations

from math import isfinite, nan

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cell_controller.config import AxisDrive, SpindleDrive
from cell_controller.messages import (
    Allowed,
    DriveCondition,
    DriveSetpoint,
    Echo,
    LineCommand,
    LineDrive,
    LinePhase,
    Permit,
    SafetyPhase,
    SafetyState,
    SetpointKind,
)
from cell_controller.packml import Mode
from support.interlock_bench import Bench

AXES = ("weld_x", "weld_z", "grind_infeed", "belt")
SPINDLES = ("weld_spindle", "grind_wheel")
STATION_OF = {
    "weld_x": "robot",
    "weld_z": "robot",
    "weld_spindle": "robot",
    "grind_infeed": "spindle",
    "grind_wheel": "spindle",
    "belt": "conveyor",
}
ZONE_OF = {"weld_z": ("weld_place", 0.030), "grind_infeed": ("grind_place", 0.015)}
SOURCES = (
    "cell_manager",
    "robot",
    "spindle",
    "conveyor",
    "weld_line",
    "grind_line",
    "conveyor_line",
    "safety_line",
)
INPUTS = ("estop_ok", "guard_closed", "relay_closed", "air_ok", "guard_locked")
NUMBERS = st.sampled_from((-2.0, -0.3, -0.05, 0.0, 0.005, 0.02, 0.06, 0.25, 0.5, 3000.0, nan))


class Watched(Bench):
    """A bench that hands every output to the machine as it is sent."""

    def __init__(self, machine: GateMachine) -> None:
        self.machine = machine
        super().__init__()

    def step(self, at_s: float) -> None:
        before = len(self.history), len(self.sent)
        super().step(at_s)
        for safety in self.history[before[0] :]:
            self.machine.on_safety(safety)
        for command in self.sent[before[1] :]:
            self.machine.on_command(command, at_s)


class GateMachine(RuleBasedStateMachine):
    """Random faults, wishes, permits, restarts and Clears."""

    @initialize()
    def begin(self) -> None:
        self.phase, self.epoch, self.motion_session = SafetyPhase.TRIPPED, 0, 0
        self.clears_seen: set[int] = set()
        self.bench = Watched(self)
        self.bench.run(0.3)

    # what may happen

    @rule(cycles=st.integers(1, 12))
    def time_passes(self, cycles: int) -> None:
        self.bench.run(0.03 * cycles)

    @rule()
    def operator_clears(self) -> None:
        self.bench.clear()
        self.bench.run(0.06)

    @rule(
        permit=st.sampled_from(Permit),
        mode=st.sampled_from((Mode.PRODUCTION, Mode.MANUAL, Mode.INVALID)),
        station=st.sampled_from(("robot", "spindle", "")),
    )
    def manager_asks(self, permit: Permit, mode: Mode, station: str) -> None:
        self.bench.ask(permit, mode=mode, recover_station=station)
        self.bench.run(0.06)

    @rule(data=st.data())
    def manager_grants(self, data: st.DataObject) -> None:
        self.bench.grant(
            weld_place=data.draw(st.sampled_from(("robot", "conveyor", ""))),
            grind_place=data.draw(st.sampled_from(("spindle", "conveyor", ""))),
        )
        self.bench.run(0.06)

    @rule(
        drive=st.sampled_from(AXES),
        kind=st.sampled_from((SetpointKind.MOVE, SetpointKind.VELOCITY)),
        position=NUMBERS,
        speed=NUMBERS,
    )
    def axis_is_wanted(self, drive: str, kind: SetpointKind, position: float, speed: float) -> None:
        self.bench.wish(STATION_OF[drive], DriveSetpoint(drive, kind, 1, position, speed, 1.0))
        self.bench.run(0.05)

    @rule(drive=st.sampled_from(SPINDLES), speed=NUMBERS)
    def spindle_is_wanted(self, drive: str, speed: float) -> None:
        wish = DriveSetpoint(drive, SetpointKind.VELOCITY, target_speed_rpm=speed)
        self.bench.wish(STATION_OF[drive], wish)
        self.bench.run(0.05)

    @rule(drive=st.sampled_from(AXES), position=NUMBERS, is_homed=st.booleans())
    def axis_is_measured(self, drive: str, position: float, is_homed: bool) -> None:
        self.bench.edit(drive, measured_position_m=position, is_homed=is_homed or drive != "belt")
        self.bench.run(0.03)

    @rule(name=st.sampled_from(INPUTS), is_on=st.booleans())
    def input_changes(self, name: str, is_on: bool) -> None:
        self.bench.switch(name, is_on)
        self.bench.run(0.03)

    @rule(source=st.sampled_from(SOURCES), cycles=st.integers(1, 8))
    def source_is_silent(self, source: str, cycles: int) -> None:
        self.bench.silent.add(source)
        self.bench.run(0.04 * cycles)
        self.bench.silent.discard(source)

    @rule(drive=st.sampled_from((*AXES, *SPINDLES, "safety_io")), condition=st.sampled_from(DriveCondition))
    def drive_changes(self, drive: str, condition: DriveCondition) -> None:
        self.bench.edit(drive, condition=condition)
        self.bench.run(0.03)
        self.bench.edit(drive, condition=DriveCondition.OPERATION_ENABLED)

    @rule(line=st.sampled_from(("weld_line", "safety_line")))
    def bus_stops_by_itself(self, line: str) -> None:
        bus = self.bench.buses[line]
        bus.stopped_epoch = bus.states.epoch
        self.bench.edit_line(line, phase=LinePhase.STOPPED, stop_cause="permit lost")
        self.bench.run(0.05)

    @rule(line=st.sampled_from(("weld_line", "conveyor_line")))
    def bus_restarts(self, line: str) -> None:
        self.bench.restart_bus(line)
        self.bench.run(0.1)

    @rule(station=st.sampled_from(("robot", "conveyor")))
    def station_restarts(self, station: str) -> None:
        self.bench.restart_station(station)
        self.bench.run(0.05)

    @rule()
    def manager_restarts(self) -> None:
        self.bench.restart_manager()
        self.bench.run(0.1)
        self.clears_seen.clear()  # its numbers begin again, in a session of its own

    @rule()
    def interlock_restarts(self) -> None:
        self.bench.start_interlock()
        self.phase = SafetyPhase.TRIPPED
        self.bench.run(0.3)

    @rule()
    def setpoints_freeze_on_old_states(self) -> None:
        bus = self.bench.buses["weld_line"]
        self.bench.based_on["weld_line"] = Echo("weld_line", bus.session, bus.stamp_s)
        self.bench.run(0.25)
        self.bench.based_on.clear()

    @rule()
    def interlock_is_late(self) -> None:
        self.bench.now_s += 0.08
        self.bench.step(self.bench.now_s)
        self.bench.run(0.05)

    @precondition(lambda self: self.phase is not SafetyPhase.MOTION)
    @rule()
    def all_is_mended_and_the_cell_started(self) -> None:
        """So that motion is reached often enough to be worth the others' trouble."""
        bench = self.bench
        for name in INPUTS:
            bench.switch(name, True)
        for drive in AXES:
            position_m = {"weld_z": 0.06, "grind_infeed": 0.04}.get(drive, 0.0)
            bench.edit(drive, measured_position_m=position_m, is_homed=True)
        for station in bench.setpoints:
            bench.wish(station)
        bench.ask(Permit.NONE, mode=Mode.PRODUCTION)
        bench.run(0.7)
        bench.clear()
        bench.run(0.15)
        bench.ask(Permit.MOTION)
        bench.run(0.5)
        assert bench.safety.phase is SafetyPhase.MOTION, bench.safety

    # what has to hold

    def on_safety(self, safety: SafetyState) -> None:
        """Phases and epochs of every SafetyState against the one before."""
        assert safety.epoch >= self.epoch or safety.epoch == 0
        left_for_trip = self.phase is not SafetyPhase.TRIPPED and safety.phase is SafetyPhase.TRIPPED
        if left_for_trip:
            assert safety.epoch > self.epoch
            assert safety.trips
        was_tripped = self.phase in (SafetyPhase.TRIPPED, SafetyPhase.RECOVERY)
        if was_tripped and safety.phase in (SafetyPhase.HOLD, SafetyPhase.MOTION):
            assert self.phase is SafetyPhase.TRIPPED
            assert safety.clear_id not in self.clears_seen, "a reset needs a new clear_id"
        if safety.phase is not SafetyPhase.TRIPPED:
            self.clears_seen.add(safety.clear_id)
        assert safety.phase is not SafetyPhase.MOTION or self.phase in (SafetyPhase.HOLD, SafetyPhase.MOTION)
        self.phase = safety.phase
        self.epoch = max(self.epoch, safety.epoch)

    def on_command(self, command: LineCommand, at_s: float) -> None:
        """Every drive of every LineCommand."""
        bench = self.bench
        phase = bench.runner.unit._snapshot.phase  # type: ignore[attr-defined]
        for drive in command.drives:
            if drive.allowed not in (Allowed.MOTION, Allowed.RECOVERY) or drive.drive.endswith("_io"):
                continue
            assert (
                phase
                is {
                    Allowed.MOTION: SafetyPhase.MOTION,
                    Allowed.RECOVERY: SafetyPhase.RECOVERY,
                }[drive.allowed]
            )
            self.check_motion(drive, at_s)

    def check_motion(self, drive: LineDrive, at_s: float) -> None:
        bench, wish = self.bench, drive.setpoint
        snapshot = bench.runner.unit._snapshot  # type: ignore[attr-defined]
        station = bench.cell.station_of_drive(drive.drive)
        assert snapshot.is_permit_fresh
        assert at_s - snapshot.setpoint_at_s[station] < bench.plan.ages.setpoint_s
        assert snapshot.usable(drive.drive) is not None
        limits = bench.cell.drives[drive.drive]
        if wish.kind in (SetpointKind.MOVE, SetpointKind.VELOCITY):
            assert drive.program
        if isinstance(limits, SpindleDrive):
            assert abs(wish.target_speed_rpm) <= limits.permitted_rpm
        elif isinstance(limits, AxisDrive):
            assert abs(wish.target_speed_m_s) <= limits.max_speed_m_s or wish.kind is SetpointKind.NONE
            if wish.kind is SetpointKind.MOVE:
                assert isfinite(wish.target_position_m)
                assert limits.min_m <= wish.target_position_m <= limits.max_m
            self.check_zone(drive)

    def check_zone(self, drive: LineDrive) -> None:
        """No drive goes down into a zone, and no belt moves, without grant and clearance."""
        bench, wish = self.bench, drive.setpoint
        snapshot = bench.runner.unit._snapshot  # type: ignore[attr-defined]
        if drive.drive not in ZONE_OF or wish.kind is not SetpointKind.MOVE:
            return
        zone, below_m = ZONE_OF[drive.drive]
        position_m = snapshot.usable(drive.drive).measured_position_m
        if wish.target_position_m >= min(below_m, position_m) - 0.0006:
            return
        owners = {z.zone: z.owner for z in snapshot.permit.zone_owners}
        station = bench.cell.station_of_drive(drive.drive)
        assert drive.allowed is Allowed.RECOVERY or owners.get(zone) == station
        assert abs(snapshot.usable("belt").measured_position_m % 0.5 - 0.25) >= 0.24

    @invariant()
    def nothing_is_permitted_while_tripped(self) -> None:
        if getattr(self, "phase", None) is SafetyPhase.TRIPPED and hasattr(self, "bench"):
            moving = {Allowed.MOTION, Allowed.RECOVERY, Allowed.HOLD}
            for command in self.bench.commands.values():
                axes = (d for d in command.drives if not d.drive.endswith("_io"))
                assert not moving & {d.allowed for d in axes}


TestGate = GateMachine.TestCase
TestGate.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
