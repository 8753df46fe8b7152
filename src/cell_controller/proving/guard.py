"""What must be so while a prover lets things move: drives armed, safety inputs on, tools out."""

from __future__ import annotations

from collections.abc import Mapping

from cell_controller.config import AxisDrive, CellFile, DriveKind, InputRule, SpindleDrive
from cell_controller.messages import DriveCondition
from cell_controller.proving.errors import UnprovableError
from cell_controller.proving.line_master import LineMaster
from cell_controller.proving.trial import tool_floors

ABOVE_FLOOR_M = 1e-4  # a tool that stands at its safe position may read a count below it
WATCHED = (InputRule.ESTOP, InputRule.GUARD, InputRule.RELAY)


class Guard:
    """Judges by what the buses of all lines report."""

    def __init__(self, cell: CellFile, masters: Mapping[str, LineMaster]) -> None:
        self._cell, self._masters = cell, masters
        self._floors = tool_floors(cell)

    def _master(self, drive: str) -> LineMaster:
        return self._masters[self._cell.drives[drive].line]

    def unarmed(self) -> str:
        """Drives that are not armed, each with its reason; "" when all are."""
        found = []
        for master in self._masters.values():
            if master.states is None or master.failure:
                found.append(f"{master.name}: {master.failure or 'is not open'}")
                continue
            found += [
                f"{state.drive}: {state.fault_text or 'does not answer'}"
                for state in master.states.drives
                if not state.is_armed or state.condition is DriveCondition.OFFLINE
            ]
        return "; ".join(found)

    def unsafe(self) -> str:
        """Safety inputs that must be on while anything may move, and are not; "" when all are."""
        safety = self._cell.safety
        names = [n for n, i in safety.inputs.items() if i.rule in WATCHED]
        names += [i.second for n, i in safety.inputs.items() if n in names and i.second is not None]
        names.append(safety.guard_locked)
        if safety.enabling_device is not None:
            names.append(safety.enabling_device)
        return ", ".join(f"{name} is off" for name in names if not self._is_on(name))

    def _is_on(self, name: str) -> bool:
        """A line that is silent on purpose cannot be asked."""
        signal = self._cell.signals.inputs[name]
        master = self._master(signal.module)
        state = master.drive(signal.module)
        is_heard = state.condition is not DriveCondition.OFFLINE
        return master.is_silent or (is_heard and bool(state.inputs >> signal.channel & 1))

    def tools_are_out(self, name: str) -> None:
        """A tool below its safe position may be in the material: then its station and every belt stay."""
        mine = self._cell.station_of_drive(name)
        for axis, floor_m in self._floors.items():
            station = self._cell.station_of_drive(axis)
            if station != mine and mine not in self._cell.conveyors:
                continue
            state = self._master(axis).drive(axis)
            if not (state.is_homed and state.measured_position_m >= floor_m - ABOVE_FLOOR_M):
                text = f"the tool of {station} may be in the material: {axis} is not at its safe position"
                raise UnprovableError(name, f"{text}; bring it out first: cell recover {station}")
        self._clamps_are_open(name, mine)

    def _clamps_are_open(self, name: str, station: str) -> None:
        """A belt that moves under a clamped part tears it."""
        if station not in self._cell.conveyors:
            return
        clamps = [s.clamp_closed for s in self._cell.welding_robots.values()]
        clamps += [s.clamp_closed for s in self._cell.grinding_spindles.values()]
        for clamp in clamps:
            signal = self._cell.signals.inputs[clamp]
            if self._master(signal.module).drive(signal.module).inputs >> signal.channel & 1:
                raise UnprovableError(name, f"{clamp} is on: a part is clamped; open the clamp")

    def _enables(self) -> tuple[str, ...]:
        """Outputs that must be on for a drive to move, and the lock of the guard."""
        drives = [d for d in self._cell.drives.values() if isinstance(d, AxisDrive | SpindleDrive)]
        own = [d.enable for d in drives if d.enable is not None]
        safety = self._cell.safety
        return tuple(dict.fromkeys((safety.drive_enable, safety.guard_lock, *own)))

    def enable_lines(self) -> tuple[str, ...]:
        """Lines whose silence opens an enable."""
        outputs = self._cell.signals.outputs
        modules = [outputs[name].module for name in self._enables()]
        return tuple(dict.fromkeys(self._cell.drives[module].line for module in modules))

    def lapse(self) -> str:
        """A bus that carries enables and stopped by itself, or lost its module; "" when none did."""
        for name in self.enable_lines():
            states = self._masters[name].states
            if states is not None and (states.stop_cause or not states.is_armed):
                return f"{name} {states.stop_cause or 'lost a module'}"
        return ""

    def switch_enables(self, *, is_on: bool) -> None:
        """Tell the modules that carry them, from now on."""
        for name in self._enables():
            signal = self._cell.signals.outputs[name]
            wanted = self._master(signal.module).outputs
            outputs, mask = wanted.get(signal.module, (0, 0))
            outputs = outputs | signal.mask if is_on else outputs & ~signal.mask
            wanted[signal.module] = (outputs, mask | signal.mask)

    def moves(self, master: LineMaster) -> bool:
        """Whether a line has anything that moves."""
        drives = self._cell.drives_of_line(master.name).values()
        return any(drive.kind is not DriveKind.IO for drive in drives)
