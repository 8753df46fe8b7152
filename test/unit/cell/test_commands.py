"""Every command gets one answer; illegal, stale and repeated ones change nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cell_controller.cell.commands import MAX_ID_LENGTH, REMEMBERED_IDS, CommandDesk
from cell_controller.messages import SET_MODE, CellCommand, ResultCode
from cell_controller.packml import STOP_TYPE, Command, Mode, PackMLMachine, State, destination

START_TYPE = [c for c in Command if c not in STOP_TYPE]


def desk_in(state: State) -> tuple[CommandDesk, PackMLMachine]:
    machine = PackMLMachine(0.0, base=100)
    if state is not State.ABORTED:
        for command in (Command.CLEAR, Command.RESET, Command.START):
            machine.command(command, 1.0)
            machine.state_complete(2.0)
            if machine.state is state:
                break
    assert machine.state is state
    return CommandDesk(machine), machine


def facts(machine: PackMLMachine) -> tuple[object, ...]:
    return machine.state, machine.mode, machine.state_seq, machine.stop_reason, machine.history


def ask(desk: CommandDesk, command: int, state_seq: int = 0, command_id: str = "a", **more: object):
    message = CellCommand(
        command_id, str(more.pop("operator", "ann")), int(command), state_seq=state_seq, **more
    )
    return desk.answer(message, lambda c: "", 10.0)


@pytest.mark.parametrize("command", START_TYPE)
def test_a_start_type_command_without_the_present_state_seq_is_stale(command):
    desk, machine = desk_in(State.IDLE)
    before = facts(machine)
    for seq in (0, machine.state_seq - 1, machine.state_seq + 1):
        result = ask(desk, command, seq, command_id=f"{seq}")
        assert result.code is ResultCode.STALE
        assert str(machine.state_seq) in result.reason
    assert facts(machine) == before


@pytest.mark.parametrize("command", STOP_TYPE)
def test_a_stop_type_command_is_obeyed_with_any_state_seq(command):
    for seq in (0, 1, 2**63):
        desk, machine = desk_in(State.EXECUTE)
        assert ask(desk, command, seq).code is ResultCode.ACCEPTED
        assert machine.state is destination(State.EXECUTE, command, Mode.PRODUCTION)


def test_an_illegal_command_names_the_legal_ones():
    desk, machine = desk_in(State.IDLE)
    before = facts(machine)
    result = ask(desk, Command.CLEAR, machine.state_seq)
    assert result.code is ResultCode.ILLEGAL
    assert "Idle" in result.reason
    assert result.legal_commands == (2, 3, 8, SET_MODE)
    assert facts(machine) == before


def test_a_repeated_id_changes_nothing_even_when_it_would_be_legal_again():
    desk, machine = desk_in(State.IDLE)
    assert ask(desk, Command.UNHOLD, machine.state_seq, command_id="x").code is ResultCode.ILLEGAL
    before = facts(machine)
    result = ask(desk, Command.START, machine.state_seq, command_id="x")
    assert result.code is ResultCode.REPEATED
    assert facts(machine) == before


def test_a_repeated_stop_stops_a_cell_that_runs_again():
    desk, machine = desk_in(State.EXECUTE)
    assert ask(desk, Command.STOP, command_id="s").code is ResultCode.ACCEPTED
    assert ask(desk, Command.STOP, command_id="s").code is ResultCode.REPEATED
    machine.state_complete(11.0)
    machine.command(Command.RESET, 12.0)
    assert ask(desk, Command.STOP, command_id="s").code is ResultCode.ACCEPTED
    assert machine.state is State.STOPPING


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"command_id": "", "command": 3}, "id"),
        ({"operator": "", "command": 3}, "operator"),
        ({"command": 0}, "0"),
        ({"command": 11}, "11"),
        ({"command": SET_MODE, "mode": 0}, "mode 0"),
        ({"command": SET_MODE, "mode": 4}, "mode 4"),
        ({"command_id": "x" * (MAX_ID_LENGTH + 1), "command": 3}, "at most"),
    ],
)
def test_a_malformed_command_is_invalid_and_says_why(fields, word):
    desk, machine = desk_in(State.EXECUTE)
    before = facts(machine)
    result = ask(desk, fields.pop("command"), machine.state_seq, **fields)
    assert result.code is ResultCode.INVALID
    assert word in result.reason
    assert facts(machine) == before


def test_a_condition_refuses_start_type_commands_and_no_stop():
    desk, machine = desk_in(State.IDLE)
    message = CellCommand("a", "ann", Command.START, state_seq=machine.state_seq)
    result = desk.answer(message, lambda c: f"{c.name} no", 10.0)
    assert (result.code, result.reason) == (ResultCode.REFUSED, "START no")
    stop = desk.answer(CellCommand("b", "ann", Command.STOP), lambda c: "no", 10.0)
    assert stop.code is ResultCode.ACCEPTED


def test_the_mode_changes_only_with_the_present_state_seq_and_where_it_is_legal():
    desk, machine = desk_in(State.ABORTED)
    assert ask(desk, SET_MODE, 1, command_id="a", mode=3).code is ResultCode.STALE
    assert ask(desk, SET_MODE, machine.state_seq, command_id="b", mode=3).code is ResultCode.ACCEPTED
    assert machine.mode is Mode.MANUAL
    assert ask(desk, SET_MODE, machine.state_seq, command_id="c", mode=3).code is ResultCode.ILLEGAL
    desk, machine = desk_in(State.EXECUTE)
    assert ask(desk, SET_MODE, machine.state_seq, command_id="d", mode=3).code is ResultCode.ILLEGAL


def test_the_memory_of_ids_is_bounded():
    desk, machine = desk_in(State.EXECUTE)
    for number in range(REMEMBERED_IDS + 50):
        ask(desk, Command.CLEAR, machine.state_seq, command_id=f"{number}")
    assert len(desk._seen) == REMEMBERED_IDS


COMMANDS = st.builds(
    CellCommand,
    id=st.sampled_from(["", "a", "b", "c", "d", "e"]),
    operator=st.sampled_from(["", "ann", "bob"]),
    command=st.one_of(st.sampled_from([int(c) for c in Command]), st.just(SET_MODE), st.integers(-2, 300)),
    mode=st.integers(-1, 5),
    state_seq=st.integers(98, 110),
    hold_now=st.booleans(),
)


@settings(max_examples=200)
@given(
    st.sampled_from([State.ABORTED, State.IDLE, State.EXECUTE]),
    st.lists(st.tuples(COMMANDS, st.booleans()), max_size=12),
)
def test_only_accepted_commands_change_anything(state, sequence):
    desk, machine = desk_in(state)
    now_s = 10.0
    for command, completes in sequence:
        now_s += 0.1
        before, seq = facts(machine), machine.state_seq
        result = desk.answer(command, lambda c: "", now_s)
        assert (result.id, result.operator, result.command) == (command.id, command.operator, command.command)
        assert result.state_seq == machine.state_seq
        if result.code is ResultCode.ACCEPTED:
            assert machine.state_seq == seq + 1
            assert command.command in [int(c) for c in STOP_TYPE] or command.state_seq == seq
        else:
            assert facts(machine) == before
            assert result.reason
        if completes:
            machine.state_complete(now_s)


@settings(max_examples=30)
@given(st.lists(COMMANDS, max_size=20))
def test_a_flood_of_commands_in_one_step_gets_one_answer_each(bench_of, commands):
    bench = bench_of()
    bench.step(0.1)
    for command in commands:
        bench.runner.deliver("command", command, bench.now_s)
    bench.run_manager()
    answered = sorted((r.id, r.operator, r.command) for r in bench.results)
    assert answered == sorted((c.id, c.operator, c.command) for c in commands)


def test_an_abort_goes_before_a_start_of_the_same_step(bench):
    bench.start()
    bench.send(Command.STOP)
    bench.until(State.STOPPED)
    seq = bench.state.state_seq
    known = len(bench.results)
    for id_, command in (("r", Command.RESET), ("x", Command.ABORT)):
        bench.runner.deliver("command", CellCommand(id_, "ann", command, state_seq=seq), bench.now_s)
    bench.run_manager()
    codes = {r.id: r.code for r in bench.results[known:]}
    assert codes == {"x": ResultCode.ACCEPTED, "r": ResultCode.STALE}


def test_state_seq_is_never_used_twice_over_restarts_of_the_manager(bench_of):
    seen: list[int] = []
    for session in (1, 2, 2**61 + 3):
        bench = bench_of(session=session)
        bench.step(0.2)
        bench.clear()
        seen += list(dict.fromkeys(s.state_seq for s in bench.states))
    assert len(seen) == len(set(seen))
