"""Recorder: writes part events, alarms and trips down as they come. Reads only; losing it stops nothing."""

from __future__ import annotations

from dataclasses import dataclass

from cell_controller.config import RECORDER
from cell_controller.messages import Alarms, CellState, PartEvent, SafetyState
from cell_controller.runtime import Input, Inputs, Output, Qos, Sent, Service, Step, ports
from cell_controller.runtime.trace import encode

PERIOD_S = 0.5


@dataclass(frozen=True, slots=True)
class Record:
    """Unit to host: one line for the record."""

    topic: str
    content: object


RECORD = ports.Port("record", Record, Qos.LOCAL)


class Recorder:
    """What changed, in the order in which it was heard."""

    name = RECORDER
    max_lateness_s = 10.0  # late is better than never here
    services: tuple[Service, ...] = ()
    clients: tuple[Service, ...] = ()

    def __init__(self) -> None:
        self.inputs: tuple[Input, ...] = (
            ports.PART_EVENT.input(depth=100),
            ports.ALARMS.input(),
            ports.STATE.input(depth=100),
            ports.SAFETY.input(depth=100),
        )
        self.outputs: tuple[Output, ...] = (RECORD.output(),)
        self._state_seq = 0
        self._trips: tuple[str, ...] | None = None

    def step(self, inputs: Inputs, now_s: float) -> Step:
        sent = [self._record(ports.PART_EVENT.name, e) for e in inputs.new(ports.PART_EVENT.name, PartEvent)]
        sent += [self._record(ports.ALARMS.name, a) for a in inputs.new(ports.ALARMS.name, Alarms)]
        for state in inputs.new(ports.STATE.name, CellState):
            if state.state_seq != self._state_seq:
                self._state_seq = state.state_seq
                sent.append(self._record(ports.STATE.name, state))
        for safety in inputs.new(ports.SAFETY.name, SafetyState):
            trips = tuple(f"{t.rule} {t.subject}" for t in safety.trips)
            if trips != self._trips:
                self._trips = trips
                sent.append(self._record(ports.SAFETY.name, safety))
        return Step(tuple(sent), now_s + PERIOD_S)

    def _record(self, topic: str, message: object) -> Sent:
        return Sent(RECORD.name, Record(topic, encode(message)))
