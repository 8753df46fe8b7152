"""SimHost: processes, network and clock on simulated time."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from cell_controller.messages import Heartbeat, SafetyState
from cell_controller.runtime import FaultKind, Input, InputFault, Inputs, Output, Sent, Service, Step, ports
from cell_sim.host.node import Life
from cell_sim.host.simhost import SimHost
from cell_sim.host.transport import LinkFault


@dataclass
class Ticker:
    """Publishes a numbered SafetyState every 10 ms."""

    name: str = "interlock"
    max_lateness_s: float = inf
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = (ports.SAFETY.output(),)
    services: tuple[Service, ...] = ()
    clients: tuple[Service, ...] = ()
    count: int = 0

    def step(self, inputs: Inputs, now_s: float) -> Step:
        self.count += 1
        return Step((Sent(ports.SAFETY.name, SafetyState(epoch=self.count)),), now_s + 0.010)


@dataclass
class Listener:
    """Keeps what it hears, with the times and the faults."""

    name: str = "cell_manager"
    max_lateness_s: float = 0.05
    inputs: tuple[Input, ...] = (ports.SAFETY.input(wakes=True, max_age_s={"interlock": 0.1}),)
    outputs: tuple[Output, ...] = ()
    services: tuple[Service, ...] = ()
    clients: tuple[Service, ...] = ()
    heard: list[tuple[float, int]] = field(default_factory=list)
    faults: list[tuple[float, InputFault]] = field(default_factory=list)

    def step(self, inputs: Inputs, now_s: float) -> Step:
        self.heard += [(now_s, m.epoch) for m in inputs.new(ports.SAFETY.name, SafetyState)]
        self.faults += [(now_s, f) for f in inputs.faults]
        return Step((), now_s + 1.0)


def pair(seed: int = 1) -> tuple[SimHost, list[Listener]]:
    host, made = SimHost(seed), []

    def listener() -> Listener:
        made.append(Listener())
        return made[-1]

    host.add("interlock", Ticker)
    host.add("cell_manager", listener)
    host.start("interlock")
    host.start("cell_manager")
    return host, made


def kinds(listener: Listener) -> list[FaultKind]:
    """Faults after the first step, which has not heard of anybody yet."""
    return [fault.kind for at_s, fault in listener.faults if at_s > 0.0]


def test_messages_arrive_in_order_and_later_than_they_were_sent() -> None:
    host, (listener,) = pair()
    sent_at_s: dict[int, float] = {}
    host.observers.append(
        lambda now_s, _, sent: (
            sent_at_s.update({sent.message.epoch: now_s}) if isinstance(sent.message, SafetyState) else None
        )
    )
    host.run_for(1.0)
    numbers = [n for _, n in listener.heard]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 98
    assert all(0.0 < at_s - sent_at_s[n] <= 0.010 for at_s, n in listener.heard)
    assert not kinds(listener)


def test_the_same_seed_gives_the_same_run_and_another_seed_another() -> None:
    def run(seed: int) -> list[tuple[float, int]]:
        host, (listener,) = pair(seed)
        host.run_for(0.5)
        return listener.heard

    assert run(7) == run(7)
    assert run(7) != run(8)


def test_a_silent_peer_is_reported_stale_when_its_age_expires_not_at_the_next_period() -> None:
    host, (listener,) = pair()
    host.run_for(0.5)
    host.kill("interlock")
    host.run_for(0.4)
    last_s = listener.heard[-1][0]
    assert kinds(listener) == [FaultKind.STALE]
    assert listener.faults[-1][0] - last_s < 0.1 + 1e-6


def test_a_restarted_peer_comes_back_with_a_new_session() -> None:
    host, (listener,) = pair()
    host.run_for(0.2)
    host.kill("interlock")
    host.start("interlock")
    host.run_for(0.2)
    assert kinds(listener) == [FaultKind.NEW_SESSION]


def test_a_hung_process_says_nothing_and_steps_late_when_it_goes_on() -> None:
    host, (listener,) = pair()
    host.run_for(0.2)
    host.hang("cell_manager")
    before = len(listener.heard)
    host.run_for(2.0)
    assert len(listener.heard) == before
    host.go_on("cell_manager")
    host.run_for(0.0)
    assert FaultKind.LATE_STEP in kinds(listener)
    assert len(listener.heard) <= before + 10, "the middleware keeps no more than its depth"


def test_a_message_on_its_way_to_a_dead_process_does_not_reach_its_successor() -> None:
    host, made = pair()
    host.run_for(0.2)
    host.kill("cell_manager")
    host.kill("interlock")
    host.start("cell_manager")
    host.run_for(0.2)
    assert made[1].heard == []
    assert host.nodes["interlock"].life is Life.DEAD


def test_lost_repeated_and_overtaking_messages_are_seen_as_gaps_and_discarded() -> None:
    host, (listener,) = pair()
    host.transport.faults.append(LinkFault("safety", "interlock", 1.0, loss=0.2, repeat=0.3, reorder=0.2))
    host.run_for(1.0)
    numbers = [n for _, n in listener.heard]
    assert numbers == sorted(set(numbers)), "a repeated or reordered message must not be seen twice or late"
    assert len(numbers) < 95
    assert FaultKind.REORDERED in kinds(listener)


def test_every_unit_has_a_heartbeat_from_its_own_step() -> None:
    host, _ = pair()
    beats: list[tuple[float, str]] = []
    host.observers.append(
        lambda now_s, name, sent: beats.append((now_s, name)) if isinstance(sent.message, Heartbeat) else None
    )
    host.run_for(1.0)
    assert 9 <= sum(name == "cell_manager" for _, name in beats) <= 11
    assert 9 <= sum(name == "interlock" for _, name in beats) <= 11
