"""Queues, sessions, ages, overflow, lateness and heartbeats: the same in every host."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cell_controller.messages import CellCommand, Guard, Heartbeat, LineEvent, LineEventKind, Order, Rx
from cell_controller.runtime import (
    HEARTBEAT_PERIOD_S,
    FaultKind,
    Input,
    InputFault,
    Inputs,
    Output,
    Runner,
    Sent,
    Service,
    Step,
)
from cell_controller.runtime.ports import COMMAND, LINE_EVENT, ORDER, RX, STATION_STATE, TOPICS
from cell_controller.runtime.streams import Stream

AGE_LIMIT_S = 0.3
PERIOD_S = 1.0


@dataclass
class Listener:
    """A Unit that writes down what each step sees."""

    name: str = "listener"
    inputs: tuple[Input, ...] = (
        ORDER.input(sources=("cell_manager",), max_age_s={"cell_manager": AGE_LIMIT_S}, depth=3),
        COMMAND.input(wakes=True),
        RX.input(wakes=True),
        LINE_EVENT.input(),
    )
    outputs: tuple[Output, ...] = (ORDER.output(), RX.output())
    services: tuple[Service, ...] = ()
    clients: tuple[Service, ...] = ()
    max_lateness_s: float = 0.05
    faults: list[tuple[InputFault, ...]] = field(default_factory=list)
    orders: list[tuple[Order, ...]] = field(default_factory=list)
    ages_s: list[float] = field(default_factory=list)
    sessions: list[int] = field(default_factory=list)
    sent: tuple[Sent, ...] = ()

    def step(self, inputs: Inputs, now_s: float) -> Step:
        self.faults.append(inputs.faults)
        self.orders.append(inputs.new(ORDER.name, Order))
        self.ages_s.append(inputs.age_s(ORDER.name, "cell_manager"))
        self.sessions.append(inputs.session)
        return Step(self.sent, now_s + PERIOD_S)

    @property
    def kinds(self) -> tuple[FaultKind, ...]:
        """Faults of the newest step."""
        return tuple(f.kind for f in self.faults[-1])


@pytest.fixture
def unit() -> Listener:
    return Listener()


@pytest.fixture
def runner(unit: Listener) -> Runner:
    """A Unit that has heard its manager once, at 0 s, and has made its first step."""
    runner = Runner(unit, 7, 0.0)
    runner.deliver(ORDER.name, order(1), 0.0)
    runner.step(0.0)
    assert unit.kinds == ()
    return runner


def order(seq: int, session: int = 5, source: str = "cell_manager", stamp_s: float = 0.0) -> Order:
    return Order("robot", task_id=seq, guard=Guard(source, session, seq, stamp_s))


def test_a_unit_learns_its_own_session(unit: Listener, runner: Runner) -> None:
    assert unit.sessions == [7]


def test_a_stream_that_was_never_heard_is_stale_at_the_first_step(unit: Listener) -> None:
    Runner(unit, 7, 0.0).step(0.0)
    assert unit.kinds == (FaultKind.STALE,)
    assert unit.ages_s == [inf]


def test_a_silent_stream_makes_a_step_due_at_its_limit_and_is_reported_once(
    unit: Listener, runner: Runner
) -> None:
    runner.step(0.1)
    runner.step(0.2)
    assert runner.due_s == pytest.approx(AGE_LIMIT_S)
    runner.step(runner.due_s)
    assert unit.kinds == (FaultKind.STALE,)
    runner.step(0.31)
    assert unit.kinds == ()
    assert runner.due_s > 0.31


def test_a_silence_between_two_messages_is_reported_although_the_step_comes_later(
    unit: Listener, runner: Runner
) -> None:
    runner.deliver(ORDER.name, order(2, stamp_s=0.5), 0.5)
    assert runner.due_s <= 0.5
    runner.step(0.5)
    assert unit.kinds == (FaultKind.STALE,)
    assert unit.ages_s[-1] == pytest.approx(0.0, abs=0.001)


def test_what_waited_on_its_way_is_as_old_as_its_sender_says(unit: Listener, runner: Runner) -> None:
    """A queue that holds everything back for a second must not make a second-old state look fresh."""
    for seq in range(2, 60):
        sent_s = 0.01 * seq
        runner.deliver(ORDER.name, order(seq, stamp_s=sent_s), sent_s + (0.0 if seq < 30 else 1.0))
        runner.step(sent_s + (0.0 if seq < 30 else 1.0))
        if seq == 29:
            assert unit.ages_s[-1] == pytest.approx(0.0, abs=0.001)
    assert unit.ages_s[-1] == pytest.approx(1.0, abs=0.002)
    assert unit.kinds == ()  # told once, when it had become too old, and not at every late message


def test_a_stream_that_is_late_and_catches_up_is_fresh_again(unit: Listener, runner: Runner) -> None:
    runner.deliver(ORDER.name, order(2, stamp_s=0.05), 0.05)
    runner.deliver(ORDER.name, order(3, stamp_s=0.06), 0.5)
    runner.step(0.5)
    assert unit.kinds == (FaultKind.STALE,)
    runner.deliver(ORDER.name, order(4, stamp_s=0.51), 0.51)
    runner.step(0.51)
    assert unit.kinds == ()
    assert unit.ages_s[-1] == pytest.approx(0.0, abs=0.001)
    assert runner.due_s <= 0.51 + AGE_LIMIT_S


def test_a_new_session_may_have_another_clock() -> None:
    stream = Stream()
    stream.accept(Guard("x", 1, 1, 1000.0), "a", 5.0)
    stream.accept(Guard("x", 2, 1, 3.0), "b", 6.0)
    assert stream.received_at_s == 6.0


def test_clocks_that_drift_apart_make_nothing_late() -> None:
    stream = Stream()
    for n in range(1, 2000):
        stream.accept(Guard("x", 1, n, n * 0.02), n, n * 0.02 * (1.0 + 5e-5))
    assert stream.age_s(1999 * 0.02 * (1.0 + 5e-5)) < 1e-5


def test_a_stream_that_begins_between_two_steps_expires_in_time(unit: Listener) -> None:
    runner = Runner(unit, 7, 0.0)
    runner.step(0.0)
    runner.step(HEARTBEAT_PERIOD_S)
    runner._heartbeat_due_s = 99.0  # so that only the stream can make a step due
    runner.step(0.15)
    runner.deliver(ORDER.name, order(1), 0.2)
    assert runner.due_s == pytest.approx(0.2 + AGE_LIMIT_S)


@given(received_s=st.floats(0.0, 1e6), limit_s=st.floats(1e-3, 10.0))
def test_a_step_at_the_moment_of_expiry_sees_the_expiry(received_s: float, limit_s: float) -> None:
    """Otherwise a host on simulated time would step for ever at that moment."""
    unit = Listener(inputs=(ORDER.input(max_age_s={"cell_manager": limit_s}),))
    runner = Runner(unit, 7, received_s)
    runner.deliver(ORDER.name, order(1), received_s)
    runner.step(received_s)
    expires_s = received_s + limit_s
    if expires_s > received_s:
        runner.step(expires_s)
        assert FaultKind.STALE in unit.kinds


@pytest.mark.parametrize(
    "bad",
    [
        order(0),
        order(-1),
        order(2, session=0),
        order(2, stamp_s=nan),
        order(2, stamp_s=inf),
    ],
)
def test_an_unusable_guard_is_malformed_and_refreshes_nothing(
    unit: Listener, runner: Runner, bad: Order
) -> None:
    runner.deliver(ORDER.name, bad, 0.2)
    runner.step(0.25)
    assert unit.kinds == (FaultKind.MALFORMED,)
    assert unit.ages_s[-1] == pytest.approx(0.25)
    assert unit.orders[-1] == ()


def test_a_repeated_message_is_discarded_counted_and_refreshes_nothing(
    unit: Listener, runner: Runner
) -> None:
    runner.deliver(ORDER.name, order(1), 0.1)
    runner.deliver(ORDER.name, order(1), 0.2)
    runner.step(0.25)
    assert [(f.kind, f.count) for f in unit.faults[-1]] == [(FaultKind.REORDERED, 2)]
    assert unit.ages_s[-1] == pytest.approx(0.25)


def test_a_new_session_is_taken_and_reported_and_the_old_one_is_refused_for_ever(
    unit: Listener, runner: Runner
) -> None:
    runner.deliver(ORDER.name, order(1, session=6), 0.1)
    runner.step(0.1)
    assert unit.kinds == (FaultKind.NEW_SESSION,)
    assert unit.orders[-1][0].guard.session == 6
    runner.deliver(ORDER.name, order(99, session=5), 0.2)
    runner.step(0.2)
    assert unit.kinds == (FaultKind.SECOND_SESSION,)
    assert unit.orders[-1] == ()
    assert unit.ages_s[-1] == pytest.approx(0.1)


def test_messages_of_other_units_are_no_fault(unit: Listener, runner: Runner) -> None:
    runner.deliver(ORDER.name, order(5, source="somebody"), 0.1)
    runner.step(0.1)
    assert unit.kinds == ()
    assert unit.orders[-1] == ()


def test_what_is_for_another_unit_counts_for_the_stream_and_wakes_nobody() -> None:
    port = ORDER.input(wakes=True, is_for=lambda order: order.station == "robot", depth=2)
    unit = Listener(inputs=(port,))
    runner = Runner(unit, 7, 0.0)
    runner.step(0.0)
    due_s = runner.due_s
    for seq in (1, 2, 3):
        runner.deliver(ORDER.name, Order("spindle", guard=Guard("cell_manager", 5, seq, 0.0)), 0.1)
    assert runner.due_s == due_s
    runner.deliver(ORDER.name, Order("robot", guard=Guard("cell_manager", 5, 3, 0.0)), 0.1)
    assert runner.due_s == due_s, "repeated: the sequence is that of all"
    runner.deliver(ORDER.name, Order("robot", guard=Guard("cell_manager", 5, 4, 0.0)), 0.1)
    assert runner.due_s == 0.1
    runner.deliver(ORDER.name, Order("spindle", guard=Guard("cell_manager", 6, 1, 0.0)), 0.1)
    runner.step(0.1)
    assert set(unit.kinds) == {FaultKind.REORDERED, FaultKind.NEW_SESSION}
    assert [o.station for o in unit.orders[-1]] == ["robot"]


def test_a_message_of_another_type_is_malformed(unit: Listener, runner: Runner) -> None:
    runner.deliver(ORDER.name, Rx(b"", 0.0), 0.1)
    assert runner.due_s <= 0.1
    runner.step(0.1)
    assert unit.kinds == (FaultKind.MALFORMED,)


def test_a_type_without_a_guard_is_refused_on_a_guarded_port() -> None:
    unit = Listener(inputs=(Input("rx", Rx),))
    runner = Runner(unit, 7, 0.0)
    runner.deliver("rx", Rx(b"x", 0.0), 0.0)
    runner.step(0.0)
    assert unit.kinds == (FaultKind.MALFORMED,)


def test_more_messages_than_the_depth_drop_the_oldest_and_say_so(unit: Listener, runner: Runner) -> None:
    for seq in range(2, 8):
        runner.deliver(ORDER.name, order(seq), 0.1)
    runner.step(0.1)
    assert [(f.kind, f.count) for f in unit.faults[-1]] == [(FaultKind.OVERFLOW, 3)]
    assert [o.guard.seq for o in unit.orders[-1]] == [5, 6, 7]


def test_each_message_is_new_in_one_step_only(unit: Listener, runner: Runner) -> None:
    runner.deliver(ORDER.name, order(2), 0.1)
    runner.step(0.1)
    runner.step(0.2)
    assert [len(o) for o in unit.orders[-2:]] == [1, 0]


def test_a_flood_of_garbage_hides_no_other_fault(unit: Listener, runner: Runner) -> None:
    for n in range(1000):
        runner.deliver_malformed(COMMAND.name, f"garbage {n}", 0.1)
        runner.deliver(ORDER.name, order(1), 0.1)
    runner.deliver(ORDER.name, order(1, session=6), 0.1)
    runner.step(1.2)
    counts = {f.kind: f.count for f in unit.faults[-1]}
    assert counts[FaultKind.MALFORMED] == 1000
    assert counts[FaultKind.NEW_SESSION] == counts[FaultKind.LATE_STEP] == 1
    assert FaultKind.STALE in counts


def test_names_that_a_sender_chooses_do_not_grow_the_faults() -> None:
    unit = Listener(inputs=(ORDER.input(),))
    runner = Runner(unit, 7, 0.0)
    for n in range(500):
        runner.deliver(ORDER.name, order(0, source=f"unknown_{n}"), 0.0)
    runner.step(0.0)
    assert len(unit.faults[-1]) == 64


def test_a_step_long_after_its_deadline_is_reported(unit: Listener, runner: Runner) -> None:
    runner.deliver(ORDER.name, order(2), 0.9)
    runner.step(1.04)
    assert FaultKind.LATE_STEP not in unit.kinds
    runner.step(2.04 + 0.06)
    assert FaultKind.LATE_STEP in unit.kinds


def test_waking_inputs_make_a_step_due_and_others_do_not(runner: Runner) -> None:
    runner.deliver(LINE_EVENT.name, LineEvent(LineEventKind.OPENED), 0.05)
    assert runner.due_s == pytest.approx(HEARTBEAT_PERIOD_S)
    runner.deliver(COMMAND.name, CellCommand("1", "op", 1), 0.06)
    assert runner.due_s == pytest.approx(0.06)


def test_a_repeated_message_wakes_nobody(runner: Runner) -> None:
    runner.deliver(ORDER.name, order(1), 0.05)
    assert runner.due_s == pytest.approx(HEARTBEAT_PERIOD_S)


def test_heartbeats_come_from_the_step_itself(runner: Runner) -> None:
    now_s, beats = 0.0, []
    while len(beats) < 10:
        now_s = runner.due_s
        beats += [(now_s, s.message) for s in runner.step(now_s) if isinstance(s.message, Heartbeat)]
    assert [round(at_s, 6) for at_s, _ in beats] == [round(0.1 * n, 6) for n in range(1, 11)]
    assert [b.guard.seq for _, b in beats] == list(range(2, 12))
    assert {b.guard.session for _, b in beats} == {7}


def test_guarded_messages_are_stamped_and_local_ones_are_not(unit: Listener, runner: Runner) -> None:
    unit.sent = (
        Sent(ORDER.name, Order("robot")),
        Sent(ORDER.name, Order("robot")),
        Sent(RX.name, Rx(b"x", 1.0)),
    )
    sent = runner.step(0.05)
    assert [s.message.guard for s in sent[:2] if isinstance(s.message, Order)] == [
        Guard("listener", 7, 1, 0.05),
        Guard("listener", 7, 2, 0.05),
    ]
    assert sent[2].message == Rx(b"x", 1.0)


def test_sending_another_type_than_declared_is_an_error(unit: Listener, runner: Runner) -> None:
    unit.sent = (Sent(ORDER.name, Rx(b"", 0.0)),)
    with pytest.raises(TypeError, match="Rx on order, where Order is declared"):
        runner.step(0.05)


def test_port_names_are_unique() -> None:
    names = [port.name for port in TOPICS]
    assert len(set(names)) == len(names)
    assert STATION_STATE in TOPICS


GUARDS = st.tuples(st.integers(0, 4), st.integers(-1, 6), st.sampled_from((0.0, 1.0, nan)))


@given(st.lists(GUARDS, max_size=40))
def test_no_sequence_of_messages_makes_a_stream_go_back(guards: list[tuple[int, int, float]]) -> None:
    """Within a session numbers only rise; a session that was left is never taken again; only a taken
    message refreshes the age."""
    stream = Stream()
    left: set[int] = set()
    for at, (session, seq, stamp_s) in enumerate(guards):
        before = replace(stream, retired=set(stream.retired))
        is_taken, fault = stream.accept(Guard("x", session, seq, stamp_s), at, float(at))
        if is_taken:
            assert session != 0
            assert session not in left
            assert seq > (before.seq if session == before.session else 0)
            assert stream.received_at_s <= float(at)
            assert (fault is FaultKind.NEW_SESSION) == (before.session not in (0, session))
            if before.session not in (0, session):
                left.add(before.session)
        else:
            assert fault is not None
            assert stream.received_at_s == before.received_at_s
            assert stream.message is before.message
            assert stream.discarded == before.discarded + 1
