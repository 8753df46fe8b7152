"""What welding robot and grinding spindle share: an axis into the material, a spindle, a clamp."""

from __future__ import annotations

from abc import abstractmethod
from enum import StrEnum
from math import isfinite

from cell_controller.config.models import CellFile, GrindingSpindle, WeldingRobot
from cell_controller.messages import Order, TaskKind, TaskResult, Verdict
from cell_controller.stations.contact import STALE_SAMPLE_S
from cell_controller.stations.errors import PhaseFaultError, TaskRefusedError
from cell_controller.stations.motion import Axis
from cell_controller.stations.phases import PhaseTable
from cell_controller.stations.publishing import StationFacts
from cell_controller.stations.recover_tool import ToolRecovery
from cell_controller.stations.station import Station
from cell_controller.stations.tool_phases import ToolPhase

AT_SAFE_M = 0.001  # nearer than this under the safe position counts as there
CLAMP_SETTLE_S = 0.1  # the closed signal must last this long: debounce 20 to 50 ms
CLAMP_LOST_S = 0.1
NEAR_SURFACE_M = 0.0005  # a tool this close over the surface is not surely out of the material
SPINDLE_UP = 0.95  # share of the commanded speed at which the tool may go to the part
SPINDLE_LOST = 0.80  # share under which the process counts as interrupted
SPINDLE_LOST_S = 0.5
_AWAY_FROM_PART = (
    ToolPhase.IDLE,
    ToolPhase.HELD,
    ToolPhase.JOG,
    ToolPhase.RECOVER_SPIN,
    ToolPhase.RECOVER_RETRACT,
    ToolPhase.HOME_RAISE,
    ToolPhase.HOME_PARK,
    ToolPhase.WAIT_ZONE,
    ToolPhase.CLAMP,
    ToolPhase.OPEN_CLAMP,
)  # phases in which no fault of clamp or spindle can spoil a part


