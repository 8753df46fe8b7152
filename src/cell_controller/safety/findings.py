"""What a rule says when it is not OK."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from math import nan


class RuleName(StrEnum):
    """Names of the interlock's rules, in the order in which causes are reported before their effects."""

    STARTUP = "startup"
    ESTOP = "estop"
    RELAY = "relay"
    GUARD = "guard"
    ENABLING = "enabling"
    IMPLAUSIBLE = "implausible"
    AIR = "air"
    CLAMP = "clamp"
    COOLANT = "coolant"
    SESSION = "session"
    LATE = "late"
    ABORT = "abort"
    MANAGER_LOST = "manager_lost"
    LINE_LOST = "line_lost"
    LINE_DOWN = "line_down"
    BUS_STOPPED = "bus_stopped"
    CONFIG = "config"
    STATION_LOST = "station_lost"
    SETPOINT = "setpoint"
    DRIVE_FAULT = "drive_fault"
    DRIVE_OFFLINE = "drive_offline"
    NOT_ARMED = "not_armed"
    STALE_DATA = "stale_data"
    NOT_A_NUMBER = "not_a_number"
    FROZEN = "frozen"
    DEPTH_FLOOR = "depth_floor"
    LIMITS = "limits"
    OVERSPEED = "overspeed"
    REDUCED_SPEED = "reduced_speed"
    ACCELERATION = "acceleration"
    FORCE = "force"
    TORQUE = "torque"
    POWER = "power"
    CURRENT = "current"
    TEMPERATURE = "temperature"
    VIBRATION = "vibration"
    ZONE = "zone"
    STANDSTILL = "standstill"


class StopCategory(IntEnum):
    """IEC 60204-1."""

    CATEGORY_0 = 0  # power removed at once
    CATEGORY_1 = 1  # controlled stop, then power removed
    CATEGORY_2 = 2  # controlled stop, power kept


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that is not OK for one subject; a warning is shown and trips nothing."""

    rule: RuleName
    subject: str
    text: str
    value: float = nan
    limit: float = nan
    unit: str = ""
    is_warning: bool = False
    is_event: bool = False  # happened, and is over

    @property
    def key(self) -> tuple[RuleName, str]:
        """One trip is kept per rule and subject."""
        return self.rule, self.subject

    @property
    def words(self) -> str:
        """For operators."""
        if self.unit:
            return f"{self.subject}: {self.text} ({self.value:.6g} {self.unit}, limit {self.limit:.6g})"
        return f"{self.subject}: {self.text}"
