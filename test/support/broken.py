"""Eight controllers, each with one wrong thought: what the watcher of invariants is there to find.

Each is a Unit of the real controller, changed in as few lines as possible; the rest of its cell is sound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf

from cell_controller.bringup.units import make_unit
from cell_controller.cell.manager import CellManager
from cell_controller.config import CELL_MANAGER, INTERLOCK, CellFile, LoadedCell, MoveStep, Recipe
from cell_controller.drives.bus import DriveBus
from cell_controller.drives.permit import PermitBook
from cell_controller.messages import (
    CellCommand,
    CellPermit,
    CommandResult,
    JournalWrite,
    PartEventKind,
    ResultCode,
    SafetyPhase,
    Verdict,
    ZoneOwner,
)
from cell_controller.packml import Command, State
from cell_controller.plan import CellPlan
from cell_controller.runtime import Inputs, Sent, Step, Unit
from cell_controller.safety.guarding import Guarding
from cell_controller.safety.interlock import Interlock
from cell_controller.safety.snapshot import Snapshot
from cell_sim.host.assembled import Make

WELD_LINE = "weld_line"
NEXT = {State.ABORTED: Command.CLEAR, State.STOPPED: Command.RESET, State.IDLE: Command.START}


class _EternalPermits(PermitBook):
    """1: takes whatever command came last for a permit, however old its echo."""

    @property
    def expires_at_s(self) -> float:
        return inf if self.command is not None else -inf


def bus_with_eternal_permits(loaded: LoadedCell, plan: CellPlan) -> Unit:
    bus = DriveBus(loaded.cell, plan, WELD_LINE)
    names = tuple(loaded.cell.drives_of_line(WELD_LINE))
    bus._permit = _EternalPermits(WELD_LINE, names, plan.permit_valid_s)
    return bus


def _with_program(cell: CellFile, change: Callable[[CellFile], object]) -> CellFile:
    program = cell.stop_programs["weld_retract"].model_copy(update={"steps": change(cell)})
    return cell.model_copy(update={"stop_programs": {**cell.stop_programs, "weld_retract": program}})


def bus_that_retracts_elsewhere(loaded: LoadedCell, plan: CellPlan) -> Unit:
    """2: plays a program of its own: the tool goes 5 mm higher than declared."""

    def higher(cell: CellFile) -> object:
        steps = cell.stop_programs["weld_retract"].steps
        return tuple(
            s.model_copy(update={"position_m": s.position_m + 0.005}) if isinstance(s, MoveStep) else s
            for s in steps
        )

    return DriveBus(_with_program(loaded.cell, higher), plan, WELD_LINE)


class _WithCommands:
    """Inputs in which the manager finds commands that nobody has given."""

    def __init__(self, inputs: Inputs, commands: tuple[CellCommand, ...]) -> None:
        self._inputs, self._commands = inputs, commands

    def __getattr__(self, name: str) -> object:
        return getattr(self._inputs, name)

    def new(self, port: str, kind: type) -> tuple[object, ...]:
        found = self._inputs.new(port, kind)
        return (*found, *self._commands) if kind is CellCommand else found


class ImpatientManager(CellManager):
    """3: clears, resets and starts the cell by itself once nothing is in the way."""

    def step(self, inputs: Inputs, now_s: float) -> Step:
        commands: tuple[CellCommand, ...] = ()
        machine = self.core.machine if self.core is not None else None
        if machine is not None and machine.state in NEXT:
            command = NEXT[machine.state]
            own = CellCommand(f"own-{now_s}", "nobody", int(command), state_seq=machine.state_seq)
            commands = (own,)
        step = super().step(_WithCommands(inputs, commands), now_s)  # type: ignore[arg-type]
        own_ids = {c.id for c in commands}
        return replace(
            step,
            sent=tuple(
                s for s in step.sent if not (isinstance(s.message, CommandResult) and s.message.id in own_ids)
            ),
        )


class _ChangingManager(CellManager):
    """Says something else than it means."""

    def change(self, sent: Sent) -> Sent | None:
        raise NotImplementedError

    def step(self, inputs: Inputs, now_s: float) -> Step:
        step = super().step(inputs, now_s)
        changed = (self.change(s) for s in step.sent)
        return replace(step, sent=tuple(s for s in changed if s is not None))


class TimingManager(_ChangingManager):
    """4: takes the weld place from the robot after a while and gives it to the conveyor."""

    _lent_s = 3.0  # the tool is on its way down by then

    def __init__(self, cell: CellFile, recipes: Mapping[str, Recipe]) -> None:
        super().__init__(cell, recipes)
        self._since_s: float | None = None
        self._now_s = 0.0

    def step(self, inputs: Inputs, now_s: float) -> Step:
        self._now_s = now_s
        return super().step(inputs, now_s)

    def change(self, sent: Sent) -> Sent | None:
        if not isinstance(sent.message, CellPermit):
            return sent
        is_lent = any(o.owner == "robot" for o in sent.message.zone_owners)
        self._since_s = (self._since_s or self._now_s) if is_lent else None
        if self._since_s is None or self._now_s - self._since_s < self._lent_s:
            return sent
        owners = tuple(
            ZoneOwner(o.zone, "conveyor") if o.owner == "robot" else o for o in sent.message.zone_owners
        )
        return Sent(sent.port, replace(sent.message, zone_owners=owners))


class _Unlocking(Guarding):
    """5: unlocks the guard at a trip, while the stop programs are being played."""

    def _keeps_locked(self, snapshot: Snapshot, is_still: bool) -> bool:
        return snapshot.phase is not SafetyPhase.TRIPPED and super()._keeps_locked(snapshot, is_still)


def interlock_that_unlocks(loaded: LoadedCell, plan: CellPlan) -> Unit:
    interlock = Interlock(loaded.cell, plan)
    interlock._guarding = _Unlocking(interlock._limits)
    return interlock


class ForgivingManager(_ChangingManager):
    """6: an interrupted part is a good part."""

    def change(self, sent: Sent) -> Sent | None:
        if not isinstance(sent.message, JournalWrite):
            return sent
        events = tuple(
            replace(e, verdict=Verdict.GOOD)
            if e.kind is PartEventKind.PROCESS_ENDED and e.verdict is Verdict.SUSPECT
            else e
            for e in sent.message.events
        )
        return Sent(sent.port, replace(sent.message, events=events))


def bus_that_stops_the_spindle_first(loaded: LoadedCell, plan: CellPlan) -> Unit:
    """7: the declared moves in another order: the tool is pulled out of metal that has frozen around it."""

    def reordered(cell: CellFile) -> object:
        stop, retract, spindle = cell.stop_programs["weld_retract"].steps
        return (stop, spindle, retract)

    return DriveBus(_with_program(loaded.cell, reordered), plan, WELD_LINE)


class SilentManager(_ChangingManager):
    """8: a command that is refused gets no answer."""

    def change(self, sent: Sent) -> Sent | None:
        message = sent.message
        is_refusal = isinstance(message, CommandResult) and message.code is not ResultCode.ACCEPTED
        return None if is_refusal else sent


def making(name: str, broken: Callable[[LoadedCell, CellPlan], Unit]) -> Make:
    """Makes all Units as they should be, but this one."""
    return lambda unit, loaded, plan: broken(loaded, plan) if unit == name else make_unit(unit, loaded, plan)


def manager(kind: type[CellManager]) -> Make:
    return making(CELL_MANAGER, lambda loaded, plan: kind(loaded.cell, loaded.recipes))


def interlock(broken: Callable[[LoadedCell, CellPlan], Unit]) -> Make:
    return making(INTERLOCK, broken)


def bus(broken: Callable[[LoadedCell, CellPlan], Unit]) -> Make:
    return making(WELD_LINE, broken)


CONTROLLERS: dict[int, Make] = {  # by the invariant that they break
    1: bus(bus_with_eternal_permits),
    2: bus(bus_that_retracts_elsewhere),
    3: manager(ImpatientManager),
    4: manager(TimingManager),
    5: interlock(interlock_that_unlocks),
    6: manager(ForgivingManager),
    7: bus(bus_that_stops_the_spindle_first),
    8: manager(SilentManager),
}
