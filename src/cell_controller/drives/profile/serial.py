"""How a drive speaks on its line: speed and format, silences and delays, longest requests."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cell_controller.config.values import SerialFormat
from cell_controller.drives.profile.frozen import Frozen, NotNegative, Positive


class Serial(Frozen):
    """The line as the drive comes from its maker, and what it can be set to."""

    default_baud: int
    default_format: str  # as printed; may be one that this controller does not speak (7N2 ASCII)
    bauds: tuple[int, ...] = Field(min_length=1)
    formats: tuple[SerialFormat, ...] = Field(min_length=1)

    @property
    def usual_format(self) -> SerialFormat:
        """The maker's; where that is not spoken here, two stop bits and no parity, as Modbus has it."""
        names = {form.value: form for form in self.formats}
        return names.get(self.default_format) or names.get("8N2") or self.formats[0]


class Timing(Frozen):
    """Silences and delays of one drive; gaps are kept around its own frames only."""

    gap_s: NotNegative  # silence before its request and after its reply, at least t3.5
    reply_delay_s: NotNegative  # usual time from the end of the request to the start of the reply
    max_reply_delay_s: Positive  # longest such time of a healthy drive: what a stop waits for
    timeout_s: Positive  # no reply has begun by then: the exchange failed
    drain_s: (
        NotNegative  # silence after a failed exchange, on top of the timeout, in which bytes are thrown away
    )


class Functions(Frozen):
    """Its longest requests, in words or bytes as addresses count; in Modbus also the function codes.

    1 and 2 read coils and discrete inputs, 5 and 15 write coils; the longest of these are counted in coils.
    """

    codes: tuple[Literal[1, 2, 3, 4, 5, 6, 15, 16, 23], ...] = ()
    max_read_words: int = Field(ge=1, le=125)
    max_write_words: int = Field(ge=1, le=123)
    max_read_coils: int = Field(default=0, ge=0, le=2000)
    max_write_coils: int = Field(default=0, ge=0, le=1968)
    accepts_broadcast: bool = False  # obeys unit 0, without a reply
