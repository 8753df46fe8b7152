"""Drive profiles: frozen models of config/drives/*.yaml. Unknown keys are refused.

Everything here is at the motor shaft (revolutions, rpm, Hz, percent of rated torque); what a revolution
moves is in the cell file.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from cell_controller.config.values import DriveKind, ReferenceMethod, SerialFormat
from cell_controller.drives.errors import UnknownFieldError
from cell_controller.drives.profile.checks import problems_of
from cell_controller.drives.profile.quantities import (
    Access,
    DriveUnit,
    Memory,
    Protocol,
    Quantity,
    Source,
    StopCategory,
    Verb,
    Verified,
)
from cell_controller.messages.enums import DriveCondition

Address = Annotated[int, Field(ge=0, le=0xFFFF)]
Word = Annotated[int, Field(ge=0, le=0xFFFF)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _condition(value: object) -> object:
    """Conditions stand in the file by name."""
    if isinstance(value, str) and value in DriveCondition.__members__:
        return DriveCondition[value]
    return value


Condition = Annotated[DriveCondition, BeforeValidator(_condition)]


class Frozen(BaseModel):
    """A value: immutable, every key known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Serial(Frozen):
    """The line as the drive comes from its maker, and what it can be set to."""

    default_baud: int
    default_format: str  # as printed; may be one that this controller does not speak (7N2 ASCII)
    bauds: tuple[int, ...] = Field(min_length=1)
    formats: tuple[SerialFormat, ...] = Field(min_length=1)

    @property
    def usual_format(self) -> SerialFormat:
        """The maker's; where that is not spoken here, two stop bits and no parity, as Modbus has it."""
        names = {form.value: form for form in self.formats}
        return names.get(self.default_format) or names.get("8N2") or self.formats[0]


class Timing(Frozen):
    """Silences and delays of one drive; gaps are kept around its own frames only."""

    gap_s: NotNegative  # silence before its request and after its reply, at least t3.5
    reply_delay_s: NotNegative  # usual time from the end of the request to the start of the reply
    max_reply_delay_s: Positive  # longest such time of a healthy drive: what a stop waits for
    timeout_s: Positive  # no reply has begun by then: the exchange failed
    drain_s: (
        NotNegative  # silence after a failed exchange, on top of the timeout, in which bytes are thrown away
    )


class Functions(Frozen):
    """Its longest requests, in words or bytes as addresses count; in Modbus also the function codes."""

    codes: tuple[Literal[3, 4, 6, 16, 23], ...] = ()
    max_read_words: int = Field(ge=1, le=125)
    max_write_words: int = Field(ge=1, le=123)
    accepts_broadcast: bool = False  # obeys unit 0, without a reply


class BitTest(Frozen):
    """True when field & mask equals, or differs from, a value."""

    field: Quantity
    mask: int = Field(default=0xFFFFFFFF, ge=0, le=0xFFFFFFFF)
    equals: int | None = None
    differs: int | None = None

    @model_validator(mode="after")
    def _one_comparison(self) -> BitTest:
        if (self.equals is None) == (self.differs is None):
            raise ValueError("give exactly one of equals, differs")
        return self

    def holds(self, raw: int) -> bool:
        """Whether the raw register value passes."""
        masked = raw & self.mask
        return masked == self.equals if self.equals is not None else masked != self.differs


class ProfileField(Frozen):
    """One register of the drive.

    address: on the wire, counted from 0. words: registers of 16 bits that it takes; of protocols whose
    addresses count bytes, `bytes` instead, 0 for a command without content. scale: engineering units per
    count. ramp_span: an acceleration kept as a time (count x scale in seconds from standstill to ramp_span,
    in rpm or Hz); its value is ramp_span / that time. negative_when: the register holds a magnitude, and any
    of these tests makes it negative.
    low, high: limits in the unit, inside what the words can hold.
    """

    address: Address
    words: Literal[1, 2] = 1
    bytes: Literal[0, 1, 2, 4] | None = None
    signed: bool = False
    scale: Positive = 1.0
    unit: DriveUnit = DriveUnit.RAW
    access: Access = Access.READ
    memory: Memory = Memory.VOLATILE
    verified: Verified
    ramp_span: Positive | None = None
    negative_when: tuple[BitTest, ...] = ()
    low: float | None = None
    high: float | None = None
    absolute: bool = False  # position: from an absolute encoder where one is fitted, kept over a power cycle
    note: str = ""

    @property
    def end(self) -> int:
        """First address behind the field."""
        return self.address + (self.words if self.bytes is None else self.bytes)

    @property
    def bits(self) -> int:
        """Width of its content."""
        return 16 * self.words if self.bytes is None else 8 * self.bytes


class ReadBlock(Frozen):
    """Fields fetched by one read, in ascending order of address; words between them are skipped."""

    fields: tuple[Quantity, ...] = Field(min_length=1)
    every: int = Field(default=1, ge=1)  # of the drive's turns; 1 in the fast block
    function: Literal[3, 4] = 3


class Reads(Frozen):
    """Cyclic reads: the fast block at every turn of the drive, slow ones at every n-th."""

    fast: ReadBlock
    slow: tuple[ReadBlock, ...] = ()
    every_cycle: bool = False  # a turn in every cycle of its line; otherwise round robin with the others


class BySign(Frozen):
    """A raw word chosen by the sign of the target speed."""

    positive: Word
    negative: Word
    zero: Word


class Write(Frozen):
    """One field of a write: a raw constant, a value from a source, or a word by the sign of the speed."""

    field: Quantity
    value: int | None = None
    source: Source | None = None
    by_sign: BySign | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Write:
        if sum(x is not None for x in (self.value, self.source, self.by_sign)) != 1:
            raise ValueError("give exactly one of value, source, by_sign")
        return self


class Exchange(Frozen):
    """One request: fields written at once, adjacent and ascending.

    with_read: the same request reads the fast block (function 23; the drive writes first, then reads).
    skip_unchanged: may be left out while the drive acknowledged the same words in this power cycle.
    is_kept: of arming; false for a step on the way, which is read back at once and not looked at later.
    """

    write: tuple[Write, ...] = Field(min_length=1)
    with_read: bool = False
    skip_unchanged: bool = False
    is_kept: bool = True


class Stop(Frozen):
    """A stop: `ramp` at once, `then` after measured standstill."""

    ramp: tuple[Exchange, ...]
    then: tuple[Exchange, ...] = ()


class EnableStep(Frozen):
    """What to write when the drive is in this condition and shall come to one of `enabled_in`."""

    when: Condition
    exchange: Exchange


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
    references: dict[ReferenceMethod, tuple[Exchange, ...]] = {}
    enable: tuple[EnableStep, ...] = ()
    enabled_in: tuple[Condition, ...] = Field(min_length=1)
    disable: tuple[Exchange, ...] = ()
    fault_reset: tuple[Exchange, ...] = ()
    stops: dict[StopCategory, Stop] = {}
    hold_category: StopCategory = StopCategory.CONTROLLED
    sees_coasting: bool = False
    braking: tuple[BitTest, ...] = ()
    states: tuple[StateRule, ...] = Field(min_length=1)
    at_target: tuple[BitTest, ...] = ()
    standstill: tuple[BitTest, ...] = ()
    homed: tuple[BitTest, ...] = ()
    unarmed_when: tuple[BitTest, ...] = ()
    fault_mask: int = Field(default=0xFFFFFFFF, ge=0, le=0xFFFFFFFF)  # bits of FAULT_CODE that are the code
    faults: dict[int, Fault] = {}
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
