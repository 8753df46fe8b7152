"""How long things take on a serial line. Pure arithmetic; times in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field

from cell_controller.config.drives import Line
from cell_controller.config.values import SerialFormat

# Modbus over serial line v1.02, 2.5.1.1: above 19200 baud the silences no longer shrink with the baud rate.
FIXED_GAPS_ABOVE_BAUD = 19200
SILENCE_CHAR_BITS = 11  # the character that the standard counts silences in, whatever the format
FIXED_T15_S = 0.00075
FIXED_T35_S = 0.00175


@dataclass(frozen=True, slots=True)
class LineSpeed:
    """Baud rate and character format of one line, and the times that follow from them.

    echoes: the port gives back what it sends, before any reply.
    lead_s: from a frame handed to the port to its first bit, where a driver switches the direction first.
    char_s: one character with start, parity and stop bits. t15_s: longest silence inside a frame. t35_s:
    shortest silence between two frames.
    """

    baud: int
    format: SerialFormat
    echoes: bool = False
    lead_s: float = 0.0
    char_s: float = field(init=False, repr=False, compare=False)
    t15_s: float = field(init=False, repr=False, compare=False)
    t35_s: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        is_fixed = self.baud > FIXED_GAPS_ABOVE_BAUD
        silence_char_s = SILENCE_CHAR_BITS / self.baud
        object.__setattr__(self, "char_s", self.format.bits_per_char / self.baud)
        object.__setattr__(self, "t15_s", FIXED_T15_S if is_fixed else 1.5 * silence_char_s)
        object.__setattr__(self, "t35_s", FIXED_T35_S if is_fixed else 3.5 * silence_char_s)

    def frame_s(self, length: int) -> float:
        """A frame of this many bytes without pauses."""
        return length * self.char_s

    def sent_s(self, length: int) -> float:
        """From handing a frame of this many bytes to the port until its last bit is out."""
        return self.lead_s + self.frame_s(length)

    def silence_s(self, *gaps_s: float) -> float:
        """Silence between two frames whose drives ask for these gaps."""
        return max(self.t35_s, *gaps_s)


def speed_of(line: Line) -> LineSpeed:
    """The speed of a line of the cell file."""
    lead_s = line.rs485.delay_before_s if line.rs485 is not None else 0.0
    return LineSpeed(line.baud, line.format, line.echo, lead_s)


@dataclass(frozen=True, slots=True)
class ExchangeShape:
    """What decides the time of one exchange; reply_bytes 0 is a broadcast."""

    request_bytes: int
    reply_bytes: int
    gap_s: float  # of the drive, around its own frames
    reply_delay_s: float

    def frames_s(self, line: LineSpeed) -> float:
        """From handing the request to the port to the last bit of the reply."""
        request_s = line.sent_s(self.request_bytes)
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
