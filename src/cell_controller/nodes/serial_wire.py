"""A serial port that is waited for: what commissioning works on. The drive buses have serial_port.py."""

from __future__ import annotations

import os
import select
import time
from math import inf
from types import TracebackType

import serial

from cell_controller.commissioning.errors import WireError
from cell_controller.config import Rs485, SerialFormat
from cell_controller.nodes.adapter import explain, is_pty
from cell_controller.nodes.serial_port import (
    PORT_ERRORS,
    READ_BYTES,
    DirectionError,
    ask_for_low_latency,
    switch_direction,
)

LONGEST_WAIT_S = 0.1  # a signal that only sets a flag is noticed at least as often


class SerialWire:
    """Wire on a device: exclusively open, from `open` to `close`."""

    def __init__(self, device: str, direction: Rs485 | None = None) -> None:
        self.device, self._direction = device, direction
        self._serial: serial.Serial | None = None

    def __enter__(self) -> SerialWire:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self, baud: int, form: SerialFormat) -> None:
        """WireError says in words why it cannot be opened."""
        try:
            self._serial = serial.Serial(
                self.device,
                baud,
                bytesize=serial.EIGHTBITS,
                parity=self._parity(form),
                stopbits=form.stop_bits,
                timeout=0,
                write_timeout=0,
                exclusive=True,
            )
            switch_direction(self._serial, self._direction)
            self._serial.reset_input_buffer()
        except DirectionError as error:
            self.close()
            raise WireError(f"{self.device}: {error}") from error
        except (*PORT_ERRORS, ValueError) as error:
            self.close()
            raise WireError(explain(self.device, error)) from error
        ask_for_low_latency(self._serial)

    def close(self) -> None:
        """May be called twice."""
        port, self._serial = self._serial, None
        if port is not None:
            try:
                port.close()
            except PORT_ERRORS:
                return  # the device is gone; there is nothing left to release

    @property
    def now_s(self) -> float:
        return time.monotonic()

    def wait(self, until_s: float) -> bytes:
        port = self._open_port()
        while True:
            left_s = max(until_s - time.monotonic(), 0.0)
            try:
                ready, _, _ = select.select([port.fileno()], [], [], min(left_s, LONGEST_WAIT_S))
                if ready:
                    return self._read(port.fileno())
            except PORT_ERRORS as error:
                raise WireError(explain(self.device, error)) from error
            if left_s <= LONGEST_WAIT_S or until_s == inf:
                return b""

    def _read(self, descriptor: int) -> bytes:
        data = os.read(descriptor, READ_BYTES)
        if not data:
            raise OSError("the device reports end of file: unplugged")
        return data

    def write(self, data: bytes) -> None:
        try:
            written = os.write(self._open_port().fileno(), data)
            if written != len(data):
                raise OSError(f"{written} of {len(data)} bytes written: output buffer full")
        except PORT_ERRORS as error:
            raise WireError(explain(self.device, error)) from error

    def drain(self) -> None:
        try:
            self._open_port().reset_input_buffer()
        except PORT_ERRORS as error:
            raise WireError(explain(self.device, error)) from error

    def configure(self, baud: int, form: SerialFormat) -> None:
        port = self._open_port()
        try:
            port.baudrate, port.parity, port.stopbits = baud, self._parity(form), form.stop_bits
        except (*PORT_ERRORS, ValueError) as error:
            raise WireError(explain(self.device, error)) from error

    def _parity(self, form: SerialFormat) -> str:
        """A pseudo-terminal refuses a parity, having none."""
        return serial.PARITY_NONE if is_pty(self.device) else form.parity

    def _open_port(self) -> serial.Serial:
        if self._serial is None:
            raise WireError(f"{self.device} is not open")
        return self._serial
