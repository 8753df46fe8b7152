"""What is written to a drive: single requests, and the sequences that stop it and switch it on."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from cell_controller.drives.profile.frozen import Frozen, Word
from cell_controller.drives.profile.quantities import Quantity, Source
from cell_controller.messages.enums import DriveCondition


def _condition(value: object) -> object:
    """Conditions stand in the file by name."""
    if isinstance(value, str) and value in DriveCondition.__members__:
        return DriveCondition[value]
    return value


Condition = Annotated[DriveCondition, BeforeValidator(_condition)]


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
