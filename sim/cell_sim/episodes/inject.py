"""Carries the faults of a schedule out on a simulated cell, and counts those that met an active target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from cell_controller.messages import StationState
from cell_controller.packml import Command
from cell_controller.runtime import Sent
from cell_sim.drives.base import VirtualDrive
from cell_sim.drives.inverter import InverterDrive
from cell_sim.drives.motor import ServoDrive
from cell_sim.episodes.faults import Fault, FaultKind
from cell_sim.host.node import Life
from cell_sim.host.noise import Spoil
from cell_sim.host.simcell import SimCell
from cell_sim.host.supervisor import Supervisor
from cell_sim.host.transport import LinkFault

EXCHANGE_S = 0.5  # until a line with a spoilt frame has caught up: some rounds with retries
_SPOILS = {
    FaultKind.SERIAL_CRC: Spoil.BITS,
    FaultKind.SERIAL_BURST: Spoil.BURST,
    FaultKind.SERIAL_TRUNCATED: Spoil.TRUNCATE,
    FaultKind.SERIAL_LOST: Spoil.LOSE,
}
_FAULTABLE = (ServoDrive, InverterDrive)


class Injector:
    """Waits for the time or the moment of each fault."""

    def __init__(self, cell: SimCell, supervisor: Supervisor, faults: tuple[Fault, ...]) -> None:
        self._cell, self._supervisor = cell, supervisor
        self.injected: Counter[str] = Counter()
        self.hits: Counter[str] = Counter()
        self.is_open = True  # False: what has not begun does not begin any more
        self._waiting: dict[str, list[Fault]] = {}
        self._phases: dict[str, str] = {}
        self._links: list[tuple[Fault, LinkFault]] = []
        for fault in faults:
            if fault.after:
                self._waiting.setdefault(fault.after, []).append(fault)
            else:
                self._at(fault.at_s, self._doing(fault))
        cell.host.observers.append(self._hear)

    def close(self) -> None:
        """No more faults; those that last go on to their end."""
        self.is_open = False
        for fault, link in self._links:
            self.hits[fault.kind.value] += link.hits > 0
        self._links.clear()

    def _at(self, delay_s: float, action: Callable[[], None]) -> None:
        self._cell.host.scheduler.at(self._cell.now_s + delay_s, action)

    def _hear(self, now_s: float, source: str, sent: Sent) -> None:
        state = sent.message
        if not isinstance(state, StationState) or self._phases.get(state.station) == state.phase:
            return
        self._phases[state.station] = state.phase
        for fault in self._waiting.pop(f"{state.station} {state.phase}", ()):
            self._at(fault.at_s, self._doing(fault))

    def _doing(self, fault: Fault) -> Callable[[], None]:
        def do() -> None:
            if self.is_open:
                self.injected[fault.kind.value] += 1
                self.hits[fault.kind.value] += _ACTIONS[fault.kind](self, fault)

        return do

    # One method per kind of fault; each tells whether its target was active, messages tell it at the end.

    def _message(self, fault: Fault) -> bool:
        link = LinkFault(fault.target, "", self._cell.now_s + fault.duration_s)
        if fault.kind is FaultKind.MESSAGE_LOST:
            link.loss = fault.value
        elif fault.kind is FaultKind.MESSAGE_LATE:
            link.extra_delay_s = fault.value
        elif fault.kind is FaultKind.MESSAGE_REPEATED:
            link.repeat = fault.value
        elif fault.kind is FaultKind.NAN:
            link.is_nan = True
        else:
            link.reorder = fault.value
        links = self._cell.host.transport.faults
        links.append(link)
        self._links.append((fault, link))
        self._at(fault.duration_s, lambda: links.remove(link))
        return False

    def _node(self, fault: Fault) -> bool:
        host, name = self._cell.host, fault.target
        was_running = host.nodes[name].life is Life.RUNNING
        if not was_running:
            return False
        if fault.kind is FaultKind.KILL:
            host.kill(name)
            return True
        host.hang(name)
        if fault.duration_s:
            starts = host.nodes[name].starts

            def go_on() -> None:
                if host.nodes[name].starts == starts:
                    host.go_on(name)

            self._at(fault.duration_s, go_on)
        return True

    def _serial(self, fault: Fault) -> bool:
        line, noise = self._cell.lines[fault.target], self._cell.noise[fault.target]
        self._excuse(fault.target, EXCHANGE_S)
        if fault.kind is FaultKind.SERIAL_LATE:
            line.next_reply.delay_s = fault.duration_s
            return self._cell.serials[fault.target].is_open
        frames = noise.replies if self._is_even(fault) else noise.requests
        frames.extend([_SPOILS[fault.kind]] * int(fault.value))
        return self._cell.serials[fault.target].is_open

    @staticmethod
    def _is_even(fault: Fault) -> bool:
        """Which direction is spoilt, from the schedule alone."""
        return int(fault.at_s * 1e4) % 2 == 0

    def _cable(self, fault: Fault) -> bool:
        serial = self._cell.serials[fault.target]
        was_open = serial.is_open and serial.is_plugged
        serial.unplug()
        self._at(fault.duration_s, serial.plug)
        self._excuse(fault.target, fault.duration_s)
        return was_open

    def _drive(self, fault: Fault) -> bool:
        cell, line = self._cell, self._cell.cell.drives[fault.target].line
        drive = cell.lines[line].drive(fault.target)
        was_on = drive.is_powered
        self._excuse(fault.target, fault.duration_s)
        if fault.kind is FaultKind.DRIVE_TRIP:
            if isinstance(drive, _FAULTABLE) and was_on:
                drive.advance(cell.now_s)
                drive.trip(int(fault.value))
        elif fault.kind is FaultKind.MUTE:
            drive.is_mute = True
            self._at(fault.duration_s, lambda: setattr(drive, "is_mute", False))
        elif fault.kind is FaultKind.FREEZE:
            drive.is_frozen = True
            self._at(fault.duration_s, lambda: setattr(drive, "is_frozen", False))
        elif was_on:
            drive.power_off(cell.now_s)
            self._at(fault.duration_s, lambda: self._power_on(drive))
        return was_on

    def _power_on(self, drive: VirtualDrive) -> None:
        if not drive.is_powered:
            drive.power_on(self._cell.now_s)

    def _sensor(self, fault: Fault) -> bool:
        plant = self._cell.plant
        module, channel = fault.target.split(".")
        number = int(channel)
        plant.advance(self._cell.now_s)
        if fault.kind is FaultKind.SENSOR_STUCK:
            before = bool(plant.modules[module].input_bits() >> number & 1)
            plant.force_input(module, number, fault.value > 0.0)
            self._at(fault.duration_s, lambda: plant.force_input(module, number, None))
            return before != (fault.value > 0.0)
        plant.force_analog(module, number, int(fault.value))
        self._at(fault.duration_s, lambda: plant.force_analog(module, number, None))
        return True

    def _machine(self, fault: Fault) -> bool:
        plant = self._cell.plant
        plant.advance(self._cell.now_s)
        relay = plant.relay
        if fault.kind is FaultKind.ESTOP:
            was_ok = relay.estop_ok
            plant.press_estop()
            self._at(fault.duration_s, plant.release_estop)
        elif fault.kind is FaultKind.GUARD:
            was_ok = relay.guard_closed
            plant.open_guard(force=True)
            self._at(fault.duration_s, plant.close_guard)
        elif fault.kind is FaultKind.AIR:
            was_ok = plant.has_air
            plant.set_air(False)
            self._at(fault.duration_s, lambda: plant.set_air(True))
        else:
            was_ok = not plant.belts[fault.target].is_jammed
            plant.jam(fault.target)
            self._at(fault.duration_s, lambda: plant.jam(fault.target, False))
        return was_ok

    def _loader(self, fault: Fault) -> bool:
        for belt in self._cell.plant.belts.values():
            belt.loader.is_empty = True
            self._at(fault.duration_s, lambda loader=belt.loader: setattr(loader, "is_empty", False))  # type: ignore[misc]
        return True

    def _command(self, fault: Fault) -> bool:
        cell, command = self._cell, Command[fault.target]
        if fault.kind is FaultKind.STALE_COMMAND:
            cell.command(command, seq=1)
        else:
            cell.command(command, hold_now=fault.value > 0.0 and command is Command.HOLD)
        return cell.state is not None

    def _disk(self, fault: Fault) -> bool:
        journal = self._cell.journal
        journal.is_full = True
        self._at(fault.duration_s, lambda: setattr(journal, "is_full", False))
        return True

    def _power(self, fault: Fault) -> bool:
        if not self._supervisor.is_on:
            return False
        self._supervisor.is_on = False
        self._cell.power_loss()
        self._at(fault.duration_s, self._power_is_back)
        return True

    def _power_is_back(self) -> None:
        self._cell.start()
        self._supervisor.begin_anew()
        self._supervisor.is_on = True

    def _excuse(self, name: str, duration_s: float) -> None:
        self._cell.invariants.excuse(name, self._cell.now_s + duration_s)


_ACTIONS: dict[FaultKind, Callable[[Injector, Fault], bool]] = {
    FaultKind.MESSAGE_LOST: Injector._message,
    FaultKind.MESSAGE_LATE: Injector._message,
    FaultKind.MESSAGE_REPEATED: Injector._message,
    FaultKind.MESSAGE_REORDERED: Injector._message,
    FaultKind.NAN: Injector._message,
    FaultKind.KILL: Injector._node,
    FaultKind.HANG: Injector._node,
    FaultKind.SERIAL_CRC: Injector._serial,
    FaultKind.SERIAL_BURST: Injector._serial,
    FaultKind.SERIAL_TRUNCATED: Injector._serial,
    FaultKind.SERIAL_LATE: Injector._serial,
    FaultKind.SERIAL_LOST: Injector._serial,
    FaultKind.UNPLUG: Injector._cable,
    FaultKind.DRIVE_TRIP: Injector._drive,
    FaultKind.MUTE: Injector._drive,
    FaultKind.FREEZE: Injector._drive,
    FaultKind.POWER: Injector._drive,
    FaultKind.SENSOR_STUCK: Injector._sensor,
    FaultKind.SENSOR_JUMP: Injector._sensor,
    FaultKind.ESTOP: Injector._machine,
    FaultKind.GUARD: Injector._machine,
    FaultKind.AIR: Injector._machine,
    FaultKind.JAM: Injector._machine,
    FaultKind.LOADER_EMPTY: Injector._loader,
    FaultKind.COMMAND: Injector._command,
    FaultKind.STALE_COMMAND: Injector._command,
    FaultKind.DISK_FULL: Injector._disk,
    FaultKind.POWER_LOSS: Injector._power,
}
