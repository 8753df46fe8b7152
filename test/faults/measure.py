"""One fault after the other on one running cell, and what came of each."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from cell_controller.config import load_cell
from cell_controller.messages import CellCommand, ResultCode
from cell_controller.packml import Command, State
from cell_controller.plan.periods import CELL_PERMIT_PERIOD_S, HANDOVER_S
from cell_sim.live.catalog import Reaction
from cell_sim.live.inject import injected, resolve, serve
from cell_sim.live.running import RunningCell, find
from faults import observe
from faults.a_cell import begin_process, errors, is_in_material, machine, phase, recover, where
from faults.injections import Seen
from faults.rows import COMMAND, Moment, Row
from support.live_cell import READY_S, LiveCell

PROCESS_S = 2.0  # a fault comes up to so much after the tool has met the part
DISCOVERED_S = 0.5  # the same for a fault that joins the cell's topics first, which takes a second
WATCHED_S = 1.2  # after a fault that may do nothing
REST_S = 10.0
PART_S = 90.0
TRIP_LOOK_S = 3.0  # longer than any limit


class Measurement:
    """One cell, and one injection after the other."""

    def __init__(self, cell: LiveCell, draw: random.Random) -> None:
        self.cell, self._draw = cell, draw

    def _running(self) -> RunningCell:
        """Anew each time: processes come and go."""
        return find(self.cell.client.namespace)

    def _seen(self, row: Row, **more: object) -> Seen:
        return Seen(
            key=row.key,
            date=datetime.now(UTC).strftime("%Y-%m-%d"),
            machine=machine(),
            cell=self.cell.up.cell.name,
            load=os.getloadavg()[0],
            **more,  # type: ignore[arg-type]
        )

    def recover(self) -> None:
        """What has been stopped is Stopped and cleared again; who has missed a fault is stopped now."""
        cell = self.cell
        cell.until(lambda: not cell.up.missing(), READY_S, "all processes")
        at_rest = (State.STOPPED, State.COMPLETE, State.ABORTED)
        try:  # a new manager's first state may come later than its heartbeat
            cell.until(lambda: cell.state.state in at_rest, REST_S, "rest")
        except AssertionError:
            cell.ask(Command.ABORT)
        if cell.state.state not in (State.STOPPED, State.COMPLETE):
            recover(cell)

    # faults that stop the cell

    def stop(self, row: Row) -> Seen | None:
        """One part, one fault, standstill, a person who recovers; None when a stall came first."""
        cell = self.cell
        begin_process(cell, wants_grind=self._draw.random() < 0.25 and row.moment is Moment.PROCESS)
        if row.moment is Moment.TRAVERSE:
            cell.until(lambda: phase(cell, "robot") == "traverse", 30.0, "the traverse")
            time.sleep(self._draw.uniform(0.3, 0.8))
        else:
            longest_s = DISCOVERED_S if row.moment is Moment.WELD else PROCESS_S
            time.sleep(self._draw.uniform(0.0, longest_s))
        running = self._running()
        fault, target = resolve(row.fault, row.target, running)
        lasts = row.for_s > 0.0 and bool(fault.lasting)
        limit_s = fault.limit_of(running.cell, running.plan, target, lasts=lasts)
        tail, moment = observe.MotionTail(cell.up.run_dir / "motion.jsonl"), where(cell)
        with injected(running, fault, target, lasts=lasts) as injection:
            if observe.has_tripped_before(cell, injection.at_s):
                return None
            if row.for_s:
                serve(injection, row.for_s)
                injection.end()
            _, reaction = fault.owes(target, lasts=lasts)
            trip = observe.first_trip(cell, injection.at_s, TRIP_LOOK_S)
            budgets_s = observe.stop_budgets_s(
                cell, {name: line.stop_time_s for name, line in running.plan.lines.items()}
            )
            is_stop = reaction is Reaction.STOPS
            since_s = injection.at_s if trip is None or is_stop else trip.at_s
            wait_until_s(since_s + max(budgets_s.values()) + observe.FLUSHED_S)
            line = "grind_line" if moment.startswith("spindle") else "weld_line"
            stop_s = observe.first_stop_s(tail, injection, tuple(running.cell.drives_of_line(line)))
            still = observe.standstill(cell, tail, since_s, budgets_s)
        reacted_s = stop_s if is_stop else (trip.at_s if trip is not None else None)
        reaction_s = None if reacted_s is None else reacted_s - injection.at_s
        cause = "a stop on the wire" if is_stop else f"{trip.rule} {trip.subject}" if trip else ""
        remarks = []
        if reaction_s is None:
            remarks.append("no reaction")
        elif reaction_s > limit_s:
            remarks.append("later than its limit")
        if still.after_s > still.budget_s:
            remarks.append(f"{still.drive} moved for {still.after_s:.3f} s")
        return self._seen(
            row,
            moment=moment,
            reaction_s=reaction_s,
            limit_s=limit_s,
            cause=cause,
            still_s=still.after_s,
            still_budget_s=still.budget_s,
            is_good=not remarks,
            remark=", ".join(remarks),
        )

    # faults that stop nothing

    def go_on(self, rows: Sequence[Row]) -> Iterator[Seen]:
        """One part with as many of these faults in it as there is time for; each is judged by its end too."""
        cell = self.cell
        begin_process(cell, wants_grind=False)
        seen: list[Seen] = []
        for row in rows:
            if not self._is_working_again():
                break
            seen.append(self._unharmed(row))
            if cell.state.state == State.ABORTED:
                break
        if self._finish():
            yield from seen
            return
        safety = cell.client.safety
        cause = safety.first_out if safety is not None else ""
        targets = {row.target for row in rows}
        is_void = observe.has_stalled(self.cell, targets) and all(one.is_good for one in seen)
        for one in seen:
            remark = one.remark or f"the part did not come out good: {cause}"
            yield replace(one, is_good=False, is_void=is_void, remark=remark)

    def _is_working_again(self) -> bool:
        """The tool of robot or spindle is in the part, now or soon."""
        cell = self.cell
        going_on = (State.EXECUTE, State.HOLDING, State.HELD, State.UNHOLDING)
        while not is_in_material(cell) and cell.state.state in going_on:
            if cell.state.state == State.HELD:
                cell.ask(Command.UNHOLD)
            time.sleep(0.05)
        return is_in_material(cell)

    def _unharmed(self, row: Row) -> Seen:
        if row.fault == COMMAND:
            return self._answer(row)
        cell, moment = self.cell, where(self.cell)
        running = self._running()
        fault, target = resolve(row.fault, row.target, running)
        before = errors(cell, target)
        time.sleep(self._draw.uniform(0.0, 0.1))
        with injected(running, fault, target) as injection:
            serve(injection, row.for_s or WATCHED_S)
            trip = observe.first_trip(cell, injection.at_s, 0.0)
        remark = "" if trip is None else f"{trip.rule} {trip.subject}"
        if row.fault.startswith("serial") and errors(cell, target) <= before:
            remark = "nothing was counted"
        return self._seen(
            row, moment=moment, reaction_s=None, limit_s=0.0, cause=remark, is_good=not remark, remark=remark
        )

    def _finish(self) -> bool:
        """The part comes out good; what the fault has held goes on by Unhold."""
        cell, end_s = self.cell, time.monotonic() + PART_S
        while cell.state.state not in (State.COMPLETE, State.ABORTED) and time.monotonic() < end_s:
            if cell.state.state == State.HELD:
                cell.ask(Command.UNHOLD)
            time.sleep(0.2)
        if cell.state.state != State.COMPLETE:
            return False
        cell.must(Command.STOP)
        cell.reach(State.STOPPED, 15.0)
        return True

    def _answer(self, row: Row) -> Seen:
        """A command that is illegal, stale, malformed or repeated."""
        cell = self.cell
        seq, number = cell.state.state_seq, f"fault-{time.monotonic_ns()}"
        command = self._draw.choice(
            (
                CellCommand(number, "tester", Command.CLEAR, state_seq=seq),
                CellCommand(number, "tester", Command.RESET, state_seq=seq - 1),
                CellCommand(number, "tester", 77, state_seq=seq),
                CellCommand(number, "", Command.START, state_seq=seq),
            )
        )
        moment, at_s = where(cell), time.monotonic()
        result = cell.client.send(command, 5.0)
        reaction_s, limit_s = time.monotonic() - at_s, CELL_PERMIT_PERIOD_S + HANDOVER_S
        remarks = [
            *(["accepted"] if result.code is ResultCode.ACCEPTED else []),
            *(["no reason"] if not result.reason else []),
            *(["later than its limit"] if reaction_s > limit_s else []),
            *(["the state has changed"] if cell.state.state_seq != seq else []),
        ]
        return self._seen(
            row,
            moment=moment,
            reaction_s=reaction_s,
            limit_s=limit_s,
            cause=result.code.name,
            is_good=not remarks,
            remark=", ".join(remarks),
        )

    # a full disk and an order

    def refuse(self, row: Row) -> Seen:
        """In Stopped: an order is refused while nothing can be written; the alarm goes by itself."""
        cell, running = self.cell, self._running()
        fault, target = resolve(row.fault, row.target, running)
        limit_s = fault.limit_of(running.cell, running.plan, target, lasts=False)
        recipe = next(iter(load_cell(cell.up.arguments.cell).recipes))
        with injected(running, fault, target):
            at_s = time.monotonic()
            reply = cell.client.submit_order(recipe, 1)
            reaction_s = time.monotonic() - at_s
        remark = "accepted" if reply.is_accepted else "" if "journal" in reply.reason else reply.reason
        cell.until(lambda: not any("journal" in a.message.lower() for a in cell.client.alarms.active), 10.0,
                   "no alarm of the journal")  # fmt: skip
        return self._seen(
            row,
            moment=State(cell.state.state).name,
            reaction_s=reaction_s,
            limit_s=limit_s,
            cause=reply.reason,
            is_good=not remark and reaction_s <= limit_s,
            remark=remark or ("later than its limit" if reaction_s > limit_s else ""),
        )


def wait_until_s(at_s: float) -> None:
    time.sleep(max(at_s - time.monotonic(), 0.0))
