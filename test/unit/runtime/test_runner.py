"""The runner to the last comparison: when a step is due, what a step is told, and in which words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf

import pytest

from cell_controller.messages import CellCommand, Guard, Heartbeat, Order, Rx, SafetyState
from cell_controller.runtime import (
    FaultKind,
    Input,
    InputFault,
    Inputs,
    Output,
    Qos,
    Runner,
    Sent,
    Service,
    Step,
)
from cell_controller.runtime.ports import COMMAND, ORDER, RX, SAFETY

LIMIT_S = 0.5


@dataclass
class Unit:
    """Keeps the inputs of its newest step, and asks for the next one when it is told to."""

    name: str = "unit"
    inputs: tuple[Input, ...] = (
        ORDER.input(sources=("a", "b"), max_age_s={"a": LIMIT_S, "b": 2.0 * LIMIT_S}, depth=2),
        SAFETY.input(),
        COMMAND.input(wakes=True),
    )
    outputs: tuple[Output, ...] = (ORDER.output(), RX.output())
    services: tuple[Service, ...] = ()
    clients: tuple[Service, ...] = ()
    max_lateness_s: float = 0.0625
    next_s: float = 100.0
    seen: list[Inputs] = field(default_factory=list)
    faults: tuple[InputFault, ...] = ()
    sent: tuple[Sent, ...] = ()

    def step(self, inputs: Inputs, now_s: float) -> Step:
        self.seen, self.faults = [inputs], inputs.faults
        return Step(self.sent, self.next_s)


def order(seq: int, source: str = "a", session: int = 5, at_s: float = 1.0) -> Order:
    """One that arrives at that time as fast as all others: the sender's clock is a second behind."""
    return Order("robot", task_id=seq, guard=Guard(source, session, seq, at_s - 1.0))


@pytest.fixture
def unit() -> Unit:
    return Unit()


@pytest.fixture
def runner(unit: Unit) -> Runner:
    """Both sources were heard at 1 s, the first step is done, and no heartbeat is near."""
    runner = Runner(unit, 7, 1.0)
    for source in ("a", "b"):
        runner.deliver(ORDER.name, order(1, source), 1.0)
    runner.step(1.0)
    runner._heartbeat_due_s = 100.0
    runner.step(1.0)
    return runner


def faults(unit: Unit) -> list[tuple[FaultKind, str, str, str, int]]:
    return [(f.kind, f.port, f.source, f.detail, f.count) for f in unit.faults]


def test_a_new_runner_is_due_at_once_and_sends_its_heartbeat_with_the_first_step(unit: Unit) -> None:
    runner = Runner(unit, 7, 1.0)
    assert (runner.due_s, runner.steps) == (1.0, 0)
    sent = runner.step(1.0)
    assert [s.port for s in sent] == ["heartbeat"]
    assert sent[0].message == Heartbeat(Guard("unit", 7, 1, 1.0))
    assert runner.steps == 1
    assert runner.step(1.09375) == ()
    assert [s.port for s in runner.step(1.1)] == ["heartbeat"]
    assert runner.steps == 3


def test_its_outputs_are_those_of_the_unit_and_the_heartbeat(runner: Runner) -> None:
    ports = [*Unit().outputs, Output("heartbeat", Heartbeat)]
    assert list(runner.outputs) == ports


def test_a_step_is_due_at_the_first_of_deadline_heartbeat_and_expiry(unit: Unit, runner: Runner) -> None:
    assert runner.due_s == 1.0 + LIMIT_S
    unit.next_s = 1.25
    runner.step(1.125)
    assert runner.due_s == 1.25
    runner._heartbeat_due_s = 1.1875
    runner.step(1.125)
    assert runner.due_s == 1.1875
    unit.next_s = 0.5
    runner.step(1.125)
    assert runner.due_s == 1.125, "a deadline that is over is now"


def test_a_step_is_late_after_its_limit_and_not_at_it(unit: Unit, runner: Runner) -> None:
    unit.next_s = 1.25
    runner.step(1.125)
    runner.step(1.3125)
    assert faults(unit) == []
    runner.step(1.4375)
    text = "0.125 s after its deadline, limit 0.062 s"
    assert faults(unit) == [(FaultKind.LATE_STEP, "", "", text, 1)]


