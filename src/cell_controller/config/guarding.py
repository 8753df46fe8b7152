"""The cell file's stop programs, zones and safety section."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cell_controller.config.values import (
    IfDead,
    Name,
    Number,
    Positive,
    StepAction,
    Strict,
    Text,
    Until,
)
from cell_controller.config.watching import AnalogWatch, Opening, SafetyInput, Trips


class StopStep(Strict):
    """Ramp down and stand still."""

    name: Text = Field(description="name that operators see")
    action: Literal[StepAction.STOP]
    drives: tuple[Name, ...] = Field(min_length=1, description="drives that stop together")
    until: Literal[Until.STANDSTILL] = Field(description="exit condition")
    max_s: Positive = Field(description="longest duration of the step in s")
    if_dead: IfDead = Field(description="what a silent drive means for the step")


class MoveStep(Strict):
    """Move one axis to a position, for example out of the material."""

    name: Text = Field(description="name that operators see")
    action: Literal[StepAction.MOVE]
    drives: tuple[Name] = Field(description="the one axis that moves")
    position_m: Number = Field(description="target position in m")
    speed_m_s: Positive = Field(description="speed in m/s")
    acceleration_m_s2: Positive = Field(description="acceleration in m/s²")
    keep_turning: Name | None = Field(None, description="spindle that keeps its speed during the step")
    until: Literal[Until.AT_POSITION] = Field(description="exit condition")
    max_s: Positive = Field(description="longest duration of the step in s")
    if_dead: IfDead = Field(description="what a silent axis means for the step")
    if_keep_turning_dead: IfDead = Field(
        IfDead.GO_ON, description="what a silent or faulted spindle means for the step"
    )


Step = Annotated[StopStep | MoveStep, Field(discriminator="action")]


class StopProgram(Strict):
    """What one drive bus plays alone on a stop; all its drives are on one line."""

    line: Name = Field(description="line of all its drives")
    steps: tuple[Step, ...] = Field(min_length=1, description="steps, played one after the other")

    @property
    def budget_s(self) -> float:
        """The longest the program can last: the sum of its steps' max_s."""
        return sum(step.max_s for step in self.steps)

    @property
    def drives(self) -> tuple[str, ...]:
        """Every drive that the program stops or moves, in order, once."""
        return tuple(dict.fromkeys(drive for step in self.steps for drive in step.drives))


class ZoneMember(Strict):
    """How one station's presence in a zone is measured: exactly one of the two conditions."""

    drive: Name = Field(description="axis whose measured position decides")
    below_m: Number | None = Field(None, description="in the zone below this position in m")
    off_pitch_m: Positive | None = Field(
        None, description="in the zone while moving or further than this from a pitch, in m"
    )


class Relay(Strict):
    """The hardware safety relay."""

    # 0.5-10 s is the range of delayed-contact relays for E-stop category 1 (IEC 60204-1).
    delay_s: float = Field(
        strict=True, allow_inf_nan=False, ge=0.5, le=10, description="off-delay of its delayed contacts in s"
    )


class Safety(Strict):
    """What the interlock watches and what it limits."""

    relay: Relay = Field(description="hardware safety relay")
    inputs: dict[Name, SafetyInput] = Field(min_length=1, description="safety inputs by signal")
    drive_enable: Name = Field(description="output that enables all drives")
    guard_lock: Name = Field(description="output that locks the guard")
    guard_locked: Name = Field(description="input: guard is locked")
    # ISO 10218-1: reduced speed in manual mode is at most 250 mm/s.
    manual_speed_m_s: float = Field(
        strict=True, allow_inf_nan=False, gt=0, le=0.25, description="speed limit of recovery jog in m/s"
    )
    manual_force_n: Positive = Field(description="force limit of recovery jog in N")
    recovery_torque_nm: Positive = Field(
        description="torque in N m that the inverters of spindles are set to give at most; nothing writes it"
    )
    # 0.1 s is the cap that the bus puts on every command.
    permit_valid_s: float = Field(
        strict=True, allow_inf_nan=False, gt=0, le=0.1, description="validity of one LineCommand in s"
    )
    max_axial_force_n: dict[Name, Positive] = Field(
        default_factory=dict, description="trip limit of the axial force by axis in N"
    )
    depth_floor_m: dict[Name, Number] = Field(
        default_factory=dict, description="lowest position of an axis over its anvil in m, by axis"
    )
    analog: dict[Name, AnalogWatch] = Field(
        default_factory=dict, description="process values that trip, by analog input"
    )
    enabling_device: Name | None = Field(
        None, description="input: enabling device held; with it nothing moves in manual mode without it"
    )
    openings: dict[Name, Opening] = Field(
        default_factory=dict, description="where people can reach in, for the distance of ISO 13855"
    )
    trips: Trips = Field(default_factory=Trips, description="how near to a limit warns and trips")
