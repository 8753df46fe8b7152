"""The prover: moves one drive after the other, falls silent on its line, and sees whether it stops.

Sans-I/O like a Unit, for all lines of a cell at once: bytes and port events in, bytes and wishes for
the ports out. It stands where the interlock stands in a cell that is up, and keeps watch while things
move.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import replace

from cell_controller.config import AxisDrive, CellFile, SpindleDrive
from cell_controller.messages import LinePhase
from cell_controller.plan import CellPlan
from cell_controller.proving.errors import ProvingError, UnprovableError
from cell_controller.proving.look import Look
from cell_controller.proving.measure import (
    Measured,
    Silence,
    has_come_to_rest,
    measure,
    reaction_s,
    too_late,
)
from cell_controller.proving.motion import LOOK_S, READY_S, STOPPED_S, InterruptedTrialError, Motion, Script
from cell_controller.proving.proof import Lack, Proof, machine_hash, movers
from cell_controller.proving.trial import Trial, describe, trial_of
from cell_controller.runtime import Sent

WATCH_S = 1.5  # of a drive after the silence
SETTLES_S = 0.3  # a relay and a bolt that were let go are seen to be so, before they are believed again
PERSON_S = 60.0  # for somebody to reset the relay, close a door, hold the enabling device
COASTED = (
    "half a ramp after its watchdog it showed 0 already: its output went off, and the shaft coasted; "
    "set its watchdog to ramp down"
)
TRIES = 3  # a computer that is late ends a permit; that says nothing of the drive


class Prover(Motion):
    """`step` when `due_s` has come; `is_over` when all ports are closed again."""

    def __init__(
        self,
        cell: CellFile,
        plan: CellPlan,
        drives: tuple[str, ...],
        session: int,
        now_s: float,
        at: str,
        tool: str,
    ) -> None:
        super().__init__(cell, plan, session, now_s)
        self._drives, self._at, self._tool = drives, at, tool
        self._hash = machine_hash(cell, plan)
        self._resume_at_s = now_s
        self._script = self._run()
        self.proofs: list[Proof] = []
        self.refused: list[Lack] = []
        self.problem = ""  # why it ended before the last drive
        self.said: deque[str] = deque()
        self.is_over = False

    # The host's side

    def deliver(self, line: str, port: str, message: object, now_s: float) -> None:
        self._masters[line].deliver(port, message, now_s)

    def give_up(self, reason: str) -> None:
        """Stop what moves, then end."""
        self._given_up = self._given_up or reason

    @property
    def due_s(self) -> float:
        return min(self._resume_at_s, *(m.due_s for m in self._masters.values()))

    def step(self, now_s: float) -> list[tuple[str, Sent]]:
        """Whatever is due, by line."""
        self._now_s = now_s
        out = [(m.name, sent) for m in self._masters.values() for sent in m.step(now_s)]
        if now_s >= self._resume_at_s and not self.is_over:
            try:
                self._resume_at_s = now_s + next(self._script)
            except StopIteration:
                self.is_over = True
        return out

    # The script

    def _run(self) -> Script:
        try:
            yield from self._begin()
            for name in self._drives:
                yield from self._try(name)
        except ProvingError as error:
            self.problem = str(error)
        self._is_watching = False
        yield from self._leave()

    def _begin(self) -> Script:
        self.said.append(f"arming {', '.join(self._masters)}")
        yield from self._served(is_enabled=False)
        for master in self._masters.values():
            if master.states is not None and not master.states.is_stopped:
                self.said.append(f"waiting until everything on {master.name} stands")
            yield from self._at_rest(master)
        self._guard.switch_enables(is_on=True)
        for left in reversed(range(TRIES)):
            self._rest()
            yield READY_S / 10.0
            if unsafe := self._guard.unsafe():
                self.said.append(f"waiting until all are on: {unsafe}")
            yield from self._wait(self._is_safe_or_late, PERSON_S, self._guard.unsafe)
            late = self._guard.lapse()
            if not late:
                break
            if not left:
                raise ProvingError(late)
            self.said.append(f"{late}; once more")
        self._is_watching = True

    def _is_safe_or_late(self) -> bool:
        """A bus that stopped by itself switches nothing on before a new epoch."""
        return bool(self._guard.lapse()) or not self._guard.unsafe()

    def _rest(self) -> None:
        for master in self._masters.values():
            if master.is_silent:
                master.wake(self._now_s)
            else:
                master.rest()

    def _try(self, name: str) -> Script:
        for left in reversed(range(TRIES)):
            try:
                yield from self._prove(name)
                return
            except UnprovableError as error:
                self.refused.append(Lack(name, error.reason))
                self.said.append(f"{error}: not tried")
                return
            except InterruptedTrialError as error:
                if not left:
                    raise
                self.said.append(f"{name}: {error}; once more")
                yield from self._recover()

    def _recover(self) -> Script:
        """After a trial that was cut short: every line served, armed and enabled again."""
        self._is_watching = False
        self._rest()
        yield SETTLES_S
        yield from self._served()
        self._is_watching = True

    def _prove(self, name: str) -> Script:
        trial = self._trial(name)
        self.said.append(describe(trial, self._cell))
        found = yield from self._silence(trial, trial.silence_s)
        line_s = drive_s = None
        if found.in_time:
            if isinstance(self._cell.drives[name], SpindleDrive):
                found = yield from self._refine(trial, found)
            line_s, drive_s = yield from self._stop(self._trial(name))
        proof = Proof(
            drive=name,
            machine_hash=self._hash,
            is_proved=found.in_time,
            stopped_by=trial.by,
            stop_time_s=found.time_s,
            resolution_s=found.resolution_s,
            limit_s=trial.silence_s,
            speed=abs(trial.speed),
            distance_m=found.distance_m,
            line_s=line_s,
            drive_s=drive_s,
            detail=found.detail,
            at=self._at,
            tool=self._tool,
        )
        self.proofs.append(proof)
        self.said.append(words_of(proof))

    def _trial(self, name: str) -> Trial:
        self._guard.tools_are_out(name)
        return trial_of(self._cell, self._plan, self._master(name).drive(name))

    # One motion

    def _silence(self, trial: Trial, silence_s: float) -> Generator[float, None, Measured]:
        """Move, say nothing for so long, then look; afterwards the lines are armed anew."""
        samples = yield from self._move(trial)
        master, drive = self._master(trial.drive), self._cell.drives[trial.drive]
        profile = self._plan.profile_of(trial.drive)
        look = Look(master.speed, drive, profile, self._now_s)
        for line in trial.silent:
            self._masters[line].hush(look if line == master.name else None)
        told_at_s = self._master(trial.fed).told_at_s[trial.fed]
        while (left_s := told_at_s + silence_s - self._now_s) > 0.0:
            self._watch()
            yield min(left_s, LOOK_S)
        look.is_begun = True
        until_s = self._now_s + WATCH_S
        while self._now_s < until_s and look.failures < TRIES and not has_come_to_rest(look.readings):
            self._watch()
            yield LOOK_S
        silence = Silence(samples, told_at_s, tuple(look.readings))
        for line in trial.silent:
            self._masters[line].wake(self._now_s)
        opens = bool({*trial.silent} & {*self._guard.enable_lines()})
        self._is_watching = not opens  # an enable that its module has opened takes a moment to come back
        yield from self._served(is_enabled=opens)
        self._is_watching = True
        yield from self._at_rest(master)
        return measure(silence, trial, drive, profile)

    def _refine(self, trial: Trial, found: Measured) -> Generator[float, None, Measured]:
        """A spindle has no position to tell how long it ran: a shorter silence, and its ramp is watched.

        A drive without an encoder shows 0 as soon as its output is off: it has to be seen on its ramp.
        """
        again = yield from self._silence(trial, trial.watchdog_s + trial.ramp_s / 2.0)
        profile = self._plan.profile_of(trial.drive)
        if not profile.sees_coasting and not again.is_seen_slowing:
            return replace(found, in_time=False, detail=COASTED)
        if again.time_s is None or again.resolution_s is None or again.resolution_s >= trial.ramp_s:
            return found
        if late := too_late(trial, again.time_s, again.resolution_s):
            return replace(again, in_time=False, detail=late)
        return replace(again, in_time=found.in_time, detail=found.detail)

    def _stop(self, trial: Trial) -> Generator[float, None, tuple[float | None, float | None]]:
        """An ordinary stop: how long the line takes to say it, and the drive to begin its ramp."""
        samples = yield from self._move(trial)
        master, name = self._master(trial.drive), trial.drive
        wanted_at_s = self._now_s
        master.stop()
        yield from self._at_rest(master)
        state, drive = master.drive(name), self._cell.drives[name]
        written_at_s = master.written_at_s.get(name)
        master.rest()
        if written_at_s is None:
            return None, None
        drive_s = None
        if isinstance(drive, AxisDrive):
            drive_s = reaction_s(samples, state.measured_position_m, written_at_s, drive)
        return written_at_s - wanted_at_s, drive_s

    # The end

    def _leave(self) -> Script:
        """First the lines with something that moves, then those that enable it."""
        yield from self._wake_all()
        moving = [m for m in self._masters.values() if self._guard.moves(m)]
        for group in (moving, [m for m in self._masters.values() if m not in moving]):
            if group is not moving:
                self._guard.switch_enables(is_on=False)
                yield READY_S / 10.0  # until the outputs are written
            for master in group:
                master.leave(self._now_s)
            deadline_s = self._now_s + STOPPED_S
            while self._now_s < deadline_s and not all(m.is_finished for m in group):
                yield LOOK_S

    def _wake_all(self) -> Script:
        """A line that was left silent is served again, so that its bus can stop what still moves."""
        silent = [m for m in self._masters.values() if m.is_silent]
        for master in silent:
            master.wake(self._now_s)
        busy = (LinePhase.CLOSED, LinePhase.ARMING, LinePhase.STOPPING)
        deadline_s = self._now_s + STOPPED_S
        while self._now_s < deadline_s and any(m.states is None or m.states.phase in busy for m in silent):
            yield LOOK_S


def drives_to_prove(cell: CellFile, line: str | None) -> tuple[str, ...]:
    """Axes and spindles line by line, of one line where it is named."""
    lines = [line] if line is not None else list(cell.lines)
    return tuple(name for at in lines for name in movers(cell) if cell.drives[name].line == at)


def words_of(proof: Proof) -> str:
    """One proof in one line."""
    if not proof.is_proved:
        return f"{proof.drive}: NOT PROVED: {proof.detail}"
    way = f", {1000 * proof.distance_m:.2f} mm" if proof.distance_m is not None else ""
    return (
        f"{proof.drive}: stopped by its {proof.stopped_by} after {proof.stop_time_s:.3f} s "
        f"± {proof.resolution_s:.3f} s{way} (at most {proof.limit_s:.3f} s); {proof.detail}"
    )
