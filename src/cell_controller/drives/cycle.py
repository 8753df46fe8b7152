"""Which exchange comes next on a line: stops, then the slots of the schedule.

A cycle serves every fast drive once and then one slot of the round that `schedule` computes: read of a slow
drive, pending write, ..., slow block or audit. Slots without work are left out. A silent drive gets a probe
now and then, in the place of its read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum
from math import inf

from cell_controller.drives.device import Device
from cell_controller.drives.job import Job
from cell_controller.drives.schedule import LEAST_CYCLE_S

# Between two looks at armed settings: all of a line's within seconds, and the processor is left to others.
AUDIT_S = 0.1


class _Slot(Enum):
    READ = "read"
    WRITE = "write"
    AUDIT = "audit"


class Cycle:
    """Hands out jobs in the order of the schedule."""

    def __init__(self, devices: tuple[Device, ...]) -> None:
        self._devices = devices
        self._fast = tuple(d for d in devices if d.profile.reads.every_cycle)
        self._slow = tuple(d for d in devices if not d.profile.reads.every_cycle)
        self._round: tuple[tuple[_Slot, Device | None], ...] = (
            *(entry for d in self._slow for entry in ((_Slot.READ, d), (_Slot.WRITE, None))),
            *(() if self._slow else ((_Slot.WRITE, None),)),
            (_Slot.AUDIT, None),
        )
        self._left: deque[Device] = deque(self._fast)  # fast drives that this cycle has not served
        self._is_slot_open = True
        self._began_s = -inf
        self._at = 0
        self._writer = 0
        self._reader = 0  # of slow blocks
        self._auditor = 0
        self._audit_at_s = -inf

    def _restart(self, now_s: float) -> None:
        """Begin a new cycle."""
        self._left = deque(self._fast)
        self._is_slot_open = True
        self._began_s = now_s

    @property
    def next_cycle_s(self) -> float:
        """When the next cycle may begin."""
        return self._began_s + LEAST_CYCLE_S

    def stop_job(self, now_s: float, order: tuple[Device, ...], *, all_writes: bool) -> Job | None:
        """The first stop that is wanted; with `all_writes`, in a stop program, any write. Changes nothing.

        A drive that did not take its stop comes after all that were not asked yet.
        """
        again = None
        for device in order:
            job = (
                device.write_job(now_s, stops_only=not all_writes) if device.contact.may_ask(now_s) else None
            )
            if job is not None and device.contact.failures == 0:
                return job
            again = again or job
        return again

    def next_job(self, now_s: float, *, arms_first: bool, may_reset: bool) -> Job | None:
        """The next request of the schedule, None when nobody has to be asked now."""
        job = self._cyclic(now_s, arms_first, may_reset)
        if job is None and (arms_first or now_s >= self.next_cycle_s):
            self._restart(now_s)
            job = self._cyclic(now_s, arms_first, may_reset)
        return job

    def _cyclic(self, now_s: float, arms_first: bool, may_reset: bool) -> Job | None:
        while self._left:
            device = self._left.popleft()
            if device.contact.may_ask(now_s):
                return self._fast_job(device, now_s)
        if not self._is_slot_open:
            return None
        self._is_slot_open = False
        job = self._write_job(now_s, arms_first, may_reset) if arms_first else None
        if job is not None:
            return job
        for _ in self._round:
            slot, reader = self._round[self._at]
            self._at = (self._at + 1) % len(self._round)
            job = self._slot_job(slot, reader, now_s, may_reset)
            if job is not None:
                return job
        return None

    def _fast_job(self, device: Device, now_s: float) -> Job:
        """Setpoint and state in one exchange where the drive can, else the read first and the write soon."""
        if device.is_offline:
            return device.fast_job()
        job = device.write_job(now_s)
        if job is None or job.wanted is None:
            return device.fast_job()
        if not job.wanted.exchange.with_read:
            self._left.appendleft(device)  # its read follows, unless it has more to write
        return job

    def _slot_job(self, slot: _Slot, device: Device | None, now_s: float, may_reset: bool) -> Job | None:
        if slot is _Slot.READ and device is not None:
            return device.fast_job() if device.contact.may_ask(now_s) else None
        if slot is _Slot.WRITE:
            return self._write_job(now_s, False, may_reset)
        return self._audit_job(now_s)

    def _write_job(self, now_s: float, arms_first: bool, may_reset: bool) -> Job | None:
        """A write of the next drive that waits: arming with its last reading, fault reset, setpoint."""
        for step in range(len(self._devices)):
            at = (self._writer + step) % len(self._devices)
            device = self._devices[at]
            if device.is_offline:
                continue
            job = device.arm_job(now_s)
            if job is None and arms_first and device.needs_reading:
                job = device.fast_job()
            if job is None and may_reset:
                job = device.reset_job(now_s)
            if job is None and device in self._slow:
                job = device.write_job(now_s)
            if job is not None:
                self._writer = at + 1
                return job
        return None

    def _audit_job(self, now_s: float) -> Job | None:
        """A slow block that is due, else a setting now and then."""
        self._reader, job = self._in_turn(Device.slow_job, self._reader)
        if job is None and now_s >= self._audit_at_s:
            self._auditor, job = self._in_turn(Device.audit_job, self._auditor)
            if job is not None:
                self._audit_at_s = now_s + AUDIT_S
        return job

    def _in_turn(self, ask: Callable[[Device], Job | None], first: int) -> tuple[int, Job | None]:
        """The job of the next device that has one, and whose turn it is after that."""
        for step in range(len(self._devices)):
            at = (first + step) % len(self._devices)
            device = self._devices[at]
            job = None if device.is_offline else ask(device)
            if job is not None:
                return at + 1, job
        return first, None

    @property
    def probe_at_s(self) -> float:
        """When a drive may be asked again: now, unless nobody on the line answers."""
        return min((d.contact.probe_at_s for d in self._devices), default=inf)
