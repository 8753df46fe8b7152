"""A bus whose drives say what the test makes them say, on a line on which nobody talks."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from types import SimpleNamespace
from typing import Any, cast

from cell_controller.config import Drive
from cell_controller.drives.bus import DriveBus
from cell_controller.drives.conversation import Outgoing, Wishes
from cell_controller.drives.goal import KEEP, Goal
from cell_controller.drives.profile import DriveProfile
from cell_controller.messages import (
    Allowed,
    DriveCondition,
    DriveSetpoint,
    DriveState,
    DriveStates,
    Echo,
    LineCommand,
    LineDrive,
    LineEvent,
    LineEventKind,
    LinePhase,
    LineRequest,
    LineRequestKind,
)
from cell_controller.runtime import InputFault
from cell_controller.runtime.ports import LINE_COMMAND, LINE_EVENT
from support.interlock_bench import demo_cell

SESSION = 77
CELL, PLAN = demo_cell()
OPENED, FAILED = LineEvent(LineEventKind.OPENED), LineEvent(LineEventKind.FAILED, "no such device")


@dataclass
class StandIn:
    """A drive of a line, armed and at rest; remembers what it is told."""

    name: str
    drive: Drive
    profile: DriveProfile
    is_module: bool
    condition: DriveCondition = DriveCondition.SWITCHED_ON
    is_armed: bool = True
    needs_reading: bool = False
    is_standing: bool = True
    may_coast: bool = False
    is_silent: bool = False
    can_move: bool = True
    has_arrived: bool = False
    has_dropped_out: bool = False
    has_stop_to_write: bool = False
    untold: str = ""
    position_m: float = 0.0
    goals: list[Goal] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    @property
    def goal(self) -> Goal:
        return self.goals[-1] if self.goals else KEEP

    @property
    def actuator(self) -> Any:
        return SimpleNamespace(goal=self.goal)

    @property
    def image(self) -> Any:
        return SimpleNamespace(position_m=self.position_m)

    @property
    def seen(self) -> Any:
        return SimpleNamespace(condition=self.condition, is_armed=self.is_armed, fault_code=0, inputs=0)

    @property
    def shown(self) -> DriveState:
        return DriveState(self.name, self.condition)

    def at_target(self) -> bool:
        return self.has_arrived

    def pursue(self, goal: Goal) -> None:
        self.goals.append(goal)

    def write_job(self, now_s: float, *, stops_only: bool = False) -> object | None:
        assert stops_only
        return object() if self.has_stop_to_write else None

    def port_opened(self) -> None:
        self.told.append("opened")

    def port_lost(self) -> None:
        self.told.append("lost")

    def disarm(self) -> None:
        self.told.append("disarm")


class SilentTalk:
    """A conversation in which nobody says anything, unless the test does; due when the test wants."""

    due = inf

    def __init__(self, speed: object, codec: object, devices: object, now_s: float) -> None:
        self.begun_s = now_s
        self.fed: list[tuple[bytes, float]] = []
        self.wishes: list[Wishes] = []
        self.answering: StandIn | None = None  # whose reply has come
        self.outgoing: Outgoing | None = None  # what is to be said next

    def feed(self, data: bytes, at_s: float) -> None:
        self.fed.append((data, at_s))

    def collect(self, now_s: float) -> StandIn | None:
        return self.answering

    def talk(self, wishes: Wishes, now_s: float) -> Outgoing | None:
        self.wishes.append(wishes)
        return self.outgoing

    def due_s(self, wishes: Wishes, now_s: float) -> float:
        return self.due


@dataclass
class Arrived:
    """What a step is given."""

    messages: dict[str, tuple[object, ...]]
    faults: tuple[InputFault, ...] = ()
    session: int = SESSION

    def new(self, port: str, kind: type[Any]) -> tuple[Any, ...]:
        return self.messages.get(port, ())

    def latest(self, port: str, source: str, kind: type[Any]) -> Any:
        raise NotImplementedError

    def age_s(self, port: str, source: str) -> float:
        raise NotImplementedError


class Line:
    """A bus with stand-ins for its drives; time goes on by a sixty-fourth of a second a step."""

    def __init__(self, name: str = "weld_line") -> None:
        self.bus = DriveBus(CELL, PLAN, name)
        self.drives = {d.name: StandIn(d.name, d.drive, d.profile, d.is_module) for d in self.bus._devices}
        every = cast("Any", tuple(self.drives.values()))
        self.bus._devices = self.bus._report._devices = every
        self.bus._movers = tuple(d for d in every if not d.is_module)
        self.bus._modules = tuple(d for d in every if d.is_module)
        self.now_s = 8.0
        self.epoch = 1
        self.states = DriveStates(name)
        self.sent: list[object] = []
        self.due_s = inf

    def step(
        self, *, dt_s: float = 1.0 / 64.0, faults: tuple[InputFault, ...] = (), **messages: object
    ) -> LinePhase:
        """One step with these messages, by the name of their port."""
        self.now_s += dt_s
        ports = {name: (message,) for name, message in messages.items() if message is not None}
        step = self.bus.step(cast("Any", Arrived(cast("Any", ports), faults)), self.now_s)
        self.sent, self.due_s = [s.message for s in step.sent], step.next_deadline_s
        for message in self.sent:
            if isinstance(message, DriveStates):
                self.states = message
        return self.states.phase

    def command(
        self, allowed: Allowed, *, stamp_s: float | None = None, program: str = "", **setpoints: DriveSetpoint
    ) -> LineCommand:
        drives = tuple(
            LineDrive(n, allowed, 1.0, 1000.0, 1000.0, program, setpoints.get(n, DriveSetpoint(n)))
            for n in self.drives
        )
        at_s = self.now_s if stamp_s is None else stamp_s
        return LineCommand(self.bus.name, self.epoch, Echo(self.bus.name, SESSION, at_s), 0.0625, drives)

    def obey(
        self, allowed: Allowed = Allowed.HOLD, *, program: str = "", **setpoints: DriveSetpoint
    ) -> LinePhase:
        """A step with a fresh command."""
        command = self.command(allowed, stamp_s=self.now_s, program=program, **setpoints)
        return self.step(**{LINE_COMMAND.name: command})

    def opened(self) -> LinePhase:
        self.step()
        return self.step(**{LINE_EVENT.name: OPENED})

    def permitted(self, allowed: Allowed = Allowed.MOTION, *, program: str = "") -> Line:
        assert self.opened() is LinePhase.STOPPED
        assert self.obey(allowed, program=program) is LinePhase.PERMITTED
        return self

    @property
    def talk(self) -> SilentTalk:
        """The conversation of the open port."""
        return cast("SilentTalk", self.bus._talk)

    def movers(self) -> list[StandIn]:
        return [d for d in self.drives.values() if not d.is_module]

    def goals(self) -> set[Goal]:
        return {d.goal for d in self.movers()}

    def asked(self) -> list[LineRequestKind]:
        return [m.kind for m in self.sent if isinstance(m, LineRequest)]
