"""The compiled codec says what the ROS message would have said, byte for byte and lie for lie."""

from dataclasses import fields, make_dataclass, replace
from typing import Any, get_origin, get_type_hints
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rclpy.serialization import deserialize_message, serialize_message

from cell_controller import messages as m
from cell_controller.nodes import cdr, convert, receive
from unit.nodes.test_convert import TYPES, same, value_of, values_of

MANY = settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
BY_TYPE = pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)


def through_ros(kind: type, data: bytes) -> Any:
    return convert.from_ros(kind)(deserialize_message(data, convert.ros_type(kind)))


@BY_TYPE
@MANY
@given(data=st.data())
def test_ros_reads_what_is_written_and_writes_what_is_read(kind: type, data: st.DataObject) -> None:
    sent = data.draw(values_of(kind, convert.ros_type(kind)))
    written = cdr.encoder(kind)(sent)
    assert same(through_ros(kind, written), sent)
    assert same(cdr.decoder(kind)(serialize_message(convert.to_ros(kind)(sent))), sent)
    with pytest.raises(cdr.NotPlainError):
        cdr.decoder(kind)(written[: data.draw(st.integers(0, len(written) - 1))])


@BY_TYPE
@MANY
@given(data=st.data())
def test_a_damaged_message_is_refused_or_read_as_ros_reads_it(kind: type, data: st.DataObject) -> None:
    written = bytearray(cdr.encoder(kind)(data.draw(values_of(kind, convert.ros_type(kind)))))
    for _ in range(data.draw(st.integers(1, 4))):
        written[data.draw(st.integers(0, len(written) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(written)
    try:
        found = cdr.decoder(kind)(damaged)
    except cdr.NotPlainError:
        return
    assert same(without_nul(found), without_nul(through_ros(kind, damaged)))


def without_nul(value: Any) -> Any:
    """C strings end at the first NUL, Python's do not: compared up to it."""
    if isinstance(value, str):
        return value.split("\0")[0]
    if isinstance(value, tuple):
        return tuple(map(without_nul, value))
    if hasattr(value, "__slots__"):
        return replace(value, **{n: without_nul(getattr(value, n)) for n in value.__slots__})
    return value


def test_another_encapsulation_is_not_guessed_at() -> None:
    written = cdr.encoder(m.Heartbeat)(m.Heartbeat(m.Guard("interlock", 7, 9, 1.5)))
    for encapsulation in (b"\x00\x00", b"\x00\x03", b"\x00\x07"):  # big endian, parameter list, XCDR2
        with pytest.raises(cdr.NotPlainError, match="encapsulation"):
            cdr.decoder(m.Heartbeat)(encapsulation + written[2:])


def test_a_number_outside_its_enumeration_is_explained() -> None:
    written = bytearray(cdr.encoder(m.DriveStates)(m.DriveStates("weld_line")))
    written[written.index(b"weld_line\0") + len("weld_line\0")] = 99
    told = receive.decoder(m.DriveStates)(bytes(written))
    assert told == "DriveStates: ValueError: 99 is not a valid LinePhase"


SEQUENCES = [
    (kind, field.name)
    for kind in TYPES
    for field in fields(kind)
    if get_origin(get_type_hints(kind)[field.name]) is tuple
]


@pytest.mark.parametrize(("kind", "name"), SEQUENCES, ids=lambda v: getattr(v, "__name__", v))
@MANY
@given(data=st.data())
def test_a_sequence_that_claims_to_be_endless_is_refused_at_once(
    kind: type, name: str, data: st.DataObject
) -> None:
    ros = convert.ros_type(kind)
    hint = get_type_hints(kind)[name]
    items = data.draw(value_of(hint, ros.get_fields_and_field_types()[name]).filter(len))
    message = data.draw(values_of(kind, ros))
    none, some = (cdr.encoder(kind)(replace(message, **{name: value})) for value in ((), items))
    at = next(i for i, (a, b) in enumerate(zip(none, some, strict=False)) if a != b)
    assert int.from_bytes(some[at : at + 4], "little") == len(items), "the length is where they differ"
    for length in (2**32 - 1, 2**31, len(some)):
        with pytest.raises(cdr.NotPlainError):
            cdr.decoder(kind)(some[:at] + length.to_bytes(4, "little") + some[at + 4 :])


@pytest.mark.parametrize(
    ("hint", "wire"),
    [
        (float, "float"),
        (int, "int8"),
        (tuple[float, ...], "double[3]"),
        (tuple[float, ...], "sequence<float>"),
        (str, "string<8>"),
    ],
)
def test_a_field_that_the_codec_does_not_know_is_named(
    hint: Any, wire: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = make_dataclass("Probe", [("reading", hint)])
    monkeypatch.setattr(cdr, "ros_type", lambda _: Mock(get_fields_and_field_types=lambda: {"reading": wire}))
    for make in (cdr.decoder, cdr.encoder):
        with pytest.raises(cdr.FieldKindError, match=r"Probe\.reading: .* has no compiled codec"):
            make(kind)
