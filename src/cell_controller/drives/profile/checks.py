"""Cross-checks of a profile that its models cannot express one by one; all findings at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from cell_controller.config.values import DriveKind
from cell_controller.drives.profile.quantities import (
    Access,
    DriveUnit,
    Memory,
    Protocol,
    Quantity,
    Source,
    StopCategory,
    Verb,
)

if TYPE_CHECKING:
    from cell_controller.drives.profile.fields import BitTest
    from cell_controller.drives.profile.model import DriveProfile
    from cell_controller.drives.profile.writes import Exchange

_READ_COILS = 1
_READ_MULTIPLE = 23
_OF_COILS = (1, 2)
_CYCLIC_TESTS = ("states", "at_target", "standstill", "homed", "braking", "unarmed_when")


_UNITS = {
    Quantity.TORQUE: DriveUnit.PERCENT,
    Quantity.TORQUE_LIMIT: DriveUnit.PERCENT,
    Quantity.CURRENT: DriveUnit.A,
    Quantity.POWER: DriveUnit.W,
    Quantity.TEMPERATURE: DriveUnit.C,
    Quantity.WATCHDOG_TIMEOUT: DriveUnit.S,
}
_UNITS_OF = {
    DriveKind.AXIS: {
        Quantity.POSITION: DriveUnit.REV,
        Quantity.TARGET_POSITION: DriveUnit.REV,
        Quantity.SPEED: DriveUnit.RPM,
        Quantity.TARGET_SPEED: DriveUnit.RPM,
        Quantity.PROFILE_SPEED: DriveUnit.RPM,
        Quantity.HOMING_SPEED: DriveUnit.RPM,
        Quantity.PROFILE_ACCELERATION: DriveUnit.RPM_PER_S,
        Quantity.PROFILE_DECELERATION: DriveUnit.RPM_PER_S,
    },
    DriveKind.SPINDLE: {
        Quantity.SPEED: DriveUnit.HZ,
        Quantity.TARGET_SPEED: DriveUnit.HZ,
        Quantity.COMMANDED_SPEED: DriveUnit.HZ,
        Quantity.SHAFT_SPEED: DriveUnit.RPM,
        Quantity.PROFILE_ACCELERATION: DriveUnit.HZ_PER_S,
        Quantity.PROFILE_DECELERATION: DriveUnit.HZ_PER_S,
    },
    DriveKind.IO: {},
}


def problems_of(profile: DriveProfile) -> list[str]:
    """Every contradiction inside a profile, in words."""
    found = [*_fields(profile), *_missing(profile)]
    if found:  # the checks below look fields up
        return found
    return [
        *_blocks(profile),
        *_exchanges(profile),
        *_watchdog(profile),
        *_stops(profile),
        *_references(profile),
    ]


def _fields(profile: DriveProfile) -> Iterator[str]:
    is_modbus = profile.protocol is Protocol.MODBUS_RTU
    if not is_modbus and (profile.word_order != "low_first" or profile.functions.codes):
        yield f"protocol: {profile.protocol} has bytes, the lowest first, and no function codes"
    for quantity, field in profile.fields.items():
        if is_modbus is not (field.bytes is None) or (field.coils is not None and not is_modbus):
            yield f"fields.{quantity}: {profile.protocol} counts in {'words' if is_modbus else 'bytes'}"
        if field.coils is not None and (field.signed or field.unit is not DriveUnit.RAW):
            yield f"fields.{quantity}: coils are raw, without a sign"
        if not field.bits and (field.access is not Access.WRITE or field.unit is not DriveUnit.RAW):
            yield f"fields.{quantity}: without content it is a command, raw and written only"
        if field.end > 0x10000:
            yield f"fields.{quantity}: two words at 0x{field.address:04X} leave the address space"
        if field.unit is DriveUnit.RAW and field.scale != 1.0:
            yield f"fields.{quantity}: a raw value has no scale ({field.scale:g})"
        wanted = {**_UNITS, **_UNITS_OF[profile.kind]}.get(quantity, field.unit)
        if field.unit is not wanted:
            yield f"fields.{quantity}: must be in {wanted} for kind {profile.kind}, not {field.unit}"
        if field.ramp_span is not None and field.unit not in (DriveUnit.RPM_PER_S, DriveUnit.HZ_PER_S):
            yield f"fields.{quantity}: ramp_span belongs to an acceleration, not to {field.unit}"
        if field.negative_when and field.signed:
            yield f"fields.{quantity}: a signed register needs no negative_when"


def _missing(profile: DriveProfile) -> Iterator[str]:
    for where, quantity in _mentions(profile):
        if quantity not in profile.fields:
            yield f"{where}: no field {quantity}"


def _mentions(profile: DriveProfile) -> Iterator[tuple[str, Quantity]]:
    for where, exchange in exchanges_of(profile):
        yield from ((where, w.field) for w in exchange.write)
    for block in (profile.reads.fast, *profile.reads.slow):
        yield from (("reads", q) for q in block.fields)
    for where, test in _tests(profile):
        yield where, test.field


def _tests(profile: DriveProfile) -> Iterator[tuple[str, BitTest]]:
    for rule in profile.states:
        yield from (("states", t) for t in rule.tests)
    yield from (("at_target", t) for t in profile.at_target)
    yield from (("standstill", t) for t in profile.standstill)
    yield from (("homed", t) for t in profile.homed)
    yield from (("unarmed_when", t) for t in profile.unarmed_when)
    yield from (("braking", t) for t in profile.braking)
    yield from (("identity", t) for t in profile.identity)
    for quantity, field in profile.fields.items():
        yield from ((f"fields.{quantity}.negative_when", t) for t in field.negative_when)


def exchanges_of(profile: DriveProfile) -> Iterator[tuple[str, Exchange]]:
    """Every request that the profile can make, with the key it stands under."""
    yield from (("arming", e) for e in profile.arming)
    yield from (("disable", e) for e in profile.disable)
    yield from (("fault_reset", e) for e in profile.fault_reset)
    yield from (("enable", s.exchange) for s in profile.enable)
    for verb, sequence in profile.setpoints.items():
        yield from ((f"setpoints.{verb}", e) for e in sequence)
    for method, sequence in profile.references.items():
        yield from ((f"references.{method}", e) for e in sequence)
    for category, stop in profile.stops.items():
        yield from ((f"stops.{int(category)}", e) for e in (*stop.ramp, *stop.then))


def needs_place(exchange: Exchange) -> bool:
    """The request says where to come to rest."""
    return any(write.source is Source.STOP_POSITION for write in exchange.write)


def _blocks(profile: DriveProfile) -> Iterator[str]:
    is_modbus = profile.protocol is Protocol.MODBUS_RTU
    for block in (profile.reads.fast, *profile.reads.slow):
        name = f"reads from {block.fields[0]}"
        _, words = profile.span(block.fields)
        if is_modbus and block.function not in profile.functions.codes:
            yield f"{name}: the drive does not know function {block.function}"
        if not _is_of_one_table(profile, block.fields) or (block.function in _OF_COILS) is not _are_coils(
            profile, block.fields
        ):
            yield f"{name}: functions 1 and 2 read coils, 3 and 4 registers, and none reads both"
        most, cells = _longest(profile, block.fields, is_read=True)
        if words > most:
            yield f"{name}: {words} {cells}, the drive allows {most}"
        for before, after in pairwise(block.fields):
            if profile.field(after).address < profile.field(before).end:
                yield f"{name}: {after} is not behind {before}"
        for quantity in block.fields:
            if profile.field(quantity).access is Access.WRITE:
                yield f"{name}: {quantity} cannot be read"
    if profile.reads.fast.every != 1:
        yield "reads.fast: the fast block is read at every turn"
    for where, test in _tests(profile):
        if where in _CYCLIC_TESTS and test.field not in profile.reads.fast.fields:
            yield f"{where}: {test.field} is not in the fast block"


def _are_coils(profile: DriveProfile, quantities: tuple[Quantity, ...]) -> bool:
    return profile.field(quantities[0]).coils is not None


def _is_of_one_table(profile: DriveProfile, quantities: tuple[Quantity, ...]) -> bool:
    return len({profile.field(q).coils is None for q in quantities}) == 1


def _longest(profile: DriveProfile, quantities: tuple[Quantity, ...], *, is_read: bool) -> tuple[int, str]:
    """Cells that one request may have, and what they are."""
    known = profile.functions
    if _are_coils(profile, quantities):
        return known.max_read_coils if is_read else known.max_write_coils, "coils"
    return known.max_read_words if is_read else known.max_write_words, "words"


def _functions(profile: DriveProfile, where: str, exchange: Exchange) -> Iterator[str]:
    """Whether the drive knows what this request takes."""
    codes, is_modbus = profile.functions.codes, profile.protocol is Protocol.MODBUS_RTU
    written = tuple(w.field for w in exchange.write)
    _, words = profile.span(written)
    most, cells = _longest(profile, written, is_read=False)
    if words > most:
        yield f"{where}: {words} {cells}, the drive allows {most}"
    if not _is_of_one_table(profile, written):
        yield f"{where}: coils and registers are not written by one request"
    are_coils = _are_coils(profile, written)
    if exchange.with_read and (_READ_MULTIPLE not in codes or are_coils):
        yield f"{where}: with_read needs function 23, which writes registers"
    single, several = (5, 15) if are_coils else (6, 16)
    is_known = several in codes or (words == 1 and single in codes)
    if is_modbus and not exchange.with_read and not is_known:
        yield f"{where}: no function of the drive writes {words} {cells}"
    if are_coils and where == "arming" and _READ_COILS not in codes:
        yield f"{where}: coils are read back by function 1, which the drive does not know"


def _exchanges(profile: DriveProfile) -> Iterator[str]:
    for where, exchange in exchanges_of(profile):
        yield from _functions(profile, where, exchange)
        written = tuple(w.field for w in exchange.write)
        for before, after in pairwise(written):
            if profile.field(after).address != profile.field(before).end:
                yield f"{where}: {after} does not follow {before} directly"
        for quantity in written:
            field = profile.field(quantity)
            if field.access is Access.READ:
                yield f"{where}: {quantity} is read only"
            if where == "arming" and field.access is not Access.READ_WRITE:
                yield f"{where}: {quantity} cannot be read back"
            if where != "arming" and field.memory is Memory.EEPROM:
                yield f"{where}: {quantity} wears the EEPROM"


def _watchdog(profile: DriveProfile) -> Iterator[str]:
    if not profile.watchdog.exists:
        return
    written = {w.field: w for e in profile.arming for w in e.write}
    timeout, action = written.get(Quantity.WATCHDOG_TIMEOUT), written.get(Quantity.WATCHDOG_ACTION)
    if timeout is None or timeout.source is not Source.WATCHDOG_TIMEOUT:
        yield "arming: watchdog_timeout is not written from watchdog_timeout"
    wanted = profile.watchdog.action
    if wanted is not None and (action is None or action.value != wanted):
        yield f"arming: watchdog_action is not written as {wanted}"
    if profile.watchdog.max_s < profile.watchdog.min_s:
        yield "watchdog: max_s is below min_s"


def _stops(profile: DriveProfile) -> Iterator[str]:
    if profile.kind is DriveKind.IO:
        if Verb.OUTPUTS in profile.setpoints and not profile.nameplate.digital_outputs:
            yield "nameplate: digital_outputs is 0, but the profile sets outputs"
        return
    for category in StopCategory:
        if category not in profile.stops:
            yield f"stops: category {int(category)} is missing"
    for category, stop in profile.stops.items():
        if len(stop.ramp) != 1 and any(needs_place(e) for e in stop.ramp):
            yield f"stops.{int(category)}: a stop at a place is one request"
    if profile.hold_category is StopCategory.REMOVE_POWER:
        yield "hold_category: category 0 does not hold"
    needed = Quantity.POSITION if profile.kind is DriveKind.AXIS else Quantity.SPEED
    if needed not in profile.reads.fast.fields:
        yield f"reads.fast: an {profile.kind} needs {needed}"
    if profile.nameplate.rated_torque_nm is None or profile.nameplate.max_torque_percent is None:
        yield "nameplate: rated_torque_nm and max_torque_percent are needed"


def _references(profile: DriveProfile) -> Iterator[str]:
    if profile.references and (profile.kind is not DriveKind.AXIS or not profile.homed):
        yield "references: belong to an axis that tells by `homed` whether it has one"