def test_every_stream_expires_at_its_own_limit(unit: Unit, runner: Runner) -> None:
    runner.step(1.0 + LIMIT_S - 2.0**-20)
    assert faults(unit) == []
    runner.step(1.0 + LIMIT_S)
    assert faults(unit) == [(FaultKind.STALE, "order", "a", "nothing for 0.500 s", 1)]
    assert runner.due_s == 1.0 + 2.0 * LIMIT_S
    runner.deliver(ORDER.name, order(2, at_s=1.75), 1.75)
    runner.step(1.75)
    assert faults(unit) == []
    assert runner.due_s == 2.0
    runner.step(2.0)
    assert faults(unit) == [(FaultKind.STALE, "order", "b", "nothing for 1.000 s", 1)]
    assert runner.due_s == 1.75 + LIMIT_S


@pytest.mark.parametrize(("at_s", "is_silence"), [(1.0 + LIMIT_S - 2.0**-20, False), (1.0 + LIMIT_S, True)])
def test_a_silence_that_a_message_ends_is_noted_with_it(
    unit: Unit, runner: Runner, at_s: float, is_silence: bool
) -> None:
    runner.deliver(ORDER.name, order(2), at_s)
    assert runner.due_s == (at_s if is_silence else 1.0 + LIMIT_S)
    runner.step(at_s)
    text = "nothing for 0.500 s"
    assert faults(unit) == ([(FaultKind.STALE, "order", "a", text, 1)] if is_silence else [])


@pytest.mark.parametrize(("late_s", "is_late"), [(LIMIT_S - 2.0**-10, False), (LIMIT_S + 2.0**-10, True)])
def test_a_message_that_has_waited_too_long_is_too_old_when_it_arrives(
    unit: Unit, runner: Runner, late_s: float, is_late: bool
) -> None:
    """Its stream is silent already, and is told so once."""
    runner.deliver(ORDER.name, order(2, at_s=1.0625), 1.0625)
    runner.deliver(ORDER.name, order(3, at_s=1.125), 1.125 + late_s)
    runner.step(1.125 + late_s)
    assert [f[0] for f in faults(unit)] == [FaultKind.STALE], "nothing came for so long"
    assert (runner.due_s < 2.0) is not is_late
    runner.step(1.75)
    assert [f[0] for f in faults(unit)] == ([] if is_late else [FaultKind.STALE])


def test_a_message_that_is_too_old_is_told_although_nobody_was_silent(unit: Unit, runner: Runner) -> None:
    """A sender whose clock falls back: the newest message is older than the one before it."""
    runner.deliver(ORDER.name, order(2, at_s=1.0625), 1.0625)
    just_fresh_s = 1.0625 - LIMIT_S + 2.0**-10
    runner.deliver(ORDER.name, order(3, at_s=just_fresh_s), 1.0625)
    runner.step(1.0625)
    assert faults(unit) == []
    assert unit.seen[0].age_s(ORDER.name, "a") == LIMIT_S - 2.0**-10
    for seq in (4, 5):
        runner.deliver(ORDER.name, order(seq, at_s=1.0625 - LIMIT_S), 1.0625)
    assert runner.due_s == 1.0625
    runner.step(1.0625)
    assert faults(unit) == [(FaultKind.STALE, "order", "a", "nothing for 0.500 s", 1)]


def test_a_silence_is_told_once_and_not_of_a_message_that_is_refused(unit: Unit, runner: Runner) -> None:
    runner.step(1.75)
    assert faults(unit)[0][0] is FaultKind.STALE
    runner.deliver(ORDER.name, order(2, at_s=1.875), 1.875)
    runner.step(1.875)
    assert faults(unit) == []
    runner.deliver(ORDER.name, order(2), 1.875 + LIMIT_S)
    runner.step(1.875 + LIMIT_S)
    assert [f[0] for f in faults(unit)] == [FaultKind.REORDERED, FaultKind.STALE, FaultKind.STALE]


