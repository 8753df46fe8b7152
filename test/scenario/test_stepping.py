"""A Unit that steps when something is due gives the verdicts of one that steps every millisecond.

The interlock's verdict is whether it is tripped, by what in which order, and which lines it stops. What it
allows after that, it may allow up to a period of its commands later.

A trip is noted up to a tick later by the one that ticks. A standstill measured between the two moments is
one after the trip for the other only, which may then allow a recovery or a reset first. So with a burst of
messages that a queue holds moment by moment, but not all of a tick: only the one that ticks has lost some.
From there on the two go different ways, and the comparison ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from cell_controller.bringup.units import make_unit
from cell_controller.config import INTERLOCK
from cell_controller.messages import Allowed, LineCommand, SafetyPhase, SafetyState
from cell_controller.plan import load_plan
from cell_controller.runtime import Runner, Sent, Unit
from cell_controller.runtime.ports import DRIVE_STATES
from cell_controller.safety.interlock import PERIOD_S
from cell_sim.episodes import episode
from cell_sim.episodes.episode import Task
from cell_sim.episodes.faults import Fault
from cell_sim.episodes.schedule import make_schedule
from cell_sim.host.simcell import SimCell
from cell_sim.host.transport import Latency
from support.moments import TEST_CELL
from support.seeds import fresh

TICK_S = 0.001
FAULTS_S = 12.0
# Slower than a tick, so that nobody answers what the ticking one has not said yet.
LATENCY = Latency(median_s=0.002, sigma=0.2)
# While it hangs a Unit has no verdict; one that steps every millisecond does not hang.
OVERFLOW = ("late", DRIVE_STATES.name)
WITHOUT = ("node.", "kill", "hang", "power.")


@dataclass(slots=True)
class Verdict:
    """What the interlock has last said: is it tripped, epoch, trips in their order, which lines it stops."""

    said: tuple[object, ...] = ()
    stops: dict[str, bool] = field(default_factory=dict)

    def hear(self, sent: Sent) -> None:
        message = sent.message
        if isinstance(message, SafetyState):
            trips = tuple((t.rule, t.subject) for t in message.trips)
            self.said = (message.phase is SafetyPhase.TRIPPED, message.epoch, trips)
        elif isinstance(message, LineCommand):
            self.stops[message.line] = any(d.allowed is Allowed.STOP_PROGRAM for d in message.drives)

    @property
    def key(self) -> tuple[object, ...]:
        return (*self.said, *sorted(self.stops.items()))


def trips_of(key: tuple[object, ...]) -> tuple[object, ...]:
    """Of a verdict; () before the first."""
    trips = key[2] if len(key) > 2 else ()
    return trips if isinstance(trips, tuple) else ()


@dataclass(slots=True)
class Life:
    """Everything that one process of the interlock heard, and what followed."""

    session: int
    begun_s: float
    heard: list[tuple[float, str, object]] = field(default_factory=list)
    verdicts: list[tuple[float, tuple[object, ...]]] = field(default_factory=list)
    _verdict: Verdict = field(default_factory=Verdict)

    def on_input(self, at_s: float, port: str, message: object) -> None:
        self.heard.append((at_s, port, message))

    def on_step(self, now_s: float, sent: tuple[Sent, ...]) -> None:
        for each in sent:
            self._verdict.hear(each)
        self.verdicts.append((now_s, self._verdict.key))


def schedule(seed: str) -> tuple[Fault, ...]:
    loaded, _ = load_plan(TEST_CELL)
    return tuple(f for f in make_schedule(loaded.cell, seed) if not f.kind.value.startswith(WITHOUT))


def live(seed: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Life, SimCell]:
    """An episode with its faults, as the interlock went through it."""
    lives: list[Life] = []
    cells: list[SimCell] = []

    def note(unit: str, session: int, now_s: float) -> Life:
        lives.append(Life(session, now_s))
        return lives[-1]

    class Tapped(SimCell):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options, latency=LATENCY)

        def start(self, *names: str) -> None:
            if not cells:
                cells.append(self)
                self.host.nodes[INTERLOCK].tracer = note  # type: ignore[assignment]
            super().start(*names)

    monkeypatch.setattr(episode, "SimCell", Tapped)
    monkeypatch.setattr(episode, "AFTERWARDS_S", 0.0)
    episode.run(Task(TEST_CELL, seed, faults=schedule(seed), faults_s=FAULTS_S))
    (life,) = lives
    return life, cells[0]


def ticking(life: Life, unit: Unit) -> list[tuple[float, tuple[object, ...]]]:
    """The same inputs, taken up at the next full millisecond, in which every Unit steps."""
    runner, verdict = Runner(unit, life.session, life.begun_s), Verdict()
    found, at = [], 0
    for number in range(int((life.verdicts[-1][0] - life.begun_s) / TICK_S)):
        now_s = life.begun_s + number * TICK_S
        while at < len(life.heard) and life.heard[at][0] <= now_s:
            at_s, port, message = life.heard[at]
            runner.deliver(port, message, at_s)
            at += 1
        for sent in runner.step(now_s):
            verdict.hear(sent)
        found.append((now_s, verdict.key))
    return found


@pytest.mark.parametrize("seed", ["12:0", "367329121:0", "192711281:0", "360162784:0", "fresh"])
def test_stepping_when_due_gives_the_verdicts_of_stepping_every_millisecond(
    seed: str, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    if seed == "fresh":
        seed = fresh(record_property)
    life, cell = live(seed, monkeypatch)
    ticks = ticking(life, make_unit(INTERLOCK, cell.loaded, cell.plan))
    assert len({key for _, key in ticks}) > 3, "something has to have happened"
    at, present = 0, ()
    for now_s, key in ticks:
        within = [present]
        while at < len(life.verdicts) and life.verdicts[at][0] <= now_s:
            present = life.verdicts[at][1]
            within.append(present)
            at += 1
        if present[:1] == (False,) and key[:1] == (True,) and key[2:3] == present[2:3]:
            return
        if OVERFLOW in trips_of(key) and OVERFLOW not in trips_of(present):
            return
        if present[:1] == (True,) and key[:1] == (False,):
            within += [later for at_s, later in life.verdicts[at:] if at_s <= now_s + PERIOD_S]
        assert key in within, f"seed {seed}, t={now_s:.4f} s: {present} by events, {key} by ticks"
