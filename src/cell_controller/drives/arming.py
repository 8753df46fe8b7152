"""Arming of one drive: identity compared, settings written and read back. Nothing of it moves anything.

Fields in an EEPROM are read first and written only when they differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cell_controller.drives.profile import (
    BitTest,
    DriveProfile,
    Exchange,
    Memory,
    Quantity,
    Source,
    encode_exchange,
    to_raw,
)
from cell_controller.drives.protocols.request import Request
from cell_controller.drives.requests import read_back_request, write_request


@dataclass(frozen=True, slots=True)
class _Check:
    """Read one field and compare it."""

    test: BitTest


@dataclass(frozen=True, slots=True)
class _Setting:
    """Write fields and read them back."""

    exchange: Exchange
    words: tuple[int, ...]
    is_compared_first: bool

    @property
    def fields(self) -> tuple[Quantity, ...]:
        return tuple(w.field for w in self.exchange.write)


@dataclass(frozen=True, slots=True)
class ArmingJob:
    """One request of the arming; `is_read` says whether the reply brings words."""

    request: Request
    is_read: bool


class Arming:
    """Goes through the checks and settings in order; `problem` says in words why it does not end."""

    def __init__(self, profile: DriveProfile, unit: int, values: Mapping[Source, float]) -> None:
        self._profile, self._unit, self._values = profile, unit, values
        checks = [_Check(test) for test in profile.identity]
        settings = [self._setting(exchange) for exchange in profile.arming]
        self._steps: list[_Check | _Setting] = [*checks, *settings]
        self._settings = [setting for setting in settings if setting.exchange.is_kept]
        self._at = 0
        self._is_written = False
        self.problem = ""

    def _setting(self, exchange: Exchange) -> _Setting:
        _, words = encode_exchange(self._profile, exchange, self._values)
        wears = any(self._profile.field(w.field).memory is Memory.EEPROM for w in exchange.write)
        return _Setting(exchange, tuple(words), wears)

    def restart(self) -> None:
        """Begin again: the drive was silent, lost its settings, or the port was opened."""
        self._at = 0
        self._is_written = False

    @property
    def is_done(self) -> bool:
        return self._at >= len(self._steps)

    def job(self) -> ArmingJob | None:
        """The next request, None when all is proved."""
        if self.is_done:
            return None
        step = self._steps[self._at]
        if isinstance(step, _Check):
            return ArmingJob(self._read((step.test.field,)), is_read=True)
        if self._is_written or step.is_compared_first:
            return ArmingJob(self._read(step.fields), is_read=True)
        request = write_request(self._profile, self._unit, step.exchange, self._values)
        return ArmingJob(request, is_read=False)

    def _read(self, quantities: tuple[Quantity, ...]) -> Request:
        return read_back_request(self._profile, self._unit, quantities)

    def took(self) -> None:
        """The drive has acknowledged the write."""
        self._is_written = True

    def brought(self, words: Sequence[int]) -> bool:
        """Words of the read; False when they are not what they must be."""
        step = self._steps[self._at]
        if isinstance(step, _Check):
            raw = to_raw(self._profile, self._profile.field(step.test.field), words)
            if not step.test.holds(raw):
                self.problem = _words_of(step.test, raw)
                self.restart()
                return False
        elif tuple(words) != step.words:
            if not self._is_written:  # an eeprom field differs: write it once
                self._steps[self._at] = _Setting(step.exchange, step.words, is_compared_first=False)
                return True
            self.problem = f"{', '.join(step.fields)} reads back {list(words)} instead of {list(step.words)}"
            self.restart()
            return False
        self._at += 1
        self._is_written = False
        if self.is_done:
            self.problem = ""
        return True

    def audit_request(self, number: int) -> Request | None:
        """The read of one armed setting, in rotation; None when there is none."""
        if not self._settings:
            return None
        return self._read(self._settings[number % len(self._settings)].fields)

    def audit_holds(self, number: int, words: Sequence[int]) -> bool:
        """Whether the setting is still what was armed."""
        return tuple(words) == self._settings[number % len(self._settings)].words


def _words_of(test: BitTest, raw: int) -> str:
    masked = raw & test.mask
    wanted = f"must be {test.equals}" if test.equals is not None else f"must not be {test.differs}"
    return f"{test.field} is {masked}, {wanted}"
