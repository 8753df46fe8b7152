"""What a drive holds: its registers, tests of their bits, and the blocks in which they are read."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from cell_controller.drives.profile.frozen import Address, Frozen, Positive
from cell_controller.drives.profile.quantities import Access, DriveUnit, Memory, Quantity, Verified


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
    addresses count bytes, `bytes` instead, 0 for a command without content; in tables of bits `coils`,
    bit n of the field being the coil (or discrete input) n behind its address. scale: engineering units per
    count. ramp_span: an acceleration kept as a time (count x scale in seconds from standstill to ramp_span,
    in rpm or Hz); its value is ramp_span / that time. negative_when: the register holds a magnitude, and any
    of these tests makes it negative.
    low, high: limits in the unit, inside what the words can hold.
    """

    address: Address
    words: Literal[1, 2] = 1
    bytes: Literal[0, 1, 2, 4] | None = None
    coils: int | None = Field(default=None, ge=1, le=16)
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
    absolute_rev: Positive | None = None  # position: revolutions after which it begins anew then; none: never
    note: str = ""

    @property
    def end(self) -> int:
        """First address behind the field."""
        if self.coils is not None:
            return self.address + self.coils
        return self.address + (self.words if self.bytes is None else self.bytes)

    @property
    def bits(self) -> int:
        """Width of its content."""
        if self.coils is not None:
            return self.coils
        return 16 * self.words if self.bytes is None else 8 * self.bytes


class ReadBlock(Frozen):
    """Fields fetched by one read, in ascending order of address; words (coils) between them are skipped."""

    fields: tuple[Quantity, ...] = Field(min_length=1)
    every: int = Field(default=1, ge=1)  # of the drive's turns; 1 in the fast block
    function: Literal[1, 2, 3, 4] = 3


class Reads(Frozen):
    """Cyclic reads: the fast block at every turn of the drive, slow ones at every n-th."""

    fast: ReadBlock
    slow: tuple[ReadBlock, ...] = ()
    every_cycle: bool = False  # a turn in every cycle of its line; otherwise round robin with the others
