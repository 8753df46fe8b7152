"""Checks of a cell's times: what its lines can do against what loops, watchdogs and the relay need."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from cell_controller.config import AxisDrive, CellFile, DriveKind, Finding, KeyPath
from cell_controller.config.checks_programs import longest_s
from cell_controller.config.units import quantity
from cell_controller.plan.make import estop_to_standstill_s
from cell_controller.plan.periods import LOOP_EXCHANGES_PER_BANDWIDTH, SAFETY_POLL_S
from cell_controller.plan.values import CellPlan


def ms(seconds: float) -> str:
    """A time in milliseconds for messages and tables."""
    return f"{seconds * 1000:.4g} ms"


def seconds(value_s: float) -> str:
    """A computed time for messages: its last digits are not worth reading."""
    return quantity(round(value_s, 3), "s")


def loops_are_fast_enough(cell: CellFile, plan: CellPlan) -> Iterator[Finding]:
    """A loop through a drive runs at the drive's rate, at least 20 times its bandwidth."""
    for name, drive in cell.drives.items():
        if not isinstance(drive, AxisDrive) or drive.control_bandwidth_hz is None:
            continue
        interval_s = plan.drives[name].read_interval_s
        least_hz = LOOP_EXCHANGES_PER_BANDWIDTH * drive.control_bandwidth_hz
        if interval_s * least_hz > 1.0:
            text = (
                f"needs {quantity(least_hz, 'exchanges/s')}, {drive.line} gives {1.0 / interval_s:.3g} "
                f"(one every {ms(interval_s)})"
            )
            remedy = "lower it, raise the baud rate, or give the drive a faster profile or line"
            yield Finding(("drives", name, "control_bandwidth_hz"), text, remedy)
        elif interval_s > plan.permit_valid_s:
            text = f"is served every {ms(interval_s)}, a permit lasts {ms(plan.permit_valid_s)}"
            yield Finding(("drives", name, "control_bandwidth_hz"), text, "give the drive a faster line")


def watchdogs_fit(cell: CellFile, plan: CellPlan) -> Iterator[Finding]:
    """A drive's watchdog can be set to what its line needs, and stops it inside the line's stop time."""
    for name, drive in cell.drives.items():
        found = plan.lines[drive.line].schedule.drive(name)
        if plan.drives[name].coast_s == inf:
            continue
        path: KeyPath = ("drives", name)
        profile = plan.profile_of(name)
        if found.watchdog_s is not None and not found.watchdog_fits:
            text = (
                f"its watchdog would need {seconds(found.watchdog_s)} on {drive.line}, "
                f"{profile.name} allows {seconds(profile.watchdog.max_s)}"
            )
            yield Finding(path, text, "put fewer drives on the line or raise its baud rate")
        line = plan.lines[drive.line]
        budget_s = line.stop_latency_s + line.program_s
        coast_s = plan.drives[name].coast_s
        if drive.kind is not DriveKind.IO and coast_s != inf and coast_s > budget_s:
            text = (
                f"without its bus it stops after {seconds(coast_s)} ({_dead_man(plan, name)}, "
                f"then its ramp), later than the line's stop budget, "
                f"{seconds(budget_s)}"
            )
            yield Finding(
                path, text, "raise the baud rate, put fewer drives on the line, or shorten its ramp"
            )


def _dead_man(plan: CellPlan, name: str) -> str:
    watchdog_s = plan.drives[name].watchdog_s
    return f"watchdog {seconds(watchdog_s)}" if watchdog_s is not None else "the module of its enable"


def stops_come_quickly(cell: CellFile, plan: CellPlan) -> Iterator[Finding]:
    """A stop reaches every drive of a line within the time of one permit."""
    for name, line in plan.lines.items():
        if line.stop_latency_s > plan.permit_valid_s:
            text = (
                f"a stop reaches its last drive after {ms(line.stop_latency_s)}, "
                f"longer than a permit, {ms(plan.permit_valid_s)}"
            )
            yield Finding(("lines", name), text, "raise the baud rate or put fewer drives on the line")


def safety_module_is_polled_fast(cell: CellFile, plan: CellPlan) -> Iterator[Finding]:
    """The mirror of the safety relay is on a line of its own and read at 50 Hz or more."""
    for module in safety_modules(cell):
        line = cell.drives[module].line
        others = [name for name in cell.drives_of_line(line) if name not in safety_modules(cell)]
        if others:
            text = f"shares {line} with {', '.join(others)}"
            yield Finding(("drives", module, "line"), text, "give the safety inputs a line of their own")
        interval_s = plan.drives[module].read_interval_s
        if interval_s > SAFETY_POLL_S:
            text = f"is read every {ms(interval_s)}, safety inputs need {ms(SAFETY_POLL_S)}"
            yield Finding(("drives", module), text, "raise the baud rate of its line")


def safety_modules(cell: CellFile) -> tuple[str, ...]:
    """I/O modules that carry safety inputs, in order, once."""
    return tuple(dict.fromkeys(cell.signals.inputs[name].module for name in cell.safety.inputs))


def steps_allow_for_the_line(cell: CellFile, plan: CellPlan) -> Iterator[Finding]:
    """A step ends when its end has been read: command, motion and the next reading fit into its max_s."""
    for name, program in cell.stop_programs.items():
        line = plan.lines[program.line]
        for index, step in enumerate(program.steps):
            motion_s, slowest = longest_s(cell, step)
            read_s = max(plan.drives[drive].read_interval_s for drive in step.drives)
            need_s = line.stop_latency_s + motion_s + read_s
            if motion_s <= step.max_s < need_s:
                text = (
                    f"{slowest} can need {seconds(motion_s)}, and {program.line} "
                    f"{seconds(line.stop_latency_s + read_s)} to command and to see it"
                )
                yield Finding(("stop_programs", name, "steps", index, "max_s"), text, "give it more time")


def programs_end_before_the_relay_opens(cell: CellFile, plan: CellPlan) -> Iterator[Finding]:
    """Seeing the E-stop and reaching the drives comes on top of the program's own time."""
    slowest = max((plan.drives[m] for m in safety_modules(cell)), key=lambda d: d.read_interval_s)
    for name, line in plan.lines.items():
        needed_s = estop_to_standstill_s(line, slowest)
        if line.program_s <= cell.safety.relay.delay_s < needed_s:
            text = f"too short: {name} can need {seconds(needed_s)} from the E-stop to standstill"
            remedy = "set a longer delay on the relay and here, or shorten the stop programs of the line"
            yield Finding(("safety", "relay", "delay_s"), text, remedy)
