"""Invariant 7: where line and drives work, a stop takes the tool out of the material, spindle turning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from cell_controller.config import CellFile
from cell_controller.config.models import GrindingSpindle, WeldingRobot
from cell_controller.messages import Allowed, DriveStates, LineCommand, LinePhase, SafetyPhase, SafetyState
from cell_controller.plan import CellPlan
from cell_sim.host.node import Life
from cell_sim.plant import CellPlant
from cell_sim.plant.record import MotionSample, PlantEvent
from cell_sim.plant.spindle import Spindle
from cell_sim.plant.stations import GrindPlace, WeldPlace

if TYPE_CHECKING:
    from cell_sim.host.simhost import SimHost

Broken = Callable[[float, int, str], None]
TURNING_SHARE = 0.8  # of the speed at the stop: slip under load, not a ramp
IN_FORCE_S = 0.3  # three permits: what was let move so shortly before a stop was in motion
EXCUSE_S = 1.0  # a line or drive that was disturbed so shortly before a stop may not know of it


@dataclass(slots=True)
class _Tool:
    """One tool and the stop that is being watched, if any."""

    place: WeldPlace | GrindPlace
    line: str
    feed: str
    spindle: str
    turning: Spindle
    began_s: float = -inf
    due_s: float = inf
    speed_rpm: float = 0.0


class ToolWatch:
    """From the moment a line in motion has to stop until the tool is out."""

    def __init__(
        self, cell: CellFile, plan: CellPlan, plant: CellPlant, host: SimHost, broken: Broken
    ) -> None:
        self._plan, self._host, self._broken = plan, host, broken
        self._tools = _tools(cell, plant)
        self._phases: dict[str, LinePhase] = {}
        self._phase = SafetyPhase.TRIPPED
        self._motion_s: dict[str, float] = {}  # by line: newest command that let something move
        self._excused_s: dict[str, float] = {}  # by line or drive: disturbed until then, and shortly after

    # what takes a stop out of the rule

    def excuse(self, name: str, until_s: float) -> None:
        """A line or a drive does not work, or not as it should, until then."""
        self._excused_s[name] = max(self._excused_s.get(name, -inf), until_s)

    def see_event(self, event: PlantEvent) -> None:
        if event.name in ("drive fault", "watchdog"):
            self.excuse(event.detail.split(" ", maxsplit=1)[0], event.at_s)
        elif event.name == "sto on":
            for tool in self._tools:
                self.excuse(tool.line, event.at_s)

    def note_life(self, now_s: float, name: str, what: str) -> None:
        """A bus that dies or hangs, and a port that is lost, leave the stop to the drives."""
        if what in ("kill", "hang", "unplug"):
            self.excuse(name, now_s)

    def _is_excused(self, tool: _Tool) -> bool:
        names = (tool.line, tool.feed, tool.spindle)
        newest_s = max(self._excused_s.get(name, -inf) for name in names)
        is_alive = self._host.nodes[tool.line].life is Life.RUNNING
        return not is_alive or newest_s >= tool.began_s - EXCUSE_S

    # stops

    def hear_line_command(self, now_s: float, source: str, message: LineCommand) -> None:
        if any(drive.allowed is Allowed.MOTION for drive in message.drives):
            self._motion_s[message.line] = now_s

    def hear_states(self, now_s: float, source: str, message: DriveStates) -> None:
        before = self._phases.get(message.line)
        self._phases[message.line] = message.phase
        if message.phase is not before and message.phase is LinePhase.STOPPING:
            self._begin(now_s, message.line)
        for tool in self._tools:
            if tool.line == message.line and now_s > tool.due_s:
                self._end(tool, now_s)

    def hear_safety(self, now_s: float, source: str, message: SafetyState) -> None:
        if message.phase is SafetyPhase.TRIPPED and self._phase is SafetyPhase.MOTION:
            for line in self._motion_s:
                self._begin(now_s, line)
        self._phase = message.phase

    def _begin(self, now_s: float, line: str) -> None:
        if now_s - self._motion_s.get(line, -inf) > IN_FORCE_S:
            return  # a stop of a hold or a recovery begins no motion
        for tool in self._tools:
            if tool.line == line and tool.due_s == inf and tool.place.tool_in_material:
                tool.began_s = now_s
                tool.due_s = now_s + self._plan.lines[line].permit_stop_s
                tool.speed_rpm = abs(tool.turning.speed_rpm)

    def see_motion(self, sample: MotionSample) -> None:
        for tool in self._tools:
            if tool.due_s == inf or sample.mover != tool.feed:
                continue
            if not tool.place.tool_in_material or sample.at_s > tool.due_s:
                self._end(tool, sample.at_s)

    def _end(self, tool: _Tool, at_s: float) -> None:
        """The tool is out, or its time is over."""
        tool.due_s = inf
        if self._is_excused(tool):
            return
        late_s, speed_rpm = at_s - tool.began_s, abs(tool.turning.speed_rpm)
        if tool.place.tool_in_material:
            self._broken(at_s, 7, f"the tool of {tool.feed} is in the material {late_s:.3f} s after the stop")
        elif speed_rpm < TURNING_SHARE * tool.speed_rpm:
            words = f"{tool.spindle} turned at {speed_rpm:.0f} instead of {tool.speed_rpm:.0f} rpm"
            self._broken(at_s, 7, f"{words} when the tool left the material")


def _tools(cell: CellFile, plant: CellPlant) -> tuple[_Tool, ...]:
    found: list[_Tool] = []
    for name, station in cell.stations.items():
        if isinstance(station, WeldingRobot):
            place, feed, spindle = plant.welds[name], station.z, station.spindle
            found.append(_Tool(place, cell.drives[feed].line, feed, spindle, plant.spindles[spindle]))
        elif isinstance(station, GrindingSpindle):
            wheel = plant.grinds[name]
            feed, spindle = station.infeed, station.wheel
            found.append(_Tool(wheel, cell.drives[feed].line, feed, spindle, plant.spindles[spindle]))
    return tuple(found)
