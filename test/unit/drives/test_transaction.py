"""One request at a time: silences, time limits, and replies that come too late."""

import pytest

from cell_controller.config.values import SerialFormat
from cell_controller.drives.line_time import LineSpeed
from cell_controller.drives.profile import Protocol, Timing
from cell_controller.drives.protocols import CODECS
from cell_controller.drives.protocols.errors import CrcError, ReplyError, WrongLengthError, WrongUnitError
from cell_controller.drives.protocols.modbus import with_crc
from cell_controller.drives.protocols.request import ReadRegisters, RegistersReply
from cell_controller.drives.transaction import HalfDuplex, LineEchoError, NoReplyError

SPEED = LineSpeed(115200, SerialFormat.N2)
TIMING = Timing(gap_s=0.010, reply_delay_s=0.001, max_reply_delay_s=0.005, timeout_s=0.040, drain_s=0.020)
READ = ReadRegisters(1, 0x2102, 2)
REPLY = bytes.fromhex("01 03 04 17 70 00 00 FE 5C")
REQUEST_S = 8 * SPEED.char_s
REPLY_S = 9 * SPEED.char_s


@pytest.fixture
def line() -> HalfDuplex:
    line = HalfDuplex(SPEED, CODECS[Protocol.MODBUS_RTU], 0.0)
    assert line.start(READ, TIMING, 1.0, TIMING.timeout_s) == bytes.fromhex("01 03 21 02 00 02 6F F7")
    return line


def test_a_reply_in_pieces_ends_the_request(line: HalfDuplex) -> None:
    line.feed(REPLY[:4], 1.002)
    assert line.poll(1.002) is None
    line.feed(REPLY[4:], 1.003)
    ended = line.poll(1.003)
    assert ended is not None
    assert ended.reply == RegistersReply(1, (6000, 0))
    assert ended.measured_at_s == pytest.approx(1.0 + REQUEST_S)
    assert line.is_idle


def test_the_next_request_waits_for_the_longer_gap_after_the_last_byte(line: HalfDuplex) -> None:
    line.feed(REPLY, 1.003)
    line.poll(1.003)
    assert line.start_at_s(0.00175) == pytest.approx(1.013)
    assert line.start_at_s(0.030) == pytest.approx(1.033)


def test_silence_ends_the_request_at_the_timeout_and_the_line_is_drained(line: HalfDuplex) -> None:
    give_up_s = 1.0 + REQUEST_S + 0.040 + REPLY_S
    assert line.due_s == pytest.approx(give_up_s)
    assert line.poll(give_up_s - 1e-6) is None
    ended = line.poll(give_up_s + 1e-9)
    assert ended is not None
    assert isinstance(ended.error, NoReplyError)
    assert line.start_at_s(0.0) >= give_up_s + 0.020
    assert not line.is_clean


def test_a_late_reply_belongs_to_no_request(line: HalfDuplex) -> None:
    line.poll(1.1)
    line.feed(REPLY, 1.115)
    assert line.poll(1.115) is None
    assert line.stray_bytes == len(REPLY)
    assert line.start_at_s(0.010) == pytest.approx(1.125)  # drained, then its own gap
    line.start(READ, TIMING, 1.125, TIMING.timeout_s)
    assert line.poll(1.126) is None  # nothing of the late reply is in the new request's buffer


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        (REPLY[:-1] + b"\x00", CrcError),
        (with_crc(bytes.fromhex("02 03 04 17 70 00 00")), WrongUnitError),
        (REPLY + b"\x00", WrongLengthError),
    ],
)
def test_a_wrong_frame_fails_at_once_and_silence_follows(
    line: HalfDuplex, frame: bytes, error: type[Exception]
) -> None:
    line.feed(frame, 1.002)
    ended = line.poll(1.002)
    assert ended is not None
    assert type(ended.error) is error
    assert ended.reply is None
    assert line.start_at_s(0.0) >= 1.022


def test_half_a_reply_fails_only_at_the_timeout(line: HalfDuplex) -> None:
    line.feed(REPLY[:5], 1.002)
    assert line.poll(1.030) is None
    ended = line.poll(1.060)
    assert ended is not None
    assert isinstance(ended.error, WrongLengthError)


def test_an_endless_frame_does_not_grow_the_memory(line: HalfDuplex) -> None:
    for n in range(1000):
        line.feed(b"\xff", 1.0 + n * 1e-5)
    ended = line.poll(1.02)
    assert ended is not None
    assert isinstance(ended.error, WrongLengthError)
    assert len(ended.error.frame) < 300


def test_a_stop_waits_for_the_longest_reply_delay_and_not_for_the_timeout(line: HalfDuplex) -> None:
    latest_s = 1.0 + REQUEST_S + TIMING.max_reply_delay_s + REPLY_S
    assert line.yields_at_s == pytest.approx(latest_s)
    assert line.give_up(latest_s) is not None
    assert line.start_at_s(0.0) == pytest.approx(latest_s + TIMING.gap_s), "a reply may have ended just now"
    assert line.is_idle
    assert line.start_at_s(0.0) <= latest_s + TIMING.gap_s


