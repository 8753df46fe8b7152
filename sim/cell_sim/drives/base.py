"""What every virtual drive has: registers from the profile's field table, a watchdog, power and a voice."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from cell_controller.drives.profile import Access, DriveProfile, Memory, ProfileField, Quantity
from cell_sim.drives.modbus import COILS, ExceptionCode, Refusal, Request
from cell_sim.drives.slave import SLAVES
from cell_sim.plant import CellPlant


class VirtualDrive:
    """One drive on a line. The family's behaviour is in `power_up`, `written`, `refresh` and `expired`.

    Registers are words on the wire; a field's words are put together in the profile's word order. A power
    cycle takes everything that is not in EEPROM.
    """

    def __init__(self, name: str, unit: int, profile: DriveProfile, plant: CellPlant) -> None:
        self.name = name
        self.unit = unit
        self.profile = profile
        self.plant = plant
        self.slave = SLAVES[profile.protocol]
        self.is_powered = False
        self.is_mute = False  # hears nothing and says nothing; the motor goes on until its watchdog acts
        self.is_frozen = False  # measured registers keep their values: a hung measuring board
        self.extra_delay_s = 0.0  # added to every reply
        self.frames_heard = 0
        self.words: dict[int, int] = {}
        self.eeprom: dict[Quantity, int] = {}
        self.eeprom_writes = 0
        self._by_address: dict[int, Quantity] = {}
        for quantity, field in profile.fields.items():
            for address in _places(field) or (field.address,):  # a command has its own
                self._by_address[address] = quantity
        self._holes = self._readable_holes()
        self._heard_s = -inf
        self._timeout_s = inf  # watchdog_s, inf while it is off
        self.is_expired = False
        self.now_s = plant.now_s

    def _readable_holes(self) -> frozenset[int]:
        """Words between the fields of the profile's read blocks: a drive has something there too."""
        holes: set[int] = set()
        for block in (self.profile.reads.fast, *self.profile.reads.slow):
            first, last = (_places(self.profile.fields[block.fields[n]]) for n in (0, -1))
            holes |= set(range(first.start, last.stop)) - self._by_address.keys()
        return frozenset(holes)

    # -- power ----------------------------------------------------------------------------------------------

    def power_on(self, now_s: float) -> None:
        """Mains on: volatile registers at their defaults, watchdog off as from the factory."""
        self.now_s = now_s
        self.plant.advance(now_s)
        self.words = dict.fromkeys(self._by_address, 0)
        for quantity, raw in self.eeprom.items():
            self.store(quantity, raw)
        self.is_powered = True
        self.is_expired = False
        self._heard_s = now_s
        self.power_up()
        self._timeout_s = self.running_watchdog_s or inf

    def power_off(self, now_s: float) -> None:
        """Mains off: no torque, no answer."""
        self.now_s = now_s
        self.plant.advance(now_s)
        self.is_powered = False
        self.lose_torque()

    # -- family behaviour -----------------------------------------------------------------------------------

    def has_word(self, address: int) -> bool:
        """Whether the family has a register here that its profile does not name."""
        return False

    def power_up(self) -> None:
        """Set power-on values that are not zero."""

    def lose_torque(self) -> None:
        """The power stage goes off."""

    def written(self, touched: Sequence[Quantity]) -> None:
        """Act on fields that have been written, in ascending order of address."""

    def check_write(self, quantity: Quantity, raw: int) -> None:
        """Raise Refusal when the drive does not take this value now."""

    def refresh(self) -> None:
        """Bring measured and state registers up to date."""

    def tick(self) -> None:
        """Follow what happened by itself up to now_s: STO, blocked motor, end of a ramp."""

    def expired(self) -> None:
        """The watchdog has run out."""

    @property
    def watchdog_s(self) -> float:
        """Time to the watchdog's reaction; 0 when it is off."""
        return 0.0

    @property
    def running_watchdog_s(self) -> float:
        """The same, as far as the drive counts it at present."""
        return self.watchdog_s

    @property
    def due_s(self) -> float:
        """When the family wants to be advanced by itself."""
        return inf

    # -- time -----------------------------------------------------------------------------------------------

    @property
    def next_event_s(self) -> float:
        """When something happens without any traffic; inf for never."""
        if not self.is_powered:
            return inf
        watchdog = self._heard_s + self._timeout_s
        return min(inf if self.is_expired else watchdog, self.due_s)

    def advance(self, now_s: float) -> None:
        """Bring drive and plant to this time."""
        if not self.is_powered:
            return
        if not self.is_expired and now_s >= self._heard_s + self._timeout_s:
            self._move_to(self._heard_s + self._timeout_s)
            self.is_expired = True
            self.plant.record.event(self.now_s, "watchdog", self.name)
            self.expired()
        self._move_to(now_s)

    def _move_to(self, now_s: float) -> None:
        self.now_s = max(self.now_s, now_s)
        self.plant.advance(self.now_s)
        self.tick()

    # -- the wire -------------------------------------------------------------------------------------------

    def hear(self, frame: bytes, now_s: float) -> bytes | None:
        """Obey an intact frame that is for this drive; the reply, or None for silence."""
        self.advance(now_s)
        if not self.is_powered or self.is_mute:
            return None
        self.frames_heard += 1
        self._heard_s = now_s
        try:
            request = self.slave.parse(frame)
            reply = self._obey(request)
        except Refusal as refusal:
            reply = self.slave.refusal(frame, refusal.code)
        return None if self.slave.unit_of(frame) is None else reply

    def overhear(self, now_s: float) -> None:
        """An intact frame was for somebody else, which most drives do not care about."""

    def _obey(self, request: Request) -> bytes:
        functions = self.profile.functions
        if functions.codes and request.function not in functions.codes:
            raise Refusal(ExceptionCode.ILLEGAL_FUNCTION)
        are_coils = max(request.read_address, request.write_address) >= COILS
        most_read = functions.max_read_coils if are_coils else functions.max_read_words
        most_written = functions.max_write_coils if are_coils else functions.max_write_words
        if request.reads and not 1 <= request.read_count <= most_read:
            raise Refusal(ExceptionCode.ILLEGAL_VALUE)
        if len(request.values) > most_written:
            raise Refusal(ExceptionCode.ILLEGAL_VALUE)
        if request.writes:  # function 23 writes before it reads
            self._write(request.write_address, request.values)
        if not request.reads:
            return self.slave.write_reply(request)
        return self.slave.read_reply(request, self._read(request.read_address, request.read_count))

    def _read(self, address: int, count: int) -> list[int]:
        span = range(address, address + count)
        for at in span:
            quantity = self._by_address.get(at)
            if quantity is None and at not in self._holes and not self.has_word(at):
                raise Refusal(ExceptionCode.ILLEGAL_ADDRESS)
            if quantity is not None and self.profile.fields[quantity].access is Access.WRITE:
                raise Refusal(ExceptionCode.ILLEGAL_ADDRESS)
        if not self.is_frozen:
            self.refresh()
        return [self.words.get(at, 0) for at in span]

    def _write(self, address: int, values: Sequence[int]) -> None:
        """All or nothing: every word is checked before the first is stored."""
        span = range(address, address + max(len(values), 1))
        touched: list[Quantity] = []
        for at in span:
            quantity = self._by_address.get(at)
            if quantity is None and self.has_word(at):
                continue
            if quantity is None or self.profile.fields[quantity].access is Access.READ:
                raise Refusal(ExceptionCode.ILLEGAL_ADDRESS)
            if quantity not in touched:
                touched.append(quantity)
        before = {at: self.words.get(at, 0) for at in span}
        self.words.update(zip(span, values or (0,), strict=True))
        try:
            for quantity in touched:
                self._check(quantity)
        except Refusal:
            self.words.update(before)
            raise
        for quantity in touched:
            if self.is_eeprom(quantity):
                self.eeprom[quantity] = self.raw(quantity)
                self.eeprom_writes += 1
        self.written(touched)
        self._timeout_s = self.running_watchdog_s or inf

    def is_eeprom(self, quantity: Quantity) -> bool:
        """Whether a write of this field survives a power cycle now."""
        return self.profile.fields[quantity].memory is Memory.EEPROM

    def _check(self, quantity: Quantity) -> None:
        field, raw = self.profile.fields[quantity], self.raw(quantity)
        if field.ramp_span is None:
            value = raw * field.scale
            too_low = field.low is not None and value < field.low - 0.5 * field.scale
            too_high = field.high is not None and value > field.high + 0.5 * field.scale
            if too_low or too_high:
                raise Refusal(ExceptionCode.ILLEGAL_VALUE)
        self.check_write(quantity, raw)

    # -- registers ------------------------------------------------------------------------------------------

    def raw(self, quantity: Quantity) -> int:
        """Content of a field, signed where it is signed."""
        field = self.profile.fields[quantity]
        if field.coils is not None:
            return sum(self.words[at] << n for n, at in enumerate(_places(field)))
        if field.bytes is not None:
            content = bytes(self.words[at] for at in range(field.address, field.end))
            return int.from_bytes(content, "little", signed=field.signed)
        if field.words == 1:
            value, bits = self.words[field.address], 16
        else:
            first, second = self.words[field.address], self.words[field.address + 1]
            value = second << 16 | first if self.profile.word_order == "low_first" else first << 16 | second
            bits = 32
        return value - (1 << bits) if field.signed and value >> (bits - 1) else value

    def store(self, quantity: Quantity, raw: int) -> None:
        """Set the content of a field; too large a value stays at the end of the range."""
        field = self.profile.fields.get(quantity)
        if field is None:
            return
        bits = field.bits
        low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if field.signed else (0, (1 << bits) - 1)
        raw = min(max(raw, low), high) & ((1 << bits) - 1)
        if field.coils is not None:
            self.words.update((at, raw >> n & 1) for n, at in enumerate(_places(field)))
            return
        if field.bytes is not None:
            content = raw.to_bytes(field.bytes, "little")
            self.words.update(zip(range(field.address, field.end), content, strict=True))
            return
        if field.words == 1:
            self.words[field.address] = raw
            return
        halves = (raw & 0xFFFF, raw >> 16)
        if self.profile.word_order == "high_first":
            halves = (halves[1], halves[0])
        self.words[field.address], self.words[field.address + 1] = halves

    def field(self, quantity: Quantity) -> ProfileField:
        """The field of a quantity that this family always has."""
        return self.profile.fields[quantity]

    def value(self, quantity: Quantity) -> float:
        """Content of a field in its unit; of a ramp the acceleration in units per second."""
        field, raw = self.profile.fields[quantity], self.raw(quantity)
        if field.ramp_span is not None:
            return field.ramp_span / (max(raw, 1) * field.scale)
        return raw * field.scale

    def show(self, quantity: Quantity, value: float) -> None:
        """Set a measured register from a value in its unit."""
        field = self.profile.fields.get(quantity)
        if field is not None:
            self.store(quantity, round(value / field.scale))

    def note(self, kind: str, value: float = 0.0) -> None:
        """Put a setpoint into the motion record."""
        self.plant.record.setpoint(self.now_s, self.name, kind, value)


def _places(field: ProfileField) -> range:
    """Addresses of a field's words, bytes or coils in the drive's one table."""
    base = 0 if field.coils is None else COILS
    return range(base + field.address, base + field.end)
