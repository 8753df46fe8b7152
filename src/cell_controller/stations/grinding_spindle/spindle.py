"""The grinding spindle's Unit: plunge-and-traverse surface grinding to size."""

from __future__ import annotations

from enum import StrEnum
from math import nan

from cell_controller.config.models import CellFile
from cell_controller.config.models import GrindingSpindle as GrindingSpindleConfig
from cell_controller.messages import Order, Parameter, TaskKind, Verdict
from cell_controller.stations.contact import TARE_FROM_S, ToolForce
from cell_controller.stations.errors import PhaseFaultError, StationSetupError, TaskRefusedError
from cell_controller.stations.grinding_spindle.infeed import Depths, PowerLimit
from cell_controller.stations.grinding_spindle.phases import TABLE, GrindPhase
from cell_controller.stations.grinding_spindle.result import GrindRecord
from cell_controller.stations.parameters import GrindParameters, parse_grind
from cell_controller.stations.tool_phases import ToolPhase
from cell_controller.stations.tool_station import SPINDLE_UP, ToolStation

UNKNOWN_SURFACE_M = 0.0005  # a restarted spindle does not know the part; blanks are not higher than this
NO_CONTACT_M = -0.0005  # under the nominal surface: nothing to grind has been found
NEAR_END_S = 0.25  # the infeed slows down over its last quarter second
AT_END_M = 0.0000005
SIZE_REACHED = 0.25  # share of the tolerance: spark-out has reached its size
SPARK_OUT_MIN_S = 0.5  # finish follows deflection by more than two time constants