def test_the_first_message_of_a_stream_ends_no_silence(unit: Unit) -> None:
    runner = Runner(unit, 7, 1.0)
    runner.step(1.0)
    runner.deliver(ORDER.name, order(1), 50.0)
    runner.step(50.0)
    assert FaultKind.STALE not in [f[0] for f in faults(unit)]
    unwatched = Unit(inputs=(ORDER.input(),))
    runner = Runner(unwatched, 7, 1.0)
    runner.deliver(ORDER.name, order(1), 1.0)
    runner.deliver(ORDER.name, order(2), 1.0e9)
    runner.step(1.0e9)
    assert FaultKind.STALE not in [f[0] for f in faults(unwatched)]


def test_faults_say_which_message_of_whom(unit: Unit, runner: Runner) -> None:
    runner.deliver(ORDER.name, order(3, session=6), 1.0625)
    runner.deliver(ORDER.name, order(2, session=6), 1.0625)
    runner.deliver(ORDER.name, order(9), 1.0625)
    runner.deliver(ORDER.name, Rx(b"", 0.0), 1.0625)
    runner.deliver_malformed(COMMAND.name, "cut short", 1.0625)
    runner.deliver_malformed(COMMAND.name, "again", 1.0625)
    runner.step(1.0625)
    assert faults(unit) == [
        (FaultKind.NEW_SESSION, "order", "a", "session 6 seq 3", 1),
        (FaultKind.REORDERED, "order", "a", "session 6 seq 2", 1),
        (FaultKind.SECOND_SESSION, "order", "a", "session 5 seq 9", 1),
        (FaultKind.MALFORMED, "order", "", "Rx instead of Order", 1),
        (FaultKind.MALFORMED, "command", "", "cut short", 2),
    ]


def test_a_type_without_a_guard_is_named() -> None:
    unit = Unit(inputs=(Input("rx", Rx),))
    runner = Runner(unit, 7, 1.0)
    runner.deliver("rx", Rx(b"", 0.0), 1.0)
    runner.step(1.0)
    assert faults(unit) == [(FaultKind.MALFORMED, "rx", "", "Rx without a Guard", 1)]


def test_an_overflow_drops_the_oldest_and_is_counted(unit: Unit, runner: Runner) -> None:
    for seq in (2, 3):
        runner.deliver(ORDER.name, order(seq), 1.0625)
    runner.step(1.0625)
    assert faults(unit) == []
    for seq in (4, 5, 6):
        runner.deliver(ORDER.name, order(seq), 1.0625)
    assert runner.due_s == 1.0625
    runner.step(1.0625)
    text = "more than 2 messages between two steps"
    assert faults(unit) == [(FaultKind.OVERFLOW, "order", "", text, 1)]
    assert [o.task_id for o in unit.seen[0].new(ORDER.name, Order)] == [5, 6]


def test_names_without_an_age_limit_are_kept_to_a_number_and_others_are_not(
    unit: Unit, runner: Runner
) -> None:
    for n in range(100):
        state = SafetyState(guard=Guard(f"stranger_{n}", 0, 1, 0.0))
        runner.deliver(SAFETY.name, state, 1.0625)
    runner.deliver(ORDER.name, order(1, session=6), 1.0625)
    runner.deliver_malformed(COMMAND.name, "garbage", 1.0625)
    runner.step(1.0625)
    assert len(unit.faults) == 64 + 2
    assert unit.faults[63].source == "stranger_63"


def test_a_message_that_wakes_makes_a_step_due_when_it_arrives(runner: Runner) -> None:
    runner.deliver(ORDER.name, order(2), 1.0625)
    assert runner.due_s == 1.5
    runner.deliver(COMMAND.name, CellCommand("1", "op", 1), 1.25)
    assert runner.due_s == 1.25
    runner.deliver(COMMAND.name, CellCommand("2", "op", 1), 1.375)
    assert runner.due_s == 1.25


def test_a_repeated_message_wakes_nobody_unless_something_else_is_wrong(runner: Runner) -> None:
    runner.deliver(ORDER.name, order(1), 1.0625)
    assert runner.due_s == 1.5
    runner.deliver(ORDER.name, order(1, session=6), 1.125)
    assert runner.due_s == 1.125
    runner.due_s = 50.0
    runner.deliver(ORDER.name, order(1, session=6), 1.1875)
    assert runner.due_s == 1.1875


