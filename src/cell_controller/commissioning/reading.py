"""What one drive says about itself, field by field, in the units of its profile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import nan

from cell_controller.commissioning.errors import UnknownFieldNameError
from cell_controller.commissioning.master import Master
from cell_controller.drives.profile import (
    Access,
    DriveProfile,
    DriveUnit,
    Quantity,
    ReadBlock,
    decode_block,
    decode_field,
    raw_block,
    to_raw,
)
from cell_controller.drives.protocols.errors import DriveExceptionError
from cell_controller.drives.protocols.request import RegistersReply, Request
from cell_controller.drives.requests import read_back_request, read_request
from cell_controller.drives.transaction import NoReplyError

TRIES = 2  # one lost frame is noise
_SELECTIONS = (
    Quantity.MONITOR_SELECT_1,
    Quantity.MONITOR_SELECT_2,
    Quantity.MONITOR_SELECT_3,
    Quantity.MONITOR_SELECT_4,
    Quantity.MONITOR_SELECT_5,
)


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One field as it was read; `raw` None and `problem` where it was not."""

    quantity: Quantity
    unit: DriveUnit
    raw: int | None = None
    value: float = nan
    problem: str = ""
    is_silence: bool = False  # nothing came back at all


@dataclass(frozen=True, slots=True)
class _Missing:
    """Why a request brought no words."""

    problem: str
    is_silence: bool


class DriveReader:
    """Reads one drive with what its profile says of it."""

    def __init__(self, master: Master, profile: DriveProfile, unit: int) -> None:
        self._master, self.profile, self.unit = master, profile, unit

    def block(self, block: ReadBlock) -> tuple[FieldValue, ...]:
        """The fields of one read, all of them or none."""
        request = read_request(self.profile, self.unit, block)
        found = self._words(request, self.profile.span(block.fields)[1])
        if isinstance(found, _Missing):
            return tuple(self._missing(q, found) for q in block.fields)
        raws, values = raw_block(self.profile, block, found), decode_block(self.profile, block, found)
        return tuple(FieldValue(q, self.profile.field(q).unit, raws[q], values[q]) for q in block.fields)

    def field(self, quantity: Quantity) -> FieldValue:
        """One field alone."""
        field = self.profile.field(quantity)
        found = self._words(
            read_back_request(self.profile, self.unit, (quantity,)), field.end - field.address
        )
        if isinstance(found, _Missing):
            return self._missing(quantity, found)
        raw = to_raw(self.profile, field, found)
        return FieldValue(quantity, field.unit, raw, decode_field(self.profile, quantity, raw))

    def fast(self) -> tuple[FieldValue, ...]:
        """The state that a bus reads all the time."""
        return self.block(self.profile.reads.fast)

    def each(self, wanted: tuple[Quantity, ...]) -> Iterator[FieldValue]:
        """These fields; those of a read block in one request, where their signs are known."""
        left = list(wanted)
        for block in (self.profile.reads.fast, *self.profile.reads.slow):
            if any(q in left for q in block.fields):
                for value in self.block(block):
                    if value.quantity in left:
                        left.remove(value.quantity)
                        yield value
        for quantity in left:
            yield self.field(quantity)

    def shows_something_else(self) -> bool:
        """Before an arming, state registers whose content is chosen are not what the profile says."""
        wanted = selections(self.profile)
        return any(self.field(quantity).raw != choice for quantity, choice in wanted.items())

    def _missing(self, quantity: Quantity, found: _Missing) -> FieldValue:
        unit = self.profile.field(quantity).unit
        return FieldValue(quantity, unit, problem=found.problem, is_silence=found.is_silence)

    def _words(self, request: Request, count: int) -> tuple[int, ...] | _Missing:
        """The words of a reply, or why there are none."""
        problem, is_silence = "", False
        for _ in range(TRIES):
            ended = self._master.ask(request, self.profile.timing)
            if isinstance(ended.reply, RegistersReply) and len(ended.reply.words) == count:
                return ended.reply.words
            problem, is_silence = str(ended.error or "a reply of another length"), False
            if isinstance(ended.error, DriveExceptionError):
                problem = f"refused: {ended.error.meaning}"
                break
            is_silence = isinstance(ended.error, NoReplyError)
        return _Missing(problem, is_silence)


def selections(profile: DriveProfile) -> dict[Quantity, int]:
    """Registers that choose what the state registers show, with the choice that arming makes."""
    writes = [w for exchange in profile.arming for w in exchange.write]
    return {w.field: w.value for w in writes if w.field in _SELECTIONS and w.value is not None}


def readable(profile: DriveProfile) -> tuple[Quantity, ...]:
    """Fields that can be read, in the order of the file."""
    return tuple(q for q, f in profile.fields.items() if f.access is not Access.WRITE)


def fields_named(profile: DriveProfile, names: tuple[str, ...]) -> tuple[Quantity, ...]:
    """The readable fields of these names, all without any; UnknownFieldNameError lists those there are."""
    known = readable(profile)
    by_name = {q.value: q for q in known}
    for name in names:
        if name not in by_name:
            raise UnknownFieldNameError(profile.name, name, tuple(by_name))
    return tuple(by_name[name] for name in names) or known


def settings(profile: DriveProfile) -> tuple[Quantity, ...]:
    """Readable fields that stay as they were set: neither measured nor part of commands and setpoints."""
    measured = {q for block in (profile.reads.fast, *profile.reads.slow) for q in block.fields}
    sequences = [
        *profile.setpoints.values(),
        *profile.references.values(),
        *(stop.ramp + stop.then for stop in profile.stops.values()),
        tuple(step.exchange for step in profile.enable),
        profile.disable,
        profile.fault_reset,
    ]
    commanded = {w.field for sequence in sequences for exchange in sequence for w in exchange.write}
    armed = {w.field for exchange in profile.arming if exchange.is_kept for w in exchange.write}
    compared = {test.field for test in profile.identity}
    kept = armed | compared - measured
    return tuple(q for q in readable(profile) if q in kept or q not in measured | commanded)
