"""Value types and closed sets that the cell file and the recipes are made of."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """Base of every model: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# Strict: a quoted number or a yes/no in place of a number is a mistake, not something to convert.
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0)]
NonNegative = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)]
Count = Annotated[int, Field(strict=True, ge=0)]
Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(strict=True, min_length=1)]
# Names become ROS topic parts, file names and Guard sources: ROS 2 allows exactly these letters.
Name = Annotated[str, Field(strict=True, pattern=r"^[a-z][a-z0-9_]*$")]


class SerialFormat(StrEnum):
    """Characters on the line. Modbus RTU has 8 data bits always."""

    N1 = "8N1"
    N2 = "8N2"
    E1 = "8E1"
    O1 = "8O1"

    @property
    def parity(self) -> str:
        """N, E or O."""
        return self.value[1]

    @property
    def stop_bits(self) -> int:
        return int(self.value[2])

    @property
    def bits_per_char(self) -> int:
        """Start bit, data bits, parity bit if any, stop bits."""
        return 1 + 8 + (self.parity != "N") + self.stop_bits


class DriveKind(StrEnum):
    """What a drive moves."""

    AXIS = "axis"
    SPINDLE = "spindle"
    IO = "io"


class StationKind(StrEnum):
    """The kinds of station that the controller knows."""

    WELDING_ROBOT = "welding_robot"
    GRINDING_SPINDLE = "grinding_spindle"
    CONVEYOR = "conveyor"


class ReferenceMethod(StrEnum):
    """How an axis whose encoder forgets finds its zero."""

    HERE = "here"  # where it stands is the zero; nothing moves
    MARK_AHEAD = "mark_ahead"  # the next reference mark in the positive direction is
    MARK_BACK = "mark_back"  # the next one in the negative direction is

    @property
    def moves(self) -> bool:
        return self is not ReferenceMethod.HERE


class OnStop(StrEnum):
    """What an output does when its bus stops by itself or communication is lost."""

    HOLD = "hold"
    OPEN = "open"


class StepAction(StrEnum):
    """What a step of a stop program does with its drives."""

    STOP = "stop"
    MOVE = "move"


class Until(StrEnum):
    """Exit condition of a step of a stop program."""

    STANDSTILL = "standstill"
    AT_POSITION = "at_position"


class IfDead(StrEnum):
    """What a drive that does not answer means for the step."""

    GO_ON = "go_on"  # the others go on; the step ends without it
    WAIT_AND_MARK = "wait_and_mark"  # the step lasts its whole max_s, then TOOL_IN_MATERIAL
    STOP_AND_MARK = "stop_and_mark"  # the step is left out: all drives stop, TOOL_IN_MATERIAL


class InputRule(StrEnum):
    """The interlock's rule that a safety input feeds."""

    ESTOP = "estop"
    GUARD = "guard"
    RELAY = "relay"
    AIR = "air"
    COOLANT = "coolant"


class OpeningKind(StrEnum):
    """What stands between people and the machine where they can reach in."""

    LOCKED = "locked"  # unlocks at measured standstill only: no distance is needed
    UNLOCKED = "unlocked"  # a door with a switch
    LIGHT_CURTAIN = "light_curtain"


class AnalogRule(StrEnum):
    """The interlock's rule that a measured process value feeds."""

    TEMPERATURE = "temperature"
    VIBRATION = "vibration"
    AIR = "air"
    COOLANT = "coolant"


class PlantModel(StrEnum):
    """Physics behind the virtual drives."""

    MUJOCO = "mujoco"
    ANALYTIC = "analytic"
    GAZEBO = "gazebo"  # a server that runs by itself
