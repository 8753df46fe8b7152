"""One process of the cell: python -m cell_controller.bringup.node --unit NAME --cell FILE --run-dir DIR."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from cell_controller.bringup.parent import follow_parent
from cell_controller.bringup.proof_file import unproved
from cell_controller.bringup.recorder import Recorder
from cell_controller.bringup.together import for_each, run_together
from cell_controller.bringup.units import make_unit
from cell_controller.bringup.urgency import lock_memory, make_urgent, pin
from cell_controller.config import (
    CELL_MANAGER,
    DISPLAY,
    INTERLOCK,
    RECORDER,
    CellFile,
    ConfigError,
    LoadedCell,
)
from cell_controller.display import Display
from cell_controller.display.model import DescriptionError, RobotModel, read_urdf
from cell_controller.nodes.host import RosHost
from cell_controller.nodes.journal import JournalIo
from cell_controller.nodes.local_io import LocalIo
from cell_controller.nodes.record_file import RecordFile
from cell_controller.nodes.serial_port import SerialPort
from cell_controller.nodes.standard import StandardTopics
from cell_controller.plan import load_plan
from cell_controller.runtime import Unit

DATA_BITS = 8  # Modbus RTU has no other
# A thread that wants the interpreter waits this long for another one that computes; Python's 5 ms would be
# the gap of several frames.
SWITCH_INTERVAL_S = 0.0005
EXIT_CONFIG = 2


def main(argv: list[str] | None = None) -> int:
    """Run until the Unit has finished or a signal arrives; returns the exit code."""
    words = sys.argv[1:] if argv is None else argv
    split = words.index("--ros-args") if "--ros-args" in words else len(words)
    options = _parser().parse_args(words[:split])
    if options.parent:
        follow_parent(options.parent)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        made = [assemble(name, options.cell, options.run_dir) for name in options.unit]
    except ConfigError as error:
        print(error, file=sys.stderr)  # noqa: T201  # the only word of a process that cannot start
        return EXIT_CONFIG
    cell, is_alone = made[0][2], len(made) == 1
    traces = options.trace or [None] * len(made)
    hosts = [
        RosHost(
            unit,
            name,
            cell.namespace,
            ios,
            arguments=words[split:] if is_alone else for_each(words[split:]),
            trace=trace,
            # Not earlier: coming up is a second of computing, which must not hold up those who guard already.
            on_settled=lambda: _be_prompt(options.unit, options.priority, cell),
            handles_signals=is_alone,
            remake=_remaker(name, options) if name in cell.stations else None,
        )
        for name, (unit, ios, _), trace in zip(options.unit, made, traces, strict=True)
    ]
    guards = any(name == INTERLOCK or name in cell.lines for name in options.unit)
    if options.priority and guards and cell.realtime.lock_memory:
        lock_memory()  # before the threads of ROS: what they map later is locked as it is used
    return hosts[0].run() if is_alone else run_together(hosts)


def _remaker(name: str, options: argparse.Namespace) -> Callable[[], Unit]:
    """Only a station may fall silent on demand: who hears it then stops. The others are what stops it."""
    return lambda: assemble(name, options.cell, options.run_dir)[0]


def _be_prompt(names: Sequence[str], priority: int, cell: CellFile) -> None:
    """The processors and the priority of this process; `cell up` has said what is not granted."""
    cpus = tuple(dict.fromkeys(cpu for name in names for cpu in cell.realtime.cpus.get(name, ())))
    if cpus and not pin(cpus):
        words = f"not pinned: this machine lets it use none of the processors {', '.join(map(str, cpus))}"
        print(words, file=sys.stderr)  # noqa: T201  # `cell up` puts the name before it
    make_urgent(priority)


def assemble(name: str, cell_file: Path, run_dir: Path) -> tuple[Unit, tuple[LocalIo, ...], CellFile]:
    """A Unit with what connects it to the machine; raises ConfigError and UnknownUnitError."""
    loaded, plan = load_plan(cell_file)
    cell = loaded.resolve(run_dir)
    if name == RECORDER:
        return Recorder(), (RecordFile(run_dir / "record.jsonl"),), cell
    if name == DISPLAY:
        return Display(cell, _model(loaded)), (StandardTopics(),), cell
    needs_proof = name == CELL_MANAGER and cell.production
    unit = make_unit(name, loaded, plan, unproved(loaded.cell, plan) if needs_proof else "")
    if name in cell.lines:
        line = cell.lines[name]
        port = SerialPort(
            line.device, line.baud, DATA_BITS, line.format.parity, line.format.stop_bits, line.rs485
        )
        return unit, (port,), cell
    if name == CELL_MANAGER:
        return unit, (JournalIo(Path(cell.journal)),), cell
    return unit, (), cell


def _model(loaded: LoadedCell) -> RobotModel | None:
    """What displays show; a cell without it runs all the same."""
    path = loaded.description_path
    if path is None:
        return None
    try:
        return read_urdf(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, DescriptionError) as error:
        print(f"no frames for displays: {path}: {error}", file=sys.stderr)  # noqa: T201  # `cell up` puts the name before it
        return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cell_node", description=__doc__)
    parser.add_argument(
        "--unit",
        required=True,
        action="append",
        help="name of a unit in the cell file; several share the process",
    )
    parser.add_argument("--cell", required=True, type=Path, help="cell file")
    parser.add_argument("--run-dir", required=True, type=Path, help="directory of this run")
    parser.add_argument(
        "--trace", type=Path, action="append", help="record a trace of each unit here, in their order"
    )
    parser.add_argument("--priority", type=int, default=0, help="SCHED_FIFO priority, 1 to 99")
    parser.add_argument("--parent", type=int, default=0, help="end when the process of this id ends")
    return parser


if __name__ == "__main__":
    sys.exit(main())
