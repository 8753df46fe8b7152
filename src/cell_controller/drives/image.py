"""What a drive last said about itself, as a DriveState in the cell's units."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan, pi

from cell_controller.config import AxisDrive, Drive, IoDrive, SpindleDrive
from cell_controller.drives.coasting import Coasting
from cell_controller.drives.goal import rated_force_n
from cell_controller.drives.profile import (
    ANALOG_INPUTS,
    BitTest,
    DriveProfile,
    Quantity,
    ReadBlock,
    decode_block,
    raw_block,
)
from cell_controller.messages import DriveCondition

MISSES = 3  # in a row, of a slow block: as many as make a drive silent


class Image:
    """Raw registers and engineering values of one drive; kept when the drive falls silent."""

    def __init__(self, profile: DriveProfile, drive: Drive) -> None:
        self._profile, self._drive = profile, drive
        self._raw: dict[Quantity, int] = {}  # of the fast block
        self._fault = 0  # where a slow block brings it, as old as that
        self._values: dict[Quantity, float] = {}
        self.measured_at_s = -inf  # of the fast block
        self.condition = DriveCondition.OFFLINE
        self._misses: dict[ReadBlock, int] = {}  # of slow blocks, since they were last read
        self._coasting: Coasting | None = None
        if isinstance(drive, SpindleDrive) and not profile.sees_coasting:
            self._coasting = Coasting(drive, inf if drive.coast_s is None else drive.coast_s)

    def take(self, block: ReadBlock, words: Sequence[int], measured_at_s: float) -> None:
        """A block that was read; BlockLengthError when it is not this block."""
        values = decode_block(self._profile, block, words)
        self._values.update(values)
        raw = raw_block(self._profile, block, words)
        self._fault = raw.get(Quantity.FAULT_CODE, self._fault)
        if block is not self._profile.reads.fast:
            self._misses.pop(block, None)
        else:
            self._raw = raw
            self.measured_at_s = measured_at_s
            self.condition = self._profile.condition(self._raw)
            if self._coasting is not None:
                self._coasting.saw(
                    abs(self.speed_rpm),
                    measured_at_s,
                    is_faulted=self.condition is DriveCondition.FAULT,
                    is_braking=self.passes(self._profile.braking),
                )

    def missed(self, block: ReadBlock) -> None:
        """A read of a slow block failed, of a drive that may answer all else: in time what the block
        brings is forgotten, and is no number, so that no rule goes on judging by it."""
        self._misses[block] = self._misses.get(block, 0) + 1
        if self._misses[block] >= MISSES:
            for quantity in block.fields:
                self._values.pop(quantity, None)

    @property
    def is_known(self) -> bool:
        """The fast block has been read at least once since the port was opened."""
        return self.measured_at_s > -inf

    def value(self, quantity: Quantity) -> float:
        return self._values.get(quantity, nan)

    def passes(self, tests: tuple[BitTest, ...]) -> bool:
        """All of at least one test hold."""
        return bool(tests) and all(t.field in self._raw and t.holds(self._raw[t.field]) for t in tests)

    @property
    def fault_code(self) -> int:
        """Code of the present fault, as the fault table counts; 0 without one."""
        if self.condition is not DriveCondition.FAULT:
            return 0
        return self._fault & self._profile.fault_mask

    @property
    def outputs(self) -> int | None:
        """Digital outputs as read back, None before the first reading."""
        return self._raw.get(Quantity.DIGITAL_OUTPUTS)

    @property
    def inputs(self) -> int:
        return self._raw.get(Quantity.DIGITAL_INPUTS, 0)

    @property
    def analog_inputs(self) -> tuple[float, ...]:
        channels = ANALOG_INPUTS[: self._profile.nameplate.analog_inputs]
        return tuple(self.value(q) for q in channels) if self.is_known else ()

    @property
    def position_m(self) -> float:
        if not isinstance(self._drive, AxisDrive):
            return nan
        return self.value(Quantity.POSITION) * self._drive.m_per_rev

    @property
    def speed_m_s(self) -> float:
        if not isinstance(self._drive, AxisDrive):
            return nan
        return self.value(Quantity.SPEED) / 60.0 * self._drive.m_per_rev

    @property
    def force_n(self) -> float:
        if not isinstance(self._drive, AxisDrive):
            return nan
        return self.value(Quantity.TORQUE) / 100.0 * rated_force_n(self._profile, self._drive)

    @property
    def speed_rpm(self) -> float:
        """Of a spindle: the shaft where the drive knows it, else the output frequency."""
        if not isinstance(self._drive, SpindleDrive):
            return nan
        shaft = self.value(Quantity.SHAFT_SPEED)
        return shaft if shaft == shaft else self.value(Quantity.SPEED) * self._drive.rpm_per_hz

    @property
    def torque_nm(self) -> float:
        if not isinstance(self._drive, SpindleDrive):
            return nan
        return self.value(Quantity.TORQUE) / 100.0 * (self._profile.nameplate.rated_torque_nm or nan)

    @property
    def power_w(self) -> float:
        if isinstance(self._drive, AxisDrive):
            rated_nm = self._profile.nameplate.rated_torque_nm or nan
            torque_nm = self.value(Quantity.TORQUE) / 100.0 * rated_nm
            return torque_nm * self.value(Quantity.SPEED) * pi / 30.0
        return self.value(Quantity.POWER)

    @property
    def current_a(self) -> float:
        return self.value(Quantity.CURRENT)

    @property
    def temperature_c(self) -> float:
        return self.value(Quantity.TEMPERATURE)

    @property
    def is_standing(self) -> bool:
        """Measured standstill; False before the first reading. An I/O module always stands."""
        if isinstance(self._drive, IoDrive):
            return True
        if isinstance(self._drive, AxisDrive):
            return abs(self.speed_m_s) <= self._drive.standstill_m_s
        return abs(self.speed_rpm) <= self._drive.standstill_rpm and not self.may_coast

    @property
    def may_coast(self) -> bool:
        """A spindle without speed whose drive cannot see it, until it must have come to rest."""
        return (
            isinstance(self._drive, SpindleDrive)
            and self._coasting is not None
            and abs(self.speed_rpm) <= self._drive.standstill_rpm
            and not self._coasting.is_over(self.measured_at_s)
        )

    @property
    def is_homed(self) -> bool:
        """An axis whose drive says that its position refers to the machine."""
        return isinstance(self._drive, AxisDrive) and self.passes(self._profile.homed)
