"""Compiled codec: message dataclass <-> serialized ROS message, without the ROS message in between.

One decoder and one encoder per type is generated as straight-line Python from the type's ROS definition.
Fixed-size fields that follow each other are one precompiled `struct`, in eight versions: CDR aligns every
number to its own size, and a string may end anywhere.

Source: OMG DDSI-RTPS 2.5, 10 (encapsulation PLAIN_CDR little endian), and CORBA 3.3 part 2, 9.3 (CDR).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import IntEnum
from functools import cache
from itertools import count
from typing import Any, get_args, get_type_hints

from cell_controller.nodes.convert import ros_type, wire_name

HEADER = b"\x00\x01\x00\x00"  # PLAIN_CDR, little endian, no options
_BASE = len(HEADER)  # alignment counts from behind it
_SIZE = {"B": 1, "?": 1, "H": 2, "I": 4, "i": 4, "Q": 8, "q": 8, "d": 8}
_CODES = {
    "uint8": "B",
    "boolean": "?",
    "uint16": "H",
    "uint32": "I",
    "int32": "i",
    "uint64": "Q",
    "int64": "q",
    "double": "d",
}
_SEQUENCE = "sequence<"


class FieldKindError(TypeError):
    """A field type that this codec does not know."""

    def __init__(self, kind: type, field: str, wire: str) -> None:
        super().__init__(f"{kind.__name__}.{field}: {wire} has no compiled codec; add it to nodes/cdr.py")


def structs(codes: str) -> tuple[struct.Struct, ...]:
    """The run of these numbers, for each offset modulo 8 at which it may begin."""
    made = []
    for begin in range(8):
        form, position = "<", begin - _BASE
        for code in codes:
            pad = -position % _SIZE[code]
            form += f"{pad}x{code}" if pad else code
            position += pad + _SIZE[code]
        made.append(struct.Struct(form))
    return tuple(made)


class _Source:
    """Python source that grows line by line, and the names that it refers to."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {}
        self._numbers = count()
        self._run: list[tuple[str, str]] = []

    def new(self, prefix: str) -> str:
        return f"{prefix}{next(self._numbers)}"

    def bind(self, prefix: str, value: Any) -> str:
        name = self.new(prefix)
        self.names[name] = value
        return name

    def number(self, code: str, text: str) -> None:
        """One more number of the present run; `text` is what receives or gives it."""
        self._run.append((code, text))

    def end_run(self, line: str) -> None:
        """Read or write the run; `line` has {name} of the structs and {items}."""
        if not self._run:
            return
        run, self._run = self._run, []
        made = structs("".join(code for code, _ in run))
        items = "".join(f"{text}, " for _, text in run)
        use = [(s.unpack_from, s.pack) for s in made]
        which = 0 if "= {name}" in line else 1
        name = self.bind("s", tuple(pair[which] for pair in use))
        size = self.bind("z", tuple(s.size for s in made))
        self.lines += ["r = o & 7", line.format(name=name, items=items), f"o += {size}[r]"]

    def compiled(self, head: str, end: str) -> Callable[..., Any]:
        text = "\n    ".join([head, *self.lines, end])
        scope = dict(self.names)
        exec(text, scope)
        function: Callable[..., Any] = scope["codec"]
        return function


def _wire_fields(kind: type) -> list[tuple[str, Any, str]]:
    """Name, type hint and wire type of each field, in the order of the wire."""
    hints = get_type_hints(kind)
    by_wire = {wire_name(f.name): f.name for f in fields(kind)}
    types: dict[str, str] = ros_type(kind).get_fields_and_field_types()
    return [(by_wire[wire], hints[by_wire[wire]], kind_of) for wire, kind_of in types.items()]


def _is_enum(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, IntEnum)


def _is_message(hint: Any) -> bool:
    return isinstance(hint, type) and is_dataclass(hint)


# decoding

_READ = "{items}= {name}[r](d, o)"


@cache
def _reader(kind: type) -> Callable[[bytes, int], tuple[Any, int]]:
    source = _Source()
    made = _read_fields(source, kind)
    source.end_run(_READ)
    return source.compiled("def codec(d, o):", f"return {made}, o")


def _read_fields(source: _Source, kind: type) -> str:
    """Lines that read all fields; returns the expression that makes the dataclass of them."""
    made: dict[str, str] = {}
    for name, hint, wire in _wire_fields(kind):
        made[name] = _read_field(source, kind, name, hint, wire)
    return f"{source.bind('k', kind)}({', '.join(made[f.name] for f in fields(kind))})"


def _read_field(source: _Source, kind: type, name: str, hint: Any, wire: str) -> str:
    if wire in _CODES:
        item = source.new("v")
        source.number(_CODES[wire], item)
        return f"{source.bind('e', _members(hint))}[{item}]" if _is_enum(hint) else item
    if wire == "string":
        return _read_string(source)
    if wire.startswith(_SEQUENCE):
        return _read_sequence(source, kind, name, hint, wire.removeprefix(_SEQUENCE).removesuffix(">"))
    if not _is_message(hint):
        raise FieldKindError(kind, name, wire)
    return _read_fields(source, hint)


def _members(kind: type[IntEnum]) -> dict[int, IntEnum]:
    return {int(member): member for member in kind}


def _read_string(source: _Source) -> str:
    length, text = source.new("n"), source.new("t")
    source.number("I", length)
    source.end_run(_READ)
    source.lines += [
        f"o += {length}",
        f"if {length} and d[o - 1]: raise {source.bind('x', ValueError)}('a string without its NUL')",
        f"{text} = d[o - {length}:o - 1].decode() if {length} else ''",
    ]
    return text


