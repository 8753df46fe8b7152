"""Our packets against the maker's own library: it writes what we write, reads what the virtual drive says.

The library wants a serial port and the wall clock; it gets a port of bytes that are there already. It has two
faults (4.1.0): what it sends is not stuffed, because the result of its own `addStuffing` is dropped, and its
`removeStuffing` loses a byte of some contents with two or more FD in a row. Neither is held against us.
"""

from __future__ import annotations

import pytest
from dynamixel_sdk import COMM_RX_CORRUPT, COMM_SUCCESS, Protocol2PacketHandler
from hypothesis import given
from hypothesis import strategies as st

from cell_controller.drives.protocols.dynamixel import COMMANDS, DynamixelCodec
from cell_controller.drives.protocols.errors import CrcError, DriveExceptionError
from cell_controller.drives.protocols.request import ReadRegisters, RegistersReply, WriteRegisters
from cell_sim.drives.dynamixel import DynamixelSlave, status
from cell_sim.drives.modbus import Request

SDK = Protocol2PacketHandler()
CODEC, SLAVE = DynamixelCodec(), DynamixelSlave()

units = st.integers(0, 252)
addresses = st.integers(0, 0x3FF)
contents = st.lists(st.one_of(st.integers(0, 0xFF), st.sampled_from([0xFF, 0xFD])), min_size=1, max_size=40)


class Port:
    """What the library needs of a port: bytes out, bytes in, and a time that is over when there are none."""

    def __init__(self, answer: bytes = b"") -> None:
        self.sent = b""
        self.answer = answer
        self.is_using = False

    def clearPort(self) -> None:  # noqa: N802 - the library's name
        self.sent = b""

    def writePort(self, packet: list[int]) -> int:  # noqa: N802
        self.sent += bytes(packet)
        return len(packet)

    def readPort(self, length: int) -> bytes:  # noqa: N802
        head, self.answer = self.answer[:length], self.answer[length:]
        return head

    def setPacketTimeout(self, length: int) -> None:  # noqa: N802
        assert length > 0

    def isPacketTimeout(self) -> bool:  # noqa: N802
        return not self.answer


@given(units, addresses, st.integers(1, 100))
def test_it_asks_in_the_same_words(unit: int, address: int, count: int) -> None:
    port = Port()
    SDK.readTx(port, unit, address, count)
    frame = CODEC.encode(ReadRegisters(unit, address, count))
    assert port.sent == frame
    assert SLAVE.is_intact(frame)
    assert SLAVE.parse(frame) == Request(unit, 2, address, count)


def stuffed_by_the_sdk(frame: bytes, unstuffed: bytes) -> bytes:
    """A packet with this body, by the library's stuffing and check sum."""
    packet = [*frame[:5], len(unstuffed) + 2, 0, *unstuffed, 0, 0]
    packet = SDK.addStuffing(packet)
    crc = SDK.updateCRC(0, packet, len(packet) - 2)
    return bytes([*packet[:-2], crc & 0xFF, crc >> 8])


@given(units, addresses, contents)
def test_it_writes_in_the_same_words_whatever_is_written(unit: int, address: int, content: list[int]) -> None:
    frame = CODEC.encode(WriteRegisters(unit, address, tuple(content)))
    body = bytes((3, address & 0xFF, address >> 8, *content))
    assert frame == stuffed_by_the_sdk(frame, body)
    assert SLAVE.unit_of(frame) == unit
    assert SLAVE.parse(frame).values == tuple(content)
    if b"\xff\xff\xfd" not in body:
        port = Port()
        SDK.writeTxOnly(port, unit, address, len(content), content)
        assert port.sent == frame


@given(units, contents)
def test_the_virtual_drive_stuffs_as_it_does(unit: int, content: list[int]) -> None:
    frame = status(unit, 0, bytes(content))
    assert frame == stuffed_by_the_sdk(frame, bytes((0x55, 0, *content)))


@given(units)
def test_it_restarts_a_drive_in_the_same_words(unit: int) -> None:
    port = Port(status(unit, 0))
    assert SDK.reboot(port, unit) == (COMM_SUCCESS, 0)
    assert port.sent == CODEC.encode(WriteRegisters(unit, COMMANDS + 8, ()))


@given(units, st.integers(0, 0x87), contents)
def test_it_reads_the_same_values_out_of_a_status(unit: int, error: int, content: list[int]) -> None:
    frame = status(unit, error, bytes(content))
    data, result, told = SDK.readRx(Port(frame), unit, len(content))
    request = ReadRegisters(unit, 0, len(content))
    assert (result, told) == (COMM_SUCCESS, error)
    if error & 0x7F:
        with pytest.raises(DriveExceptionError) as refused:
            CODEC.parse(request, frame)
        assert refused.value.code == error & 0x7F
    else:
        assert CODEC.parse(request, frame) == RegistersReply(unit, tuple(content))
        if b"\xfd\xfd" not in bytes(content):
            assert list(data) == content


@given(units, contents, st.integers(7, 10_000), st.integers(0, 7))
def test_neither_takes_a_broken_check_sum(unit: int, content: list[int], place: int, bit: int) -> None:
    frame = bytearray(status(unit, 0, bytes(content)))
    at = 8 + place % (len(frame) - 8)  # not in what the library looks for a header by
    frame[at] ^= 1 << bit
    assert SDK.readRx(Port(bytes(frame)), unit, len(content))[1] == COMM_RX_CORRUPT
    with pytest.raises(CrcError):
        CODEC.parse(ReadRegisters(unit, 0, len(content)), bytes(frame))
