"""What the codec refuses: every reply that is not exactly the answer to its request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cell_controller.drives.errors import DriveError
from cell_controller.drives.protocols.errors import (
    CrcError,
    DriveExceptionError,
    MalformedError,
    ReplyError,
    RequestError,
    WrongEchoError,
    WrongFunctionError,
    WrongLengthError,
    WrongUnitError,
)
from cell_controller.drives.protocols.modbus import (
    crc16,
    encode_request,
    expected_length,
    parse_reply,
    with_crc,
)
from cell_controller.drives.protocols.request import (
    ReadRegisters,
    ReadWriteRegisters,
    RegistersReply,
    Request,
    WriteRegister,
    WriteRegisters,
)
from cell_controller.errors import CellError

READ = ReadRegisters(1, 0x2102, 2)
GOOD = bytes.fromhex("01 03 04 17 70 00 00 FE 5C")


def frame(text: str) -> bytes:
    return with_crc(bytes.fromhex(text))


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (b"", WrongLengthError),
        (GOOD[:-1], WrongLengthError),
        (GOOD + b"\x00", WrongLengthError),
        (GOOD[:-2] + b"\x00\x00", CrcError),
        (frame("02 03 04 17 70 00 00"), WrongUnitError),
        (frame("01 04 04 17 70 00 00"), WrongFunctionError),
        (frame("01 90 02"), WrongFunctionError),  # an exception to another function
        (frame("01 03 02 17 70"), WrongLengthError),
        (frame("01 03 02 17 70 00 00"), WrongLengthError),  # right length, wrong byte count
        (frame("01 83 02 00"), WrongLengthError),
    ],
)
def test_a_frame_that_is_not_the_answer_has_its_own_error(bad: bytes, error: type[ReplyError]) -> None:
    with pytest.raises(error) as caught:
        parse_reply(READ, bad)
    assert type(caught.value) is error
    assert isinstance(caught.value, CellError)
    assert caught.value.frame == bad


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        (WriteRegister(1, 0x2000, 0x0012), "01 06 20 01 00 12"),
        (WriteRegister(1, 0x2000, 0x0012), "01 06 20 00 00 22"),
        (WriteRegisters(1, 0x0112, (1, 2)), "01 10 01 13 00 02"),
        (WriteRegisters(1, 0x0112, (1, 2)), "01 10 01 12 00 01"),
        (WriteRegister(1, 0x0020, 1, 5), "01 05 00 20 00 00"),
        (WriteRegister(1, 0x0020, 1, 5), "01 05 00 20 00 01"),
        (WriteRegisters(1, 0x0010, (1, 0), 15), "01 0F 00 10 00 03"),
    ],
)
def test_a_write_confirmed_with_other_values_is_not_confirmed(request_: Request, reply: str) -> None:
    with pytest.raises(WrongEchoError):
        parse_reply(request_, frame(reply))


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ("01 01 02 05 01", None),
        ("01 01 02 05 09", MalformedError),  # a bit behind the eleventh
        ("01 01 01 05", WrongLengthError),
        ("01 01 01 05 01", WrongLengthError),
        ("01 02 02 05 01", WrongFunctionError),
    ],
)
def test_a_reply_of_coils_has_as_many_as_were_asked_for(bad: str, error: type[ReplyError] | None) -> None:
    request_ = ReadRegisters(1, 0, 11, 1)
    if error is None:
        assert parse_reply(request_, frame(bad)) == RegistersReply(1, (1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0))
        return
    with pytest.raises(error):
        parse_reply(request_, frame(bad))


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_one_changed_byte_anywhere_is_never_accepted(at: int, flip: int) -> None:
    bad = bytearray(GOOD)
    bad[at] ^= flip
    with pytest.raises(DriveError):
        parse_reply(READ, bytes(bad))


def test_the_length_of_a_reply_follows_from_its_second_byte() -> None:
    assert expected_length(READ, b"") == 9
    assert expected_length(READ, b"\x01") == 9
    assert expected_length(READ, b"\x01\x03") == 9
    assert expected_length(READ, b"\x01\x83") == 5
    assert expected_length(WriteRegisters(1, 0, (1,) * 100), b"") == 8
    assert expected_length(ReadWriteRegisters(1, 0, 7, 0, (1, 2)), b"\x01\x97\x02") == 5


def test_an_unknown_exception_code_is_still_an_exception() -> None:
    with pytest.raises(DriveExceptionError, match="exception 20, an exception of the maker"):
        parse_reply(READ, frame("01 83 14"))


@pytest.mark.parametrize(
    "request_",
    [
        ReadRegisters(0, 0, 1),
        ReadRegisters(248, 0, 1),
        ReadRegisters(1, 0, 126),
        ReadRegisters(1, 0, 0),
        ReadRegisters(1, 0xFFFF, 2),
        ReadRegisters(1, 0, 1, 5),
        ReadRegisters(1, 0, 2001, 1),
        ReadRegisters(0, 0, 1, 2),
        WriteRegister(1, 0, 2, 5),
        WriteRegister(1, 0, 1, 15),
        WriteRegisters(1, 0, (0, 2), 15),
        WriteRegisters(1, 0, (0,) * 1969, 15),
        WriteRegisters(1, 0, (0,), 5),
        WriteRegister(1, 0, 0x10000),
        WriteRegister(1, -1, 0),
        WriteRegisters(1, 0, ()),
        WriteRegisters(1, 0, (0,) * 124),
        WriteRegisters(1, 0, (-1,)),
        ReadWriteRegisters(0, 0, 1, 0, (1,)),
        ReadWriteRegisters(1, 0, 1, 0, (0,) * 122),
        ReadWriteRegisters(1, 0, 126, 0, (0,)),
    ],
)
def test_a_request_outside_the_protocol_is_never_encoded(request_: Request) -> None:
    with pytest.raises(RequestError) as caught:
        encode_request(request_)
    assert not caught.value.low <= caught.value.value <= caught.value.high or caught.value.what == "function"


@given(st.binary(max_size=260))
def test_the_crc_is_that_of_the_bitwise_definition(data: bytes) -> None:
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    assert crc16(data) == crc
