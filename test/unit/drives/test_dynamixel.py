"""Protocol 2.0: the packets of the e-manual, stuffing, and what is no reply."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cell_controller.drives.protocols.codec import Heard
from cell_controller.drives.protocols.dynamixel import (
    COMMANDS,
    HEADER,
    MAX_CELLS,
    STATUS,
    DynamixelCodec,
    crc16,
    packet,
)
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
from cell_controller.drives.protocols.request import (
    ReadRegisters,
    ReadWriteRegisters,
    RegistersReply,
    Request,
    WriteRegister,
    WriteRegisters,
    WriteReply,
)

CODEC = DynamixelCodec()
POSITION = ReadRegisters(1, 132, 4)
GOAL = WriteRegisters(1, 116, (0x00, 0x02, 0x00, 0x00))
AWKWARD = [0xFF, 0xFF, 0xFD]

cells = st.lists(st.one_of(st.integers(0, 0xFF), st.sampled_from([0xFF, 0xFD])), min_size=1, max_size=40)
units = st.integers(0, 252)


def status(unit: int, content: list[int], error: int = 0, instruction: int = STATUS) -> bytes:
    return packet(unit, bytes((instruction, error, *content)))


def test_requests_are_the_packets_of_the_manual() -> None:
    assert CODEC.encode(POSITION) == bytes.fromhex("FFFFFD00 01 0700 02 8400 0400 1D15")
    assert CODEC.encode(GOAL) == bytes.fromhex("FFFFFD00 01 0900 03 7400 00020000 CA89")
    assert CODEC.encode(WriteRegisters(1, COMMANDS + 8, ())) == bytes.fromhex("FFFFFD00 01 0300 08 2F4E")


def test_the_crc_is_that_of_the_manual() -> None:
    for text in ("FFFFFD00 01 0300 01 194E", "FFFFFD00 01 0700 55 00 0604 26 655D"):
        frame = bytes.fromhex(text)
        assert crc16(frame[:-2]).to_bytes(2, "little") == frame[-2:]
    assert CODEC.parse(ReadRegisters(1, 0, 3), bytes.fromhex("FFFFFD00 01 0700 55 00 0604 26 655D")) == (
        RegistersReply(1, (0x06, 0x04, 0x26))
    )


def test_a_header_inside_the_parameters_is_stuffed_and_counted() -> None:
    frame = CODEC.encode(WriteRegisters(1, 116, (0xFF, 0xFF, 0xFD, 0xFF)))
    assert frame[7:-2] == bytes.fromhex("03 7400 FFFFFDFDFF")
    assert frame[5:7] == bytes((10, 0))


@given(units, st.integers(0, COMMANDS - 1), cells)
def test_what_is_read_arrives_whatever_it_holds(unit: int, address: int, content: list[int]) -> None:
    request = ReadRegisters(unit, address, len(content))
    frame = status(unit, content)
    assert CODEC.expected_length(request, frame) == len(frame) <= CODEC.reply_length(request)
    assert CODEC.parse(request, frame) == RegistersReply(unit, tuple(content))


@given(units, st.integers(0, COMMANDS - 1), cells)
def test_a_request_is_never_longer_than_it_was_said_to_be(
    unit: int, address: int, content: list[int]
) -> None:
    for request in (
        WriteRegisters(unit, address, tuple(content)),
        ReadRegisters(unit, address, len(content)),
        WriteRegisters(unit, COMMANDS + 8, ()),
    ):
        assert 10 <= len(CODEC.encode(request)) <= CODEC.request_length(request) <= CODEC.max_frame


@given(cells, st.integers(0, 60))
def test_the_beginning_of_a_reply_is_never_taken_for_all_of_it(content: list[int], length: int) -> None:
    request, frame = ReadRegisters(1, 0, len(content)), status(1, content)
    if length < len(frame):
        assert CODEC.expected_length(request, frame[:length]) > length
        with pytest.raises(ReplyError):
            CODEC.parse(request, frame[:length])


@given(st.binary(max_size=80))
def test_garbage_is_refused_and_never_waited_for_beyond_a_frame(data: bytes) -> None:
    for request in (POSITION, GOAL):
        assert 0 < CODEC.expected_length(request, HEADER + data) <= CODEC.max_frame
        for frame in (data, HEADER + data):
            with pytest.raises(ReplyError):
                CODEC.parse(request, frame)


@given(cells, st.integers(0, 10_000), st.integers(1, 255))
def test_one_changed_byte_is_never_accepted(content: list[int], place: int, change: int) -> None:
    frame = bytearray(status(1, content))
    frame[place % len(frame)] ^= change
    with pytest.raises(ReplyError):
        CODEC.parse(ReadRegisters(1, 0, len(content)), bytes(frame))


def test_a_write_is_confirmed_also_by_a_drive_that_alerts() -> None:
    assert CODEC.parse(GOAL, status(1, [])) == WriteReply(1)
    assert CODEC.parse(GOAL, status(1, [], error=0x80)) == WriteReply(1)
    assert CODEC.parse(POSITION, status(1, [1, 2, 3, 4], error=0x80)) == RegistersReply(1, (1, 2, 3, 4))


@pytest.mark.parametrize("error", range(1, 8))
def test_a_refusal_says_what_was_refused_and_why(error: int) -> None:
    with pytest.raises(DriveExceptionError, match="unit 1 refused function 3") as refused:
        CODEC.parse(GOAL, status(1, [], error=0x80 | error))
    assert refused.value.code == error
    assert "see the manual" not in refused.value.meaning


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        (status(2, [0, 0, 0, 0]), WrongUnitError),
        (status(1, [0, 0, 0]), WrongLengthError),
        (status(1, [0, 0, 0, 0, 0]), WrongLengthError),
        (status(1, [0, 0, 0, 0], instruction=2), WrongFunctionError),
        (status(1, [0, 0, 0, 0])[:-1] + b"\x00", CrcError),
        (status(1, [0, 0, 0, 0]) + b"\x00", WrongLengthError),
    ],
)
def test_what_is_not_the_reply_is_told_apart(frame: bytes, error: type[ReplyError]) -> None:
    with pytest.raises(error):
        CODEC.parse(POSITION, frame)


def test_a_header_that_nobody_stuffed_is_no_content() -> None:
    body = bytes((STATUS, 0, *AWKWARD, 0))
    frame = HEADER + bytes((1, len(body) + 2, 0)) + body
    frame += crc16(frame).to_bytes(2, "little")
    with pytest.raises(MalformedError):
        CODEC.parse(POSITION, frame)


@pytest.mark.parametrize(
    "request_",
    [
        ReadRegisters(253, 0, 1),
        ReadRegisters(1, 0, 0),
        ReadRegisters(1, 0, MAX_CELLS + 1),
        ReadRegisters(1, COMMANDS, 1),
        WriteRegisters(1, 64, (256,)),
        WriteRegisters(1, 64, ()),
        WriteRegisters(1, COMMANDS + 8, (1,)),
        WriteRegister(1, 64, 1),
        ReadWriteRegisters(1, 64, 1, 64, (1,)),
    ],
)
def test_what_the_protocol_cannot_say_is_refused(request_: Request) -> None:
    with pytest.raises(RequestError):
        CODEC.encode(request_)


def test_whom_a_packet_is_for_is_seen_in_it() -> None:
    assert CODEC.heard(CODEC.encode(POSITION)) == Heard(1, is_write=False)
    assert CODEC.heard(CODEC.encode(GOAL)) == Heard(1, is_write=True)
    assert CODEC.heard(CODEC.encode(WriteRegisters(9, COMMANDS + 8, ()))) == Heard(9, is_write=True)
    assert CODEC.heard(bytes.fromhex("FFFFFD00 FE 0300 08 0000")).unit is None
