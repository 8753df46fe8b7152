"""Reference motion of a servo: trapezoids in closed form, exact for any step size."""

from __future__ import annotations

from collections import deque
from math import sqrt

_TINY = 1e-12  # m and m/s: far below any encoder's resolution


class Ramp:
    """Position and speed that a drive's motion generator wants right now.

    `velocity` and `move` may be called in the middle of any motion; the new motion starts from the
    present reference. Accelerations are magnitudes and must be above zero.
    """

    __slots__ = ("_end_m", "_end_m_s", "_segments", "acceleration_m_s2", "position_m", "speed_m_s")

    def __init__(self, position_m: float = 0.0) -> None:
        self.position_m = position_m
        self.speed_m_s = 0.0
        self.acceleration_m_s2 = 0.0
        self._segments: deque[tuple[float, float]] = deque()  # (duration, acceleration)
        self._end_m: float | None = None  # exact end of a move, free of rounding
        self._end_m_s = 0.0

    @property
    def is_done(self) -> bool:
        """True when the last segment has been played; a velocity command then goes on at its speed."""
        return not self._segments

    @property
    def is_at_rest(self) -> bool:
        return not self._segments and self.speed_m_s == 0.0

    def reset(self, position_m: float, speed_m_s: float = 0.0) -> None:
        """Follow the axis: the reference jumps to where the axis is."""
        self.position_m = position_m
        self.speed_m_s = speed_m_s
        self.acceleration_m_s2 = 0.0
        self._segments.clear()
        self._end_m = None
        self._end_m_s = speed_m_s

    def velocity(self, target_m_s: float, acceleration_m_s2: float, deceleration_m_s2: float) -> None:
        """Ramp to a speed and keep it; passes through zero with the deceleration first."""
        self._segments.clear()
        self._end_m = None
        self._end_m_s = target_m_s
        speed = self.speed_m_s
        if speed * target_m_s < 0.0:
            self._change(speed, 0.0, deceleration_m_s2)
            speed = 0.0
        slows = abs(target_m_s) < abs(speed)
        self._change(speed, target_m_s, deceleration_m_s2 if slows else acceleration_m_s2)

    def move(
        self, target_m: float, speed_m_s: float, acceleration_m_s2: float, deceleration_m_s2: float
    ) -> None:
        """Go to a position and stand there, from any present speed; over-runs and comes back if it must."""
        self._segments.clear()
        self._end_m, self._end_m_s = target_m, 0.0
        up, down, limit = acceleration_m_s2, deceleration_m_s2, abs(speed_m_s)
        way = target_m - self.position_m
        speed = self.speed_m_s
        stopping = speed * abs(speed) / (2.0 * down)
        sign = 1.0 if way > stopping else -1.0
        ahead, v = way * sign, speed * sign
        if v < 0.0:  # away from the target, or too fast to stop before it
            self._segments.append((-v / down, sign * down))
            ahead += v * v / (2.0 * down)
            v = 0.0
        if v > limit:
            self._segments.append(((v - limit) / down, -sign * down))
            ahead -= (v * v - limit * limit) / (2.0 * down)
            v = limit
        ahead = max(ahead, v * v / (2.0 * down))
        peak = min(limit, sqrt((ahead + v * v / (2.0 * up)) / (0.5 / up + 0.5 / down)))
        cruise = ahead - (peak * peak - v * v) / (2.0 * up) - peak * peak / (2.0 * down)
        self._segments.append(((peak - v) / up, sign * up))
        if peak > _TINY:
            self._segments.append((max(cruise, 0.0) / peak, 0.0))
        self._segments.append((peak / down, -sign * down))

    def _change(self, start_m_s: float, end_m_s: float, acceleration_m_s2: float) -> None:
        difference = end_m_s - start_m_s
        if difference:
            sign = 1.0 if difference > 0.0 else -1.0
            self._segments.append((abs(difference) / acceleration_m_s2, sign * acceleration_m_s2))

    def advance(self, dt_s: float) -> None:
        """Play `dt_s` seconds of the reference."""
        segments = self._segments
        while segments:
            duration, acceleration = segments[0]
            if duration > dt_s:
                segments[0] = (duration - dt_s, acceleration)
                self._coast(dt_s, acceleration)
                self.acceleration_m_s2 = acceleration
                return
            segments.popleft()
            self._coast(duration, acceleration)
            dt_s -= duration
            if not segments:
                self.speed_m_s = self._end_m_s
                if self._end_m is not None:
                    self.position_m = self._end_m
        self.acceleration_m_s2 = 0.0
        self.position_m += self.speed_m_s * dt_s

    def _coast(self, dt_s: float, acceleration_m_s2: float) -> None:
        self.position_m += (self.speed_m_s + 0.5 * acceleration_m_s2 * dt_s) * dt_s
        self.speed_m_s += acceleration_m_s2 * dt_s
