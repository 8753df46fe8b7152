"""What a running cell has to do, as functions of a LiveCell: shared by pytest and by launch_testing."""

from __future__ import annotations

import signal
import time
from dataclasses import replace
from functools import cache
from math import inf
from pathlib import Path
from typing import Any

import yaml

from cell_controller.messages import SET_MODE, CellCommand, ResultCode, Verdict
from cell_controller.nodes import convert
from cell_controller.nodes.lifecycle_client import change, state_of
from cell_controller.packml import Command, Mode, State
from cell_controller.plan import CellPlan, load_plan
from support.live_cell import CLEARS, LiveCell

README = Path(__file__).parents[2] / "README.md"
# A shared two-core machine stalls for some 10 ms now and then, and tests run beside others.
JITTER_S = 0.3
SETTLE_S = 1.0
ANSWER_S = 10.0


@cache
def plan_of(file: Path) -> CellPlan:
    return load_plan(file)[1]


# coming up


def comes_up_aborted_and_tripped(cell: LiveCell) -> None:
    assert cell.state.state == State.ABORTED
    assert cell.state.mode == Mode.PRODUCTION
    cell.until(
        lambda: cell.client.safety is not None and cell.client.safety.can_reset, 30.0, "all lines armed"
    )
    cell.assert_tripped()
    assert cell.last_motion_s() == -inf, "nothing has moved"
    assert all(d.is_armed for s in cell.client.drive_states.values() for d in s.drives)
    hashes = {s.config_hash for s in cell.client.drive_states.values()}
    assert hashes == {plan_of(cell.up.arguments.cell).config_hash}


# the rules of commands

_IDS = iter(range(1, 1_000_000))


def _command(cell: LiveCell, command: int, **changes: Any) -> CellCommand:
    message = CellCommand(
        f"case-{next(_IDS)}-{time.monotonic_ns()}", "tester", command, state_seq=cell.state.state_seq
    )
    return replace(message, **changes)


def _accepted(cell: LiveCell, command: int, within_s: float = 15.0) -> CellCommand:
    """A command that was accepted, its effect seen; sent anew, under new ids, while it is refused."""
    deadline_s = time.monotonic() + within_s
    while True:
        message = _command(cell, command)
        result = cell.client.send(message, 5.0)
        if result.code is ResultCode.ACCEPTED:
            cell.until(
                lambda seq=message.state_seq: cell.state.state_seq != seq, 5.0, f"an effect of {result}"
            )
            return message
        assert time.monotonic() < deadline_s, f"{result}\n{cell.describe()}"
        time.sleep(0.1)


def _cleared(cell: LiveCell) -> CellCommand:
    """The Clear that has led to Stopped; a machine that stalls may need a second one."""
    for _ in range(CLEARS):
        clear = _accepted(cell, Command.CLEAR)
        cell.until(lambda: cell.state.state in (State.ABORTED, State.STOPPED), 15.0, "the end of Clearing")
        if cell.state.state == State.STOPPED:
            return clear
    raise AssertionError(f"Clear did not last\n{cell.describe()}")


def _assert_refused(cell: LiveCell, message: CellCommand, code: ResultCode) -> None:
    """Answered with the reason and what is legal; nothing has changed."""
    before = cell.state
    result = cell.client.send(message, 5.0)
    assert (result.id, result.operator, result.command) == (message.id, message.operator, message.command)
    assert result.code is code, result
    assert result.reason, result
    legal = (*before.legal_commands, *((SET_MODE,) if before.legal_modes else ()))
    assert sorted(result.legal_commands) == sorted(set(legal)), result
    assert result.state_seq == before.state_seq
    assert (cell.state.state, cell.state.state_seq) == (before.state, before.state_seq)


def commands_that_are_illegal_stale_repeated_or_malformed_change_nothing(cell: LiveCell) -> None:
    cell.reach(State.ABORTED, 5.0)
    seq = cell.state.state_seq
    for command in (Command.RESET, Command.START, Command.UNHOLD, Command.UNSUSPEND, Command.COMPLETE):
        _assert_refused(cell, _command(cell, command), ResultCode.ILLEGAL)
    for stale in (0, seq - 1, seq + 1):
        _assert_refused(cell, _command(cell, Command.CLEAR, state_seq=stale), ResultCode.STALE)
    for malformed in (
        _command(cell, 0),
        _command(cell, 77),
        _command(cell, Command.CLEAR, operator=""),
        _command(cell, 100, mode=9),
    ):
        _assert_refused(cell, malformed, ResultCode.INVALID)
    repeated = _command(cell, Command.START)
    _assert_refused(cell, repeated, ResultCode.ILLEGAL)
    _assert_refused(cell, repeated, ResultCode.REPEATED)


