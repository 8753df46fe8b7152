"""The serial port of a drive bus: pyserial, its descriptor waited for by the host's own loop."""

from __future__ import annotations

import os
import termios

import serial
from serial.rs485 import RS485Settings

from cell_controller.config import Rs485
from cell_controller.messages import LineEvent, LineEventKind, LineRequest, LineRequestKind, Rx, Tx
from cell_controller.nodes.adapter import explain
from cell_controller.nodes.local_io import Post
from cell_controller.runtime import Sent, ports

_NOT_CUT_S = 1e-6  # pyserial cuts fractions of a ms off
READ_BYTES = 4096  # one pty buffer
PORT_ERRORS = (serial.SerialException, OSError, termios.error)  # after an unplug any of the three is raised


class SerialPort:
    """LocalIo of one line: opens exclusively, never reopens by itself, reports every failure once.

    An unplugged device shows as SerialException, OSError or termios.error, or as a read of no bytes.
    """

    ports = frozenset({ports.TX.name, ports.LINE_REQUEST.name})

    def __init__(
        self,
        device: str,
        baud: int,
        bytesize: int,
        parity: str,
        stopbits: int,
        direction: Rs485 | None = None,
    ) -> None:
        self._device, self._baud, self._direction = device, baud, direction
        self._format = (bytesize, parity, stopbits)
        self._serial: serial.Serial | None = None
        self._fd: int | None = None
        self._post: Post = lambda port, message: None

    def begin(self, post: Post) -> None:
        self._post = post

    def fileno(self) -> int | None:
        return self._fd

    def on_readable(self, now_s: float) -> None:
        if self._fd is None:
            return
        try:
            data = os.read(self._fd, READ_BYTES)
        except BlockingIOError:
            return
        except PORT_ERRORS as error:
            self._fail(error)
            return
        if not data:
            self._fail(OSError("the device reports end of file: unplugged"))
            return
        self._post(ports.RX.name, Rx(data, now_s))

    def handle(self, sent: Sent) -> None:
        message = sent.message
        if isinstance(message, Tx):
            self._write(message.data)
        elif isinstance(message, LineRequest):
            {
                LineRequestKind.OPEN: self._open,
                LineRequestKind.CLOSE: self._shut,
                LineRequestKind.DRAIN: self._drain,
            }[message.kind]()

    def close(self) -> None:
        if self._serial is not None:
            port, self._serial, self._fd = self._serial, None, None
            try:
                port.close()
            except PORT_ERRORS:
                return  # the device is gone; there is nothing left to release

    def _open(self) -> None:
        self.close()  # a former descriptor would make the device come back under another name
        bytesize, parity, stopbits = self._format
        try:
            self._serial = serial.Serial(
                self._device,
                self._baud,
                bytesize=bytesize,
                parity=parity,
                stopbits=stopbits,
                timeout=0,
                write_timeout=0,
                exclusive=True,
            )
            self._fd = self._serial.fileno()
            switch_direction(self._serial, self._direction)
            self._serial.reset_input_buffer()
            ask_for_low_latency(self._serial)
        except (*PORT_ERRORS, ValueError) as error:
            self._fail(error)
            return
        self._post(ports.LINE_EVENT.name, LineEvent(LineEventKind.OPENED, self._device))

    def _shut(self) -> None:
        self.close()
        self._post(ports.LINE_EVENT.name, LineEvent(LineEventKind.CLOSED, self._device))

    def _drain(self) -> None:
        if self._serial is not None:
            try:
                self._serial.reset_input_buffer()
            except PORT_ERRORS as error:
                self._fail(error)

    def _write(self, data: bytes) -> None:
        if self._fd is None:
            return  # closed while the Unit was stepping; it hears of it by the LineEvent
        try:
            written = os.write(self._fd, data)
            if written != len(data):
                raise OSError(f"{written} of {len(data)} bytes written: output buffer full")
        except PORT_ERRORS as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        self.close()
        text = f"{self._device}: {type(error).__name__}: {error}"
        if isinstance(error, PermissionError) or "Permission denied" in str(error):
            text = explain(self._device, error)
        self._post(ports.LINE_EVENT.name, LineEvent(LineEventKind.FAILED, text))


class DirectionError(OSError):
    """A port whose driver does not know RS-485."""


def switch_direction(port: serial.Serial, direction: Rs485 | None) -> None:
    """Let the port's driver drive RTS; DirectionError says in words when it does not know how."""
    if direction is None:
        return
    try:
        port.rs485_mode = RS485Settings(
            rts_level_for_tx=direction.rts_while_sending,
            rts_level_for_rx=direction.rts_while_receiving,
            delay_before_tx=direction.delay_before_s + _NOT_CUT_S,
            delay_before_rx=direction.delay_after_s + _NOT_CUT_S,
        )
    except (*PORT_ERRORS, ValueError, NotImplementedError) as error:
        raise DirectionError(
            "its driver does not switch the direction of an RS-485 line; "
            f"most USB adapters do it by themselves: then leave `rs485` out of the cell file ({error})"
        ) from error


def ask_for_low_latency(port: serial.Serial) -> None:
    """USB adapters of the FTDI kind collect bytes for 16 ms unless told otherwise; others cannot be told."""
    try:
        port.set_low_latency_mode(True)
    except (*PORT_ERRORS, ValueError, NotImplementedError):
        return
