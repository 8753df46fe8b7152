"""Talks to the drives of one open line: picks the next exchange, sends it, takes its reply."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from cell_controller.drives.broadcast import Broadcast
from cell_controller.drives.cycle import Cycle
from cell_controller.drives.device import Device
from cell_controller.drives.job import Job, Purpose
from cell_controller.drives.line_time import LineSpeed
from cell_controller.drives.protocols import Codec
from cell_controller.drives.transaction import HalfDuplex

LATE_S = 0.016  # a reply may reach us as much later than the drive gave it: latency timer of FTDI adapters


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the bus wants of the line at this moment."""

    order: tuple[Device, ...]  # in which drives are stopped, and served in a stop program
    is_stopping: bool = False  # a stop program plays: its writes come before every read
    is_arming: bool = False  # nothing moves yet: settings come before cyclic reads
    may_reset: bool = False  # faults may be cleared


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Bytes to send now."""

    data: bytes
    drains: bool  # throw away first what the port holds: it is nobody's


class Conversation:
    """One open port, from its opening to its end."""

    def __init__(self, speed: LineSpeed, codec: Codec, devices: tuple[Device, ...], now_s: float) -> None:
        self._line = HalfDuplex(speed, codec, now_s)
        self._devices = {d.name: d for d in devices}
        self._cycle = Cycle(devices)
        self._flying: Job | None = None
        self._next: Job | None = None
        self._stop: tuple[float, Wishes, Job | None] | None = None  # newest answer of `_stop_job`
        self._broadcast = Broadcast(devices)

    def feed(self, data: bytes, at_s: float) -> None:
        """Bytes that the host read at this time."""
        self._line.feed(data, at_s)

    def collect(self, now_s: float) -> Device | None:
        """Take the end of the request in flight; the drive whose fast block was read by it, if one was."""
        self._stop = None
        ended = self._line.poll(now_s)
        job, self._flying = self._flying, None if ended is not None else self._flying
        if ended is None or job is None:
            return None
        device = self._devices[job.device]
        device.ended(job, ended, now_s)
        return device if ended.error is None and job.purpose in (Purpose.FAST, Purpose.WRITE) else None

    def talk(self, wishes: Wishes, now_s: float) -> Outgoing | None:
        """Begin the next exchange when the line is free; a stop waits no longer than it must."""
        line = self._line
        stop = self._stop_job(wishes, now_s)
        if not line.is_idle:
            if stop is None or self._is_stop(self._flying, wishes) or now_s < line.yields_at_s:
                return None
            line.give_up(now_s)
            if self._flying is not None:
                self._devices[self._flying.device].interrupted(self._flying)
                self._flying = None
            self._stop = None
            stop = self._stop_job(wishes, now_s)
        if now_s < line.start_at_s(0.0):
            return None
        if stop is None:
            self._broadcast.over()
        elif now_s >= line.start_at_s(self._gap_s(stop)) and (for_all := self._broadcast.request(now_s)):
            drains, timing = not line.is_clean, self._devices[stop.device].profile.timing
            return Outgoing(line.tell(for_all, timing, now_s), drains)
        job = stop or self._scheduled(wishes, now_s)
        if job is None or now_s < line.start_at_s(self._gap_s(job)):
            return None
        return self._send(job, wishes, now_s)

    def _send(self, job: Job, wishes: Wishes, now_s: float) -> Outgoing:
        device = self._devices[job.device]
        timing = device.profile.timing
        within_s = timing.timeout_s
        if wishes.is_stopping and device.contact.failures > 0:  # a silent drive must not hold up the others
            within_s = timing.max_reply_delay_s
        elif job.wanted is not None and job.wanted.stage.is_stop:  # a lost stop is repeated soon
            within_s = min(timing.max_reply_delay_s + LATE_S, timing.timeout_s)
        drains = not self._line.is_clean
        self._flying, self._next = job, None
        return Outgoing(self._line.start(job.request, timing, now_s, within_s), drains)

    def _is_stop(self, job: Job | None, wishes: Wishes) -> bool:
        """Served as a stop itself: it has its own time limit, and the next stop waits for it."""
        wanted = job.wanted if job is not None else None
        return wanted is not None and (wishes.is_stopping or wanted.stage.is_stop)

    def _stop_job(self, wishes: Wishes, now_s: float) -> Job | None:
        """Looked for once in a step: to talk, and to say when to be called again."""
        if self._stop is None or self._stop[0] != now_s or self._stop[1] is not wishes:
            job = self._cycle.stop_job(now_s, wishes.order, all_writes=wishes.is_stopping)
            self._stop = now_s, wishes, job
        return self._stop[2]

    def _scheduled(self, wishes: Wishes, now_s: float) -> Job | None:
        """The next job of the schedule, chosen once; a write whose goal has passed is dropped.

        Not so the reset of a fault: it serves no goal, and would be chosen and dropped for ever.
        """
        held = self._next
        goal = self._devices[held.device].actuator.goal if held is not None else None
        is_towards_goal = held is not None and held.purpose is Purpose.WRITE
        if is_towards_goal and held is not None and held.wanted is not None and held.wanted.goal != goal:
            self._next = None
        if self._next is None:
            self._next = self._cycle.next_job(now_s, arms_first=wishes.is_arming, may_reset=wishes.may_reset)
        return self._next

    def _gap_s(self, job: Job) -> float:
        return self._devices[job.device].profile.timing.gap_s

    def due_s(self, wishes: Wishes, now_s: float) -> float:
        """When there is something to do without new bytes."""
        line = self._line
        stop = self._stop_job(wishes, now_s)
        if not line.is_idle:
            is_urgent = stop is not None and not self._is_stop(self._flying, wishes)
            return min(line.due_s, line.yields_at_s if is_urgent else inf)
        job = stop or self._next
        if job is not None:
            return line.start_at_s(self._gap_s(job))
        start_s = line.start_at_s(0.0)
        if start_s > now_s:
            return start_s
        return max(self._cycle.next_cycle_s, self._cycle.probe_at_s)