def test_a_stop_lets_a_reply_that_has_begun_come_to_its_end(line: HalfDuplex) -> None:
    line.feed(REPLY[:3], 1.006)
    assert line.yields_at_s == pytest.approx(1.006 + REPLY_S)


def test_an_idle_line_yields_at_once() -> None:
    line = HalfDuplex(SPEED, CODECS[Protocol.MODBUS_RTU], 0.0)
    assert line.yields_at_s < 0.0
    assert line.give_up(0.0) is None
    assert line.poll(0.0) is None


def test_a_port_that_switches_its_direction_sends_later_and_everything_counts_from_there() -> None:
    """Else a stop would give a request up while its drive answers, and both frames would be spoilt."""
    plain = HalfDuplex(SPEED, CODECS[Protocol.MODBUS_RTU], 0.0)
    speed = LineSpeed(115200, SerialFormat.N2, lead_s=0.007)
    slow = HalfDuplex(speed, CODECS[Protocol.MODBUS_RTU], 0.0)
    for line in (plain, slow):
        line.start(READ, TIMING, 1.0, TIMING.timeout_s)
    assert slow.yields_at_s == pytest.approx(plain.yields_at_s + 0.007)
    assert slow.due_s == pytest.approx(plain.due_s + 0.007)
    for line in (plain, slow):
        line.feed(REPLY, 1.012)
    ended, late = plain.poll(1.012), slow.poll(1.012)
    assert ended is not None
    assert late is not None
    assert late.measured_at_s == pytest.approx(ended.measured_at_s + 0.007)


# A line that echoes


@pytest.fixture
def echoing() -> HalfDuplex:
    line = HalfDuplex(LineSpeed(115200, SerialFormat.N2, echoes=True), CODECS[Protocol.MODBUS_RTU], 0.0)
    line.start(READ, TIMING, 1.0, TIMING.timeout_s)
    return line


ECHO = bytes.fromhex("01 03 21 02 00 02 6F F7")
GIVE_UP_S = 1.0 + REQUEST_S + 0.040 + REPLY_S + 1e-9


@pytest.mark.parametrize("cut", [1, 7, 8, 9, 16])
def test_an_echo_is_taken_off_wherever_the_bytes_are_cut(echoing: HalfDuplex, cut: int) -> None:
    arrived = ECHO + REPLY
    echoing.feed(arrived[:cut], 1.001)
    assert echoing.poll(1.001) is None
    echoing.feed(arrived[cut:], 1.003)
    ended = echoing.poll(1.003)
    assert ended is not None
    assert ended.reply == RegistersReply(1, (6000, 0))


def test_an_echo_alone_is_no_reply(echoing: HalfDuplex) -> None:
    echoing.feed(ECHO, 1.001)
    assert echoing.poll(GIVE_UP_S - 1e-6) is None
    ended = echoing.poll(GIVE_UP_S)
    assert ended is not None
    assert isinstance(ended.error, NoReplyError)


@pytest.mark.parametrize(
    ("arrived", "words"),
    [
        (REPLY, "gave back 01 03 04 17 70 00 00 fe instead of"),  # this adapter does not echo
        (b"", "gave nothing back instead of"),
        (ECHO[:-1] + b"\xf6" + REPLY, "gave back 01 03 21 02 00 02 6f f6 instead of"),
        (ECHO[:5], "gave back 01 03 21 02 00 instead of"),
    ],
)
def test_a_wrong_echo_is_an_error_of_its_own_and_the_drive_is_given_its_time(
    echoing: HalfDuplex, arrived: bytes, words: str
) -> None:
    if arrived:
        echoing.feed(arrived, 1.002)
    assert echoing.poll(GIVE_UP_S - 1e-6) is None
    ended = echoing.poll(GIVE_UP_S)
    assert ended is not None
    assert isinstance(ended.error, LineEchoError)
    assert words in str(ended.error)
    assert echoing.start_at_s(0.0) >= GIVE_UP_S + 0.020


def test_a_stop_does_not_take_the_echo_for_a_reply_that_has_begun(echoing: HalfDuplex) -> None:
    before_s = echoing.yields_at_s
    echoing.feed(ECHO, 1.001)
    assert echoing.yields_at_s == before_s


def test_an_endless_frame_behind_an_echo_does_not_grow_the_memory(echoing: HalfDuplex) -> None:
    echoing.feed(ECHO, 1.001)
    for _ in range(100):
        echoing.feed(bytes(100), 1.002)
    ended = echoing.poll(GIVE_UP_S)
    assert ended is not None
    assert isinstance(ended.error, ReplyError)
    assert len(ended.error.frame) < 400