def stop_type_commands_are_never_refused_for_staleness(cell: LiveCell) -> None:
    """Illegal they may be, in this state; stale never."""
    for command in (Command.STOP, Command.ABORT, Command.HOLD, Command.SUSPEND):
        for seq in (0, cell.state.state_seq - 1, cell.state.state_seq):
            result = cell.client.send(_command(cell, command, state_seq=seq), 5.0)
            assert result.code in (ResultCode.ACCEPTED, ResultCode.ILLEGAL), result


def an_old_abort_is_obeyed_and_no_start_is_obeyed_twice(cell: LiveCell) -> None:
    cell.clear()
    abort = _command(cell, Command.ABORT, state_seq=1)
    assert cell.client.send(abort, 5.0).code is ResultCode.ACCEPTED
    cell.reach(State.ABORTED, 15.0)
    clear = _cleared(cell)
    assert cell.client.send(abort, 5.0).code is ResultCode.ACCEPTED, "whoever repeats a stop means it"
    cell.reach(State.ABORTED, 15.0)
    _assert_refused(cell, replace(clear, state_seq=cell.state.state_seq), ResultCode.REPEATED)
    cell.clear()


def a_state_seq_changes_with_the_state_and_with_nothing_else(cell: LiveCell) -> None:
    cell.reach(State.STOPPED, 5.0)
    before = cell.state
    cell.until(lambda: cell.state.heartbeat > before.heartbeat + 5, 5.0, "more states")
    assert cell.state.state_seq == before.state_seq
    cell.must(Command.RESET)
    cell.reach(State.IDLE, 15.0)
    assert cell.state.state_seq != before.state_seq
    _assert_refused(cell, _command(cell, Command.START, state_seq=before.state_seq), ResultCode.STALE)


def readme_commands() -> list[dict[str, Any]]:
    """The messages of the README's `ros2 topic pub` lines."""
    lines = [
        line for line in README.read_text().splitlines() if "topic pub" in line and "CellCommand" in line
    ]
    return [yaml.safe_load(line.split("CellCommand", 1)[1].strip().strip("\"'")) for line in lines]


def the_commands_of_the_readme_work(cell: LiveCell) -> None:
    """As they are printed, but for the id, which must be new, and the seq, which is read from `state`."""
    found = {message["command"]: message for message in readme_commands()}
    assert set(found) == {Command.STOP, Command.START}
    assert "state_seq" not in found[Command.STOP]

    def act() -> None:
        if cell.state.state == State.STOPPED:
            cell.must(Command.RESET)
        cell.reach(State.IDLE, 15.0)
        start = _from_yaml({**found[Command.START], "state_seq": cell.state.state_seq})
        result = cell.client.send(replace(start, id=f"{start.id}-{time.monotonic_ns()}"), 5.0)
        assert result.code in (ResultCode.ACCEPTED, ResultCode.REFUSED), result  # refused: there is no order
        stop = _from_yaml(found[Command.STOP])
        result = cell.client.send(replace(stop, id=f"{stop.id}-{time.monotonic_ns()}"), 5.0)
        assert result.code is ResultCode.ACCEPTED, result
        cell.reach(State.STOPPED, 60.0)

    cell.despite_stalls(act)


def _from_yaml(content: dict[str, Any]) -> CellCommand:
    """Through the ROS message, as `ros2 topic pub` does it: a wrong field or type is an error there."""
    message = convert.ros_type(CellCommand)(**content)
    command = convert.from_ros(CellCommand)(message)
    assert isinstance(command, CellCommand)
    return command


# death and hang during a weld


def _stop_budget_s(cell: LiveCell, drive: str) -> float:
    return plan_of(cell.up.arguments.cell).lines[cell.up.cell.drives[drive].line].stop_time_s


def assert_everything_stops_in_time(cell: LiveCell, fault_at_s: float) -> None:
    """By the true motion of every axis and spindle, within what `cell check` computes for its line."""
    movers = [n for n, d in cell.up.cell.drives.items() if d.kind != "io"]
    over_at_s = fault_at_s + max(_stop_budget_s(cell, m) for m in movers) + SETTLE_S
    time.sleep(max(over_at_s - time.monotonic(), 0.0))
    late = {m: cell.last_motion_s([m]) - fault_at_s for m in movers}
    too_late = {m: round(t, 3) for m, t in late.items() if t > _stop_budget_s(cell, m) + JITTER_S}
    assert not too_late, f"moved for too long: {too_late}\n{cell.describe()}"


