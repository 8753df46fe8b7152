"""Holding frames against the bus and against a virtual drive; see support/frames.py."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from cell_controller.drives.errors import DriveError
from cell_controller.drives.profile import DriveProfile, Exchange, Quantity, ReadBlock, Write, decode_block
from cell_controller.drives.protocols import CODECS
from cell_controller.drives.protocols.errors import DriveExceptionError
from cell_controller.drives.protocols.request import RegistersReply, Request
from cell_controller.drives.requests import read_back_request, read_request, write_request
from cell_sim.drives import VirtualDrive, build_line
from cell_sim.plant import build_plant
from support.frames import Frames
from support.line_bench import loaded_cell
from support.profile_bench import PLACES


class FrameMismatchError(AssertionError):
    """Bus or drive does not agree with a frame."""


# The bus' side


def steps_of(profile: DriveProfile) -> dict[str, Exchange]:
    """Every request of the profile by its name, such as arming.0, enable.SWITCHED_ON, stops.1.then.0."""
    found: dict[str, Exchange] = {f"enable.{s.when.name}": s.exchange for s in profile.enable}
    groups: dict[str, tuple[Exchange, ...]] = {
        "arming": profile.arming,
        "disable": profile.disable,
        "fault_reset": profile.fault_reset,
        **{f"setpoints.{verb.value}": s for verb, s in profile.setpoints.items()},
        **{f"references.{method.value}": s for method, s in profile.references.items()},
        **{f"stops.{int(c)}": stop.ramp for c, stop in profile.stops.items()},
        **{f"stops.{int(c)}.then": stop.then for c, stop in profile.stops.items()},
    }
    for name, sequence in groups.items():
        found |= {f"{name}.{number}": exchange for number, exchange in enumerate(sequence)}
    return found


def used_fields(profile: DriveProfile) -> tuple[Quantity, ...]:
    """What the bus reads or writes, each once."""
    blocks = (profile.reads.fast, *profile.reads.slow)
    found = [q for block in blocks for q in block.fields]
    found += [w.field for exchange in steps_of(profile).values() for w in exchange.write]
    found += [test.field for test in profile.identity]
    return tuple(dict.fromkeys(found))


def _count(profile: DriveProfile, quantity: Quantity, value: float) -> int:
    """The number in the register for a value in the field's unit."""
    described = profile.field(quantity)
    if described.ramp_span is not None:
        return round(described.ramp_span / value / described.scale)
    return round(abs(value) / described.scale) if described.negative_when else round(value / described.scale)


def _request(profile: DriveProfile, unit: int, frames: Frames) -> Request:
    if frames.step:
        return write_request(profile, unit, steps_of(profile)[frames.step], frames.given)
    if frames.writes:
        writes = tuple(Write(field=q, value=_count(profile, q, v)) for q, v in frames.writes.items())
        return write_request(profile, unit, Exchange(write=writes), {})
    for block in (profile.reads.fast, *profile.reads.slow):
        if block.fields == tuple(frames.reads):
            return read_request(profile, unit, block)
    return read_back_request(profile, unit, tuple(frames.reads))


def check_bus(profile: DriveProfile, unit: int, frames: Frames) -> None:
    """The bus would send this request, and understands this reply so; else FrameMismatchError."""
    codec = CODECS[profile.protocol]
    try:
        _adjacent(profile, frames)
        request = _request(profile, unit, frames)
        _same(frames, "the bus sends", codec.encode(request), frames.request)
        if codec.expected_length(request, frames.reply) != len(frames.reply):
            raise FrameMismatchError(f"{frames.meaning}: the bus waits for another length of reply")
        reply = codec.parse(request, frames.reply)
        if frames.refused is not None:
            raise FrameMismatchError(f"{frames.meaning}: the bus sees no refusal")
        if frames.reads:
            _same_values(profile, frames, reply)
    except DriveExceptionError as error:
        if error.code != frames.refused:
            raise FrameMismatchError(f"{frames.meaning}: {error}") from error
    except DriveError as error:
        raise FrameMismatchError(f"{frames.meaning}: {error}") from error


