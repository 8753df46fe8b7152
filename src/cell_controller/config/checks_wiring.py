"""Checks of what is wired to what: lines, unit ids, stations' drives, channels, owners of outputs."""

from __future__ import annotations

from collections.abc import Iterator

from cell_controller.config.checks_references import DRIVE_ROLES
from cell_controller.config.models import INTERLOCK, CellFile, IoDrive, OnStop
from cell_controller.config.problems import Finding, KeyPath


def unit_ids_are_unique_on_a_line(cell: CellFile) -> Iterator[Finding]:
    """Two drives that answer to one id would talk at the same time."""
    seen: dict[tuple[str, int], str] = {}
    for name, drive in cell.drives.items():
        first = seen.setdefault((drive.line, drive.unit), name)
        if first != name:
            yield Finding(
                ("drives", name, "unit"),
                f"is also the unit id of {first} on {drive.line}",
                "give it another id",
            )


def every_line_has_its_own_device_and_a_drive(cell: CellFile) -> Iterator[Finding]:
    """A device belongs to one bus; a line without drives is a slip."""
    seen: dict[str, str] = {}
    for name, line in cell.lines.items():
        first = seen.setdefault(line.device, name)
        if first != name:
            yield Finding(
                ("lines", name, "device"), f"is also the device of {first}", "give it its own device"
            )
        if not cell.drives_of_line(name):
            yield Finding(("lines", name), "has no drives", "wire a drive to it or remove it")


def every_drive_is_used_once(cell: CellFile) -> Iterator[Finding]:
    """An axis or spindle belongs to exactly one role of one station."""
    used: dict[str, str] = {}
    for name, station in cell.stations.items():
        for key in DRIVE_ROLES:
            if key not in type(station).model_fields:
                continue
            role = getattr(station, key)
            if role in used:
                text = f"is {used[role]} already"
                yield Finding(("stations", name, key), text, "give every role a drive of its own")
            used.setdefault(role, f"stations.{name}.{key}")
    for name, drive in cell.drives.items():
        if not isinstance(drive, IoDrive) and name not in used:
            yield Finding(("drives", name), "is used by no station", "give it to a station or remove it")


def every_module_has_signals(cell: CellFile) -> Iterator[Finding]:
    """An I/O module without signals is a slip."""
    for name, drive in cell.drives.items():
        if isinstance(drive, IoDrive) and not (
            cell.inputs_of_module(name) or cell.analog_of_module(name) or cell.outputs_of_module(name)
        ):
            yield Finding(("drives", name), "has no signals", "name its channels in signals or remove it")


def channels_are_used_once(cell: CellFile) -> Iterator[Finding]:
    """A channel carries one signal."""
    for section in ("inputs", "analog", "outputs"):
        seen: dict[tuple[str, int], str] = {}
        for name, signal in getattr(cell.signals, section).items():
            first = seen.setdefault((signal.module, signal.channel), name)
            if first != name:
                yield Finding(
                    ("signals", section, name, "channel"),
                    f"is also the channel of {first} on {signal.module}",
                    "use a free channel",
                )


def outputs_have_one_user(cell: CellFile) -> Iterator[Finding]:
    """An output is switched by its owner alone, and by nobody for two purposes."""
    users: dict[str, tuple[str, str]] = {}  # output: (owner, where)
    # Drives may share an enable with each other and with the cell: it is one wire for one purpose.
    enables: dict[str, tuple[str, str]] = {
        drive.enable: (INTERLOCK, f"drives.{name}.enable")
        for name, drive in cell.drives.items()
        if not isinstance(drive, IoDrive) and drive.enable not in (None, cell.safety.drive_enable)
    }
    uses: list[tuple[tuple[str, ...], str, str]] = [
        (("stations", name, key), getattr(station, key), name)
        for name, station in cell.stations.items()
        for key in ("clamp", "load_request")
        if key in type(station).model_fields
    ]
    uses += [
        (("safety", key), getattr(cell.safety, key), INTERLOCK) for key in ("drive_enable", "guard_lock")
    ]
    users.update(enables)
    for path, output, user in uses:
        where = ".".join(path)
        if output in users:
            yield Finding(path, f"is used by {users[output][1]} already", "give each purpose its own output")
            continue
        users[output] = (user, where)
    for name, signal in cell.signals.outputs.items():
        path = ("signals", "outputs", name)
        if name not in users:
            yield Finding(path, "is used by nobody", "remove it, or name it where it belongs")
        elif users[name][0] != signal.owner:
            yield Finding(
                (*path, "owner"), f"is not its user: {users[name][1]} is", f"write {users[name][0]}"
            )


def outputs_fall_back_safely(cell: CellFile) -> Iterator[Finding]:
    """On a stop enables open, requests end, clamps hold their part, the guard stays locked."""
    wanted = {
        cell.safety.drive_enable: (OnStop.OPEN, "an enable"),
        cell.safety.guard_lock: (OnStop.HOLD, "a guard lock"),
    }
    for drive in cell.drives.values():
        if not isinstance(drive, IoDrive) and drive.enable is not None:
            wanted[drive.enable] = (OnStop.OPEN, "an enable")
    for station in cell.stations.values():
        if "clamp" in type(station).model_fields:
            wanted[getattr(station, "clamp")] = (OnStop.HOLD, "a clamp")  # noqa: B009
    for conveyor in cell.conveyors.values():
        wanted[conveyor.load_request] = (OnStop.OPEN, "a request")
    for name, (on_stop, what) in wanted.items():
        if cell.signals.outputs[name].on_stop is not on_stop:
            verb = "opens" if on_stop is OnStop.OPEN else "holds"
            yield Finding(
                ("signals", "outputs", name, "on_stop"), f"{what} {verb} on a stop", f"write {on_stop.value}"
            )


def hard_stops_are_not_recoverable(cell: CellFile) -> Iterator[Finding]:
    """E-stop, guards and relay are never recoverable: nothing may move while they are off."""
    for name, found in cell.safety.inputs.items():
        if found.is_recoverable and found.rule.value in ("estop", "guard", "relay"):
            yield Finding(
                ("safety", "inputs", name, "is_recoverable"),
                f"nothing may move while rule {found.rule.value} is tripped",
                "write false",
            )


def placeholders_are_known(cell: CellFile) -> Iterator[Finding]:
    """Only {run_dir} and {cell_file} can be filled in, and {plant} in a process' arguments."""
    texts: list[tuple[KeyPath, str]] = [(("journal",), cell.journal)]
    texts += [(("lines", name, "device"), line.device) for name, line in cell.lines.items()]
    texts += [
        (("processes", name, "arguments", index), argument)
        for name, process in cell.processes.items()
        for index, argument in enumerate(process.arguments)
    ]
    for path, text in texts:
        known = ["{run_dir}", "{cell_file}", *(["{plant}"] if path[0] == "processes" else [])]
        left = text
        for placeholder in known:
            left = left.replace(placeholder, "")
        if "{" in left or "}" in left:
            yield Finding(path, "has a placeholder that nobody fills in", f"use {' or '.join(known)}")