def assert_a_person_is_needed(cell: LiveCell) -> None:
    cell.reach(State.ABORTED, 15.0)
    cell.assert_tripped()
    suspect = [p for p in cell.state.parts if p.needs_disposition]
    assert [p.verdict for p in suspect] == [Verdict.SUSPECT], cell.describe()
    assert cell.state.clear_hindrance, "Clear is refused while a part is undisposed"
    refused = cell.ask(Command.CLEAR)
    assert refused.code is ResultCode.REFUSED, refused


def a_weld_survives_nothing_but_a_person(cell: LiveCell, victim: str, number: signal.Signals) -> None:
    """Kill or stop a process in a weld: everything stands in time, the part is suspect, a person clears."""
    if cell.state.state != State.STOPPED:
        cell.clear()
    cell.weld_until_contact()
    starts = cell.up.starts(victim)
    fault_at_s = time.monotonic()
    cell.up.kill(victim, number)
    assert_everything_stops_in_time(cell, fault_at_s)
    standing_at_s = time.monotonic()
    cell.until(lambda: cell.up.starts(victim) == starts + 1, 15.0, f"a new {victim}")
    cell.until(lambda: not cell.up.missing(), 60.0, f"all nodes; missing {cell.up.missing()}")
    assert_a_person_is_needed(cell)
    assert cell.last_motion_s() < standing_at_s, "a node that came back has moved something"
    cell.clean_up()
    cell.clear()
    assert cell.state.state == State.STOPPED


def a_station_is_deactivated_in_a_weld_and_nobody_else_may_be(cell: LiveCell) -> None:
    """Its silence stops the cell as its death would; active again, it is new and nothing moves."""
    for guard in ("interlock", "weld_line", "cell_manager"):
        assert not change(cell.client, guard, "deactivate", ANSWER_S)
        assert state_of(cell.client, guard, ANSWER_S) == "active"
    if cell.state.state != State.STOPPED:
        cell.clear()
    cell.weld_until_contact()
    starts = cell.up.starts("robot")
    asked_at_s = time.monotonic()
    assert change(cell.client, "robot", "deactivate", ANSWER_S)
    assert_everything_stops_in_time(cell, asked_at_s)
    standing_at_s = time.monotonic()
    assert state_of(cell.client, "robot", ANSWER_S) == "inactive"
    assert change(cell.client, "robot", "activate", ANSWER_S)
    assert_a_person_is_needed(cell)
    assert cell.last_motion_s() < standing_at_s, "a node that was activated has moved something"
    assert cell.up.starts("robot") == starts, "silent, it was not taken for dead"
    cell.clean_up()
    cell.clear()
    assert cell.state.state == State.STOPPED


def a_good_part_is_made(cell: LiveCell) -> None:
    if cell.state.state == State.ABORTED:
        cell.clear()
    cell.produce(1, 90.0)


# the cable


def an_unplugged_line_aborts_the_cell_and_plugging_it_back_moves_nothing(
    cell: LiveCell, line: str = "grind_line"
) -> None:
    if cell.state.state != State.STOPPED:
        cell.clear()
    cell.weld_until_contact()
    fault_at_s = time.monotonic()
    cell.sim("unplug", line=line)
    assert_everything_stops_in_time(cell, fault_at_s)
    cell.reach(State.ABORTED, 15.0)
    reason = cell.state.stop_reason
    assert line in f"{reason.source} {reason.text}", reason
    plugged_at_s = time.monotonic()
    cell.sim("plug", line=line)
    cell.until(lambda: cell.client.drive_states[line].is_armed, 15.0, "the line armed again")
    time.sleep(SETTLE_S)
    assert cell.last_motion_s() < plugged_at_s
    assert_a_person_is_needed(cell)
    cell.clean_up()
    cell.clear()


# nodes that only read


def losing_the_recorder_is_an_alarm_and_no_stop(cell: LiveCell) -> None:
    if cell.state.state != State.STOPPED:
        cell.clear()
    cell.must(Command.RESET)
    cell.reach(State.IDLE, 15.0)
    starts = cell.up.starts("recorder")
    cell.up.kill("recorder", signal.SIGSTOP)
    cell.until(lambda: any(a.source == "recorder" for a in cell.client.alarms.active), 10.0, "an alarm")
    assert cell.state.state == State.IDLE
    cell.until(lambda: cell.up.starts("recorder") == starts + 1, 15.0, "another recorder")
    cell.until(lambda: not any(a.source == "recorder" for a in cell.client.alarms.active), 30.0, "no alarm")
    cell.must(Command.STOP)
    cell.reach(State.STOPPED, 15.0)
