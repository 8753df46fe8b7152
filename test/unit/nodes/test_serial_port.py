"""The serial port against a pseudo-terminal: opening, bytes, unplugging, and everything that fails."""

import os
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from serial.rs485 import RS485Settings

from cell_controller.config import Rs485
from cell_controller.messages import LineEvent, LineEventKind, LineRequest, LineRequestKind, Rx, Tx
from cell_controller.nodes.serial_port import SerialPort, switch_direction
from cell_controller.runtime import Sent, ports


class Line:
    """A pty under a path, and a SerialPort on it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.heard: list[object] = []
        self.port = SerialPort(str(path), 115200, 8, "N", 2)
        self.port.begin(lambda port, message: self.heard.append(message))
        self.master = -1
        self.plug()

    def plug(self) -> None:
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.path.symlink_to(os.ttyname(slave))
        os.close(slave)

    def unplug(self) -> None:
        self.path.unlink()
        os.close(self.master)

    def ask(self, kind: LineRequestKind) -> None:
        self.port.handle(Sent(ports.LINE_REQUEST.name, LineRequest(kind)))

    def send(self, data: bytes) -> None:
        self.port.handle(Sent(ports.TX.name, Tx(data)))

    @property
    def events(self) -> list[LineEventKind]:
        return [m.kind for m in self.heard if isinstance(m, LineEvent)]


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    line = Line(tmp_path / "line")
    yield line
    line.port.close()
    if line.path.is_symlink():
        line.unplug()


def test_nothing_is_opened_before_it_is_asked_for(line: Line) -> None:
    assert line.port.fileno() is None
    line.send(b"lost")
    assert not line.heard


def test_bytes_go_both_ways_with_the_time_of_their_arrival(line: Line) -> None:
    line.ask(LineRequestKind.OPEN)
    assert line.events == [LineEventKind.OPENED]
    line.send(b"\x01\x03\x00")
    assert os.read(line.master, 10) == b"\x01\x03\x00"
    os.write(line.master, b"\x01\x03\x02")
    line.port.on_readable(12.5)
    assert line.heard[-1] == Rx(b"\x01\x03\x02", 12.5)


def test_what_arrived_before_opening_or_draining_is_thrown_away(line: Line) -> None:
    line.ask(LineRequestKind.OPEN)
    os.write(line.master, b"late reply")
    line.ask(LineRequestKind.DRAIN)
    os.write(line.master, b"new")
    line.port.on_readable(1.0)
    assert line.heard[-1] == Rx(b"new", 1.0)


def test_an_unplugged_line_is_told_once_and_comes_back_only_when_asked(line: Line) -> None:
    line.ask(LineRequestKind.OPEN)
    line.unplug()
    line.port.on_readable(1.0)
    assert line.events == [LineEventKind.OPENED, LineEventKind.FAILED]
    assert line.port.fileno() is None
    line.send(b"into the void")
    line.port.on_readable(2.0)
    line.ask(LineRequestKind.DRAIN)
    assert line.events == [LineEventKind.OPENED, LineEventKind.FAILED]
    line.plug()
    assert line.port.fileno() is None
    line.ask(LineRequestKind.OPEN)
    assert line.events[-1] is LineEventKind.OPENED
    line.send(b"again")
    assert os.read(line.master, 10) == b"again"


def test_writing_to_an_unplugged_line_fails_it(line: Line) -> None:
    line.ask(LineRequestKind.OPEN)
    line.unplug()
    line.send(b"\x01")
    assert line.events == [LineEventKind.OPENED, LineEventKind.FAILED]


def test_a_full_output_buffer_fails_the_line_and_does_not_block(line: Line) -> None:
    line.ask(LineRequestKind.OPEN)
    for _ in range(100):
        line.send(b"x" * 1000)
        if LineEventKind.FAILED in line.events:
            break
    assert line.events[-1] is LineEventKind.FAILED


def test_a_missing_device_is_named(tmp_path: Path) -> None:
    heard: list[object] = []
    port = SerialPort(str(tmp_path / "nothing"), 9600, 8, "E", 1)
    port.begin(lambda _, message: heard.append(message))
    port.handle(Sent(ports.LINE_REQUEST.name, LineRequest(LineRequestKind.OPEN)))
    (event,) = heard
    assert isinstance(event, LineEvent)
    assert event.kind is LineEventKind.FAILED
    assert event.text.startswith(f"{tmp_path}/nothing: SerialException: ")


def test_a_device_that_is_no_serial_line_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a terminal")
    heard: list[object] = []
    port = SerialPort(str(tmp_path / "file"), 9600, 8, "N", 1)
    port.begin(lambda _, message: heard.append(message))
    port.handle(Sent(ports.LINE_REQUEST.name, LineRequest(LineRequestKind.OPEN)))
    assert [m.kind for m in heard if isinstance(m, LineEvent)] == [LineEventKind.FAILED]


def test_a_line_in_use_is_not_shared(line: Line) -> None:
    line.ask(LineRequestKind.OPEN)
    heard: list[object] = []
    other = SerialPort(str(line.path), 115200, 8, "N", 2)
    other.begin(lambda _, message: heard.append(message))
    other.handle(Sent(ports.LINE_REQUEST.name, LineRequest(LineRequestKind.OPEN)))
    assert [m.kind for m in heard if isinstance(m, LineEvent)] == [LineEventKind.FAILED]


def test_closing_is_told_and_may_be_repeated(line: Line) -> None:
    line.ask(LineRequestKind.OPEN)
    line.ask(LineRequestKind.CLOSE)
    line.ask(LineRequestKind.CLOSE)
    line.port.close()
    assert line.events == [LineEventKind.OPENED, LineEventKind.CLOSED, LineEventKind.CLOSED]


def test_a_port_that_cannot_switch_its_direction_says_so_and_stays_closed(line: Line) -> None:
    heard: list[object] = []
    port = SerialPort(str(line.path), 115200, 8, "N", 2, Rs485())
    port.begin(lambda _, message: heard.append(message))
    port.handle(Sent(ports.LINE_REQUEST.name, LineRequest(LineRequestKind.OPEN)))
    (event,) = heard
    assert isinstance(event, LineEvent)
    assert event.kind is LineEventKind.FAILED
    assert "does not switch the direction of an RS-485 line" in event.text
    assert "leave `rs485` out of the cell file" in event.text
    assert port.fileno() is None


def test_a_direction_is_told_to_the_driver_in_whole_milliseconds() -> None:
    class Driver:
        rs485_mode: RS485Settings | None = None

    driver = Driver()
    direction = Rs485(
        rts_while_sending=False,
        rts_while_receiving=True,
        delay_before_sending_s=0.0021,
        delay_after_sending_s=0.007,
    )
    switch_direction(driver, direction)  # type: ignore[arg-type]
    settings = driver.rs485_mode
    assert settings is not None
    assert (settings.rts_level_for_tx, settings.rts_level_for_rx) == (False, True)
    assert int(1000 * settings.delay_before_tx) == 3  # as pyserial hands it to the kernel
    assert int(1000 * settings.delay_before_rx) == 7


def test_a_port_without_a_direction_is_left_as_it_is() -> None:
    class Driver:
        @property
        def rs485_mode(self) -> None:
            raise AssertionError

    switch_direction(Driver(), None)  # type: ignore[arg-type]