class GrindingSpindle(ToolStation):
    """Station of kind grinding_spindle. Positions are of the wheel's face over the nominal surface."""

    def __init__(self, cell: CellFile, name: str) -> None:
        config = cell.stations[name]
        if not isinstance(config, GrindingSpindleConfig):
            raise StationSetupError(name, config.kind, "a grinding spindle")
        self.config = config
        self.grind: GrindParameters | None = None
        self._contact_m: float | None = None
        super().__init__(cell, name, TABLE, config, config.infeed, (config.traverse,), config.safe_infeed_m)
        self.traverse = self.others[0]
        self.force = ToolForce()
        self.power = PowerLimit(1.0)
        self.depths = Depths(0.0, 0.0)
        self.record = GrindRecord()
        self._is_far = False  # the traverse is on its way to the far end

    @property
    def process_kind(self) -> TaskKind:
        return TaskKind.GRIND

    @property
    def surface_m(self) -> float:
        return UNKNOWN_SURFACE_M if self._contact_m is None else max(self._contact_m, 0.0)

    @property
    def retreat_m_s(self) -> float:
        return self.rapid_m_s

    @property
    def size_m(self) -> float:
        return self.field.analog(self.config.gauge)

    def process_rpm(self) -> float:
        return self.grind.wheel_rpm if self.grind is not None else 0.0

    def begin_process(self, order: Order) -> None:
        grind = parse_grind(order.parameters)
        if grind.wheel_rpm > self.spindle.model.permitted_rpm:
            raise TaskRefusedError(
                f"{grind.wheel_rpm:g} rpm is over the limit of {self.spindle.drive}"
                f" and its wheel, {self.spindle.model.permitted_rpm:g} rpm"
            )
        end_m = self.config.traverse_start_m + grind.grind_length_m
        if not self.traverse.model.min_m <= end_m <= self.traverse.model.max_m:
            raise TaskRefusedError(
                f"the face ends at {end_m:g} m, {self.traverse.drive} reaches {self.traverse.model.max_m:g} m"
            )
        if grind.size_m <= self.feed.model.min_m:
            raise TaskRefusedError(f"{self.feed.drive} does not reach the size {grind.size_m:g} m")
        if grind.approach_m >= self.safe_m:
            raise TaskRefusedError(f"the approach height {grind.approach_m:g} m is over the safe position")
        self.grind, self.record = grind, GrindRecord()
        self.power = PowerLimit(grind.power_max_w)
        self._contact_m = None

    def after_clamp(self) -> StrEnum:
        return GrindPhase.APPROACH

    def park(self) -> bool:
        return self.traverse.move(self.config.park_traverse_m, self.rapid_m_s)

    def enter(self, phase: StrEnum) -> None:
        if phase is GrindPhase.GAP:
            self.force = ToolForce()
            self._is_far = True
        if phase is GrindPhase.ROUGH and self.task is not None and self.grind is not None:
            self.task.is_touched = True
            if self._contact_m is None:  # after a hold the part is lower, the depths stay
                self._contact_m = self.record.contact_m = self.feed.position_m
                self.depths = Depths.of(self.grind, self._contact_m)

    # Phases

    def act_process(self, phase: StrEnum, dt_s: float) -> StrEnum | None:
        grind = self.grind
        if grind is None:
            raise PhaseFaultError("no parameters")
        self.spindle.turn(grind.wheel_rpm)
        if phase is GrindPhase.APPROACH:
            return GrindPhase.LOWER if self.prepare() else None
        if phase is GrindPhase.LOWER:
            is_down = self.feed.move(grind.approach_m, self.rapid_m_s)
            return GrindPhase.GAP if is_down and self.spindle.is_turning(SPINDLE_UP) else None
        if phase is GrindPhase.RETRACT:
            self.traverse.stop()
            is_back = self.feed.move(self.safe_m, self.rapid_m_s)
            return ToolPhase.SPIN_DOWN if is_back or self.is_safe else None
        self._oscillate(grind)
        self._watch_load()
        if phase is GrindPhase.GAP:
            return self._gap(grind)
        if phase is GrindPhase.SPARK_OUT:
            return self._spark_out(grind)
        is_rough = phase is GrindPhase.ROUGH
        return self._infeed(grind, is_rough)

    def prepare(self) -> bool:
        self.spindle.turn(self.process_rpm())
        at_start = self.traverse.move(self.config.traverse_start_m, self.rapid_m_s)
        self.feed.move(self.safe_m, self.rapid_m_s)
        return at_start and self.is_safe and self.spindle.is_turning(SPINDLE_UP)

    def _oscillate(self, grind: GrindParameters) -> None:
        """Profile moves from end to end of the face."""
        start_m = self.config.traverse_start_m
        target_m = start_m + grind.grind_length_m if self._is_far else start_m
        if self.traverse.move(target_m, grind.traverse_speed_m_s):
            self._is_far = not self._is_far

    def _watch_load(self) -> None:
        dt_s = self.field.sample_dt_s(self.feed.drive)
        if dt_s is not None and self.force.is_tared:
            self.force.sample(self.feed.state.measured_force_n, dt_s)
        wheel_dt_s = self.field.sample_dt_s(self.spindle.drive)
        power_w = self.spindle.state.measured_power_w
        if wheel_dt_s is not None:
            self.power.step(power_w, wheel_dt_s)
        if self.task is not None and self.task.is_touched:
            self.record.load(self.force.raw_n, power_w)

    def _gap(self, grind: GrindParameters) -> StrEnum | None:
        self.feed.velocity(-grind.gap_speed_m_s)
        if self.feed_sample() is None or self.phase_s < TARE_FROM_S:
            return None
        position_m = self.feed.position_m
        if not self.force.is_tared:
            if self.force.tare(self.feed.state.measured_force_n, grind.contact_force_n):
                raise PhaseFaultError(f"contact at {position_m * 1e3:.3f} mm, at the approach height already")
            return None
        if self.force.raw_n >= grind.contact_force_n:
            # drop to rough feed in this very step: overshoot is feed times delay
            self.feed.velocity(-grind.rough_speed_m_s)
            return GrindPhase.ROUGH
        if self._is_at_size(grind, 0.0):
            return GrindPhase.SPARK_OUT  # ground to size before a hold
        if position_m < grind.size_m + NO_CONTACT_M:
            raise PhaseFaultError(f"no contact down to {position_m * 1e3:.3f} mm")
        return None

    def _is_at_size(self, grind: GrindParameters, allowance_m: float) -> bool:
        """By the gauge; False while it is not measured, or before contact."""
        return self._contact_m is not None and self.size_m <= grind.size_m + allowance_m

    def _infeed(self, grind: GrindParameters, is_rough: bool) -> StrEnum | None:
        end_m = self.depths.rough_end_m if is_rough else self.depths.finish_end_m
        allowance_m = grind.finish_m if is_rough else 0.0
        remaining_m = self.feed.position_m - end_m
        if remaining_m <= AT_END_M or self._is_at_size(grind, allowance_m):
            return GrindPhase.FINISH if is_rough else GrindPhase.SPARK_OUT
        if self.feed_sample() is None:
            return None
        wished = grind.rough_speed_m_s if is_rough else grind.finish_speed_m_s
        slow = max(remaining_m / NEAR_END_S, min(wished, grind.finish_speed_m_s) / 2.0)
        self.feed.velocity(-min(wished, slow) * self.power.share)
        return None

    def _spark_out(self, grind: GrindParameters) -> StrEnum | None:
        """Ends on size; a part that does not get there is judged as it is."""
        self.feed.velocity(0.0)
        self.feed_sample()
        is_sized = abs(self.size_m - grind.size_m) <= SIZE_REACHED * grind.size_tolerance_m
        is_smooth = self.field.analog(self.config.finish) <= grind.finish_max_um
        is_done = self.phase_s >= SPARK_OUT_MIN_S and is_sized and is_smooth
        if not is_done and self.phase_s < grind.spark_out_max_s:
            return None
        self.record.size_m = self.size_m
        self.record.finish_um = self.field.analog(self.config.finish)
        self.record.spark_out_s = self.phase_s
        self.record.is_complete = True
        return GrindPhase.RETRACT

    def expected_s(self, phase: StrEnum) -> float:
        grind = self.grind
        if grind is None or isinstance(phase, ToolPhase):
            return super().expected_s(phase)
        traverse = self.traverse.model
        surface_m = UNKNOWN_SURFACE_M if self._contact_m is None else self._contact_m
        rough_m = surface_m - self.depths.rough_end_m
        finish_m = self.depths.rough_end_m - self.depths.finish_end_m
        return {
            GrindPhase.APPROACH: (traverse.max_m - traverse.min_m) / self.rapid_m_s,
            GrindPhase.LOWER: self.safe_m / self.rapid_m_s,
            GrindPhase.GAP: (grind.approach_m - grind.size_m - NO_CONTACT_M) / grind.gap_speed_m_s,
            GrindPhase.ROUGH: rough_m / grind.rough_speed_m_s,
            GrindPhase.FINISH: finish_m / grind.finish_speed_m_s,
            GrindPhase.SPARK_OUT: grind.spark_out_max_s,
            GrindPhase.RETRACT: self.safe_m / self.rapid_m_s,
        }.get(GrindPhase(phase), 0.0)

    # Results

    def judge(self) -> Verdict:
        if self.grind is None or self.task is None or self.task.order.kind is not TaskKind.GRIND:
            return Verdict.NONE
        verdict, detail = self.record.judge(self.grind)
        self.task.note(detail)
        return verdict

    def result_values(self) -> tuple[Parameter, ...]:
        if self.grind is None or self.task is None or self.task.order.kind is not TaskKind.GRIND:
            return ()
        return self.record.values(self.grind)

    def live_values(self) -> tuple[Parameter, ...]:
        is_measured = self.force.is_tared and self.is_low
        return (
            Parameter("infeed_m", self.feed.position_m),
            Parameter("normal_force_n", self.force.raw_n if is_measured else nan),
            Parameter("target_infeed_speed_m_s", self.feed.setpoint.target_speed_m_s),
            Parameter("infeed_share", self.power.share),
            Parameter("wheel_rpm", self.spindle.speed_rpm),
            Parameter("power_w", self.spindle.state.measured_power_w),
            Parameter("size_m", self.size_m),
            Parameter("finish_um", self.field.analog(self.config.finish)),
        )