class ToolStation(Station):
    """`feed` is the axis that enters the material; its positive direction leads out."""

    def __init__(
        self,
        cell: CellFile,
        name: str,
        table: PhaseTable,
        config: WeldingRobot | GrindingSpindle,
        feed: str,
        others: tuple[str, ...],
        safe_m: float,
    ) -> None:
        self._part_signal = _part_signal(cell, config.place)
        super().__init__(cell, name, table, (self._part_signal,) if self._part_signal else ())
        self.place = config.place
        self.rapid_m_s = config.rapid_m_s
        self.safe_m = safe_m
        self.feed = self.body.axis(feed)
        (self.spindle,) = self.body.spindles
        self.others = tuple(self.body.axis(drive) for drive in others)
        (self.clamp,) = self.body.outputs
        self._clamp_closed = config.clamp_closed
        members = (cell.zones[zone][name] for zone in self.zones)
        self._clear_m = max((m.below_m for m in members if m.below_m is not None), default=safe_m - AT_SAFE_M)
        self._clamped_s = 0.0
        self._clamp_lost_s = 0.0
        self._spindle_lost_s = 0.0
        self.recovery = ToolRecovery(self.feed, self.spindle, cell.safety)

    # What the two kinds add

    @property
    @abstractmethod
    def surface_m(self) -> float:
        """Feed position at which the tool touches; a high guess while it is not known."""

    @property
    @abstractmethod
    def retreat_m_s(self) -> float:
        """Speed at which the tool leaves the material."""

    @abstractmethod
    def process_rpm(self) -> float:
        """Spindle speed of the present task; 0 without one."""

    @abstractmethod
    def park(self) -> bool:
        """Move the other axes to their park position; True once there."""

    @abstractmethod
    def begin_process(self, order: Order) -> None:
        """Read the parameters of a process task and check them against the cell; raises StationError."""

    @abstractmethod
    def act_process(self, phase: StrEnum, dt_s: float) -> StrEnum | None:
        """The phases of the process itself."""

    @abstractmethod
    def prepare(self) -> bool:
        """Other axes to their start and spindle up, at the safe position; True once there."""

    @abstractmethod
    def after_clamp(self) -> StrEnum:
        """First phase of the process."""

    @property
    @abstractmethod
    def process_kind(self) -> TaskKind: ...

    # Measured facts

    @property
    def part_present(self) -> bool | None:
        """Sensor of the place; True where the place has none, None while it is not heard."""
        return self.field.input(self._part_signal) if self._part_signal else True

    @property
    def is_safe(self) -> bool:
        return self.feed.position_m >= self.safe_m - AT_SAFE_M

    @property
    def is_low(self) -> bool:
        return not self.feed.position_m >= self._clear_m

    @property
    def tool_in_material(self) -> bool:
        """Measured; an unheard part sensor counts as a part. False before the first measurement."""
        return self.feed.position_m <= self.surface_m + NEAR_SURFACE_M and self.part_present is not False

    @property
    def may_be_in_material(self) -> bool:
        """Measured to be, or marked by the bus whose stop failed and not measured clear since."""
        return self.tool_in_material or (self.field.is_marked(self.feed.model.line) and self.is_low)

    # Tasks

    def start(self, order: Order) -> StrEnum:
        if order.kind is TaskKind.JOG:
            self.body.axis(order.drive)
            return ToolPhase.JOG
        if order.kind is TaskKind.RECOVER_TOOL:
            self.recovery.start()
            return ToolPhase.RECOVER_SPIN
        if self.may_be_in_material:
            raise TaskRefusedError("the tool is in the material: recover the tool first")
        if order.kind in (TaskKind.HOME, TaskKind.RETRACT):
            return ToolPhase.HOME_RAISE
        if order.kind is not self.process_kind:
            raise TaskRefusedError(f"{self.name} cannot do {order.kind.name}")
        self.begin_process(order)
        if not self.is_safe:
            raise TaskRefusedError(f"{self.feed.drive} is not at its safe position: home the station first")
        if self.part_present is not True:
            raise TaskRefusedError(f"no part at {self.place}")
        return ToolPhase.WAIT_ZONE

    def act(self, phase: StrEnum, dt_s: float) -> StrEnum | None:
        self._check_process(phase, dt_s)
        if not isinstance(phase, ToolPhase):
            return self.act_process(phase, dt_s)
        if phase in (ToolPhase.JOG, ToolPhase.RECOVER_SPIN, ToolPhase.RECOVER_RETRACT):
            return self._act_recovery(phase, dt_s)
        if phase in (ToolPhase.HOME_RAISE, ToolPhase.HOME_PARK):
            return self._act_home(phase)
        return self._act_around(phase, dt_s)

    def _act_home(self, phase: ToolPhase) -> StrEnum | None:
        is_home = self.order.kind is TaskKind.HOME
        if phase is ToolPhase.HOME_RAISE:
            for axis in self.others:
                axis.stop()
            self.spindle.stop()
            is_up = self.feed.move(self.safe_m, self.rapid_m_s) if not self.is_safe else True
            if is_up:
                return ToolPhase.HOME_PARK
            return None
        is_parked = self.park() if is_home else True
        if is_parked and self.spindle.is_standing:
            return ToolPhase.OPEN_CLAMP if is_home else ToolPhase.IDLE
        return None

    def _act_around(self, phase: ToolPhase, dt_s: float) -> StrEnum | None:
        if phase is ToolPhase.WAIT_ZONE:
            return ToolPhase.CLAMP if set(self.zones) <= set(self.order.zones) else None
        if phase is ToolPhase.CLAMP:
            self.clamp.set(True)
            self.prepare()
            self._clamped_s = self._clamped_s + dt_s if self.field.input(self._clamp_closed) else 0.0
            return self.after_clamp() if self._clamped_s >= CLAMP_SETTLE_S else None
        if phase is ToolPhase.OPEN_CLAMP:
            self.clamp.set(False)
            self._stand()
            return ToolPhase.IDLE if self._is_unclamped else None
        if phase is ToolPhase.RETREAT:
            return self._act_retreat()
        self._stand()
        if phase is ToolPhase.HELD:
            return None
        self.clamp.set(False)
        return ToolPhase.OPEN_CLAMP if self.spindle.is_standing else None

    @property
    def _is_unclamped(self) -> bool:
        """After an abort the clamp is still closed: a HOME opens it, else the belt would wait for ever."""
        return self.field.input(self._clamp_closed) is False

    def _stand(self) -> None:
        """Everything but the feed axis, which is at its safe position."""
        for axis in self.others:
            axis.stop()
        self.spindle.stop()

    def _act_retreat(self) -> StrEnum | None:
        for axis in self.others:
            axis.stop()
        is_up = self.feed.move(self.safe_m, self.retreat_m_s)
        if not (is_up or self.is_safe):
            self.spindle.turn(self.process_rpm())
            return None
        self.spindle.stop()
        if not self.spindle.is_standing:
            return None
        task = self.task
        is_hold = task is not None and task.may_resume and task.ending is TaskResult.RUNNING
        return ToolPhase.HELD if is_hold else ToolPhase.OPEN_CLAMP

    def _act_recovery(self, phase: ToolPhase, dt_s: float) -> StrEnum | None:
        if phase is ToolPhase.JOG:
            self.jog()
            self.spindle.stop()
            return None
        for axis in self.others:
            axis.stop()
        return self.recovery.act(phase, self.is_safe, dt_s)

    def may_jog(self, axis: Axis, speed_m_s: float) -> bool:
        """With the tool in the material only its way out is free."""
        return not self.may_be_in_material or (axis is self.feed and speed_m_s > 0.0)

    def _check_process(self, phase: StrEnum, dt_s: float) -> None:
        """Clamp and spindle while a part is being worked on."""
        if phase in _AWAY_FROM_PART and phase is not ToolPhase.HELD:
            self._clamp_lost_s = self._spindle_lost_s = 0.0
            return
        is_open = self.clamp.is_wanted is True and self.field.input(self._clamp_closed) is False
        self._clamp_lost_s = self._clamp_lost_s + dt_s if is_open else 0.0
        if phase not in (ToolPhase.RETREAT, ToolPhase.SPIN_DOWN) and self._clamp_lost_s > CLAMP_LOST_S:
            raise PhaseFaultError("the clamp is not closed")
        is_slow = self.task is not None and self.task.is_touched and not self.spindle.is_turning(SPINDLE_LOST)
        self._spindle_lost_s = self._spindle_lost_s + dt_s if is_slow else 0.0
        if not isinstance(phase, ToolPhase) and self._spindle_lost_s > SPINDLE_LOST_S:
            raise PhaseFaultError(
                f"{self.spindle.drive} turns at {self.spindle.speed_rpm:.0f} rpm"
                f" instead of {self.spindle.target_rpm:.0f}"
            )

    def feed_sample(self) -> float | None:
        """dt of a new sample of the feed axis, None without one; an axis without samples stands."""
        dt_s = self.field.sample_dt_s(self.feed.drive)
        if dt_s is not None:
            self.close_loop()
        elif self.field.sample_age_s(self.feed.drive, self.now_s) > STALE_SAMPLE_S:
            self.feed.velocity(0.0)
        return dt_s

    def observe(self, dt_s: float) -> None:
        """A tool station has nothing to observe outside its tasks."""

    def expected_s(self, phase: StrEnum) -> float:
        if phase in (ToolPhase.HOME_RAISE, ToolPhase.RETREAT):
            speed = self.rapid_m_s if phase is ToolPhase.HOME_RAISE else self.retreat_m_s
            return _travel_s(self.feed, self.safe_m, speed)
        if phase is ToolPhase.HOME_PARK:
            return max((_travel_s(axis, 0.0, self.rapid_m_s) for axis in self.others), default=0.0)
        if phase is ToolPhase.RECOVER_RETRACT:
            return self.safe_m / self.cell.safety.manual_speed_m_s
        return 0.0

    def facts(self) -> StationFacts:
        is_clear = not self.is_low
        task = self.task
        is_process = task is not None and task.is_running and task.order.kind is self.process_kind
        wants = not is_clear or (is_process and self.phase is not ToolPhase.HELD)
        return StationFacts(
            is_ready=self.is_safe and self.body.is_on and self.body.is_homed and self._is_unclamped,
            is_clear=is_clear,
            tool_in_material=self.may_be_in_material,
            is_stranded=self.may_be_in_material and self.field.is_at_rest(self.feed.model.line),
            zones_wanted=self.zones if wants else (),
            progress=self._progress(),
        )

    def _progress(self) -> float:
        """Share of the phases that lie behind; the order of the table is the order of the process."""
        task = self.task
        if task is None or not task.is_running:
            return 0.0 if task is None or task.verdict is Verdict.NONE else 1.0
        return self.table.order[self.phase] / len(self.table.order)


def _part_signal(cell: CellFile, place: str) -> str:
    for conveyor in cell.conveyors.values():
        if place in conveyor.places:
            return conveyor.part_present[conveyor.places.index(place)]
    return ""


def _travel_s(axis: Axis, target_m: float, speed_m_s: float) -> float:
    """Time of a move from where the axis stands; the longest possible one while that is not known."""
    start_m = axis.position_m
    way_m = abs(target_m - start_m) if isfinite(start_m) else axis.model.max_m - axis.model.min_m
    return way_m / min(speed_m_s, axis.model.max_speed_m_s)