def test_a_message_of_somebody_else_or_for_somebody_else_wakes_nobody() -> None:
    port = ORDER.input(wakes=True, sources=("a",), is_for=lambda order: order.station == "robot")
    runner = Runner(Unit(inputs=(port,)), 7, 1.0)
    runner._heartbeat_due_s = 100.0
    runner.step(1.0)
    runner.deliver(ORDER.name, order(1, "b"), 1.25)
    runner.deliver(ORDER.name, replace(order(1), station="spindle"), 1.25)
    runner.deliver(ORDER.name, order(1), 1.25)
    assert runner.due_s == 100.0, "the last one is a repeated one"
    runner.deliver(ORDER.name, order(2), 1.5)
    assert runner.due_s == 1.5


def test_what_cannot_be_read_makes_a_step_due(runner: Runner) -> None:
    runner.deliver_malformed(ORDER.name, "cut short", 1.25)
    assert runner.due_s == 1.25
    runner.deliver_malformed(ORDER.name, "cut short", 1.375)
    assert runner.due_s == 1.25


def test_a_stream_that_is_unknown_or_silent_has_no_age_and_no_message(unit: Unit, runner: Runner) -> None:
    runner.deliver(ORDER.name, order(2, at_s=1.125), 1.125)
    runner.step(1.25)
    inputs = unit.seen[0]
    assert inputs.age_s(ORDER.name, "a") == 0.125
    assert inputs.age_s(ORDER.name, "b") == 0.25
    assert inputs.age_s(ORDER.name, "nobody") == inf
    assert inputs.latest(ORDER.name, "a", Order) == order(2, at_s=1.125)
    assert inputs.latest(ORDER.name, "a", Rx) is None
    assert inputs.latest(ORDER.name, "nobody", Order) is None
    assert inputs.new(ORDER.name, Order) == (order(2, at_s=1.125),)
    assert inputs.new(ORDER.name, Rx) == ()
    assert inputs.new(COMMAND.name, CellCommand) == ()
    assert inputs.session == 7


def test_an_unheard_stream_is_infinitely_old(unit: Unit) -> None:
    Runner(unit, 7, 1.0).step(1.0)
    assert unit.seen[0].age_s(ORDER.name, "a") == inf
    assert unit.seen[0].latest(ORDER.name, "a", Order) is None


def test_whoever_observes_sees_every_input_and_every_step() -> None:
    inputs: list[tuple[float, str, object]] = []
    steps: list[tuple[float, int]] = []
    runner = Runner(
        Unit(), 7, 1.0, lambda at_s, sent: steps.append((at_s, len(sent))), lambda *seen: inputs.append(seen)
    )
    runner.deliver(ORDER.name, order(1), 1.0)
    runner.deliver_malformed(COMMAND.name, "cut short", 1.0625)
    runner.step(1.0625)
    runner.step(1.125)
    assert inputs == [(1.0, "order", order(1)), (1.0625, "command", "cut short")]
    assert steps == [(1.0625, 1), (1.125, 0)]


def test_guarded_messages_are_numbered_port_by_port(unit: Unit, runner: Runner) -> None:
    unit.sent = (Sent(ORDER.name, Order("x", task_id=4)), Sent(RX.name, Rx(b"x", 0.0)))
    for seq in (1, 2):
        sent = runner.step(1.25)
        assert sent == (
            Sent(ORDER.name, Order("x", task_id=4, guard=Guard("unit", 7, seq, 1.25))),
            Sent(RX.name, Rx(b"x", 0.0)),
        )


def test_only_guarded_messages_on_guarded_ports_are_stamped() -> None:
    unit = Unit(outputs=(Output("request", Order, Qos.REQUEST), Output("rx", Rx)))
    unit.sent = (Sent("request", Order("x")), Sent("rx", Rx(b"x", 0.0)))
    runner = Runner(unit, 7, 1.0)
    runner._heartbeat_due_s = 100.0
    assert runner.step(1.0) == unit.sent


def test_another_type_than_declared_is_refused_in_words(unit: Unit, runner: Runner) -> None:
    unit.sent = (Sent(ORDER.name, Rx(b"", 0.0)),)
    with pytest.raises(TypeError, match=r"^unit sent Rx on order, where Order is declared$"):
        runner.step(1.0625)
