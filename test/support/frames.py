"""Frames that neither codec nor virtual drive has made: test/conformance/frames/*.yaml, one file a family.

A virtual drive takes its registers from the profile, so it would confirm the profile's own errors. These
frames do not: they stand as the manual prints them, or were written by hand from its table of registers, with
a check sum by `crc_of` below, which shares no line with codec or emulator. Each exchange is held against the
bus (codec and profile) and against the virtual drive separately. The form of a file:

    profile: delta_c2000      # of config/drives
    unit: 1
    exchanges:
      - meaning: set to 60.00 Hz, output still off
        source: manual        # printed there, byte for byte; else the table or page it was written from
        reads: {commanded_speed: 60.0, speed: 0}
        request: 01 03 21 02 00 02 6F F7
        reply: 01 03 04 17 70 00 00 FE 5C
      - meaning: and then forward
        source: manual
        step: setpoints.velocity.1
        with: {target_speed: 50.0}
        writes: {control: 0x0012}
        request: 01 06 20 00 00 12 02 07
        reply: 01 06 20 00 00 12 02 07

reads: ascending fields and their values, in the unit of the field and with the sign that the bus gives them.
step: which request of the profile it is, by the names of `steps_of`; so the order of a start is checked too.
with: values of the sources of that request, in the units of its fields.
writes: what the drive holds afterwards; commands without content, and cells that the drive changes at once,
  may be left out. Without `step` these adjacent fields are written as they stand.
before: a list of requests that the drive takes first, to be in the right state.
refused: the code of the refusal that the reply is.
holds_for: bus, drive or both (the default): who can be asked. Give the reason as a comment.

At least twelve frames a family, one refusal among them. Every field that the bus uses stands in at least one
exchange, else it counts as `verified: memory`. Values are such that another address, scale or order of words
is seen: not 0 where there is a scale, the words different where there are two. test_frames.py checks it all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from cell_controller.drives.profile import Protocol, Quantity, Source

FOLDER = Path(__file__).parents[1] / "conformance" / "frames"


@dataclass(frozen=True)
class Frames:
    """One exchange of a file."""

    meaning: str
    source: str
    request: bytes
    reply: bytes
    reads: Mapping[Quantity, float] = field(default_factory=dict)
    step: str = ""
    given: Mapping[Source, float] = field(default_factory=dict)
    writes: Mapping[Quantity, float] = field(default_factory=dict)
    before: tuple[bytes, ...] = ()
    refused: int | None = None
    holds_for: str = "both"

    @property
    def fields(self) -> tuple[Quantity, ...]:
        return (*self.reads, *self.writes)


@dataclass(frozen=True)
class Family:
    """One file."""

    profile: str
    unit: int
    exchanges: tuple[Frames, ...]


_KEYS = {
    "meaning",
    "source",
    "request",
    "reply",
    "reads",
    "step",
    "with",
    "writes",
    "before",
    "refused",
    "holds_for",
}


def load_family(path: Path) -> Family:
    """A file; KeyError, ValueError or TypeError where it is not of the form above."""
    data: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    return Family(data["profile"], data["unit"], tuple(_frames(entry) for entry in data["exchanges"]))


def families() -> dict[str, Family]:
    """All files, by name."""
    return {path.stem: load_family(path) for path in sorted(FOLDER.glob("*.yaml"))}


def _frames(entry: dict[str, Any]) -> Frames:
    if unknown := entry.keys() - _KEYS:
        raise KeyError(f"{entry.get('meaning')}: {', '.join(sorted(unknown))}")
    if entry.get("holds_for", "both") not in ("bus", "drive", "both"):
        raise ValueError(f"{entry['meaning']}: holds_for {entry['holds_for']}")
    return Frames(
        meaning=entry["meaning"],
        source=entry["source"],
        request=bytes.fromhex(entry["request"]),
        reply=bytes.fromhex(entry["reply"]),
        reads={Quantity(q): float(v) for q, v in entry.get("reads", {}).items()},
        step=entry.get("step", ""),
        given={Source(s): float(v) for s, v in entry.get("with", {}).items()},
        writes={Quantity(q): float(v) for q, v in entry.get("writes", {}).items()},
        before=tuple(bytes.fromhex(frame) for frame in entry.get("before", ())),
        refused=entry.get("refused"),
        holds_for=entry.get("holds_for", "both"),
    )


# Check sums, bit by bit from the definition


def _reflected(value: int, bits: int) -> int:
    return int(f"{value:0{bits}b}"[::-1], 2)


def _remainder(data: bytes, start: int) -> int:
    """Of the division by x^16 + x^15 + x^2 + 1, highest bit first."""
    register = start
    for byte in data:
        for place in range(7, -1, -1):
            carry = register >> 15 ^ byte >> place & 1
            register = (register << 1 & 0xFFFF) ^ (0x8005 if carry else 0)
    return register


def crc_of(protocol: Protocol, body: bytes) -> bytes:
    """The two bytes of the check sum, as they stand on the wire, of what they are computed over."""
    if protocol is Protocol.DYNAMIXEL:
        return _remainder(body, 0).to_bytes(2, "little")
    mirrored = bytes(_reflected(byte, 8) for byte in body)
    return _reflected(_remainder(mirrored, 0xFFFF), 16).to_bytes(2, "little")


def is_whole(protocol: Protocol, frame: bytes) -> bool:
    """Whether a frame of the protocol begins, ends and adds up as it must."""
    if protocol is Protocol.DYNAMIXEL:
        is_framed = frame[:4] == b"\xff\xff\xfd\x00" and frame[5] | frame[6] << 8 == len(frame) - 7
        return is_framed and crc_of(protocol, frame[:-2]) == frame[-2:]
    if protocol is Protocol.EZI_SERVO:
        inside = frame[2:-2].replace(b"\xaa\xaa", b"\xaa")
        is_framed = frame[:2] == b"\xaa\xcc" and frame[-2:] == b"\xaa\xee"
        return is_framed and crc_of(protocol, inside[:-2]) == inside[-2:]
    return crc_of(protocol, frame[:-2]) == frame[-2:]
