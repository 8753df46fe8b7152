"""A look at one drive on a line that nobody else speaks on: its fast block, read again and again."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from cell_controller.config import AxisDrive, Drive
from cell_controller.drives.errors import BlockLengthError
from cell_controller.drives.image import Image
from cell_controller.drives.line_time import LineSpeed
from cell_controller.drives.profile import DriveProfile
from cell_controller.drives.protocols import CODECS
from cell_controller.drives.protocols.request import RegistersReply
from cell_controller.drives.requests import read_request
from cell_controller.drives.transaction import HalfDuplex
from cell_controller.messages import DriveCondition


@dataclass(frozen=True, slots=True)
class Reading:
    """What the drive said of itself when the request was over."""

    at_s: float
    position_m: float  # NaN of a spindle
    speed: float  # m/s, or rpm of a spindle
    is_standing: bool
    condition: DriveCondition
    fault_code: int


class Look:
    """Sans-I/O: `feed` bytes, `step` gives bytes to send. Silent until it is begun."""

    def __init__(self, speed: LineSpeed, drive: Drive, profile: DriveProfile, now_s: float) -> None:
        self._line = HalfDuplex(speed, CODECS[profile.protocol], now_s)
        self._drive, self._profile = drive, profile
        self._image = Image(profile, drive)
        self.is_begun = False
        self.readings: list[Reading] = []
        self.failures = 0

    def feed(self, data: bytes, at_s: float) -> None:
        self._line.feed(data, at_s)

    def step(self, now_s: float) -> bytes | None:
        """Bytes of the next request, when one is due."""
        ended = self._line.poll(now_s)
        if ended is not None and isinstance(ended.reply, RegistersReply):
            self._take(ended.reply.words, ended.measured_at_s)
        elif ended is not None:
            self.failures += 1
        timing = self._profile.timing
        if not self.is_begun or not self._line.is_idle or now_s < self._line.start_at_s(timing.gap_s):
            return None
        request = read_request(self._profile, self._drive.unit, self._profile.reads.fast)
        return self._line.start(request, timing, now_s, timing.timeout_s)

    def _take(self, words: tuple[int, ...], at_s: float) -> None:
        image = self._image
        try:
            image.take(self._profile.reads.fast, words, at_s)
        except BlockLengthError:
            self.failures += 1
            return
        is_axis = isinstance(self._drive, AxisDrive)
        speed = image.speed_m_s if is_axis else image.speed_rpm
        # without an encoder 0 is all there is to see; whether it was braked is the prover's question
        stands = image.is_standing or image.may_coast
        self.readings.append(
            Reading(at_s, image.position_m, speed, stands, image.condition, image.fault_code)
        )

    @property
    def due_s(self) -> float:
        if not self.is_begun:
            return inf
        return (
            self._line.due_s if not self._line.is_idle else self._line.start_at_s(self._profile.timing.gap_s)
        )
