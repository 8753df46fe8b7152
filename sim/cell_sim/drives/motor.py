"""What servo drives of both families share: motor shaft, zero, STO, blocked motor."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, pi, sqrt

from cell_controller.drives.profile import DriveProfile
from cell_sim.drives.base import VirtualDrive
from cell_sim.plant import CellPlant

_IDLE_CURRENT = 0.15  # of the rated current, magnetising
_ROOM_C = 28.0  # power stage of an idle drive in its cabinet
_LOADED_C = 30.0  # above that at rated current
_MARK_M = 0.003  # reach of a reference switch to either side of its mark
_ON_MARK_M = 1e-6
_BLOCKED_S = 5.0  # at the torque limit without motion


@dataclass(frozen=True, slots=True)
class ShaftSpec:
    """How the motor shaft moves the axis."""

    m_per_rev: float
    is_absolute: bool


class ServoDrive(VirtualDrive):
    """A motor on a linear axis; works in revolutions and percent as its registers do.

    Without an absolute encoder it counts from where it stood at power-on, and is homed only by its homing.
    """

    def __init__(
        self, name: str, unit: int, profile: DriveProfile, plant: CellPlant, shaft: ShaftSpec
    ) -> None:
        super().__init__(name, unit, profile, plant)
        self.axis = plant.axes[name]
        self.shaft = shaft
        self.fault_code = 0
        self.is_homed = False
        self._forgets_zero = False  # in its next cycle
        self._zero_m = 0.0
        self._homing_m: float | None = None  # axis position of the mark that homing goes to
        self._sto_count = 0
        self._blocked_since_s: float | None = None

    @property
    def rated_force_n(self) -> float:
        """Force at 100 percent of torque."""
        rated_nm = self.profile.nameplate.rated_torque_nm or 1.0
        return rated_nm * 2.0 * pi / self.shaft.m_per_rev

    def power_up(self) -> None:
        self.fault_code = 0
        self.axis.force_limit_n = (
            self.rated_force_n * (self.profile.nameplate.max_torque_percent or 300.0) / 100.0
        )
        self.is_homed, self._forgets_zero = self.shaft.is_absolute, False
        self._zero_m = 0.0 if self.shaft.is_absolute else self.axis.position_m
        self._homing_m = None
        self._sto_count = self.plant.off_count(self.name)
        self._blocked_since_s = None

    # -- homing ---------------------------------------------------------------------------------------------

    def home_here(self) -> None:
        """The present position is the zero."""
        self.note("reference", 0.0)
        self.is_homed, self._forgets_zero = True, False
        self._zero_m = self.axis.position_m

    def home_to_mark(self, ahead: int, speed_m_s: float, acceleration: float) -> None:
        """Look for the reference switch ahead (+1) or behind (-1); one that stands on it stays there.

        An axis without marks goes on looking, as one does whose switch is broken. The reply to the request
        that starts it may still show the old reference: it goes in the next cycle of the drive.
        """
        self._forgets_zero = True
        self.note("reference", ahead * speed_m_s)
        here_m = self.axis.position_m
        marks = [m for side in (ahead, -ahead) if (m := self.plant.next_mark_m(self.name, side)) is not None]
        mark_m = next((m for m in marks if abs(m - here_m) <= _MARK_M), marks[0] if marks else None)
        self._homing_m = mark_m
        if mark_m is None:
            self.axis.set_speed(ahead * speed_m_s, acceleration, acceleration)
        else:
            self.axis.move_to(mark_m, speed_m_s, acceleration, acceleration)

    def end_homing(self) -> None:
        """Something else is to be done; homing that was not finished leaves the axis without a zero."""
        self._homing_m = None

    def watch_homing(self) -> None:
        """Forget the old zero, and set the new one when the axis stands on the mark."""
        if self._forgets_zero:
            self.is_homed = self._forgets_zero = False
        mark_m = self._homing_m
        if mark_m is None or not self.axis.ramp.is_done:
            return
        if abs(self.axis.position_m - mark_m) <= _ON_MARK_M:
            self.is_homed, self._zero_m = True, mark_m
            self._homing_m = None

    def lose_torque(self) -> None:
        self.axis.off(brake=True)

    def fault(self, code: int) -> None:
        """Latch the first fault and go off."""
        if not self.fault_code:
            self.fault_code = code
            self.plant.record.event(self.now_s, "drive fault", f"{self.name} {code:#x}")

    def trip(self, code: int) -> None:
        """A fault with the power stage off at once."""
        self.fault(code)
        self.axis.off(brake=True)

    @property
    def has_lost_torque(self) -> bool:
        """True once after the relay has taken the torque away, however short."""
        happened = self._sto_count != self.plant.off_count(self.name) or self.plant.is_off(self.name)
        self._sto_count = self.plant.off_count(self.name)
        return happened

    @property
    def is_blocked(self) -> bool:
        """At the torque limit without motion for too long."""
        axis = self.axis
        stands = axis.is_servo_on and axis.is_lagging and abs(axis.speed_m_s) < 1e-4
        if not stands:
            self._blocked_since_s = None
        elif self._blocked_since_s is None:
            self._blocked_since_s = self.now_s
        return self._blocked_since_s is not None and self.now_s - self._blocked_since_s > _BLOCKED_S

    @property
    def following_error_rev(self) -> float:
        return self.axis.following_error_m / self.shaft.m_per_rev

    # -- units ----------------------------------------------------------------------------------------------

    @property
    def position_rev(self) -> float:
        return (self.axis.position_m - self._zero_m) / self.shaft.m_per_rev

    @property
    def speed_rpm(self) -> float:
        return self.axis.speed_m_s / self.shaft.m_per_rev * 60.0

    @property
    def torque_percent(self) -> float:
        return 100.0 * self.axis.force_n / self.rated_force_n

    @property
    def current_a(self) -> float:
        rated_a = self.profile.nameplate.rated_current_a or 1.0
        return rated_a * sqrt(_IDLE_CURRENT**2 + (self.torque_percent / 100.0) ** 2)

    @property
    def temperature_c(self) -> float:
        return _ROOM_C + _LOADED_C * min(abs(self.torque_percent) / 100.0, 3.0) ** 2

    def to_m(self, rev: float) -> float:
        """Axis position of a shaft position."""
        return rev * self.shaft.m_per_rev + self._zero_m

    def to_m_s(self, rpm: float) -> float:
        """Axis speed of a shaft speed; also m/s2 of rpm/s."""
        return rpm / 60.0 * self.shaft.m_per_rev

    @property
    def due_s(self) -> float:
        return inf
