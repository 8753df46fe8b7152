"""The conveyor's Unit: indexes all parts by one pitch and proves it by its sensors."""

from __future__ import annotations

from enum import StrEnum
from math import isfinite, nan

from cell_controller.config.models import CellFile, GrindingSpindle, ReferenceMethod, WeldingRobot
from cell_controller.config.models import Conveyor as ConveyorConfig
from cell_controller.messages import Directive, Order, Parameter, TaskKind, TaskResult, Verdict
from cell_controller.stations.conveyor.phases import TABLE, ConveyorPhase
from cell_controller.stations.errors import PhaseFaultError, StationSetupError, TaskRefusedError
from cell_controller.stations.motion import Axis
from cell_controller.stations.parameters import LOAD_REQUEST
from cell_controller.stations.publishing import StationFacts
from cell_controller.stations.station import Station

DEBOUNCE_S = 0.04  # practice 20 to 50 ms: a level counts when it has lasted this long
SENSED_MAX_AGE_S = 0.3  # several polls; less than the manager lets a difference last
SLOW_SHARE = 0.25  # of the indexing speed, for going back and referencing
STALLED_S = 0.5  # a belt that stands this long in the middle of a move is blocked
START_S = 0.3  # from the setpoint to the first motion: slow wire, switching on


class Conveyor(Station):
    """Station of kind conveyor. A pitch is a multiple of pitch_m from the zero of the belt's drive."""

    def __init__(self, cell: CellFile, name: str) -> None:
        config = cell.stations[name]
        if not isinstance(config, ConveyorConfig):
            raise StationSetupError(name, config.kind, "a conveyor")
        clamps = tuple(
            station.clamp_closed
            for station in cell.stations.values()
            if isinstance(station, WeldingRobot | GrindingSpindle) and station.place in config.places
        )
        super().__init__(cell, name, TABLE, (*config.part_present, *clamps))
        self.config = config
        self.belt = self.body.axis(config.axis)
        (self.load_request,) = self.body.outputs
        self._clamps = clamps
        self._sensors = tuple(_Debounced() for _ in config.places)
        self._modules = tuple(dict.fromkeys(cell.signals.inputs[s].module for s in config.part_present))
        self._before: tuple[bool, ...] = ()  # shift register as the index began
        self._has_left: list[bool] = []
        self._start_pitch = 0
        self._target_pitch = 0
        self._interrupted_pitch: int | None = None  # pitch that an unfinished index left
        self._way_m = config.pitch_m
        self._stalled_s = 0.0
        self._block = ""
        # Since a jam, maybe one of a life before this: the motor's revolutions say nothing of the belt.
        self._may_have_slipped = True
        self._is_back = False  # in the present RE_REFERENCE

    # Facts

    @property
    def places(self) -> tuple[bool, ...]:
        """Debounced part-present sensors, one per place."""
        return tuple(sensor.level for sensor in self._sensors)

    @property
    def is_sensed(self) -> bool:
        """All sensors have been heard, and of late."""
        is_old = any(self.field.sample_age_s(m, self.now_s) > SENSED_MAX_AGE_S for m in self._modules)
        return not is_old and all(sensor.is_known for sensor in self._sensors)

    @property
    def pitch(self) -> int:
        """Nearest pitch; 0 while the position is not measured."""
        position_m = self.belt.position_m
        return round(position_m / self.config.pitch_m) if isfinite(position_m) else 0

    @property
    def is_on_pitch(self) -> bool:
        return self.belt.is_at(self.pitch * self.config.pitch_m, self.config.in_place_m)

    @property
    def is_standing(self) -> bool:
        return self.belt.state.is_stopped

    @property
    def _is_at_end(self) -> bool:
        """One more pitch would leave the range of the axis."""
        return not self.belt.model.min_m <= (self.pitch + 1) * self.config.pitch_m <= self.belt.model.max_m

    @property
    def needs_reference(self) -> bool:
        """The zero of the belt is not known, or no longer to be believed, and its drive can find it."""
        method = self.belt.model.reference
        is_doubtful = self._may_have_slipped and method is not None and method.moves
        return method is not None and (is_doubtful or not self.belt.state.is_homed)

    def observe(self, dt_s: float) -> None:
        for sensor, signal in zip(self._sensors, self.config.part_present, strict=True):
            sensor.take(self.field.input(signal), dt_s)
        wish = next((p.value for p in self.order.parameters if p.name == LOAD_REQUEST), 0.0)
        is_free = self.is_sensed and not self.places[0]
        is_quiet = self.phase in (ConveyorPhase.IDLE, ConveyorPhase.HELD) and self.is_standing
        self.load_request.set(wish > 0.0 and is_free and is_quiet)

    # Tasks

    def start(self, order: Order) -> StrEnum:
        if order.kind is TaskKind.JOG:
            self.body.axis(order.drive)
            return ConveyorPhase.JOG
        if order.kind is TaskKind.HOME:
            return ConveyorPhase.HOME_CHECK
        if order.kind is not TaskKind.INDEX:
            raise TaskRefusedError(f"{self.name} cannot do {order.kind.name}")
        if not self.is_on_pitch or self.needs_reference:
            raise TaskRefusedError(f"{self.belt.drive} is not on a pitch: home the station first")
        if self._is_at_end:
            raise TaskRefusedError(f"{self.belt.drive} is at the end of its range: home the station")
        self._start_pitch = self.pitch
        return ConveyorPhase.WAIT_CLEAR

    def act(self, phase: StrEnum, dt_s: float) -> StrEnum | None:
        actions = {
            ConveyorPhase.HOME_CHECK: self._home_check,
            ConveyorPhase.REFERENCE: self._reference,
            ConveyorPhase.TO_PITCH: self._to_pitch,
            ConveyorPhase.WAIT_CLEAR: self._wait_clear,
            ConveyorPhase.INDEX: self._index,
            ConveyorPhase.VERIFY: self._verify,
            ConveyorPhase.BLOCKED: self._blocked,
            ConveyorPhase.RE_REFERENCE: self._re_reference,
            ConveyorPhase.HELD: self._stand,
            ConveyorPhase.JOG: self._jog,
        }
        return actions[ConveyorPhase(phase)](dt_s)

    def enter(self, phase: StrEnum) -> None:
        self._stalled_s = 0.0
        self._may_have_slipped |= phase is ConveyorPhase.BLOCKED
        # The mark behind the belt is that of the pitch it left, however far it has slipped on the way.
        self._is_back = self.needs_reference and self.belt.model.reference is ReferenceMethod.MARK_BACK
        position_m = self.belt.position_m
        target_m = self._start_pitch * self.config.pitch_m
        if phase is ConveyorPhase.INDEX:
            self._before = self.places
            self._has_left = [not present for present in self._before]
            self._interrupted_pitch = self._start_pitch
            self._target_pitch = self._start_pitch + 1
            self._block = ""
            target_m = self._target_pitch * self.config.pitch_m
        if phase is ConveyorPhase.TO_PITCH:
            known = self._interrupted_pitch  # back, so that every part is where the task found it
            self._target_pitch = known if known is not None and abs(known - self.pitch) <= 1 else self.pitch
            target_m = self._target_pitch * self.config.pitch_m
        is_search = phase in (ConveyorPhase.REFERENCE, ConveyorPhase.RE_REFERENCE) and self.needs_reference
        is_known = isfinite(position_m) and not is_search
        self._way_m = abs(target_m - position_m) if is_known else self.config.pitch_m

    def _stand(self, _: float) -> StrEnum | None:
        self.belt.stop()
        return None

    def _jog(self, _: float) -> StrEnum | None:
        self.jog()
        return None

    def _hindrance(self) -> str:
        """Why the belt may not move now, "" when it may."""
        missing = [zone for zone in self.zones if zone not in self.order.zones]
        if missing:
            return f"not granted: {', '.join(missing)}"
        for clamp in self._clamps:
            if self.field.input(clamp) is not False:
                return f"{clamp} is not off"
        return "" if self.is_sensed else "part sensors not heard"

    def _home_check(self, dt_s: float) -> StrEnum | None:
        self._stand(dt_s)
        if not self.belt.state.is_homed and not self.needs_reference:
            raise PhaseFaultError(f"{self.belt.drive} reports no reference")
        if self._hindrance():
            return None
        is_due = self.needs_reference or (self.belt.model.reference is not None and self._is_at_end)
        return ConveyorPhase.REFERENCE if is_due else ConveyorPhase.TO_PITCH

    def _reference(self, dt_s: float) -> StrEnum | None:
        if self._find_reference(dt_s):
            return ConveyorPhase.TO_PITCH
        if self._stalled_s > STALLED_S:
            raise PhaseFaultError(f"{self.belt.drive} stands and finds no reference")
        return None

    def _find_reference(self, dt_s: float) -> bool:
        """True once the drive stands on its new zero, which is a pitch."""
        if not self.belt.find_reference(self.config.speed_m_s * SLOW_SHARE):
            is_stalled = self.is_standing and self.phase_s > START_S
            self._stalled_s = self._stalled_s + dt_s if is_stalled else 0.0
            return False
        self._stalled_s = 0.0
        self._may_have_slipped = False
        self._interrupted_pitch = None
        self._start_pitch = self._target_pitch = self.pitch
        return True

    def _to_pitch(self, dt_s: float) -> StrEnum | None:
        if not self._travel(self._target_pitch, SLOW_SHARE, dt_s):
            return None
        self._interrupted_pitch = None
        return ConveyorPhase.IDLE

    def _wait_clear(self, dt_s: float) -> StrEnum | None:
        self._stand(dt_s)
        if self._hindrance() or self.places[-1] or not self.is_standing:
            return None
        return ConveyorPhase.INDEX

    def _index(self, dt_s: float) -> StrEnum | None:
        for i, present in enumerate(self.places):
            self._has_left[i] = self._has_left[i] or not present
        arrived = self._travel(self._target_pitch, 1.0, dt_s)
        if arrived and all(self._has_left):
            return ConveyorPhase.VERIFY
        if self.phase_s > START_S + self.config.jam_factor * self._travel_s(1.0):
            stuck = [p for p, left in zip(self.config.places, self._has_left, strict=True) if not left]
            where = f"the part at {' and '.join(stuck)} has not left its sensor" if stuck else "not in place"
            self._block = f"jam: {where} after {self.phase_s:.1f} s"
            return ConveyorPhase.BLOCKED
        if self._stalled_s > STALLED_S:
            self._block = f"jam: the belt stands at {self.belt.position_m:.3f} m in the middle of the move"
            return ConveyorPhase.BLOCKED
        return None

    def _verify(self, _: float) -> StrEnum | None:
        """The register has shifted by one; what the loader does on the first place is its own affair."""
        if self.phase_s < DEBOUNCE_S:
            return None
        expected = self._before[:-1]
        wrong = [
            f"{place} {'is empty' if wanted else 'has a part too many'}"
            for place, wanted, found in zip(self.config.places[1:], expected, self.places[1:], strict=True)
            if wanted != found
        ]
        if not wrong:
            self._interrupted_pitch = None
            return ConveyorPhase.IDLE
        if self.phase_s > 10.0 * DEBOUNCE_S:
            raise PhaseFaultError(f"sensors contradict the shift register: {', '.join(wrong)}")
        return None

    def _blocked(self, dt_s: float) -> StrEnum | None:
        self._stand(dt_s)
        return ConveyorPhase.RE_REFERENCE if self.is_standing else None

    def _re_reference(self, dt_s: float) -> StrEnum | None:
        """Back on its pitch a hold has its hold point; otherwise somebody has to look at the jam."""
        if not self._is_at_its_mark(dt_s):
            if self._stalled_s > STALLED_S:
                raise PhaseFaultError(f"{self._block or 'index failed'}; the belt cannot go back either")
            return None
        if self._before and self.places[1:] != self._before[1:]:
            raise PhaseFaultError(f"{self._block}; sensors are not as before the index")
        task = self.task
        is_held = self.order.directive in (Directive.HOLD, Directive.HOLD_NOW)
        if task is not None and task.ending is TaskResult.STOPPED:
            return ConveyorPhase.IDLE
        if is_held:
            return ConveyorPhase.HELD
        raise PhaseFaultError(f"{self._block or 'index failed'}; the belt is back on its pitch")

    def _is_at_its_mark(self, dt_s: float) -> bool:
        """Back on the pitch that the index left: by its mark, else by the motor and then by its mark."""
        if not self._is_back:
            self._is_back = self._travel(self._start_pitch, SLOW_SHARE, dt_s)
            return self._is_back and not self.needs_reference
        return not self.needs_reference or self._find_reference(dt_s)

    def _travel(self, pitch: int, share: float, dt_s: float) -> bool:
        """Profile move to a pitch; True when it stands there, by its own measurement."""
        target_m = pitch * self.config.pitch_m
        arrived = self.belt.move(target_m, self.config.speed_m_s * share)
        is_there = self.belt.is_at(target_m, self.config.in_place_m) and self.is_standing
        is_stalled = self.is_standing and not is_there and self.phase_s > START_S
        self._stalled_s = self._stalled_s + dt_s if is_stalled else 0.0
        return arrived and is_there

    def _travel_s(self, share: float) -> float:
        """Trapezoid over the way of the present move."""
        speed = min(self.config.speed_m_s, self.belt.model.max_speed_m_s) * share
        return self._way_m / speed + speed / self.belt.model.max_acceleration_m_s2

    def expected_s(self, phase: StrEnum) -> float:
        return self._travel_s(1.0 if phase is ConveyorPhase.INDEX else SLOW_SHARE)

    def may_jog(self, axis: Axis, speed_m_s: float) -> bool:
        return all(self.field.input(clamp) is False for clamp in self._clamps)

    # Results

    def judge(self) -> Verdict:
        return Verdict.NONE

    def result_values(self) -> tuple[Parameter, ...]:
        return self.live_values()

    def live_values(self) -> tuple[Parameter, ...]:
        return (
            Parameter("belt_position_m", self.belt.position_m),
            Parameter("belt_speed_m_s", self.belt.state.measured_speed_m_s),
            Parameter("pitch_index", float(self.pitch) if isfinite(self.belt.position_m) else nan),
        )

    def facts(self) -> StationFacts:
        is_moving_task = self.phase not in (ConveyorPhase.IDLE, ConveyorPhase.HELD, ConveyorPhase.JOG)
        is_homed = self.belt.state.is_homed and not self.needs_reference
        is_set = self.is_on_pitch and self.is_standing and is_homed
        travelled = self.belt.position_m / self.config.pitch_m - self._start_pitch
        return StationFacts(
            is_ready=is_set and self.belt.is_on and self.is_sensed,
            is_clear=is_set,
            zones_wanted=self.zones if is_moving_task or not is_set else (),
            progress=min(max(travelled, 0.0), 1.0) if self.phase is ConveyorPhase.INDEX else 0.0,
            places=self.places if self.is_sensed else (),  # not yet heard is not empty
            is_blocked=self.is_sensed and self.places[-1],
            is_starved=self.is_sensed and not any(self.places),
        )


class _Debounced:
    """One sensor; a new level counts once it has lasted DEBOUNCE_S, an unheard one keeps the last."""

    def __init__(self) -> None:
        self.level = False
        self.is_known = False
        self._other_s = 0.0

    def take(self, level: bool | None, dt_s: float) -> None:
        if level is None:
            return
        if not self.is_known:
            self.level, self.is_known = level, True
        self._other_s = self._other_s + dt_s if level != self.level else 0.0
        if self._other_s >= DEBOUNCE_S:
            self.level, self._other_s = level, 0.0
