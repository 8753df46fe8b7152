"""How often each guarded message is sent, and how old it may become: the same for every cell."""

from __future__ import annotations

from dataclasses import dataclass

DRIVE_STATES_PERIOD_S = 0.02  # longest; also in mid-transaction
LINE_COMMAND_PERIOD_S = 0.02
SAFETY_PERIOD_S = 0.02
SETPOINT_PERIOD_S = 0.05
STATION_STATE_PERIOD_S = 0.05
ORDER_PERIOD_S = 0.05
CELL_PERMIT_PERIOD_S = 0.05

# Guarded messages are best effort: two may be lost in a row and the next be late by a period without a stop.
TOLERATED_PERIODS = 4
# A 20 ms stream with four periods would be 0.08 s; below 0.1 s the jitter of a busy host without a real-time
# kernel would stop the cell. It is also the cap that a bus puts on every permit.
LEAST_AGE_LIMIT_S = 0.1
# One interlock step and one message on its way, each at most 20 ms, and 10 ms of jitter.
HANDOVER_S = 0.05
# Process loops through a drive: at least this many exchanges per period of the loop's bandwidth.
LOOP_EXCHANGES_PER_BANDWIDTH = 20.0
# The safety relay's mirror is polled at 50 Hz or more.
SAFETY_POLL_S = 0.02


def age_limit_s(period_s: float) -> float:
    """How old a stream of this period may become before its receiver calls it lost."""
    return max(TOLERATED_PERIODS * period_s, LEAST_AGE_LIMIT_S)


def _sum_s(*times_s: float) -> float:
    """A sum without the noise of binary fractions, for messages and tables."""
    return round(sum(times_s), 9)


@dataclass(frozen=True, slots=True)
class Ages:
    """Age limits of guarded streams, counted by the receiver from the arrival of the newest message."""

    drive_states_s: float = age_limit_s(DRIVE_STATES_PERIOD_S)
    safety_s: float = age_limit_s(SAFETY_PERIOD_S)
    setpoint_s: float = age_limit_s(SETPOINT_PERIOD_S)
    station_state_s: float = age_limit_s(STATION_STATE_PERIOD_S)
    cell_permit_s: float = age_limit_s(CELL_PERMIT_PERIOD_S)
    # Longer than cell_permit_s: when the manager is lost, the interlock's trip comes before the stations'.
    order_s: float = _sum_s(age_limit_s(CELL_PERMIT_PERIOD_S), age_limit_s(SAFETY_PERIOD_S))
    # The drive states that a setpoint is based on: their own age, then that of the setpoint.
    based_on_s: float = _sum_s(age_limit_s(DRIVE_STATES_PERIOD_S), age_limit_s(SETPOINT_PERIOD_S))

    @property
    def longest_guarding_s(self) -> float:
        """The longest that the loss of any stream which the interlock watches can stay unseen."""
        return max(self.drive_states_s, self.setpoint_s, self.cell_permit_s)
