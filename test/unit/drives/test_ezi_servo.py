"""FASTECH Plus-R: the frames of the manual, doubled marks, and what is no reply."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cell_controller.drives.protocols.codec import Heard
from cell_controller.drives.protocols.errors import (
    CrcError,
    DriveExceptionError,
    MalformedError,
    ReplyError,
    RequestError,
    WrongFunctionError,
    WrongLengthError,
    WrongUnitError,
)
from cell_controller.drives.protocols.ezi_servo import PARAMETERS, EziServoCodec, frame_of
from cell_controller.drives.protocols.request import (
    ReadRegisters,
    RegistersReply,
    Request,
    WriteRegister,
    WriteRegisters,
    WriteReply,
)

CODEC = EziServoCodec()
STATE = ReadRegisters(1, 0x4308, 12)  # from the flags to the actual position
STATUS_FLAGS = ReadRegisters(1, 0x4000, 4)
MOVE = WriteRegisters(1, 0x3400, (0x10, 0x27, 0, 0, 0x88, 0x13, 0, 0))
STOP = WriteRegisters(1, 0x3100, ())

contents = st.lists(st.one_of(st.integers(0, 0xFF), st.just(0xAA)), min_size=30, max_size=30)


def reply(kind: int, content: bytes = b"", status: int = 0, unit: int = 1) -> bytes:
    return frame_of(bytes((unit, kind, status)) + content)


def test_requests_are_the_frames_of_the_manual() -> None:
    assert CODEC.encode(WriteRegisters(1, 0x2A00, (1,))) == bytes.fromhex("AA CC 01 2A 01 FE A0 AA EE")
    assert CODEC.encode(STOP) == bytes.fromhex("AA CC 01 31 C1 F4 AA EE")
    assert frame_of(b"\x00\x01") == bytes.fromhex("AA CC 00 01 C0 70 AA EE")


def test_a_mark_in_the_data_is_doubled() -> None:
    frame = CODEC.encode(WriteRegisters(1, 0x3400, (0xAA, 0, 0, 0, 0x88, 0x13, 0, 0)))
    assert frame[2:].startswith(bytes.fromhex("01 34 AA AA 00 00 00 88"))


@given(contents)
def test_what_is_read_arrives_whatever_it_holds(content: list[int]) -> None:
    frame = reply(0x43, bytes(content))
    assert CODEC.expected_length(STATE, frame) == len(frame) <= CODEC.reply_length(STATE) <= CODEC.max_frame
    assert CODEC.parse(STATE, frame) == RegistersReply(1, tuple(content[8:20]))


@given(contents, st.integers(0, 70))
def test_the_beginning_of_a_reply_is_never_taken_for_all_of_it(content: list[int], length: int) -> None:
    frame = reply(0x43, bytes(content))
    if length < len(frame):
        assert CODEC.expected_length(STATE, frame[:length]) > length
        with pytest.raises(ReplyError):
            CODEC.parse(STATE, frame[:length])


@given(st.binary(max_size=60))
def test_garbage_is_refused(data: bytes) -> None:
    for request in (STATE, STOP):
        for frame in (data, b"\xaa\xcc" + data, b"\xaa\xcc" + data + b"\xaa\xee"):
            assert CODEC.expected_length(request, frame) > 0
            with pytest.raises(ReplyError):
                CODEC.parse(request, frame)


@given(contents, st.integers(0, 10_000), st.integers(1, 255))
def test_one_changed_byte_is_never_accepted(content: list[int], place: int, change: int) -> None:
    frame = bytearray(reply(0x43, bytes(content)))
    frame[place % len(frame)] ^= change
    with pytest.raises(ReplyError):
        CODEC.parse(STATE, bytes(frame))


@given(st.lists(st.integers(0, 0xFF), min_size=8, max_size=8).map(tuple), st.integers(0, 15))
def test_a_request_is_never_longer_than_it_was_said_to_be(values: tuple[int, ...], unit: int) -> None:
    for request in (
        WriteRegisters(unit, 0x3400, values),
        WriteRegisters(unit, PARAMETERS + 12, values[:4]),
        ReadRegisters(unit, PARAMETERS + 12, 4),
        WriteRegisters(unit, 0x3100, ()),
    ):
        assert len(CODEC.encode(request)) <= CODEC.request_length(request) <= CODEC.max_frame


def test_parameters_are_set_and_read_by_their_number() -> None:
    assert CODEC.encode(WriteRegisters(1, PARAMETERS + 4 * 3, (100, 0, 0, 0)))[2:9] == bytes.fromhex(
        "01 12 03 64 00 00 00"
    )
    read = ReadRegisters(1, PARAMETERS + 4 * 3, 4)
    assert CODEC.encode(read)[2:5] == bytes.fromhex("01 13 03")
    assert CODEC.parse(read, reply(0x13, bytes((100, 0, 0, 0)))) == RegistersReply(1, (100, 0, 0, 0))


def test_a_command_is_confirmed_or_refused_with_the_reason() -> None:
    assert CODEC.parse(MOVE, reply(0x34)) == WriteReply(1)
    with pytest.raises(DriveExceptionError, match="it cannot run") as refused:
        CODEC.parse(MOVE, reply(0x34, status=0x85))
    assert (refused.value.function, refused.value.code) == (0x34, 0x85)


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        (reply(0x40, bytes(4), unit=2), WrongUnitError),
        (reply(0x43, bytes(4)), WrongFunctionError),
        (reply(0x40, bytes(3)), WrongLengthError),
        (reply(0x40, bytes(5)), WrongLengthError),
        (reply(0x40, bytes(4)) + b"\x00", WrongLengthError),
        (bytes.fromhex("AA CC 01 40 00 00 00 00 00 00 00 AA EE"), CrcError),
        (bytes.fromhex("AA CC 01 40 C0 70 AA EE"), MalformedError),
    ],
)
def test_what_is_not_the_reply_is_told_apart(frame: bytes, error: type[ReplyError]) -> None:
    with pytest.raises(error):
        CODEC.parse(STATUS_FLAGS, frame)


@pytest.mark.parametrize(
    "request_",
    [
        ReadRegisters(16, 0x4000, 4),
        ReadRegisters(1, 0x4000, 5),
        ReadRegisters(1, 0x3100, 1),
        ReadRegisters(1, PARAMETERS, 8),
        ReadRegisters(1, PARAMETERS + 5, 2),
        WriteRegisters(1, 0x4000, (1,)),
        WriteRegisters(1, 0x3400, (1,)),
        WriteRegisters(1, 0x2A01, (1,)),
        WriteRegisters(1, PARAMETERS, (1,)),
        WriteRegisters(1, 0x2A00, (256,)),
        WriteRegister(1, 0x2A00, 1),
    ],
)
def test_what_the_protocol_cannot_say_is_refused(request_: Request) -> None:
    with pytest.raises(RequestError):
        CODEC.encode(request_)


def test_whom_a_frame_is_for_is_seen_in_it() -> None:
    assert CODEC.heard(CODEC.encode(STATE)) == Heard(1, is_write=False)
    assert CODEC.heard(CODEC.encode(MOVE)) == Heard(1, is_write=True)
