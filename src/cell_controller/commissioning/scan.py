"""Which unit ids answer on a line, at which speed and format; and what that does not tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from cell_controller.commissioning.master import Master
from cell_controller.commissioning.wire import Wire
from cell_controller.config import SerialFormat
from cell_controller.drives.line_time import LineSpeed
from cell_controller.drives.profile import DriveProfile, Protocol, Timing
from cell_controller.drives.protocols import CODECS
from cell_controller.drives.protocols.errors import DriveExceptionError, ReplyError
from cell_controller.drives.protocols.request import ReadRegisters, Request
from cell_controller.drives.requests import read_request
from cell_controller.drives.transaction import LineEchoError, NoReplyError

ADAPTER_S = 0.020  # an FTDI adapter keeps bytes for 16 ms unless told otherwise
ECHO_BYTES = 7  # of a question that comes back: more than unit and function, which a reply has too
SETTLE_S = 0.010  # after a change of speed: the adapter takes it over, and receivers find the line idle


class Outcome(Enum):
    """What one question brought."""

    ANSWER = "answer"
    REFUSAL = "refusal"  # a valid frame all the same: somebody is there
    NOISE = "noise"  # bytes that are no frame
    ECHO = "echo"  # what was sent, and nothing else
    SILENCE = "silence"

    @property
    def is_somebody(self) -> bool:
        return self in (Outcome.ANSWER, Outcome.REFUSAL)


@dataclass(frozen=True, slots=True)
class Setting:
    """How a line may be spoken on."""

    baud: int
    form: SerialFormat
    protocol: Protocol = Protocol.MODBUS_RTU

    def __str__(self) -> str:
        return f"{self.baud} {self.form.value} {self.protocol.value}"


@dataclass(frozen=True, slots=True)
class Probed:
    """One unit id asked with one setting."""

    setting: Setting
    unit: int
    outcome: Outcome


def settings_to_try(
    profiles: Iterable[DriveProfile], bauds: Sequence[int] = (), forms: Sequence[SerialFormat] = ()
) -> tuple[Setting, ...]:
    """Those that the drives of these profiles can be set to; the makers' defaults first."""
    known = tuple(profiles)
    default = [p.serial.default_baud for p in known]
    found = {
        Setting(baud, form, p.protocol)
        for p in known
        for baud in (bauds or p.serial.bauds)
        for form in (forms or p.serial.formats)
    }
    order = list(SerialFormat)
    return tuple(
        sorted(found, key=lambda s: (-default.count(s.baud), s.baud, order.index(s.form), s.protocol.value))
    )


def scan(
    wire: Wire,
    settings: Iterable[Setting],
    units: Sequence[int],
    profiles: Sequence[DriveProfile],
    echoes: bool = False,
) -> Iterator[Probed]:
    """Ask every unit with every setting, one a step. Only reads: nothing is written to anybody."""
    for setting in settings:
        yield from _scan_at(wire, setting, units, profiles, echoes)


def scan_again(
    wire: Wire, probed: Sequence[Probed], profiles: Sequence[DriveProfile], echoes: bool = False
) -> Iterator[Probed]:
    """Once more whoever was silent, as its one answer may have been lost; see `left_to_ask`."""
    units, settings = left_to_ask(probed)
    for setting in settings:
        yield from _scan_at(wire, setting, units, profiles, echoes)


def left_to_ask(probed: Sequence[Probed]) -> tuple[tuple[int, ...], tuple[Setting, ...]]:
    """Units that never answered, and where to ask them again: where others did, else everywhere."""
    answered = found(probed)
    units = tuple(dict.fromkeys(p.unit for p in probed if p.unit not in answered))
    heard = dict.fromkeys(p.setting for p in probed if p.outcome.is_somebody)
    return units, tuple(heard or dict.fromkeys(p.setting for p in probed)) if units else ()


def _scan_at(
    wire: Wire, setting: Setting, units: Sequence[int], profiles: Sequence[DriveProfile], echoes: bool
) -> Iterator[Probed]:
    spoken = [p for p in profiles if p.protocol is setting.protocol]
    timing = _patient(spoken)
    wire.configure(setting.baud, setting.form)
    wire.wait(wire.now_s + SETTLE_S)
    wire.drain()
    codec = CODECS[setting.protocol]
    master = Master(wire, LineSpeed(setting.baud, setting.form, echoes), codec)
    for unit in (u for u in units if u <= codec.max_unit):
        request = _question(spoken, setting.protocol, unit)
        yield Probed(setting, unit, _ask(master, request, codec.encode(request), timing))


