"""Engineering values to register words and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor, isfinite

from cell_controller.drives.errors import BlockLengthError, FieldRangeError, MissingSourceError
from cell_controller.drives.profile.fields import ProfileField, ReadBlock
from cell_controller.drives.profile.model import DriveProfile
from cell_controller.drives.profile.quantities import Quantity, Source
from cell_controller.drives.profile.writes import Exchange, Write

_SAME = 1e-6  # of a count: what a limit and its quotient differ by


def to_words(profile: DriveProfile, field: ProfileField, raw: int) -> list[int]:
    """Words (bytes, coils) of a raw count in the order in which they stand on the wire."""
    if field.coils is not None:
        return [raw >> place & 1 for place in range(field.coils)]
    if field.bytes is not None:
        return list((raw & ((1 << field.bits) - 1)).to_bytes(field.bytes, "little"))
    if field.words == 1:
        return [raw & 0xFFFF]
    low, high = raw & 0xFFFF, (raw >> 16) & 0xFFFF
    return [low, high] if profile.word_order == "low_first" else [high, low]


def to_raw(profile: DriveProfile, field: ProfileField, words: Sequence[int]) -> int:
    """Unsigned register content of the words (bytes, coils) of one field."""
    if field.coils is not None:
        return sum(bit << place for place, bit in enumerate(words))
    if field.bytes is not None:
        return int.from_bytes(bytes(words), "little")
    if field.words == 1:
        return words[0]
    low, high = (words[0], words[1]) if profile.word_order == "low_first" else (words[1], words[0])
    return high << 16 | low


def count_limits(field: ProfileField) -> tuple[int, int]:
    """Smallest and largest count that the words can hold."""
    bits = field.bits
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if field.signed else (0, (1 << bits) - 1)


def value_limits(field: ProfileField) -> tuple[float, float]:
    """Smallest and largest engineering value that a field takes."""
    low, high = count_limits(field)
    if field.ramp_span is not None:  # a time: the longest is the smallest acceleration
        bottom, top = field.ramp_span / (high * field.scale), field.ramp_span / field.scale
    else:
        bottom, top = low * field.scale, high * field.scale
    return (
        bottom if field.low is None else max(bottom, field.low),
        top if field.high is None else min(top, field.high),
    )


def encode_field(profile: DriveProfile, quantity: Quantity, value: float) -> list[int]:
    """Words for a value in the field's unit; FieldRangeError names field, value and limits."""
    field = profile.field(quantity)
    low, high = value_limits(field)
    slack = field.scale / 2 if field.ramp_span is None else 0.0  # rounds to the limit itself
    if not isfinite(value) or not low - slack <= value <= high + slack:
        raise FieldRangeError(profile.name, quantity, value, low, high, field.unit)
    if field.ramp_span is not None:
        count = round(field.ramp_span / value / field.scale)
    else:
        count = round(value / field.scale)
    least, most = _counts(field)
    return to_words(profile, field, min(max(count, least), most))


def _counts(field: ProfileField) -> tuple[int, int]:
    """Smallest and largest count inside the field's own limits: none is rounded over them, into a 0 that says
    "no limit" for one."""
    least, most = count_limits(field)
    if field.ramp_span is not None:
        return max(least, 1), most
    if field.low is not None:
        least = max(least, ceil(field.low / field.scale - _SAME))
    if field.high is not None:
        most = min(most, floor(field.high / field.scale + _SAME))
    return least, most


def decode_field(profile: DriveProfile, quantity: Quantity, raw: int) -> float:
    """Value of an unsigned register content in the field's unit; the sign of `negative_when` is not in it."""
    field = profile.field(quantity)
    bits = field.bits
    count = raw - (1 << bits) if field.signed and raw >> (bits - 1) else raw
    if field.ramp_span is not None:
        return field.ramp_span / max(count * field.scale, field.scale)
    return count * field.scale


def raw_block(profile: DriveProfile, block: ReadBlock, words: Sequence[int]) -> dict[Quantity, int]:
    """Unsigned register contents of a block that was read."""
    first, length = profile.span(block.fields)
    if len(words) != length:
        raise BlockLengthError(profile.name, len(words), length)
    raw = {}
    for quantity in block.fields:
        field = profile.field(quantity)
        start = field.address - first
        raw[quantity] = to_raw(profile, field, words[start : start + field.end - field.address])
    return raw


def decode_block(profile: DriveProfile, block: ReadBlock, words: Sequence[int]) -> dict[Quantity, float]:
    """Engineering values of a block that was read; signs from status bits are applied."""
    raw = raw_block(profile, block, words)
    values = {}
    for quantity, content in raw.items():
        value = decode_field(profile, quantity, content)
        tests = profile.field(quantity).negative_when
        is_negative = any(t.field in raw and t.holds(raw[t.field]) for t in tests)
        values[quantity] = -value if is_negative else value
    return values


def _encode_write(profile: DriveProfile, write: Write, values: Mapping[Source, float]) -> list[int]:
    field = profile.field(write.field)
    if write.value is not None:
        return to_words(profile, field, write.value)
    if write.by_sign is not None:
        speed = _given(profile, values, Source.TARGET_SPEED)
        sign = write.by_sign
        return to_words(
            profile, field, sign.zero if speed == 0 else sign.positive if speed > 0 else sign.negative
        )
    if write.source is Source.SPEED_MAGNITUDE:
        return encode_field(profile, write.field, abs(_given(profile, values, Source.TARGET_SPEED)))
    assert write.source is not None  # the model demands one origin
    if write.source is Source.STOP_POSITION:  # behind the end of the range: stops there, by the same ramp
        low, high = value_limits(field)
        place = _given(profile, values, write.source)
        return encode_field(profile, write.field, min(max(place, low), high))
    return encode_field(profile, write.field, _given(profile, values, write.source))


def _given(profile: DriveProfile, values: Mapping[Source, float], source: Source) -> float:
    if source not in values:
        raise MissingSourceError(profile.name, source)
    return values[source]


def encode_exchange(
    profile: DriveProfile, exchange: Exchange, values: Mapping[Source, float]
) -> tuple[int, list[int]]:
    """First address and words of one write; values are in the units of the fields they go to."""
    words: list[int] = []
    for write in exchange.write:
        words += _encode_write(profile, write, values)
    return profile.field(exchange.write[0].field).address, words
