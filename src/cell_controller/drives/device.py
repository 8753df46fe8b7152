"""One drive on a line: which exchange it needs next, and what its replies mean."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from cell_controller.config import AxisDrive, Drive, IoDrive
from cell_controller.drives.actuation import Actuator, Seen, Wanted
from cell_controller.drives.arming import Arming
from cell_controller.drives.contact import Contact
from cell_controller.drives.errors import BlockLengthError, DriveError
from cell_controller.drives.goal import Goal, GoalKind
from cell_controller.drives.image import Image
from cell_controller.drives.job import Job, Purpose
from cell_controller.drives.motion import Motion, Track, fastest_reading_rpm, motion_of
from cell_controller.drives.profile import DriveProfile, Quantity, Source, encode_exchange, needs_place
from cell_controller.drives.protocols.errors import DriveExceptionError
from cell_controller.drives.protocols.request import RegistersReply
from cell_controller.drives.requests import read_request, write_request
from cell_controller.drives.statistics import Statistics
from cell_controller.drives.transaction import Ended
from cell_controller.messages import DriveCondition, DriveState

IDENTIFY_S = 1.0  # between two armings of a drive that is not what it must be
FAULT_RESET_S = 1.0  # between two resets of a fault that does not go
SEARCH_BEGINS_S = 0.1  # until then a drive may still show the reference that it has been told to forget
IN_POSITION_REV = 0.01  # coarse against any drive's own window: catches arrival at another target


class Device:
    """Pure bookkeeping of one drive; the bus moves the bytes."""

    def __init__(
        self, name: str, drive: Drive, profile: DriveProfile, arming_values: Mapping[Source, float]
    ) -> None:
        self.name, self.drive, self.profile = name, drive, profile
        self.image = Image(profile, drive)
        self.actuator = Actuator(profile)
        self.arming = Arming(profile, drive.unit, arming_values)
        stop = profile.stops.get(profile.hold_category)
        self._needs_place = stop is not None and any(needs_place(exchange) for exchange in stop.ramp)
        self._fastest_rpm = fastest_reading_rpm(profile) if self._needs_place else inf
        self._track = Track(self._fastest_rpm)
        self._seen: Seen | None = None
        self.shown: DriveState | None = None  # as it was last reported, while that is still so
        self.contact = Contact()
        self._is_unread = True  # not read since it came back: its old values say nothing of now
        self.needs_reading = True  # before it counts as ready
        self._arm_at_s = -inf
        self._reset_at_s = -inf
        self._reset_left: list[Wanted] = []
        self._turns = 0
        self._audits = 0
        self._slow_turns = [-block.every for block in profile.reads.slow]  # due at once: unread is unknown
        self.statistics = Statistics()
        self.untold = ""  # why the goal cannot be told to the drive

    # State

    @property
    def is_module(self) -> bool:
        return isinstance(self.drive, IoDrive)

    @property
    def is_offline(self) -> bool:
        return self.contact.is_offline

    @property
    def is_silent(self) -> bool:
        return self.contact.is_silent

    @property
    def is_armed(self) -> bool:
        return self.arming.is_done and not self.is_offline

    @property
    def condition(self) -> DriveCondition:
        if self.is_offline:
            return DriveCondition.OFFLINE
        return DriveCondition.NOT_READY if self._is_unread else self.image.condition

    @property
    def is_standing(self) -> bool:
        """Measured standstill, by a drive that answers."""
        return not self.is_offline and not self._is_unread and self.image.is_standing

    @property
    def may_coast(self) -> bool:
        """Shows no speed, and is not known to stand."""
        return self.image.may_coast

    @property
    def can_move(self) -> bool:
        """Answers, is armed and switched on."""
        return self.is_armed and self.condition in self.profile.enabled_in

    @property
    def seen(self) -> Seen:
        """What is known at this moment; computed once after each reply."""
        if self._seen is None:
            self._seen = Seen(
                self.condition,
                self.is_standing,
                self.is_armed,
                self.image.measured_at_s,
                self.image.outputs,
                self.image.inputs,
                self.image.fault_code,
                self._motion(),
            )
        return self._seen

    def _motion(self) -> Motion | None:
        """For a stop at a place; nothing where the drive has a ramp of its own for it."""
        if not self._needs_place or not isinstance(self.drive, AxisDrive) or not self.image.is_known:
            return None
        return motion_of(self.image, self.drive, self._fastest_rpm) if self._track.is_believed else None

    @property
    def has_dropped_out(self) -> bool:
        """Went off by itself while it was wanted on."""
        return self.actuator.has_dropped_out(self.seen)

    def at_target(self) -> bool:
        """The newest move or reference is acknowledged, and measured since then to have arrived."""
        if not isinstance(self.drive, AxisDrive) or not self.image.measured_at_s > self.actuator.set_at_s:
            return False
        if self.actuator.goal.kind is GoalKind.REFERENCE:
            is_begun = self.image.measured_at_s > self.actuator.set_at_s + SEARCH_BEGINS_S
            return is_begun and self.image.is_homed and self.image.is_standing
        way_m = abs(self.image.position_m - self.actuator.goal.target_m)
        is_there = way_m <= IN_POSITION_REV * self.drive.m_per_rev
        return is_there and self.image.passes(self.profile.at_target)

    # Exchanges

    def pursue(self, goal: Goal) -> None:
        if self.actuator.pursue(goal):
            self.shown = None
            self.untold = ""

    def port_opened(self) -> None:
        """Everything has to be proved again."""
        self.contact.port_opened()
        self.needs_reading = True
        self._arm_at_s = -inf
        self.disarm()

    def port_lost(self) -> None:
        self.contact.is_offline = True
        self.disarm()

    def disarm(self) -> None:
        """Its settings may be lost."""
        self._seen = self.shown = None
        self.arming.restart()
        self.actuator.forget()

    def write_job(self, now_s: float, *, stops_only: bool = False) -> Job | None:
        """The next write towards the goal."""
        if now_s < self.contact.retry_at_s or (stops_only and not self.actuator.may_want_stop):
            return None
        try:
            wanted = self.actuator.wanted(self.seen, now_s)
            if wanted is None or (stops_only and not wanted.stage.is_stop):
                return None
            return self._write(wanted, Purpose.WRITE)
        except DriveError as error:  # no register holds it: the drive is not told, and the line goes on
            self.untold = str(error)
            last = self.actuator.last_resort()
            return self._write(last, Purpose.WRITE) if last is not None else None

    def _write(self, wanted: Wanted, purpose: Purpose) -> Job:
        request = write_request(self.profile, self.drive.unit, wanted.exchange, dict(wanted.values))
        return Job(self.name, request, purpose, wanted)

    def fast_job(self) -> Job:
        """The read of the fast block."""
        block = self.profile.reads.fast
        request = read_request(self.profile, self.drive.unit, block)
        return Job(self.name, request, Purpose.FAST, block=block)

    def arm_job(self, now_s: float) -> Job | None:
        """The next request of the arming, None when armed or not yet to be tried again."""
        if self.is_offline or now_s < self._arm_at_s:
            return None
        job = self.arming.job()
        return Job(self.name, job.request, Purpose.ARM) if job else None

    def reset_job(self, now_s: float) -> Job | None:
        """The next request that clears a fault; asked only while the line is stopped."""
        if not self._reset_left:
            is_due = self.condition is DriveCondition.FAULT and now_s >= self._reset_at_s
            if not is_due or not self.is_armed or not self.is_standing:
                return None
            self._reset_at_s = now_s + FAULT_RESET_S
            self._reset_left = list(self.actuator.clear_fault())
        return self._write(self._reset_left[0], Purpose.RESET) if self._reset_left else None

    def slow_job(self) -> Job | None:
        """The read of a slow block that is due."""
        for number, block in enumerate(self.profile.reads.slow):
            if self._turns - self._slow_turns[number] >= block.every:
                self._slow_turns[number] = self._turns
                request = read_request(self.profile, self.drive.unit, block)
                return Job(self.name, request, Purpose.SLOW, block=block)
        return None

    def audit_job(self) -> Job | None:
        """One armed setting, in rotation."""
        audit = self.arming.audit_request(self._audits) if self.is_armed else None
        if audit is None:
            return None
        self._audits += 1
        return Job(self.name, audit, Purpose.AUDIT, number=self._audits - 1)

    # Replies

    def ended(self, job: Job, ended: Ended, now_s: float) -> None:
        """How one of this device's requests ended."""
        self._seen = self.shown = None
        if ended.error is not None:
            self.statistics.failed(ended.error)
            self._missed(job)
            self._failed(job, ended.error, now_s)
            return
        self.statistics.answered(now_s - ended.sent_at_s, now_s)
        self._heard()
        words = ended.reply.words if isinstance(ended.reply, RegistersReply) else ()
        try:
            self._took(job, words, ended, now_s)
        except BlockLengthError:
            self.statistics.misfit()
            self._missed(job)

    def _missed(self, job: Job) -> None:
        if job.purpose is Purpose.SLOW and job.block is not None:
            self.image.missed(job.block)

    def _took(self, job: Job, words: tuple[int, ...], ended: Ended, now_s: float) -> None:
        if job.wanted is not None:
            self._written(job, job.wanted, ended)
        if job.purpose is Purpose.ARM:
            self._armed(words, now_s)
        elif job.purpose is Purpose.AUDIT:
            if self.is_armed and not self.arming.audit_holds(job.number, words):
                self.disarm()
        elif job.block is not None:
            self.image.take(job.block, words, ended.measured_at_s)
            if job.purpose is Purpose.FAST:
                self._was_read()
        elif words:  # function 23: written and read at once
            self.image.take(self.profile.reads.fast, words, ended.measured_at_s)
            self._was_read()

    def _was_read(self) -> None:
        self._turns += 1
        if self._needs_place:
            self._track.take(self.image.value(Quantity.POSITION), self.image.measured_at_s)
        self._is_unread = self.needs_reading = False
        if not self.is_armed:
            return
        if self.is_module and self.condition is DriveCondition.FAULT:
            self.disarm()  # in fallback: it missed us for too long, and arming it anew brings it back
        elif any(self.image.passes((test,)) for test in self.profile.unarmed_when):
            self.disarm()

    def _written(self, job: Job, wanted: Wanted, ended: Ended) -> None:
        if job.purpose is Purpose.RESET:
            self._reset_left = self._reset_left[1:]
            self.actuator.forget()
            return
        address, content = encode_exchange(self.profile, wanted.exchange, dict(wanted.values))
        self.actuator.acknowledged(wanted, address, content, ended.sent_at_s)

    def _armed(self, words: tuple[int, ...], now_s: float) -> None:
        job = self.arming.job()
        if job is None:
            return
        self.needs_reading = True
        if not job.is_read:
            self.arming.took()
        elif not self.arming.brought(words):
            self._arm_at_s = now_s + IDENTIFY_S

    def interrupted(self, job: Job) -> None:
        """A stop did not wait for the reply; whether the drive has obeyed is unknown."""
        self.shown = None
        if job.wanted is not None:
            self.actuator.failed(job.wanted)
            self._reset_left = []

    def _heard(self) -> None:
        """After silence, or for the first time: what is known is from before, so prove everything anew."""
        if self.contact.heard():
            self._is_unread = True
            self.disarm()

    def _failed(self, job: Job, error: DriveError, now_s: float) -> None:
        if job.wanted is not None:
            self.actuator.failed(job.wanted)
            self._reset_left = []
        if isinstance(error, DriveExceptionError):  # it answers, and refuses
            self._heard()
            self.contact.refused(now_s)
            if job.purpose is Purpose.ARM:
                self.arming.problem = str(error)
                self.arming.restart()
                self._arm_at_s = now_s + IDENTIFY_S
            return
        is_stop = job.wanted is not None and job.wanted.stage.is_stop
        if self.contact.missed(now_s, is_stop=is_stop):
            self.disarm()
