"""How long things take on a serial line. Pure arithmetic; times in seconds."""

from __future__ import annotations

from dataclasses import dataclass

from cell_controller.config.values import SerialFormat

# Modbus over serial line v1.02, 2.5.1.1: above 19200 baud the silences no longer shrink with the baud rate.
FIXED_GAPS_ABOVE_BAUD = 19200
SILENCE_CHAR_BITS = 11  # the character that the standard counts silences in, whatever the format
FIXED_T15_S = 0.00075
FIXED_T35_S = 0.00175


@dataclass(frozen=True, slots=True)
class LineSpeed:
    """Baud rate and character format of one line."""

    baud: int
    format: SerialFormat

    @property
    def char_s(self) -> float:
        """One character with start, parity and stop bits."""
        return self.format.bits_per_char / self.baud

    @property
    def _silence_char_s(self) -> float:
        return SILENCE_CHAR_BITS / self.baud

    @property
    def t15_s(self) -> float:
        """Longest silence inside a frame."""
        return 1.5 * self._silence_char_s if self.baud <= FIXED_GAPS_ABOVE_BAUD else FIXED_T15_S

    @property
    def t35_s(self) -> float:
        """Shortest silence between two frames."""
        return 3.5 * self._silence_char_s if self.baud <= FIXED_GAPS_ABOVE_BAUD else FIXED_T35_S

    def frame_s(self, length: int) -> float:
        """A frame of this many bytes without pauses."""
        return length * self.char_s

    def silence_s(self, *gaps_s: float) -> float:
        """Silence between two frames whose drives ask for these gaps."""
        return max(self.t35_s, *gaps_s)


@dataclass(frozen=True, slots=True)
class ExchangeShape:
    """What decides the time of one exchange; reply_bytes 0 is a broadcast."""

    request_bytes: int
    reply_bytes: int
    gap_s: float  # of the drive, around its own frames
    reply_delay_s: float

    def frames_s(self, line: LineSpeed) -> float:
        """From the first bit of the request to the last bit of the reply."""
        request_s = line.frame_s(self.request_bytes)
        if not self.reply_bytes:
            return request_s
        return request_s + self.reply_delay_s + line.frame_s(self.reply_bytes)


def exchange_s(line: LineSpeed, shape: ExchangeShape) -> float:
    """One exchange alone on the line: gap, request, reply delay, reply, gap."""
    gap_s = line.silence_s(shape.gap_s)
    return gap_s + shape.frames_s(line) + gap_s


def cycle_s(line: LineSpeed, shapes: tuple[ExchangeShape, ...]) -> float:
    """Period of exchanges that repeat in this order; neighbours share the longer of their gaps."""
    if not shapes:
        return 0.0
    following = (*shapes[1:], shapes[0])
    return sum(
        shape.frames_s(line) + line.silence_s(shape.gap_s, after.gap_s)
        for shape, after in zip(shapes, following, strict=True)
    )