def _patient(profiles: Sequence[DriveProfile]) -> Timing:
    """Gaps and delays that suit every drive that may be there."""
    timings = [p.timing for p in profiles]
    delay_s = max(t.max_reply_delay_s for t in timings)
    return Timing(
        gap_s=max(t.gap_s for t in timings),
        reply_delay_s=delay_s,
        max_reply_delay_s=delay_s,
        timeout_s=delay_s + ADAPTER_S,
        drain_s=ADAPTER_S,
    )


def _question(profiles: Sequence[DriveProfile], protocol: Protocol, unit: int) -> Request:
    """Modbus: one register; that a drive has none there it says in a valid frame too."""
    if protocol is Protocol.MODBUS_RTU:
        return ReadRegisters(unit, 0, 1)
    return read_request(profiles[0], unit, profiles[0].reads.fast)


def _ask(master: Master, request: Request, sent: bytes, timing: Timing) -> Outcome:
    ended = master.ask(request, timing)
    if ended.reply is not None:
        return Outcome.ANSWER
    if isinstance(ended.error, DriveExceptionError):
        return Outcome.REFUSAL
    if isinstance(ended.error, ReplyError) and ended.error.frame.startswith(sent[:ECHO_BYTES]):
        return Outcome.ECHO
    if isinstance(ended.error, LineEchoError):
        return Outcome.NOISE if ended.error.heard else Outcome.SILENCE
    of_ourselves = len(sent) if master.speed.echoes else 0
    is_silent = isinstance(ended.error, NoReplyError) and master.heard <= of_ourselves
    return Outcome.SILENCE if is_silent else Outcome.NOISE


def found(probed: Iterable[Probed]) -> dict[int, tuple[Setting, ...]]:
    """Units that answered, with the settings at which they did."""
    units: dict[int, list[Setting]] = {}
    for one in probed:
        if one.outcome.is_somebody:
            units.setdefault(one.unit, []).append(one.setting)
    return {unit: tuple(settings) for unit, settings in sorted(units.items())}


def doubts(probed: Sequence[Probed], *, is_pty: bool) -> tuple[str, ...]:
    """What a scan could not tell, and what to do about it."""
    units = found(probed)
    said = [text for doubt in (_parity, _stop_bits) for text in doubt(units, is_pty)]
    noisy = [p for p in probed if p.outcome is Outcome.NOISE and p.unit not in units]
    if noisy:
        names = ", ".join(sorted({str(p.unit) for p in noisy}, key=int))
        said.append(
            f"what sent bytes that are no frame when unit {names} was asked: two drives with one unit id, "
            f"another baud rate or protocol, a swapped pair, missing termination"
        )
    if any(p.outcome is Outcome.ECHO for p in probed):
        said.append(
            "who is there: the adapter gives back what it is sent. Say --echo, and `echo: true` of its line "
            "in the cell file"
        )
    if units:
        said.append("the family of a drive: cell drives identify PORT --unit N finds the profiles that fit")
    else:
        said.append(
            "whether nobody is there: a drive that is off, speaks Modbus ASCII (Delta as from the factory), "
            "has another unit id, or sits behind swapped A and B is silent too"
        )
    return tuple(said)


def _parity(units: Mapping[int, tuple[Setting, ...]], is_pty: bool) -> Iterator[str]:
    if is_pty and units:
        yield "parity: this port is a pseudo-terminal, which does not carry it"
        return
    for unit, settings in units.items():
        by_rest = _differing(settings, lambda s: s.form.parity)
        if by_rest:
            yield f"parity of unit {unit}: it answered with {by_rest}; take the one that the drive shows"


def _stop_bits(units: Mapping[int, tuple[Setting, ...]], is_pty: bool) -> Iterator[str]:
    for unit, settings in units.items():
        same = tuple(s for s in settings if s.form.parity == "N")
        by_rest = _differing(same, lambda s: str(s.form.stop_bits))
        if by_rest:
            yield (
                f"stop bits of unit {unit}: it answered with {by_rest}; receivers look at the first "
                f"one only, take the number that the drive shows"
            )


def _differing(settings: tuple[Setting, ...], what: Callable[[Setting], str]) -> str:
    """The values of one property at a single baud rate, "" when there is one only."""
    for baud in dict.fromkeys(s.baud for s in settings):
        values = list(dict.fromkeys(what(s) for s in settings if s.baud == baud))
        if len(values) > 1:
            return ", ".join(values)
    return ""
