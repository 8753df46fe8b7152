"""The node table: which processes a cell file means. Read by `cell up` and by launch/cell.launch.py alike.

Pure data: neither launch nor rclpy is imported here.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from pathlib import Path

from cell_controller.bringup.errors import ArgumentError
from cell_controller.config import CELL_MANAGER, DISPLAY, INTERLOCK, RECORDER, CellFile, PlantModel, load_cell

PACKAGE = "cell_controller"
EXECUTABLE = "cell_node"  # in launch/executables; the module below, for `ros2 run` and `ros2 launch`
MODULE = "cell_controller.bringup.node"
LOGGING = ("--disable-external-lib-logs",)  # a node has no log; what it says when it fails goes to stderr


class Role(IntEnum):
    """What a process is to the cell; the order in which they are started."""

    PROCESS = 0  # named by the cell file, such as the simulator
    BUS = 1
    INTERLOCK = 2
    STATION = 3
    MANAGER = 4
    RECORDER = 5
    DISPLAY = 6


# SCHED_FIFO, 1 to 99. Kernel threads that handle interrupts run at 50: serial ports come before us. The
# interlock before the buses that wait for it, both before those who only wish for motion; a simulated machine
# is as prompt as a real one.
PRIORITIES = {
    Role.PROCESS: 40,
    Role.INTERLOCK: 35,
    Role.BUS: 30,
    Role.STATION: 20,
    Role.MANAGER: 15,
    Role.RECORDER: 0,
    Role.DISPLAY: 0,
}
READS_ONLY = (Role.RECORDER, Role.DISPLAY)  # losing one stops nothing


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One process. `arguments` stand before, everything of ROS behind --ros-args."""

    name: str
    role: Role
    namespace: str
    module: str
    arguments: tuple[str, ...] = ()
    package: str = PACKAGE
    executable: str = EXECUTABLE  # "" for a process that is no ROS node
    parameter_files: tuple[str, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    remaps: tuple[tuple[str, str], ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    is_required: bool = True  # the cell is taken down when it is dead for good
    respawns: int = 3  # a dead node comes back this often, tripped and inactive
    start_after: tuple[str, ...] = ()
    priority: int = 0  # SCHED_FIFO where the system grants it; 0 is an ordinary process
    composed: tuple[str, ...] = ()  # Units that share the process; none: the one that it is named after

    @property
    def units(self) -> tuple[str, ...]:
        """Whose heartbeats the process has."""
        return self.composed or (self.name,)

    @property
    def is_node(self) -> bool:
        return bool(self.executable)

    @property
    def ros_options(self) -> tuple[str, ...]:
        """Parameters and what else ROS is told about any node, --ros-args aside."""
        words = [*LOGGING]
        for name, value in self.parameters:
            words += ["-p", f"{name}:={value}"]
        for file in self.parameter_files:
            words += ["--params-file", file]
        return tuple(words)

    @property
    def ros_arguments(self) -> tuple[str, ...]:
        """In the order in which launch_ros writes them: the same on both ways of starting."""
        if not self.is_node:
            return ()
        words = ["--ros-args", *self.ros_options]
        words += ["--ros-args", "-r", f"__node:={self.name}", "-r", f"__ns:={self.namespace}"]
        for source, target in self.remaps:
            words += ["-r", f"{source}:={target}"]
        return tuple(words)

    def own_arguments(self, parent: int) -> tuple[str, ...]:
        """Those before --ros-args. A node ends with the process of the id `parent`, which starts it."""
        return (*self.arguments, "--parent", str(parent)) if self.is_node else self.arguments

    def argv(self, parent: int, python: str = sys.executable) -> tuple[str, ...]:
        """The whole command line, as the process `parent` starts it."""
        return (python, "-m", self.module, *self.own_arguments(parent), *self.ros_arguments)


@dataclass(frozen=True, slots=True)
class Arguments:
    """Launch arguments; `None` is "as the cell file says"."""

    cell: Path
    namespace: str | None = None
    run_dir: Path | None = None
    trace_dir: Path | None = None
    recorder: bool = True
    urgent: bool = True
    composed: bool = False
    plant: PlantModel | None = None
    display: bool = False  # who starts a cell in a program looks at nothing; the words below say true


@dataclass(frozen=True, slots=True)
class Declared:
    """One launch argument as help shows it."""

    name: str
    help: str
    parse: Callable[[str], object]
    default: str | None = ""  # None: must be given


def _flag(text: str) -> bool:
    known = {"true": True, "false": False}
    if text not in known:
        raise ValueError("must be true or false")
    return known[text]


def _namespace(text: str) -> str | None:
    if text and not text.startswith("/"):
        raise ValueError("must begin with /")
    return text or None


def _path(text: str) -> Path | None:
    return Path(text).expanduser() if text else None


def _plant(text: str) -> PlantModel | None:
    if text and text not in list(PlantModel):
        raise ValueError(f"must be one of {', '.join(PlantModel)}")
    return PlantModel(text) if text else None


def _file(text: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_file():
        raise ValueError("no such file")
    return path


DECLARED: tuple[Declared, ...] = (
    Declared("cell", "cell file", _file, None),
    Declared("namespace", "ROS namespace instead of the cell file's", _namespace),
    Declared("run_dir", "directory of this run; kept afterwards when it is given", _path),
    Declared("trace_dir", "directory for one trace per node, for replays", _path),
    Declared("recorder", "record part events and alarms in the run_dir: true or false", _flag, "true"),
    Declared("urgent", "real-time priority where the system grants it: true or false", _flag, "true"),
    Declared("composed", "stations and manager in one process: true or false", _flag, "false"),
    Declared("plant", f"physics instead of the cell file's: {', '.join(PlantModel)}", _plant),
    Declared("display", "joint states, tf and diagnostics for RViz and others: true or false", _flag, "true"),
)


def parse_arguments(words: Iterable[str]) -> Arguments:
    """`name:=value` words as `ros2 launch` takes them; raises ArgumentError."""
    given: dict[str, str] = {}
    known = {d.name: d for d in DECLARED}
    for word in words:
        name, separator, text = word.partition(":=")
        if not separator:
            raise ArgumentError(word, "must have the form name:=value")
        if name not in known:
            raise ArgumentError(name, f"unknown; there are {', '.join(known)}")
        given[name] = text
    values: dict[str, object] = {}
    for declared in DECLARED:
        text = given.get(declared.name, declared.default or "")
        if declared.default is None and declared.name not in given:
            raise ArgumentError(declared.name, "must be given")
        try:
            values[declared.name] = declared.parse(text)
        except ValueError as error:
            raise ArgumentError(declared.name, f"{text!r} {error}") from error
    assert values.keys() == {f.name for f in fields(Arguments)}
    return Arguments(**values)  # type: ignore[arg-type]  # each is what its parser returns


def default_run_dir(namespace: str) -> Path:
    """One per user, domain and namespace, in memory where the system has such a place."""
    name = f"{os.environ.get('ROS_DOMAIN_ID', '0')}{namespace.replace('/', '-')}"
    base = os.environ.get("XDG_RUNTIME_DIR")
    if base and os.access(base, os.W_OK):
        return Path(base) / "cell-controller" / name
    return Path(tempfile.gettempdir()) / f"cell-controller-{os.getuid()}" / name


def settle(arguments: Arguments) -> tuple[Arguments, CellFile]:
    """The arguments with everything filled in, and the cell they mean; raises ConfigError."""
    loaded = load_cell(arguments.cell)
    namespace = arguments.namespace or loaded.cell.namespace
    run_dir = (arguments.run_dir or default_run_dir(namespace)).absolute()
    trace_dir = arguments.trace_dir.absolute() if arguments.trace_dir else None
    settled = replace(
        arguments,
        cell=arguments.cell.absolute(),
        namespace=namespace,
        run_dir=run_dir,
        trace_dir=trace_dir,
    )
    takes_plant = any("{plant}" in word for p in loaded.cell.processes.values() for word in p.arguments)
    if arguments.plant is not None and not takes_plant:
        raise ArgumentError("plant", f"no process of {arguments.cell} has {{plant}} among its arguments")
    cell = loaded.cell.resolve(run_dir=str(run_dir), cell_file=str(settled.cell), plant=arguments.plant)
    return settled, cell


def build(arguments: Arguments) -> list[NodeSpec]:
    """Every process of the cell, in the order in which they are started."""
    settled, cell = settle(arguments)
    namespace = settled.namespace or cell.namespace
    processes = [
        NodeSpec(
            name,
            Role.PROCESS,
            namespace,
            process.module,
            process.arguments,
            executable="",
            respawns=0,
            priority=PRIORITIES[Role.PROCESS] * settled.urgent,
        )
        for name, process in cell.processes.items()
    ]
    waits_for = tuple(p.name for p in processes)
    stations = () if settled.composed else tuple((name, Role.STATION) for name in cell.stations)
    roles = [
        *((name, Role.BUS) for name in cell.lines),
        (INTERLOCK, Role.INTERLOCK),
        *stations,
        (CELL_MANAGER, Role.MANAGER),
        *(((RECORDER, Role.RECORDER),) if settled.recorder else ()),
        *(((DISPLAY, Role.DISPLAY),) if settled.display else ()),
    ]
    composed = (*cell.stations, CELL_MANAGER) if settled.composed else ()
    nodes = [
        NodeSpec(
            name,
            role,
            namespace,
            MODULE,
            _node_arguments(units or (name,), priority, settled),
            environment=(("ROS_LOG_DIR", str(settled.run_dir)),),
            is_required=role not in READS_ONLY,
            start_after=waits_for,
            priority=priority,
            composed=units,
        )
        for name, role in roles
        for units in (composed if role is Role.MANAGER else (),)
        for priority in (PRIORITIES[Role.STATION if units else role] * settled.urgent,)
    ]
    return [*processes, *nodes]


def _node_arguments(units: tuple[str, ...], priority: int, settled: Arguments) -> tuple[str, ...]:
    words = [word for name in units for word in ("--unit", name)]
    words += ["--cell", str(settled.cell), "--run-dir", str(settled.run_dir)]
    if settled.trace_dir is not None:
        words += [word for name in units for word in ("--trace", str(settled.trace_dir / f"{name}.jsonl"))]
    if priority:
        words += ["--priority", str(priority)]
    return tuple(words)
