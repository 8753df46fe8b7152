"""The codec against an independent one: pymodbus reads what we send, and we read what it sends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadCoilsResponse,
    ReadDiscreteInputsRequest,
    ReadDiscreteInputsResponse,
    WriteMultipleCoilsRequest,
    WriteMultipleCoilsResponse,
    WriteSingleCoilRequest,
    WriteSingleCoilResponse,
)
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadHoldingRegistersResponse,
    ReadInputRegistersRequest,
    ReadInputRegistersResponse,
    ReadWriteMultipleRegistersRequest,
    ReadWriteMultipleRegistersResponse,
    WriteMultipleRegistersRequest,
    WriteMultipleRegistersResponse,
    WriteSingleRegisterRequest,
    WriteSingleRegisterResponse,
)

from cell_controller.drives.protocols.errors import DriveExceptionError, ReplyError
from cell_controller.drives.protocols.modbus import (
    encode_request,
    expected_length,
    expects_reply,
    parse_reply,
    reply_length,
    request_length,
    with_crc,
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

SERVER = FramerRTU(DecodePDU(True))  # decodes requests
CLIENT = FramerRTU(DecodePDU(False))  # decodes replies

units = st.integers(1, 247)
words = st.integers(0, 0xFFFF)
low_addresses = st.integers(0, 0xFF00)  # room for the longest block above


bits = st.integers(0, 1)


def coils(most: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(bits, min_size=1, max_size=most).map(tuple)


def blocks(most: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(words, min_size=1, max_size=most).map(tuple)


requests = st.one_of(
    st.builds(ReadRegisters, units, low_addresses, st.integers(1, 200), st.sampled_from([1, 2])),
    st.builds(WriteRegister, units, words, bits, st.just(5)),
    st.builds(WriteRegisters, units, low_addresses, coils(200), st.just(15)),
    st.builds(ReadRegisters, units, low_addresses, st.integers(1, 125), st.sampled_from([3, 4])),
    st.builds(WriteRegister, units, words, words),
    st.builds(WriteRegisters, units, low_addresses, blocks(123)),
    st.builds(ReadWriteRegisters, units, low_addresses, st.integers(1, 125), low_addresses, blocks(121)),
)


def as_pymodbus(request: Request) -> object:
    match request:
        case ReadRegisters(unit, address, count, 1):
            return ReadCoilsRequest(dev_id=unit, address=address, count=count)
        case ReadRegisters(unit, address, count, 2):
            return ReadDiscreteInputsRequest(dev_id=unit, address=address, count=count)
        case WriteRegister(unit, address, value, 5):
            return WriteSingleCoilRequest(dev_id=unit, address=address, bits=[bool(value)])
        case WriteRegisters(unit, address, values, 15):
            return WriteMultipleCoilsRequest(dev_id=unit, address=address, bits=[bool(v) for v in values])
        case ReadRegisters(unit, address, count, 3):
            return ReadHoldingRegistersRequest(dev_id=unit, address=address, count=count)
        case ReadRegisters(unit, address, count):
            return ReadInputRegistersRequest(dev_id=unit, address=address, count=count)
        case WriteRegister(unit, address, value):
            return WriteSingleRegisterRequest(dev_id=unit, address=address, registers=[value])
        case WriteRegisters(unit, address, values):
            return WriteMultipleRegistersRequest(dev_id=unit, address=address, registers=list(values))
        case ReadWriteRegisters(unit, first, count, address, values):
            return ReadWriteMultipleRegistersRequest(first, count, address, list(values), dev_id=unit)


def reply_of_pymodbus(request: Request, content: tuple[int, ...]) -> bytes:
    match request:
        case ReadRegisters(unit, _, _, 1):
            return CLIENT.buildFrame(ReadCoilsResponse(dev_id=unit, bits=[bool(c) for c in content]))
        case ReadRegisters(unit, _, _, 2):
            return CLIENT.buildFrame(ReadDiscreteInputsResponse(dev_id=unit, bits=[bool(c) for c in content]))
        case WriteRegister(unit, address, value, 5):
            return CLIENT.buildFrame(
                WriteSingleCoilResponse(dev_id=unit, address=address, bits=[bool(value)])
            )
        case WriteRegisters(unit, address, values, 15):
            return CLIENT.buildFrame(
                WriteMultipleCoilsResponse(dev_id=unit, address=address, count=len(values))
            )
        case ReadRegisters(unit, _, _, 3):
            return CLIENT.buildFrame(ReadHoldingRegistersResponse(dev_id=unit, registers=list(content)))
        case ReadRegisters(unit):
            return CLIENT.buildFrame(ReadInputRegistersResponse(dev_id=unit, registers=list(content)))
        case WriteRegister(unit, address, value):
            return CLIENT.buildFrame(
                WriteSingleRegisterResponse(dev_id=unit, address=address, registers=[value])
            )
        case WriteRegisters(unit, address, values):
            return CLIENT.buildFrame(
                WriteMultipleRegistersResponse(dev_id=unit, address=address, count=len(values))
            )
        case ReadWriteRegisters(unit):
            return CLIENT.buildFrame(ReadWriteMultipleRegistersResponse(dev_id=unit, registers=list(content)))


def words_to_read(request: Request) -> int:
    match request:
        case ReadRegisters(_, _, count):
            return count
        case ReadWriteRegisters(_, _, count):
            return count
        case _:
            return 0


@given(requests)
def test_our_requests_are_the_frames_that_pymodbus_builds(request_: Request) -> None:
    frame = encode_request(request_)
    assert frame == SERVER.buildFrame(as_pymodbus(request_))  # type: ignore[arg-type]
    assert len(frame) == request_length(request_) <= 256  # longest frame of Modbus over serial line
    used, pdu = SERVER.handleFrame(frame, 0, 0)
    assert used == len(frame)
    assert pdu is not None
    assert (pdu.dev_id, pdu.function_code) == (request_.unit, request_.function)


@given(st.data(), requests)
def test_we_understand_the_replies_that_pymodbus_builds(data: st.DataObject, request_: Request) -> None:
    count = words_to_read(request_)
    cells = bits if request_.function in (1, 2) else words
    content = tuple(data.draw(st.lists(cells, min_size=count, max_size=count)))
    frame = reply_of_pymodbus(request_, content)
    assert len(frame) == reply_length(request_) == expected_length(request_, frame[:2])
    reply = parse_reply(request_, frame)
    assert reply == (RegistersReply(request_.unit, content) if count else WriteReply(request_.unit))


@given(requests, st.integers(1, 255))
def test_an_exception_is_raised_with_the_code_that_pymodbus_sent(request_: Request, code: int) -> None:
    frame = CLIENT.buildFrame(ExceptionResponse(request_.function, code, device_id=request_.unit))
    assert expected_length(request_, frame[:2]) == len(frame)
    with pytest.raises(DriveExceptionError) as caught:
        parse_reply(request_, frame)
    assert caught.value.code == code


frames_with_good_crc = st.binary(min_size=2, max_size=40).map(with_crc)
near_misses = st.builds(
    lambda unit, function, tail: with_crc(bytes((unit, function)) + tail),
    st.sampled_from([1, 2]),
    st.sampled_from([1, 2, 3, 4, 5, 6, 15, 16, 23, 0x81, 0x83, 0x90]),
    st.binary(min_size=1, max_size=12),
)


@given(
    st.sampled_from(
        [
            ReadRegisters(1, 0, 2),
            ReadRegisters(1, 0, 11, 1),
            WriteRegister(1, 0, 1),
            WriteRegister(1, 0, 1, 5),
            WriteRegisters(1, 0, (1, 2)),
            WriteRegisters(1, 0, (1, 0), 15),
        ]
    ),
    st.one_of(st.binary(max_size=40), frames_with_good_crc, near_misses),
)
def test_whatever_arrives_is_accepted_only_if_pymodbus_accepts_it(request_: Request, noise: bytes) -> None:
    try:
        parse_reply(request_, noise)
    except (ReplyError, DriveExceptionError):
        return
    _, pdu = CLIENT.handleFrame(noise, request_.unit, 0)
    assert pdu is not None
    assert pdu.function_code == request_.function


@given(st.builds(WriteRegisters, st.just(0), low_addresses, blocks(123)))
def test_a_broadcast_is_a_frame_that_nobody_may_answer(request_: WriteRegisters) -> None:
    frame = encode_request(request_)
    used, pdu = SERVER.handleFrame(frame, 0, 0)
    assert used == len(frame)
    assert pdu is not None
    assert pdu.dev_id == 0
    assert not expects_reply(request_)
    assert reply_length(request_) == 0
    with pytest.raises(ReplyError):
        parse_reply(request_, reply_of_pymodbus(WriteRegisters(1, request_.address, request_.values), ()))
