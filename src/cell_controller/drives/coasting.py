"""Whether a spindle stands whose drive shows 0 as soon as its output is off."""

from __future__ import annotations

from math import inf

from cell_controller.config import SpindleDrive

_BRAKED_S = 0.5  # longest time between two readings that says anything of the ramp
_BRAKED_MARGIN = 1.25  # of the way that the ramp explains between two readings


class Coasting:
    """Tells a spindle that was braked from one that was let go, for a drive that shows 0 in both cases.

    Last seen to be braked, and the ramp explains the rest: it stands. Else, in fault, when it is found at 0,
    and at 0 after a time without readings, in which it may have turned: it may coast, and counts as turning
    for `coast_s`.
    """

    def __init__(self, drive: SpindleDrive, coast_s: float) -> None:
        self._drive, self._coast_s = drive, coast_s
        self._turned: tuple[float, float, bool] | None = None  # when, how fast, and braked: last seen to turn
        self._is_known = False
        self._seen_s = -inf
        self._until_s = -inf

    def saw(self, speed_rpm: float, at_s: float, *, is_faulted: bool, is_braking: bool) -> None:
        """One more reading."""
        was_watched, self._seen_s = at_s - self._seen_s <= _BRAKED_S, at_s
        if speed_rpm > self._drive.standstill_rpm:
            self._turned, self._is_known, self._until_s = (at_s, speed_rpm, is_braking), True, -inf
            return
        is_new = not self._is_known or not was_watched
        if is_new or (self._turned is not None and (is_faulted or not self._was_braked(at_s))):
            self._until_s = at_s + self._coast_s
        self._turned, self._is_known = None, True

    def _was_braked(self, now_s: float) -> bool:
        assert self._turned is not None
        at_s, speed_rpm, is_braking = self._turned
        drive, since_s = self._drive, now_s - at_s
        way_rpm = _BRAKED_MARGIN * drive.max_speed_rpm / drive.ramp_s * since_s + drive.standstill_rpm
        return is_braking and since_s <= _BRAKED_S and speed_rpm <= way_rpm

    def is_over(self, now_s: float) -> bool:
        """Whether a speed of 0 means standstill."""
        return self._is_known and now_s >= self._until_s
