"""What the simulated hosts do for their own Units: serial lines and the journal, on simulated time."""

from __future__ import annotations

import random
from collections.abc import Callable
from math import inf
from typing import Protocol

from cell_controller.messages import (
    JournalFailed,
    JournalLoaded,
    JournalSynced,
    JournalWrite,
    LineEvent,
    LineEventKind,
    LineRequest,
    LineRequestKind,
    PartEvent,
    Rx,
    Tx,
)
from cell_controller.runtime import Sent, ports
from cell_sim.host.node import Life, SimNode
from cell_sim.host.simhost import SimHost

OPEN_S = 0.002  # opening and configuring a port, as measured on ptys


class Wire(Protocol):
    """A virtual line as its master sees it."""

    def write(self, data: bytes, now_s: float) -> None:
        """The master begins to send these bytes now."""

    def next_event_s(self) -> float:
        """When the next bytes for the master arrive; inf when none are under way."""

    def read(self, now_s: float) -> bytes:
        """Bytes that have arrived by now."""


class SimSerial:
    """The port of one drive bus on a virtual line; `unplug` and `plug` are the cable."""

    def __init__(self, host: SimHost, bus: str, wire: Wire) -> None:
        self._host, self._bus, self._wire = host, bus, wire
        self.is_plugged = True
        self._open_for = 0  # number of the process start that has the port open; 0: closed
        self._polled_s = inf

    @property
    def _node(self) -> SimNode:
        return self._host.nodes[self._bus]

    @property
    def is_open(self) -> bool:
        return self._open_for == self._node.starts and self._node.life is not Life.DEAD

    def handle(self, node: SimNode, sent: Sent, now_s: float) -> None:
        message = sent.message
        if isinstance(message, Tx):
            if self.is_open and self.is_plugged:
                self._wire.write(message.data, now_s)
                self._poll()
        elif isinstance(message, LineRequest):
            self._request(message.kind, now_s)

    def _request(self, kind: LineRequestKind, now_s: float) -> None:
        if kind is LineRequestKind.OPEN:
            starts = self._node.starts
            self._host.scheduler.at(now_s + OPEN_S, lambda: self._opened(starts))
        elif kind is LineRequestKind.CLOSE:
            self._open_for = 0
            self._tell(LineEventKind.CLOSED, "closed on request")
        else:
            self._wire.read(now_s)

    def _opened(self, starts: int) -> None:
        if self._node.starts != starts or self._node.life is Life.DEAD:
            return
        if not self.is_plugged:
            self._tell(LineEventKind.FAILED, "no such device: unplugged")
            return
        self._open_for = starts
        self._wire.read(self._host.now_s)  # what came while nobody listened
        self._tell(LineEventKind.OPENED, self._bus)

    def unplug(self) -> None:
        """Pull the cable: the open port fails."""
        self.is_plugged = False
        self._host.tell(self._bus, "unplug")
        if self.is_open:
            self._open_for = 0
            self._tell(LineEventKind.FAILED, "SerialException: device disconnected")

    def plug(self) -> None:
        self.is_plugged = True

    def _tell(self, kind: LineEventKind, text: str) -> None:
        self._host.deliver(self._bus, ports.LINE_EVENT.name, LineEvent(kind, text))

    def _poll(self) -> None:
        at_s = self._wire.next_event_s()
        if at_s == inf or (self._host.now_s <= self._polled_s <= at_s):
            return
        self._polled_s = at_s
        self._host.scheduler.at(at_s, lambda: self._arrived(at_s))

    def _arrived(self, planned_s: float) -> None:
        if planned_s != self._polled_s:
            return  # an earlier look has been planned since
        self._polled_s = inf
        now_s = self._host.now_s
        data = self._wire.read(now_s)
        if data and self.is_open and self.is_plugged:
            self._host.deliver(self._bus, ports.RX.name, Rx(data, now_s))
        self._poll()


class SimJournal:
    """The part journal: what is synced survives the manager; syncs take time and can fail."""

    def __init__(self, host: SimHost, manager: str, seed: int | str) -> None:
        self._host, self._manager = host, manager
        self._stream = random.Random(f"{seed}/journal")
        self.events: list[PartEvent] = []
        self.on_synced: list[Callable[[float, tuple[PartEvent, ...]], None]] = []
        self.is_full = False

    def load(self) -> None:
        """To be called at each start of the manager."""
        self._host.deliver(self._manager, ports.JOURNAL_LOADED.name, JournalLoaded(tuple(self.events)))

    def handle(self, node: SimNode, sent: Sent, now_s: float) -> None:
        message = sent.message
        if isinstance(message, JournalWrite):
            starts = node.starts
            sync_s = min(0.2, 0.004 * self._stream.lognormvariate(0.0, 0.8))  # an SSD's fsync
            self._host.scheduler.at(now_s + sync_s, self._sync(node, starts, message))

    def _sync(self, node: SimNode, starts: int, write: JournalWrite) -> Callable[[], None]:
        def sync() -> None:
            if node.starts != starts or node.life is Life.DEAD:
                return  # the process died before its write was on disk
            if self.is_full:
                failed = JournalFailed(write.number, "no space left on device")
                self._host.deliver(self._manager, ports.JOURNAL_FAILED.name, failed)
                return
            self.events.extend(write.events)
            for note in self.on_synced:
                note(self._host.now_s, write.events)
            self._host.deliver(self._manager, ports.JOURNAL_SYNCED.name, JournalSynced(write.number))

        return sync