def _adjacent(profile: DriveProfile, frames: Frames) -> None:
    """A write has one address, that of its first field; a profile whose others are elsewhere is refused."""
    for before, after in pairwise(frames.writes):
        if profile.field(after).address != profile.field(before).end:
            raise FrameMismatchError(f"{frames.meaning}: {after} does not follow {before}")


def _same_values(profile: DriveProfile, frames: Frames, reply: object) -> None:
    if not isinstance(reply, RegistersReply):
        raise FrameMismatchError(f"{frames.meaning}: no values in the reply")
    block = ReadBlock(fields=tuple(frames.reads))
    for quantity, value in decode_block(profile, block, reply.words).items():
        if abs(value - frames.reads[quantity]) > 1e-6 * max(1.0, abs(frames.reads[quantity])):
            raise FrameMismatchError(
                f"{frames.meaning}: the bus reads {quantity} = {value:g}, not {frames.reads[quantity]:g}"
            )


def _same(frames: Frames, who: str, found: bytes, wanted: bytes) -> None:
    if found != wanted:
        raise FrameMismatchError(f"{frames.meaning}: {who} {found.hex(' ')}, not {wanted.hex(' ')}")


# The drive's side


def virtual_drive(profile: DriveProfile, unit: int) -> VirtualDrive:
    """The emulator of the family, switched on, in the place of the demo cell that suits it."""
    loaded = loaded_cell("demo")
    line, name = PLACES[profile.kind]
    changed = loaded.cell.drives[name].model_copy(update={"profile": profile.name, "unit": unit})
    others = {n: d for n, d in loaded.cell.drives.items() if d.line != line}
    cell = loaded.cell.model_copy(update={"drives": {**others, name: changed}})
    plant = build_plant(loaded.cell, next(iter(loaded.recipes.values())))
    plant.set_outputs("safety_io", 1)  # torque for the drives
    return build_line(cell, line, {profile.name: profile}, plant).drive(name)


def check_drive(profile: DriveProfile, unit: int, frames: Frames) -> None:
    """The virtual drive answers this request with this reply, and holds what was written."""
    drive = virtual_drive(profile, unit)
    now_s = 1.0
    for request in frames.before:
        if drive.hear(request, now_s) is None:
            raise FrameMismatchError(f"{frames.meaning}: the drive ignores {request.hex(' ')}")
        now_s += 0.1
    if frames.reads:
        drive.is_frozen = True
        for quantity, value in frames.reads.items():
            drive.store(quantity, _count(profile, quantity, value))
    reply = drive.hear(frames.request, now_s)
    _same(frames, "the drive answers", reply or b"", frames.reply)
    for quantity, value in frames.writes.items() if frames.refused is None else ():
        if drive.raw(quantity) != _count(profile, quantity, value):
            raise FrameMismatchError(
                f"{frames.meaning}: the drive took {quantity} as {drive.raw(quantity)}, not {value:g}"
            )


# Profiles with one error


def spoilt(profile: DriveProfile, quantity: Quantity) -> Iterator[tuple[str, DriveProfile]]:
    """The profile with one thing about this field wrong, and what."""
    described = profile.field(quantity)
    changes: dict[str, dict[str, object]] = {"address": {"address": described.address + 1}}
    if described.unit != "raw":
        changes["scale"] = {"scale": described.scale * 10.0}
    for what, change in changes.items():
        fields = {**profile.fields, quantity: described.model_copy(update=change)}
        yield what, profile.model_copy(update={"fields": fields})
    if described.bytes is None and described.words > 1:
        order = "high_first" if profile.word_order == "low_first" else "low_first"
        yield "order", profile.model_copy(update={"word_order": order})
