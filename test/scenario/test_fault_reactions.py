"""What `cell fault` can do, on simulated time: it trips with its cause within the time that is owed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from cell_controller.config import INTERLOCK
from cell_controller.messages import LinePhase, SafetyPhase
from cell_sim.drives.fast_servo import VirtualFastServo
from cell_sim.episodes.faults import FaultKind
from cell_sim.episodes.schedule import FAULT_CODES
from cell_sim.host.noise import Spoil
from cell_sim.host.simcell import SimCell
from cell_sim.host.transport import LinkFault
from cell_sim.live.catalog import BY_NAME
from faults.rows import MEASURED
from faults.rows import Moment as TableMoment
from integration.fault_cases import STOPS
from support.moments import Moment

LOOK_S = 1.0  # longer than any limit
FRAMES = 2  # failed in a row, as the live fault has it
WEAK_S = 1.5
AWHILE_S = 0.5


def kill(cell: SimCell, target: str) -> None:
    cell.host.kill(target)


def hang(cell: SimCell, target: str) -> None:
    cell.host.hang(target)


def hang_a_while(cell: SimCell, target: str) -> None:
    cell.host.hang(target)
    cell.host.scheduler.at(cell.now_s + AWHILE_S, lambda: cell.host.go_on(target))


def unplug(cell: SimCell, target: str) -> None:
    cell.serials[target].unplug()


def spoil_all(cell: SimCell, target: str) -> None:
    cell.noise[target].replies.extend([Spoil.BITS] * 1000)


def trip_drive(cell: SimCell, target: str) -> None:
    drive = cell.lines["weld_line"].drive(target)
    assert isinstance(drive, VirtualFastServo)
    drive.advance(cell.now_s)
    drive.trip(FAULT_CODES["fast_modbus_servo"])


def mute(cell: SimCell, target: str) -> None:
    cell.lines["weld_line"].drive(target).is_mute = True


def freeze(cell: SimCell, target: str) -> None:
    cell.lines["weld_line"].drive(target).is_frozen = True


def press(cell: SimCell, target: str) -> None:
    cell.plant.press_estop()


def open_guard(cell: SimCell, target: str) -> None:
    cell.plant.open_guard(force=True)


def spoil_number(cell: SimCell, target: str) -> None:
    port = "setpoint" if target == "robot" else "drive_states"
    cell.host.transport.faults.append(LinkFault(port, target, cell.now_s + LOOK_S, is_nan=True))


@dataclass(frozen=True)
class Case:
    """One fault of the catalogue."""

    name: str
    target: str
    do: Callable[[SimCell, str], None]
    first_out: str
    lasts: bool = False
    for_s: float = 0.0  # as the row of the table says it

    @property
    def key(self) -> str:
        lasts = f" --for {self.for_s:g}" if self.for_s else ""
        return f"{self.name} {self.target}".strip() + lasts


CASES = (
    Case("kill", "robot", kill, "station_lost robot"),
    Case("kill", "cell_manager", kill, "manager_lost cell_manager"),
    Case("kill", "weld_line", kill, "line_lost weld_line"),
    Case("hang", "robot", hang, "station_lost robot"),
    Case("hang", "cell_manager", hang, "manager_lost cell_manager"),
    Case("hang", "weld_line", hang, "line_lost weld_line"),
    Case("hang", "robot", hang_a_while, "station_lost robot", for_s=AWHILE_S),
    Case("unplug", "weld_line", unplug, "line_down weld_line"),
    Case("unplug", "safety_line", unplug, "line_down safety_line"),
    Case("serial.crc", "weld_line", spoil_all, "line_down weld_line", lasts=True, for_s=WEAK_S),
    Case("drive-trip", "weld_z", trip_drive, "drive_fault weld_z"),
    Case("mute", "weld_x", mute, "line_down weld_line"),
    Case("freeze", "weld_x", freeze, "frozen weld_x"),
    Case("nan", "robot", spoil_number, "setpoint robot"),
    Case("nan", "weld_line", spoil_number, "not_a_number weld_x"),
    Case("estop", "", press, "estop estop_ok"),
    Case("guard", "", open_guard, "guard guard_closed"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
def test_it_trips_with_its_cause_within_the_time_that_is_owed(case: Case, welding: Moment) -> None:
    def play(cell: SimCell) -> None:
        fault = BY_NAME[case.name]
        limit_s = fault.limit_of(cell.cell, cell.plan, case.target, lasts=case.lasts)
        at_s = cell.now_s
        cell.plant.advance(at_s)
        case.do(cell, case.target)
        cell.until(
            lambda: cell.safety is not None and cell.safety.phase is SafetyPhase.TRIPPED, LOOK_S, "the trip"
        )
        assert cell.safety is not None
        assert cell.safety.first_out.startswith(f"{case.first_out}:"), cell.safety.first_out
        assert cell.safety.trips[0].at_s - at_s <= limit_s

    welding.play(play)


@pytest.mark.parametrize("do", [kill, hang], ids=["kill", "hang"])
def test_without_an_interlock_every_bus_stops_for_want_of_a_permit_in_time(
    do: Callable[[SimCell, str], None], welding: Moment
) -> None:
    def play(cell: SimCell) -> None:
        limit_s = BY_NAME[do.__name__].limit_of(cell.cell, cell.plan, INTERLOCK, lasts=False)
        do(cell, INTERLOCK)
        cell.run_for(limit_s)
        for line in ("weld_line", "grind_line", "conveyor_line"):
            states = cell.drive_states[line]
            assert states.phase in (LinePhase.STOPPING, LinePhase.STOPPED), line
            assert states.stop_cause.startswith("permit ended, not renewed"), states.stop_cause

    welding.play(play)


def test_every_row_of_the_fault_table_is_injected() -> None:
    """Here, or on the live cell of the integration tests."""
    tried = {case.key for case in CASES} | {f"{do.__name__} {INTERLOCK}" for do in (kill, hang)}
    live = {row.key for row in MEASURED if row.goes_on or row.moment is TableMoment.STOPPED}
    assert {row.key for row in MEASURED} <= tried | live | STOPS.keys()


@pytest.mark.parametrize("kind", [FaultKind.SERIAL_CRC, FaultKind.SERIAL_LATE, FaultKind.SERIAL_LOST])
def test_two_spoilt_replies_stop_nothing_and_are_counted(kind: FaultKind, welding: Moment) -> None:
    def errors(cell: SimCell) -> int:
        drives = cell.drive_states["weld_line"].drives
        return sum(d.errors for d in drives)

    def play(cell: SimCell) -> None:
        before = errors(cell)
        if kind is FaultKind.SERIAL_LATE:
            cell.lines["weld_line"].next_reply.delay_s = 0.06
        else:
            spoil = Spoil.BITS if kind is FaultKind.SERIAL_CRC else Spoil.LOSE
            cell.noise["weld_line"].replies.extend([spoil] * FRAMES)
        cell.run_for(WEAK_S)
        assert cell.safety is not None
        assert cell.safety.phase is SafetyPhase.MOTION
        assert errors(cell) > before

    welding.play(play)
