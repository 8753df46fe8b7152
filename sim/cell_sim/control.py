"""Faults and questions from outside: what a test or an operator does to the simulated machine by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cell_controller.config import CellFile
from cell_controller.errors import CellError
from cell_sim.drives import VirtualDrive, VirtualLine
from cell_sim.drives.inverter import InverterDrive
from cell_sim.drives.motor import ServoDrive
from cell_sim.plant import CellPlant

Command = Mapping[str, Any]


class ControlError(CellError):
    """A command that the simulator does not know or cannot carry out."""


class Control:
    """One method per command; `obey` is given the command as a mapping with its name under `do`.

    Lines are unplugged by the caller's `on_plug`, because a port may hang on them.
    """

    def __init__(
        self,
        cell: CellFile,
        plant: CellPlant,
        lines: Mapping[str, VirtualLine],
        on_plug: Callable[[str, bool], None],
    ) -> None:
        self.cell = cell
        self.plant = plant
        self.lines = lines
        self._on_plug = on_plug
        self._commands: dict[str, Callable[[Command, float], None]] = {
            "estop": lambda c, t: self._estop(c),
            "guard": lambda c, t: self._guard(c),
            "air": lambda c, t: plant.set_air(_flag(c, "on")),
            "take_parts": lambda c, t: self._take_parts(),
            "jam": lambda c, t: plant.jam(_name(c, "conveyor", plant.belts), _flag(c, "on")),
            "relay": lambda c, t: self._relay(c),
            "unplug": lambda c, t: self._plug(c, False),
            "plug": lambda c, t: self._plug(c, True),
            "mute": lambda c, t: setattr(self._drive(c), "is_mute", _flag(c, "on")),
            "freeze": lambda c, t: setattr(self._drive(c), "is_frozen", _flag(c, "on")),
            "power": self._power,
            "fault": lambda c, t: self._fault(c),
            "input": lambda c, t: self._input(c),
            "analog": lambda c, t: self._analog(c),
            "reply": lambda c, t: self._reply(c),
            "status": lambda c, t: None,
        }

    def obey(self, command: Command, now_s: float) -> dict[str, Any]:
        """Carry out one command; the answer has `ok`, and `error` or the status."""
        self.plant.advance(now_s)
        try:
            name = command.get("do")
            if not isinstance(name, str) or name not in self._commands:
                raise ControlError(f"do: {name!r} is none of {', '.join(sorted(self._commands))}")
            self._commands[name](command, now_s)
        except (ControlError, KeyError, TypeError, ValueError) as error:
            return {"ok": False, "error": str(error)}
        return {"ok": True, **self.status()}

    # -- commands -------------------------------------------------------------------------------------------

    def _estop(self, command: Command) -> None:
        if _flag(command, "on"):
            self.plant.press_estop()
        else:
            self.plant.release_estop()

    def _guard(self, command: Command) -> None:
        if not _flag(command, "open"):
            self.plant.close_guard()
        elif not self.plant.open_guard(force=bool(command.get("force", False))):
            raise ControlError("the guard is locked")

    def _take_parts(self) -> None:
        """A person takes every part off the belts."""
        for belt in self.plant.belts.values():
            for lying in list(belt.parts):
                belt.remove(lying)

    def _relay(self, command: Command) -> None:
        self.plant.relay.is_present = _flag(command, "present")
        self.plant.set_air(self.plant.has_air)  # lets the change take effect

    def _plug(self, command: Command, is_plugged: bool) -> None:
        name = _name(command, "line", self.lines)
        self.lines[name].plug(is_plugged)
        self._on_plug(name, is_plugged)
        self.plant.record.event(self.plant.now_s, "plugged" if is_plugged else "unplugged", name)

    def _drive(self, command: Command) -> VirtualDrive:
        name = _name(command, "drive", self.cell.drives)
        return self.lines[self.cell.drives[name].line].drive(name)

    def _power(self, command: Command, now_s: float) -> None:
        drive = self._drive(command)
        if _flag(command, "on"):
            drive.power_on(now_s)
        else:
            drive.power_off(now_s)

    def _fault(self, command: Command) -> None:
        drive = self._drive(command)
        if not isinstance(drive, ServoDrive | InverterDrive):
            raise ControlError(f"{drive.name} has no motor")
        drive.trip(int(command["code"]))

    def _input(self, command: Command) -> None:
        signal = self.cell.signals.inputs[_name(command, "signal", self.cell.signals.inputs)]
        value = command.get("value")
        self.plant.force_input(signal.module, signal.channel, None if value is None else bool(value))

    def _analog(self, command: Command) -> None:
        signal = self.cell.signals.analog[_name(command, "signal", self.cell.signals.analog)]
        raw = command.get("raw")
        self.plant.force_analog(signal.module, signal.channel, None if raw is None else int(raw))

    def _reply(self, command: Command) -> None:
        planned = self.lines[_name(command, "line", self.lines)].next_reply
        planned.drop = int(command.get("drop", 0))
        planned.corrupt = int(command.get("corrupt", 0))
        planned.delay_s = float(command.get("delay_s", 0.0))
        cut = command.get("truncate_to")
        planned.truncate_to = None if cut is None else int(cut)
        planned.unit = int(command.get("unit", 0))

    # -- answers --------------------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """The machine at a glance."""
        plant = self.plant
        return {
            "now_s": plant.now_s,
            "is_sto": plant.is_sto,
            "relay_closed": plant.relay.is_closed,
            "guard_locked": plant.guard.is_locked,
            "tool_in_material": plant.tool_in_material,
            "axes": {n: [a.position_m, a.speed_m_s, a.force_n] for n, a in plant.axes.items()},
            "spindles": {n: [s.speed_rpm, s.torque_nm] for n, s in plant.spindles.items()},
            "parts": [
                {"number": p.number, "at_m": p.at_m, "left_at_s": p.left_at_s, "is_lost": p.is_lost}
                for p in plant.parts
            ],
            "lines": {
                n: {
                    "is_plugged": line.is_plugged,
                    "requests": line.counters.requests,
                    "replies": line.counters.replies,
                    "broken": line.counters.broken,
                    "too_early": line.counters.too_early,
                    "collisions": line.counters.collisions,
                }
                for n, line in self.lines.items()
            },
        }


def _flag(command: Command, key: str) -> bool:
    value = command.get(key, True)
    if not isinstance(value, bool):
        raise ControlError(f"{key}: {value!r} is not true or false")
    return value


def _name(command: Command, key: str, known: Mapping[str, object]) -> str:
    value = command.get(key)
    if not isinstance(value, str) or value not in known:
        raise ControlError(f"{key}: {value!r} is none of {', '.join(known)}")
    return value
