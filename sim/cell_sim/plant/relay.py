"""The hardware safety layer: E-stop, guard and enable open a relay that acts without any software."""

from __future__ import annotations

from math import inf

LOCK_TIME_S = 0.05  # solenoid of a guard lock


class SafetyRelay:
    """A relay with an instantaneous mirror contact and delayed contacts that hold the drives' STO inputs.

    Category 1 of IEC 60204-1: the drives get `delay_s` to stop, then lose their torque. It resets by itself
    when all inputs are back; a manual reset is the interlock's.
    """

    def __init__(self, delay_s: float, now_s: float) -> None:
        self.delay_s = delay_s
        self.is_present = True  # False: a cell with only our layer
        self.estop_ok = True
        self.guard_closed = True
        self.is_enabled = False  # output of the safety I/O module
        self._opened_at_s: float | None = now_s - delay_s  # has been off before power-up
        self.is_sto = True

    @property
    def is_closed(self) -> bool:
        """The mirror contact."""
        return self.estop_ok and self.guard_closed and self.is_enabled

    @property
    def due_s(self) -> float:
        """When the delayed contacts open, if nothing changes."""
        if self._opened_at_s is None or self.is_sto:
            return inf
        return self._opened_at_s + self.delay_s

    def update(self, now_s: float) -> None:
        """Follow the inputs."""
        if self.is_closed or not self.is_present:
            self._opened_at_s = None
            self.is_sto = False
            return
        if self._opened_at_s is None:
            self._opened_at_s = now_s
        self.is_sto = now_s >= self._opened_at_s + self.delay_s


class GuardLock:
    """A door with a solenoid lock."""

    def __init__(self) -> None:
        self.is_locked = False
        self._wanted = False
        self._since_s = -inf

    @property
    def due_s(self) -> float:
        return self._since_s + LOCK_TIME_S if self._wanted != self.is_locked else inf

    def update(self, wanted: bool, door_closed: bool, now_s: float) -> None:
        """Lock or unlock after the solenoid's time; an open door does not lock."""
        wanted = wanted and door_closed
        if wanted != self._wanted:
            self._wanted, self._since_s = wanted, now_s
        if self._wanted != self.is_locked and now_s >= self._since_s + LOCK_TIME_S:
            self.is_locked = self._wanted