def _read_sequence(source: _Source, kind: type, name: str, hint: Any, wire: str) -> str:
    length, items = source.new("n"), source.new("q")
    source.number("I", length)
    source.end_run(_READ)
    (element, *_) = get_args(hint)
    if wire in _CODES:
        read = source.bind("f", _numbers_reader(_CODES[wire]))
        source.lines.append(f"{items}, o = {read}(d, o, {length}) if {length} else ((), o)")
        return (
            f"tuple({source.bind('e', _members(element))}[i] for i in {items})"
            if _is_enum(element)
            else items
        )
    if wire == "string":
        read = source.bind("f", _read_one_string)
    elif "/" in wire:
        read = source.bind("f", _reader(element))
    else:
        raise FieldKindError(kind, name, wire)
    source.lines += [
        f"{items} = []",
        f"for _ in range({length}):",
        f"    i, o = {read}(d, o)",
        f"    {items}.append(i)",
    ]
    return f"tuple({items})"


def _numbers_reader(code: str) -> Callable[[bytes, int, int], tuple[tuple[Any, ...], int]]:
    size = _SIZE[code]

    def read(data: bytes, offset: int, length: int) -> tuple[tuple[Any, ...], int]:
        offset += (_BASE - offset) % size
        end = offset + length * size
        if end > len(data):
            raise ValueError(f"a sequence of {length} ends behind the message")
        return struct.unpack_from(f"<{length}{code}", data, offset), end

    return read


def _read_one_string(data: bytes, offset: int) -> tuple[str, int]:
    offset += (_BASE - offset) % 4
    (length,) = struct.unpack_from("<I", data, offset)
    end = offset + 4 + length
    if length and data[end - 1]:
        raise ValueError("a string without its NUL")
    return data[offset + 4 : end - 1].decode() if length else "", end


class NotPlainError(ValueError):
    """Not a message of this type in plain little-endian CDR."""


@cache
def decoder(kind: type) -> Callable[[bytes], Any]:
    """Serialized message -> dataclass; NotPlainError for anything else."""
    read = _reader(kind)

    def decode(data: bytes) -> Any:
        try:
            if data[:2] != HEADER[:2]:
                raise NotPlainError(f"encapsulation {data[:2].hex()}")
            message, end = read(data, _BASE)
        except (struct.error, LookupError, ValueError) as error:
            raise NotPlainError(f"{type(error).__name__}: {error}") from error
        if end > len(data):
            raise NotPlainError(f"{len(data)} bytes, where {end} are announced")
        return message

    return decode


# encoding

_WRITE = "w({name}[r]({items}))"


@cache
def _writer(kind: type) -> Callable[[Any, Callable[[bytes], None], int], int]:
    source = _Source()
    _write_fields(source, kind, "v")
    source.end_run(_WRITE)
    return source.compiled("def codec(v, w, o):", "return o")


def _write_fields(source: _Source, kind: type, value: str) -> None:
    for name, hint, wire in _wire_fields(kind):
        item = f"{value}.{name}"
        if wire in _CODES:
            source.number(_CODES[wire], item)
        elif wire == "string":
            _write_string(source, item)
        elif wire.startswith(_SEQUENCE):
            _write_sequence(source, kind, name, hint, item, wire.removeprefix(_SEQUENCE).removesuffix(">"))
        elif _is_message(hint):
            _write_fields(source, hint, item)
        else:
            raise FieldKindError(kind, name, wire)


def _write_string(source: _Source, item: str) -> None:
    text = source.new("t")
    source.lines.append(f"{text} = {item}.encode() + b'\\0'")
    source.number("I", f"len({text})")
    source.end_run(_WRITE)
    source.lines += [f"w({text})", f"o += len({text})"]


def _write_sequence(source: _Source, kind: type, name: str, hint: Any, item: str, wire: str) -> None:
    (element, *_) = get_args(hint)
    source.number("I", f"len({item})")
    source.end_run(_WRITE)
    if wire in _CODES:
        write = source.bind("f", _numbers_writer(_CODES[wire]))
        source.lines += [f"if {item}:", f"    o = {write}({item}, w, o)"]
        return
    if wire == "string":
        write = source.bind("f", _write_one_string)
    elif "/" in wire:
        write = source.bind("f", _writer(element))
    else:
        raise FieldKindError(kind, name, wire)
    source.lines += [f"for i in {item}:", f"    o = {write}(i, w, o)"]


def _numbers_writer(code: str) -> Callable[[tuple[Any, ...], Callable[[bytes], None], int], int]:
    size = _SIZE[code]

    def write(values: tuple[Any, ...], append: Callable[[bytes], None], offset: int) -> int:
        pad = (_BASE - offset) % size
        append(struct.pack(f"<{pad}x{len(values)}{code}", *values))
        return offset + pad + len(values) * size

    return write


def _write_one_string(text: str, append: Callable[[bytes], None], offset: int) -> int:
    data, pad = text.encode(), (_BASE - offset) % 4
    append(struct.pack(f"<{pad}xI", len(data) + 1) + data + b"\0")
    return offset + pad + 5 + len(data)


@cache
def encoder(kind: type) -> Callable[[Any], bytes]:
    """Dataclass -> serialized message."""
    write = _writer(kind)

    def encode(message: Any) -> bytes:
        parts = [HEADER]
        write(message, parts.append, _BASE)
        return b"".join(parts)

    return encode
