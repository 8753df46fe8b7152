"""PackML's state timers: StateCurrentTime, StateCumulativeTime and AccTimeSinceReset."""

from dataclasses import dataclass

from cell_controller.packml.modes import Mode
from cell_controller.packml.states import STATES, State


@dataclass(frozen=True, slots=True)
class StateTime:
    """Both timers of one mode and state; current_s is the latest stay, also when it is over."""

    mode: Mode
    state: State
    current_s: float
    cumulative_s: float


class StateTimes:
    """Seconds spent in each mode and state, summed over the times it is given.

    A time earlier than one seen before counts as that one: no timer ever runs back.
    """

    def __init__(self, mode: Mode, state: State, now_s: float) -> None:
        self._mode = mode
        self._state = state
        self._now_s = now_s
        self._entered_s = now_s
        self._counted_from_s = now_s
        self._reset_s = now_s
        self._stays_s: dict[tuple[Mode, State], float] = {}
        self._sums_s: dict[tuple[Mode, State], float] = {}

    def enter(self, mode: Mode, state: State, now_s: float) -> None:
        """Close the present stay and begin one in this mode and state."""
        now_s = self._advance(now_s)
        key = (self._mode, self._state)
        self._stays_s[key] = now_s - self._entered_s
        self._sums_s[key] = self._sums_s.get(key, 0.0) + now_s - self._counted_from_s
        self._mode, self._state = mode, state
        self._entered_s = self._counted_from_s = now_s

    def reset(self, now_s: float) -> None:
        """Zero the cumulative times and AccTimeSinceReset; the present stay goes on."""
        now_s = self._advance(now_s)
        self._sums_s.clear()
        self._counted_from_s = self._reset_s = now_s

    @property
    def entered_s(self) -> float:
        """When the present stay began."""
        return self._entered_s

    def current_s(self, now_s: float) -> float:
        """Length of the present stay."""
        return max(now_s, self._now_s) - self._entered_s

    def cumulative_s(self, mode: Mode, state: State, now_s: float) -> float:
        """Time in this mode and state since the last reset, the present stay included."""
        total_s = self._sums_s.get((mode, state), 0.0)
        if (mode, state) == (self._mode, self._state):
            total_s += max(now_s, self._now_s) - self._counted_from_s
        return total_s

    def mode_s(self, mode: Mode, now_s: float) -> float:
        """Time in this mode since the last reset, over all states."""
        return sum(self.cumulative_s(mode, state, now_s) for state in STATES)

    def acc_since_reset_s(self, now_s: float) -> float:
        """Time since the last reset of the timers."""
        return max(now_s, self._now_s) - self._reset_s

    def entries(self, now_s: float) -> tuple[StateTime, ...]:
        """Every mode and state visited so far, by number."""
        present = (self._mode, self._state)
        return tuple(
            StateTime(
                mode,
                state,
                self.current_s(now_s) if (mode, state) == present else self._stays_s[(mode, state)],
                self.cumulative_s(mode, state, now_s),
            )
            for mode, state in sorted(set(self._stays_s) | {present})
        )

    def _advance(self, now_s: float) -> float:
        self._now_s = max(self._now_s, now_s)
        return self._now_s
