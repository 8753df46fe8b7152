"""Drive profiles: frozen models of config/drives/*.yaml. Unknown keys are refused.

Everything here is at the motor shaft (revolutions, rpm, Hz, percent of rated torque); what a revolution
moves is in the cell file.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from cell_controller.config.values import DriveKind, ReferenceMethod
from cell_controller.drives.errors import UnknownFieldError
from cell_controller.drives.profile.checks import problems_of
from cell_controller.drives.profile.fields import BitTest, ProfileField, Reads
from cell_controller.drives.profile.frozen import Frozen, Positive, Word
from cell_controller.drives.profile.quantities import (
    Protocol,
    Quantity,
    StopCategory,
    Verb,
    Verified,
)
from cell_controller.drives.profile.serial import Functions, Serial, Timing
from cell_controller.drives.profile.writes import Condition, EnableStep, Exchange, Stop
from cell_controller.messages.enums import DriveCondition


class StateRule(Frozen):
    """The drive is in this condition when all tests hold; the first rule that holds counts."""

    condition: Condition
    tests: tuple[BitTest, ...]


class Watchdog(Frozen):
    """The drive's own reaction to silence of the controller; any valid frame to the drive feeds it.

    Fields WATCHDOG_TIMEOUT and WATCHDOG_ACTION are written and read back by the arming sequence. Without
    one (`exists: false`) the drive needs a hardwired enable: `enable` says what it does when that opens, and
    the cell file names the output.
    """

    exists: bool
    action: Word | None = 0  # raw value of WATCHDOG_ACTION that is safe; None: the drive has no choice
    reaction: str = ""  # what the drive then does, in words
    enable: str = ""  # what it does when its hardwired enable opens, in words; "" when it has none
    resolution_s: Positive = 0.1
    min_s: Positive = 0.1
    max_s: Positive = 0.1


class Fault(Frozen):
    """Plain words for a fault code."""

    text: str
    remedy: str


class Nameplate(Frozen):
    """Limits of the motor and power stage; 100 percent of torque is rated_torque_nm."""

    rated_torque_nm: Positive | None = None
    max_torque_percent: Positive | None = None
    rated_speed_rpm: Positive | None = None
    max_speed_rpm: Positive | None = None
    max_frequency_hz: Positive | None = None
    rated_current_a: Positive | None = None
    rated_power_w: Positive | None = None
    digital_inputs: int = Field(default=0, ge=0, le=16)
    digital_outputs: int = Field(default=0, ge=0, le=16)
    analog_inputs: int = Field(default=0, ge=0, le=4)


class DriveProfile(Frozen):
    """Everything the controller knows about one drive family.

    identity: read at arming and compared, never written; a drive that differs is refused.
    arming: written in order, each field read back and compared; eeprom fields only when they differ.
    setpoints: per kind the requests in order, setpoint before run command.
    references: per way of finding the zero the requests in order; a drive that begins to look for it takes
    `homed` back, and gives it again when it stands on its zero.
    enabled_in: conditions in which the drive takes setpoints. hold_category: the stop that HOLD uses.
    sees_coasting: a spindle's speed is that of its shaft also while the output is off; else the cell file
      has to say how long it coasts. braking: its ramp takes the speed down, with the output on.
    faults: by code; 0 is for what the drive shows as a fault without a code.
    unarmed_when: any of these tells that the drive has lost what it was armed with.
    at_target, standstill: additional evidence from status bits, all must hold; empty means none is given.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    vendor: str
    family: str
    kind: DriveKind
    manual: str
    protocol: Protocol = Protocol.MODBUS_RTU
    serial: Serial
    timing: Timing
    functions: Functions
    word_order: Literal["low_first", "high_first"]
    fields: dict[Quantity, ProfileField]
    reads: Reads
    identity: tuple[BitTest, ...] = ()
    arming: tuple[Exchange, ...]
    watchdog: Watchdog
    setpoints: dict[Verb, tuple[Exchange, ...]]
    references: dict[ReferenceMethod, tuple[Exchange, ...]] = Field(default_factory=dict)
    enable: tuple[EnableStep, ...] = ()
    enabled_in: tuple[Condition, ...] = Field(min_length=1)
    disable: tuple[Exchange, ...] = ()
    fault_reset: tuple[Exchange, ...] = ()
    stops: dict[StopCategory, Stop] = Field(default_factory=dict)
    hold_category: StopCategory = StopCategory.CONTROLLED
    sees_coasting: bool = False
    braking: tuple[BitTest, ...] = ()
    states: tuple[StateRule, ...] = Field(min_length=1)
    at_target: tuple[BitTest, ...] = ()
    standstill: tuple[BitTest, ...] = ()
    homed: tuple[BitTest, ...] = ()
    unarmed_when: tuple[BitTest, ...] = ()
    fault_mask: int = Field(default=0xFFFFFFFF, ge=0, le=0xFFFFFFFF)  # bits of FAULT_CODE that are the code
    faults: dict[int, Fault] = Field(default_factory=dict)
    nameplate: Nameplate

    @model_validator(mode="after")
    def _is_consistent(self) -> DriveProfile:
        problems = problems_of(self)
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def field(self, quantity: Quantity) -> ProfileField:
        """The register of a quantity; UnknownFieldError when the drive has none."""
        found = self.fields.get(quantity)
        if found is None:
            raise UnknownFieldError(self.name, quantity)
        return found

    def span(self, quantities: tuple[Quantity, ...]) -> tuple[int, int]:
        """First address and number of words of a block of ascending fields."""
        first, last = self.field(quantities[0]), self.field(quantities[-1])
        return first.address, last.end - first.address

    def fault(self, code: int) -> Fault:
        """Text and remedy of a fault code, also of one that the table does not know."""
        if code == 0 and code not in self.faults:
            return Fault(
                text="a fault without a code", remedy=f"see what the drive shows, and: {self.manual}"
            )
        unknown = Fault(text=f"fault {code}", remedy=f"look up code {code} in: {self.manual}")
        return self.faults.get(code, unknown)

    def condition(self, raw: dict[Quantity, int]) -> DriveCondition:
        """The CiA 402 state that the raw status registers stand for; NOT_READY when no rule holds."""
        for rule in self.states:
            if all(t.field in raw and t.holds(raw[t.field]) for t in rule.tests):
                return rule.condition
        return DriveCondition.NOT_READY

    def unverified(self) -> tuple[Quantity, ...]:
        """Fields known from memory only, in the order of the file."""
        return tuple(q for q, f in self.fields.items() if f.verified is Verified.MEMORY)
