"""Line times against figures worked out by hand or printed elsewhere."""

import pytest

from cell_controller.config.drives import Line
from cell_controller.config.values import SerialFormat
from cell_controller.drives.line_time import ExchangeShape, LineSpeed, cycle_s, exchange_s, speed_of
from cell_controller.drives.protocols.modbus import reply_length, request_length
from cell_controller.drives.protocols.request import ReadRegisters, WriteRegisters

FAST = LineSpeed(115200, SerialFormat.N1)


def shape_of_read(words: int, gap_s: float, delay_s: float = 0.0) -> ExchangeShape:
    request = ReadRegisters(1, 0, words)
    return ExchangeShape(request_length(request), reply_length(request), gap_s, delay_s)


def test_a_byte_at_115200_8n1_takes_87_microseconds() -> None:
    assert FAST.char_s == pytest.approx(86.8e-6, abs=0.1e-6)


def test_a_read_of_ten_registers_is_33_bytes_and_takes_2_9_milliseconds() -> None:
    shape = shape_of_read(10, 0.0)
    assert shape.request_bytes + shape.reply_bytes == 33
    assert shape.frames_s(FAST) == pytest.approx(2.9e-3, abs=0.05e-3)


def test_silences_shrink_with_the_baud_rate_only_up_to_19200() -> None:
    slow, edge, fast = (LineSpeed(b, SerialFormat.E1) for b in (9600, 19200, 38400))
    assert slow.t35_s == pytest.approx(3.5 * 11 / 9600)
    assert edge.t35_s == pytest.approx(3.5 * 11 / 19200)
    assert (fast.t35_s, fast.t15_s) == (0.00175, 0.00075)
    assert slow.t15_s == pytest.approx(1.5 * 11 / 9600)


def test_an_asda_read_of_ten_words_at_38400_takes_29_milliseconds() -> None:
    line = LineSpeed(38400, SerialFormat.N2)
    assert exchange_s(line, shape_of_read(10, 0.010)) == pytest.approx(0.029, abs=0.001)


def test_an_asda_write_of_32_bits_at_38400_takes_26_milliseconds() -> None:
    request = WriteRegisters(1, 0, (0, 0))
    shape = ExchangeShape(request_length(request), reply_length(request), 0.010, 0.0)
    assert exchange_s(LineSpeed(38400, SerialFormat.N2), shape) == pytest.approx(0.026, abs=0.001)


@pytest.mark.parametrize(("baud", "rate_hz"), [(9600, 23.6), (19200, 47.2), (115200, 157), (921600, 259)])
def test_reads_of_ten_registers_reach_the_known_line_limits(baud: int, rate_hz: float) -> None:
    line = LineSpeed(baud, SerialFormat.N1)
    assert 1 / exchange_s(line, shape_of_read(10, 0.0)) == pytest.approx(rate_hz, rel=0.005)


def test_neighbours_share_the_longer_of_their_gaps() -> None:
    short, long = shape_of_read(1, 0.002), shape_of_read(1, 0.010)
    frames = short.frames_s(FAST) + long.frames_s(FAST)
    assert cycle_s(FAST, (short, long)) == pytest.approx(frames + 2 * 0.010)
    assert cycle_s(FAST, (short, short, long)) == pytest.approx(frames + short.frames_s(FAST) + 0.022)
    assert cycle_s(FAST, ()) == 0.0


def test_the_delay_before_sending_is_in_every_exchange_in_whole_milliseconds() -> None:
    line = Line.model_validate(
        {"device": "/dev/ttyS1", "baud": 115200, "format": "8N1", "rs485": {"delay_before_sending_s": 0.0031}}
    )
    shape = ExchangeShape(8, 25, 0.002, 0.001)
    assert speed_of(line).lead_s == 0.004
    assert exchange_s(speed_of(line), shape) == pytest.approx(exchange_s(FAST, shape) + 0.004)
    assert speed_of(line.model_copy(update={"rs485": None})) == FAST


def test_a_broadcast_takes_its_request_and_nothing_else() -> None:
    assert ExchangeShape(8, 0, 0.01, 0.005).frames_s(FAST) == pytest.approx(8 * FAST.char_s)
