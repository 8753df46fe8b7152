"""The faults of one episode, drawn from its seed: one random stream per component, keyed by its name.

A new component, or another draw of one, changes nothing for the others; so a seed keeps most of its meaning
when the cell file changes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from cell_controller.bringup.units import unit_names
from cell_controller.config import CellFile, IoDrive
from cell_controller.packml import Command
from cell_controller.runtime import ports
from cell_sim.episodes.faults import Fault, FaultKind

BEGIN_S = 1.0  # buses have opened their ports by then
END_S = 26.0  # faults come until then: arming, homing, two parts on their way, and a recovery or two
GUARDED = (
    ports.LINE_COMMAND,
    ports.DRIVE_STATES,
    ports.SETPOINT,
    ports.ORDER,
    ports.STATION_STATE,
    ports.SAFETY,
    ports.CELL_PERMIT,
)
# At these moments a fault does the most harm: the tool in the material, a belt on its way.
_WELD_PHASES = ("touch", "plunge", "dwell_start", "traverse", "traverse", "dwell_end", "retract")
_GRIND_PHASES = ("gap", "rough", "finish", "spark_out", "retract")
FAULT_CODES = {"delta_asda_a3": 0x006, "fast_modbus_servo": 0x8611, "delta_c2000": 49}
_MESSAGE_KINDS = (
    FaultKind.MESSAGE_LOST,
    FaultKind.MESSAGE_LATE,
    FaultKind.MESSAGE_REPEATED,
    FaultKind.MESSAGE_REORDERED,
)
_SERIAL_KINDS = (
    FaultKind.SERIAL_CRC,
    FaultKind.SERIAL_BURST,
    FaultKind.SERIAL_TRUNCATED,
    FaultKind.SERIAL_LATE,
    FaultKind.SERIAL_LOST,
)
_COMMANDS = (Command.STOP, Command.ABORT, Command.HOLD, Command.SUSPEND)


def stream(seed: str, component: str) -> random.Random:
    """The random numbers of one component of one episode."""
    return random.Random(f"{seed}/{component}")


def make_schedule(cell: CellFile, seed: str) -> tuple[Fault, ...]:
    """All faults of an episode, in the order of their times."""
    faults = [
        *_messages(cell, seed),
        *_not_numbers(cell, seed),
        *_serial(cell, seed),
        *_nodes(cell, seed),
        *_drives(cell, seed),
        *_sensors(cell, seed),
        *_machine(cell, seed),
        *_people(cell, seed),
        *_computer(cell, seed),
    ]
    return tuple(sorted(faults, key=lambda f: (f.at_s, f.kind.value, f.target)))


def has_relay(seed: str) -> bool:
    """Most cells have a safety relay; the others have only our layer."""
    return stream(seed, "relay").random() < 0.8


def moments_of(cell: CellFile) -> tuple[str, ...]:
    """The bad moments of a cell, as "station phase"."""
    return (
        *(f"{name} {phase}" for name in cell.welding_robots for phase in _WELD_PHASES),
        *(f"{name} {phase}" for name in cell.grinding_spindles for phase in _GRIND_PHASES),
        *(f"{name} index" for name in cell.conveyors),
    )


def _when(rng: random.Random, cell: CellFile) -> tuple[float, str]:
    """A time, or a short while after one of the bad moments."""
    if rng.random() < 0.6:
        return round(rng.expovariate(1.0 / 0.3), 4), rng.choice(moments_of(cell))
    return round(rng.uniform(BEGIN_S, END_S), 4), ""


def _messages(cell: CellFile, seed: str) -> Iterator[Fault]:
    for port in GUARDED:
        rng = stream(seed, f"message/{port.name}")
        for _ in range(rng.choice((0, 0, 1, 1, 2))):
            kind = rng.choice(_MESSAGE_KINDS)
            at_s, after = _when(rng, cell)
            # Mostly shorter than any age limit, now and then longer than all of them.
            duration_s = round(rng.choice((0.03, 0.05, 0.08, 0.3, 1.0)) * rng.uniform(0.5, 1.5), 4)
            value = {
                FaultKind.MESSAGE_LOST: round(rng.uniform(0.2, 1.0), 3),
                FaultKind.MESSAGE_LATE: round(rng.choice((0.01, 0.03, 0.08, 0.3)) * rng.uniform(0.5, 1.5), 4),
            }.get(kind, round(rng.uniform(0.2, 0.8), 3))
            yield Fault(kind, port.name, at_s, after, duration_s, value)


def _not_numbers(cell: CellFile, seed: str) -> Iterator[Fault]:
    for port in (ports.SETPOINT, ports.DRIVE_STATES, ports.LINE_COMMAND, ports.ORDER):
        rng = stream(seed, f"nan/{port.name}")
        if rng.random() < 0.03:
            at_s, after = _when(rng, cell)
            yield Fault(FaultKind.NAN, port.name, at_s, after, round(rng.uniform(0.02, 0.3), 4))


def _serial(cell: CellFile, seed: str) -> Iterator[Fault]:
    for line in cell.lines:
        rng = stream(seed, f"serial/{line}")
        for _ in range(rng.randrange(4)):
            kind = rng.choice(_SERIAL_KINDS)
            at_s, after = _when(rng, cell)
            frames = float(rng.choice((1, 1, 1, 2, 3, 6)))
            late_s = round(rng.uniform(0.03, 0.25), 4)
            yield Fault(kind, line, at_s, after, late_s if kind is FaultKind.SERIAL_LATE else 0.0, frames)
        if rng.random() < 0.06:
            at_s, after = _when(rng, cell)
            yield Fault(FaultKind.UNPLUG, line, at_s, after, round(rng.uniform(0.02, 3.0), 4))


def _nodes(cell: CellFile, seed: str) -> Iterator[Fault]:
    for name in unit_names(cell):
        rng = stream(seed, f"node/{name}")
        if rng.random() < 0.06:
            kind, ends = rng.choice(
                ((FaultKind.KILL, False), (FaultKind.HANG, True), (FaultKind.HANG, False))
            )
            at_s, after = _when(rng, cell)
            duration_s = round(rng.uniform(0.02, 1.9), 4) if ends else 0.0
            yield Fault(kind, name, at_s, after, duration_s)


def _drives(cell: CellFile, seed: str) -> Iterator[Fault]:
    for name, drive in cell.drives.items():
        rng = stream(seed, f"drive/{name}")
        if rng.random() >= 0.04:
            continue
        at_s, after = _when(rng, cell)
        kind = rng.choice((FaultKind.MUTE, FaultKind.POWER, FaultKind.FREEZE))
        code = 0.0
        if not isinstance(drive, IoDrive) and rng.random() < 0.5:
            kind, code = FaultKind.DRIVE_TRIP, float(FAULT_CODES.get(drive.profile, 1))
        duration_s = round(rng.uniform(0.05, 3.0), 4)
        yield Fault(kind, name, at_s, after, duration_s, code)


def _sensors(cell: CellFile, seed: str) -> Iterator[Fault]:
    watched = set(cell.safety.inputs) | {cell.safety.guard_locked}
    for name, signal in cell.signals.inputs.items():
        rng = stream(seed, f"sensor/{name}")
        if rng.random() < 0.02:
            at_s, after = _when(rng, cell)
            # A safety input fails open: it is wired so.
            value = 0.0 if name in watched else float(rng.random() < 0.5)
            target = f"{signal.module}.{signal.channel}"
            yield Fault(FaultKind.SENSOR_STUCK, target, at_s, after, round(rng.uniform(0.05, 4.0), 4), value)
    for name, analog in cell.signals.analog.items():
        rng = stream(seed, f"sensor/{name}")
        if rng.random() < 0.05:
            at_s, after = _when(rng, cell)
            target = f"{analog.module}.{analog.channel}"
            yield Fault(
                FaultKind.SENSOR_JUMP,
                target,
                at_s,
                after,
                round(rng.uniform(0.05, 4.0), 4),
                float(rng.choice((0, 0xFFFF, rng.randrange(0x10000)))),
            )


def _machine(cell: CellFile, seed: str) -> Iterator[Fault]:
    for kind, share in (
        (FaultKind.ESTOP, 0.12),
        (FaultKind.GUARD, 0.08),
        (FaultKind.AIR, 0.06),
        (FaultKind.LOADER_EMPTY, 0.06),
    ):
        rng = stream(seed, f"machine/{kind.value}")
        if rng.random() < share:
            at_s, after = _when(rng, cell)
            yield Fault(kind, "", at_s, after, round(rng.uniform(0.3, 4.0), 4))
    for name in cell.conveyors:
        rng = stream(seed, f"jam/{name}")
        if rng.random() < 0.04:
            at_s, after = _when(rng, cell)
            yield Fault(FaultKind.JAM, name, at_s, after, round(rng.uniform(0.3, 4.0), 4))


def _people(cell: CellFile, seed: str) -> Iterator[Fault]:
    rng = stream(seed, "people")
    for _ in range(rng.choice((0, 0, 1, 2))):
        at_s, after = _when(rng, cell)
        command = rng.choice(_COMMANDS)
        yield Fault(FaultKind.COMMAND, command.name, at_s, after, 0.0, float(rng.random() < 0.3))
    for _ in range(rng.choice((0, 1, 2))):
        at_s, after = _when(rng, cell)
        command = rng.choice((Command.CLEAR, Command.RESET, Command.START, Command.UNHOLD, Command.STOP))
        yield Fault(FaultKind.STALE_COMMAND, command.name, at_s, after)


def _computer(cell: CellFile, seed: str) -> Iterator[Fault]:
    rng = stream(seed, "computer")
    if rng.random() < 0.06:
        at_s, after = _when(rng, cell)
        yield Fault(FaultKind.DISK_FULL, "", at_s, after, round(rng.uniform(0.1, 4.0), 4))
    if rng.random() < 0.05:
        at_s, after = _when(rng, cell)
        yield Fault(FaultKind.POWER_LOSS, "", at_s, after, round(rng.uniform(0.2, 3.0), 4))
