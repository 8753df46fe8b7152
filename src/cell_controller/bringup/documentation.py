"""The tables of docs/messages.md, written from the Units, the ports and the node table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cell_controller.bringup.recorder import Recorder
from cell_controller.bringup.table import DECLARED
from cell_controller.bringup.units import make_unit, unit_names
from cell_controller.config import CellFile, LoadedCell
from cell_controller.display import Display
from cell_controller.display.unit import DIAGNOSE_S, PERIOD_S
from cell_controller.display.values import DIAGNOSTICS, JOINT_STATES, TF
from cell_controller.nodes import convert
from cell_controller.nodes.lifecycle import SERVICES
from cell_controller.nodes.qos import in_words, profile_of
from cell_controller.nodes.standard import STANDARD_TOPICS
from cell_controller.plan import CellPlan
from cell_controller.runtime import Unit, ports

OPERATORS = "operators"  # `cell` commands, panels, other nodes
_EVERYBODY = "every node"
_RATES_HZ = {JOINT_STATES.name: 1 / PERIOD_S, TF.name: 1 / PERIOD_S, DIAGNOSTICS.name: 1 / DIAGNOSE_S}


def with_tables(page: str, loaded: LoadedCell, plan: CellPlan) -> str:
    """The page with whatever stands between the marks of each table replaced by the table of the code."""
    tables = {
        "topics": topics(loaded, plan),
        "standard topics": standard_topics(),
        "services": services(),
        "lifecycle services": lifecycle_services(),
        "actions": actions(),
        "launch arguments": launch_arguments(),
    }
    for name, table in tables.items():
        before, rest = page.split(f"<!-- table {name} -->\n")
        _, after = rest.split("<!-- end -->", 1)
        page = f"{before}<!-- table {name} -->\n{table}<!-- end -->{after}"
    return page


def topics(loaded: LoadedCell, plan: CellPlan) -> str:
    """The cell's own: who says each, who hears it, and how it travels."""
    units = [make_unit(name, loaded, plan) for name in unit_names(loaded.cell)]
    units += [Recorder(), Display(loaded.cell, None)]
    rows = []
    for port in ports.TOPICS:
        said = _roles(loaded.cell, (u for u in units if any(o.port == port.name for o in u.outputs)))
        heard = _roles(loaded.cell, (u for u in units if any(i.port == port.name for i in u.inputs)))
        if port is ports.HEARTBEAT:
            said = [_EVERYBODY]  # the runtime sends it for each
        what = (port.type.__doc__ or "").splitlines()[0]
        kind = f"`cell_msgs/msg/{convert.ros_type(port.type).__name__}`"
        rows.append(
            (
                f"`{port.name}`",
                kind,
                in_words(profile_of(port.qos)),
                ", ".join(said or [OPERATORS]),
                ", ".join(heard or [OPERATORS]),
                what,
            )
        )
    return _table(("topic", "type", "quality of service", "from", "to", "what and when"), rows)


def standard_topics() -> str:
    """What ROS tools look for, from the node display."""
    rows = [
        (
            f"`{t.topic}`",
            f"`{_type_name(t.ros_type)}`",
            in_words(t.qos),
            f"{_RATES_HZ[t.port]:g} Hz" if t.port in _RATES_HZ else "once",
            (t.convert.__doc__ or "").splitlines()[0],
        )
        for t in STANDARD_TOPICS
    ]
    return _table(("topic", "type", "quality of service", "rate", ""), rows)


def services() -> str:
    """Those of the cell manager."""
    rows = [
        (
            f"`{s.name}`",
            f"`{_type_name(convert.ros_service(s))}`",
            (s.request.__doc__ or "").splitlines()[0],
        )
        for s in ports.SERVICES
    ]
    return _table(("service", "type", ""), rows)


def lifecycle_services() -> str:
    """Each node has them, below its name."""
    rows = [(f"`<node>/{s.name}`", f"`{_type_name(s.kind)}`", s.what) for s in SERVICES]
    return _table(("service", "type", ""), rows)


def actions() -> str:
    """All of them are the cell manager's too."""
    rows = [
        (f"`{a.name}`", f"`{_type_name(convert.ros_action(a))}`", f"{a.band} to {a.band + 9}")
        for a in ports.ACTIONS
    ]
    return _table(("action", "type", "result codes"), rows)


def launch_arguments() -> str:
    """Of `cell up` and of the launch file."""
    rows = [
        (
            f"`{d.name}`",
            d.help,
            "must be given" if d.default is None else f"`{d.default}`" if d.default else "",
        )
        for d in DECLARED
    ]
    return _table(("argument", "what", "default"), rows)


def _roles(cell: CellFile, units: Iterable[Unit]) -> list[str]:
    """Lines and stations are many: they are named by their kind."""
    kinds = {**dict.fromkeys(cell.lines, "drive buses"), **dict.fromkeys(cell.stations, "stations")}
    return list(dict.fromkeys(kinds.get(u.name, u.name) for u in units))


def _type_name(kind: type) -> str:
    package, folder = kind.__module__.split(".")[:2]
    return f"{package}/{folder}/{kind.__name__}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in lines)
