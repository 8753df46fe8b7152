"""From a profile's blocks and writes to requests, and their lengths."""

from __future__ import annotations

from collections.abc import Mapping

from cell_controller.drives.line_time import ExchangeShape
from cell_controller.drives.profile import (
    DriveProfile,
    Exchange,
    Quantity,
    ReadBlock,
    Source,
    encode_exchange,
)
from cell_controller.drives.protocols import CODECS
from cell_controller.drives.protocols.request import (
    ReadRegisters,
    ReadWriteRegisters,
    Request,
    WriteRegister,
    WriteRegisters,
)

READ_COILS, READ_HOLDING = 1, 3
WRITE_COIL, WRITE_REGISTER = 5, 6
WRITE_COILS, WRITE_REGISTERS = 15, 16


def read_request(profile: DriveProfile, unit: int, block: ReadBlock) -> Request:
    """The read of one block."""
    address, words = profile.span(block.fields)
    return ReadRegisters(unit, address, words, block.function)


def read_back_request(profile: DriveProfile, unit: int, quantities: tuple[Quantity, ...]) -> Request:
    """The read of adjacent fields outside the cyclic blocks: read back and identity."""
    address, words = profile.span(quantities)
    function = READ_COILS if profile.field(quantities[0]).coils is not None else READ_HOLDING
    return ReadRegisters(unit, address, words, function)


def write_request(
    profile: DriveProfile, unit: int, exchange: Exchange, values: Mapping[Source, float]
) -> Request:
    """The request of one exchange; values are in the units of the fields that take them."""
    address, words = encode_exchange(profile, exchange, values)
    return _write(profile, unit, exchange, address, tuple(words))


def _write(
    profile: DriveProfile, unit: int, exchange: Exchange, address: int, words: tuple[int, ...]
) -> Request:
    if exchange.with_read:
        first, count = profile.span(profile.reads.fast.fields)
        return ReadWriteRegisters(unit, first, count, address, words)
    are_coils = profile.field(exchange.write[0].field).coils is not None
    single, several = (WRITE_COIL, WRITE_COILS) if are_coils else (WRITE_REGISTER, WRITE_REGISTERS)
    if len(words) == 1 and single in profile.functions.codes:
        return WriteRegister(unit, address, words[0], single)
    return WriteRegisters(unit, address, words, several)


def read_shape(profile: DriveProfile, quantities: tuple[Quantity, ...], *, is_worst: bool) -> ExchangeShape:
    """Lengths of the read of a block, with the usual or the longest reply delay."""
    return _shape(profile, read_back_request(profile, 1, quantities), is_worst)


def write_shape(profile: DriveProfile, exchange: Exchange, *, is_worst: bool) -> ExchangeShape:
    """Lengths of a write, with the usual or the longest reply delay."""
    address, words = profile.span(tuple(w.field for w in exchange.write))
    return _shape(profile, _write(profile, 1, exchange, address, (0,) * words), is_worst)


def _shape(profile: DriveProfile, request: Request, is_worst: bool) -> ExchangeShape:
    timing = profile.timing
    delay_s = timing.max_reply_delay_s if is_worst else timing.reply_delay_s
    codec = CODECS[profile.protocol]
    return ExchangeShape(codec.request_length(request), codec.reply_length(request), timing.gap_s, delay_s)
