"""The machine of a whole cell behind its drives: bodies, processes, parts, signals and the safety relay."""

from __future__ import annotations

from math import inf

from cell_sim.plant.conveyor import Belt, Clamp
from cell_sim.plant.mechanics import Mechanics
from cell_sim.plant.parts import Part
from cell_sim.plant.record import (
    CLAMP_CLOSED,
    CLAMP_OPEN,
    PART_IN,
    PART_OUT,
    SAMPLE_S,
    MotionRecord,
    MotionSample,
)
from cell_sim.plant.relay import GuardLock, SafetyRelay
from cell_sim.plant.signals import ModuleWiring
from cell_sim.plant.stations import GrindPlace, WeldPlace

_PROCESS_STEP_S = 0.002  # an order below the fastest process time constant (30 ms)
_MOVING_STEP_S = SAMPLE_S
_SPINNING_STEP_S = 0.05  # only spindles turn, in free air: exact for any step
_LEAST_STEP_S = 1e-6
_SPINDLE_SAMPLE_RPM = 5.0


class CellPlant:
    """Advances lazily: nothing happens between two calls of `advance`, and all of it happens inside one.

    Every use of an axis, spindle or signal is preceded by `advance(now_s)`; an earlier time than the newest
    is answered with the newest state.
    """

    def __init__(
        self, mechanics: Mechanics, relay: SafetyRelay, now_s: float, record: MotionRecord | None
    ) -> None:
        self.now_s = now_s
        self.mechanics = mechanics
        self.axes = mechanics.axes
        self.spindles = mechanics.spindles
        self.relay = relay
        self.guard = GuardLock()
        self.record = record or MotionRecord()
        self.modules: dict[str, ModuleWiring] = {}
        self.belts: dict[str, Belt] = {}
        self.welds: dict[str, WeldPlace] = {}
        self.grinds: dict[str, GrindPlace] = {}
        self.clamps: list[tuple[Clamp, str, int]] = []  # clamp, module and channel of its valve
        self.load_requests: list[tuple[Belt, str, int]] = []
        self.enable_output: tuple[str, int] = ("", 0)
        self.own_enables: dict[
            str, tuple[str, int]
        ] = {}  # of single drives, past the relay: module and channel
        self.lock_output: tuple[str, int] = ("", 0)
        self.has_air = True
        self._is_sto = False
        self._open_enables: list[str] = []
        self._without_torque: set[str] = set()
        self._sto_counts: dict[str, int] = {}
        self._noted_parts: dict[str, list[int]] = {}
        self._sampled_s: dict[str, float] = {}
        self._sampled_speed: dict[str, float] = {}

    # -- what drives and modules use ------------------------------------------------------------------------

    @property
    def is_sto(self) -> bool:
        """Safe torque off of all drives."""
        return self._is_sto

    def is_off(self, drive: str) -> bool:
        """Safe torque off of this drive: by the relay, or by an enable of its own."""
        return drive in self._without_torque

    def off_count(self, drive: str) -> int:
        """How often the drive has lost its torque."""
        return self._sto_counts.get(drive, 0)

    def set_outputs(self, module: str, bits: int) -> None:
        """An I/O module drives its outputs."""
        wiring = self.modules[module]
        if bits != wiring.outputs:
            wiring.outputs = bits
            self._follow()

    def next_mark_m(self, axis: str, ahead: int) -> float | None:
        """Axis position of the next reference mark in a direction; None for an axis without marks."""
        belt = next((b for b in self.belts.values() if b.axis.spec.name == axis), None)
        return None if belt is None else belt.nearest_mark_m(ahead)

    # -- what tests and operators do to the machine ---------------------------------------------------------

    def press_estop(self) -> None:
        """Push an emergency stop button; it latches."""
        self.relay.estop_ok = False
        self._injected("estop pressed")

    def release_estop(self) -> None:
        """Turn the button back out."""
        self.relay.estop_ok = True
        self._injected("estop released")

    def open_guard(self, *, force: bool = False) -> bool:
        """Open the door; a locked one stays closed unless forced. True when it is open."""
        if self.guard.is_locked and not force:
            return False
        self.relay.guard_closed = False
        self._injected("guard opened")
        return True

    def close_guard(self) -> None:
        """Close the door."""
        self.relay.guard_closed = True
        self._injected("guard closed")

    def set_air(self, is_on: bool) -> None:
        """Compressed air; without it clamps stay as they are."""
        self.has_air = is_on
        self._injected(f"air {'on' if is_on else 'off'}")

    def jam(self, belt: str, is_jammed: bool = True) -> None:
        """Block a belt."""
        self.belts[belt].is_jammed = is_jammed
        self._injected(f"jam {belt} {is_jammed}")

    def force_input(self, module: str, channel: int, value: bool | None) -> None:
        """A broken sensor: the channel keeps this value; None mends it."""
        wiring = self.modules[module]
        if value is None:
            wiring.forced_inputs.pop(channel, None)
        else:
            wiring.forced_inputs[channel] = value
        self._injected(f"input {module}.{channel} {value}")

    def force_analog(self, module: str, channel: int, raw: int | None) -> None:
        """A broken transducer: the channel keeps these counts; None mends it."""
        wiring = self.modules[module]
        if raw is None:
            wiring.forced_analog.pop(channel, None)
        else:
            wiring.forced_analog[channel] = raw
        self._injected(f"analog {module}.{channel} {raw}")

    def _injected(self, what: str) -> None:
        self.record.event(self.now_s, what)
        self._follow()

    # -- what inspectors see --------------------------------------------------------------------------------

    @property
    def parts(self) -> list[Part]:
        """Every part there ever was, in the order of loading."""
        every = [p for b in self.belts.values() for p in (*b.parts, *b.delivered, *b.lost)]
        return sorted(every, key=lambda p: p.number)

    @property
    def delivered(self) -> list[Part]:
        """Parts that left at the end."""
        return [p for b in self.belts.values() for p in b.delivered]

    @property
    def tool_in_material(self) -> bool:
        return any(w.tool_in_material for w in self.welds.values()) or any(
            g.tool_in_material for g in self.grinds.values()
        )

    # -- time -----------------------------------------------------------------------------------------------

    def advance(self, now_s: float) -> None:
        """Bring everything to this time; earlier than the newest time does nothing."""
        while self.now_s < now_s:
            dt_s = self._next_step(now_s - self.now_s)
            if dt_s <= 0.0:
                return
            self._step(dt_s)

    @property
    def due_s(self) -> float:
        """The next moment at which something happens by itself, apart from motion."""
        due = min(self.relay.due_s, self.guard.due_s)
        for clamp, _, _ in self.clamps:
            due = min(due, clamp.due_s)
        for belt in self.belts.values():
            due = min(due, belt.due_s)
        return due

    def _next_step(self, left_s: float) -> float:
        longest = inf
        if any(s.is_moving for s in self.spindles.values()):
            longest = _SPINNING_STEP_S
        is_moving = any(a.is_moving for a in self.axes.values())
        if is_moving:
            longest = _MOVING_STEP_S
        if self._is_processing(is_moving):
            longest = _PROCESS_STEP_S
        fixed_s = self.mechanics.fixed_step_s
        if fixed_s is not None and longest < inf:
            return fixed_s if left_s >= fixed_s else 0.0
        due_s = self.due_s - self.now_s
        if due_s > 0.0:
            longest = min(longest, due_s)
        return max(min(left_s, longest), min(left_s, _LEAST_STEP_S))

    def _is_processing(self, is_moving: bool) -> bool:
        for weld in self.welds.values():
            if weld.zone.force_n > 0.0 or (is_moving and weld.wants_fine_steps):
                return True
        for grind in self.grinds.values():
            if grind.zone.force_n > 0.0 or (is_moving and grind.wants_fine_steps):
                return True
        return False

    def _step(self, dt_s: float) -> None:
        for weld in self.welds.values():
            weld.apply(dt_s)
        for grind in self.grinds.values():
            grind.apply(dt_s)
        for belt in self.belts.values():
            belt.resist()
        self.mechanics.step(dt_s)
        self.now_s += dt_s
        for belt in self.belts.values():
            belt.update(self.now_s)
        self._note_parts()
        self._follow()
        self._sample()

    def _note_parts(self) -> None:
        for name, belt in self.belts.items():
            there = [p.number for p in belt.parts]
            noted = self._noted_parts.get(name, [])
            if there == noted:
                continue
            for number in noted:
                if number not in there:
                    self.record.event(self.now_s, PART_OUT, f"{name} {number}")
            for number in there:
                if number not in noted:
                    self.record.event(self.now_s, PART_IN, f"{name} {number}")
            self._noted_parts[name] = there

    def _follow(self) -> None:
        """Everything that follows from outputs and times without moving a body."""
        now_s, modules = self.now_s, self.modules
        for clamp, module, channel in self.clamps:
            was_closed = clamp.is_closed
            clamp.update(modules[module].output(channel), self.has_air, now_s)
            if clamp.is_closed != was_closed:
                self.record.event(now_s, CLAMP_CLOSED if clamp.is_closed else CLAMP_OPEN, clamp.name)
        for belt, module, channel in self.load_requests:
            belt.wants_part = modules[module].output(channel)
        module, channel = self.lock_output
        self.guard.update(modules[module].output(channel), self.relay.guard_closed, now_s)
        module, channel = self.enable_output
        self.relay.is_enabled = modules[module].output(channel)
        self.relay.update(now_s)
        is_sto = self.relay.is_sto
        open_enables = [d for d, (m, c) in self.own_enables.items() if not modules[m].output(c)]
        open_enables += self.mechanics.lost
        if is_sto != self._is_sto or open_enables != self._open_enables:
            self._switch_torque(is_sto, open_enables)
        if is_sto != self._is_sto:
            self._is_sto = is_sto
            self.record.event(now_s, "sto on" if is_sto else "sto off")

    def _switch_torque(self, is_sto: bool, open_enables: list[str]) -> None:
        self._open_enables = open_enables
        for name in (*self.axes, *self.spindles):
            is_off = is_sto or name in open_enables
            if is_off == (name in self._without_torque):
                continue
            axis, spindle = self.axes.get(name), self.spindles.get(name)
            if is_off:
                self._without_torque.add(name)
                self._sto_counts[name] = self.off_count(name) + 1
            else:
                self._without_torque.remove(name)
            if axis is not None:
                axis.is_enabled = not is_off
                if is_off:
                    axis.off(brake=True)
            if spindle is not None:
                spindle.is_enabled = not is_off
                if is_off:
                    spindle.coast()

    def _sample(self) -> None:
        for name, axis in self.axes.items():
            if self._is_due(name, axis.speed_m_s, 0.0):
                self.record.add(MotionSample(self.now_s, name, axis.position_m, axis.speed_m_s, axis.force_n))
        for name, spindle in self.spindles.items():
            if self._is_due(name, spindle.speed_rpm, _SPINDLE_SAMPLE_RPM):
                self.record.add(
                    MotionSample(self.now_s, name, spindle.angle_rev, spindle.speed_rpm, spindle.torque_nm)
                )

    def _is_due(self, name: str, speed: float, steady: float) -> bool:
        """A sample per 10 ms in motion, the first at rest again, and few of a spindle at constant speed."""
        before = self._sampled_speed.get(name, 0.0)
        if speed == 0.0 and before == 0.0:
            return False
        period = SAMPLE_S * (10.0 if steady and abs(speed - before) < steady and speed else 1.0)
        if speed and before and self.now_s - self._sampled_s.get(name, -inf) < period - 1e-9:
            return False
        self._sampled_s[name] = self.now_s
        self._sampled_speed[name] = speed
        return True
