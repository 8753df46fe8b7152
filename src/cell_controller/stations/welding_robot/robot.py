"""The welding robot's Unit: friction stir welding with a Cartesian gantry."""

from __future__ import annotations

from enum import StrEnum
from math import nan

from cell_controller.config.models import CellFile
from cell_controller.config.models import WeldingRobot as WeldingRobotConfig
from cell_controller.config.recipe import TOOL_LIMIT_C
from cell_controller.messages import Order, Parameter, TaskKind, Verdict
from cell_controller.stations.contact import STALE_SAMPLE_S, TARE_FROM_S, ToolForce
from cell_controller.stations.errors import PhaseFaultError, StationSetupError, TaskRefusedError
from cell_controller.stations.parameters import WeldParameters, parse_weld
from cell_controller.stations.tool_phases import ToolPhase
from cell_controller.stations.tool_station import SPINDLE_UP, ToolStation
from cell_controller.stations.welding_robot.force import DepthWindow, ForceLoop
from cell_controller.stations.welding_robot.phases import TABLE, WeldPhase
from cell_controller.stations.welding_robot.result import WeldRecord

CLEARANCE_M = 0.0012  # over the part, where touch begins: room for the tare at touch speed
TOUCH_TOLERANCE_M = 0.0006  # plate tolerance, axis sag and the depth of one slow sample
DEPTH_FLOOR_M = 0.0001  # of the pin tip over the anvil
SEATED_M = 0.000005  # nearer than this to the heel depth is seated
SEATING_S = 1.5  # metal that has not softened by then is left to the force loop
PLUNGE_GAIN_HZ = 4.0  # position control of the plunge: slows down over its last quarter second
PLUNGE_FORCE = 2.0  # times the target: cold metal makes the plunge peak 1.3 to 2.5 x the steady force
PLUNGE_OF_TRIP = 0.7  # and never nearer to the interlock's limit: one slow sample adds up to a sixth of it
NEAR_TARGET = 0.15  # force error, as a share of the target, at which the traverse may start
DWELL_EXTRA_S = 3.0  # a cold tool or a wrong force delays it no longer: then the limits judge the weld
TEMPERATURE_HOT_S = 1.0


class WeldingRobot(ToolStation):
    """Station of kind welding_robot. Heights are of the pin tip over the anvil.

    The depth refers to the anvil and not to the touched surface: the axis is absolute, the ligament under
    the pin decides about the root, and a touch at the rate of a slow line is known to 0.1 mm only. The tip is
    higher than the axis by force over stiffness.
    """

    def __init__(self, cell: CellFile, name: str) -> None:
        config = cell.stations[name]
        if not isinstance(config, WeldingRobotConfig):
            raise StationSetupError(name, config.kind, "a welding robot")
        self.config = config
        self.weld: WeldParameters | None = None
        super().__init__(cell, name, TABLE, config, config.z, (config.x, config.y), config.safe_z_m)
        self.x, self.y = self.others
        self.force = ToolForce()
        self.loop: ForceLoop | None = None
        self.record = WeldRecord()
        self._hot_s = 0.0
        self._seating_s = 0.0

    # Facts

    @property
    def process_kind(self) -> TaskKind:
        return TaskKind.WELD

    @property
    def surface_m(self) -> float:
        # a restarted robot does not know the plate; the edge of its zone is surely over any part
        return self.weld.thickness_m if self.weld is not None else self._clear_m - CLEARANCE_M

    @property
    def retreat_m_s(self) -> float:
        return self.weld.retract_speed_m_s if self.weld is not None else self.rapid_m_s / 2.0

    @property
    def tip_m(self) -> float:
        return self.feed.position_m + max(self.force.raw_n, 0.0) / self.config.stiffness_n_m

    @property
    def temperature_c(self) -> float:
        return self.field.analog(self.config.temperature)

    def process_rpm(self) -> float:
        return self.weld.spindle_rpm if self.weld is not None else 0.0

    # Start of a task

    def begin_process(self, order: Order) -> None:
        weld = parse_weld(order.parameters)
        end_x_m = self.config.seam_start_x_m + weld.seam_m
        if not self.x.model.min_m <= end_x_m <= self.x.model.max_m:
            raise TaskRefusedError(f"the seam ends at {end_x_m:g} m, out of reach of {self.x.drive}")
        if weld.spindle_rpm > self.spindle.model.permitted_rpm:
            raise TaskRefusedError(
                f"{weld.spindle_rpm:g} rpm is over the limit of {self.spindle.drive},"
                f" {self.spindle.model.permitted_rpm:g} rpm"
            )
        if weld.axial_force_n > self.feed.model.max_force_n:
            raise TaskRefusedError(
                f"{weld.axial_force_n:g} N is over the limit of {self.feed.drive},"
                f" {self.feed.model.max_force_n:g} N"
            )
        if weld.thickness_m + CLEARANCE_M >= self.safe_m:
            raise TaskRefusedError(f"a part of {weld.thickness_m:g} m reaches the safe height")
        self.weld, self.record, self.loop = weld, WeldRecord(), None
        self._hot_s = 0.0

    def after_clamp(self) -> StrEnum:
        return WeldPhase.APPROACH

    def park(self) -> bool:
        at_x = self.x.move(self.config.park_x_m, self.rapid_m_s)
        at_y = self.y.move(self.config.park_y_m, self.rapid_m_s)
        return at_x and at_y

    def enter(self, phase: StrEnum) -> None:
        if phase is WeldPhase.TOUCH:
            self.force = ToolForce()
        if phase is WeldPhase.PLUNGE and self.task is not None:
            self.task.is_touched, self._seating_s = True, 0.0
        if phase is WeldPhase.DWELL_START and self.weld is not None:
            self.loop = self._make_loop(self.weld)

    def _make_loop(self, weld: WeldParameters) -> ForceLoop:
        window = DepthWindow.around(self._axis_target_m(weld), weld.depth_authority_m, self._floor_m)
        loop = ForceLoop(weld.axial_force_n, weld.heel_plunge_m, self.config.stiffness_n_m, window)
        loop.start(self.force.raw_n)
        return loop

    @property
    def _floor_m(self) -> float:
        return max(self.feed.model.min_m, DEPTH_FLOOR_M)

    def _tip_target_m(self, weld: WeldParameters) -> float:
        return weld.thickness_m - weld.pin_length_m - weld.heel_plunge_m

    def _axis_target_m(self, weld: WeldParameters) -> float:
        return max(self._tip_target_m(weld) - weld.axial_force_n / self.config.stiffness_n_m, self._floor_m)

    # Phases

    def act_process(self, phase: StrEnum, dt_s: float) -> StrEnum | None:
        weld = self.weld
        if weld is None:
            raise PhaseFaultError("no parameters")
        self.spindle.turn(weld.spindle_rpm)
        if phase is WeldPhase.APPROACH:
            return WeldPhase.LOWER if self.prepare() else None
        if phase is WeldPhase.LOWER:
            is_down = self.feed.move(weld.thickness_m + CLEARANCE_M, self.rapid_m_s)
            return WeldPhase.TOUCH if is_down and self.spindle.is_turning(SPINDLE_UP) else None
        if phase is WeldPhase.RETRACT:
            is_up = self.feed.move(self.safe_m, weld.retract_speed_m_s)
            return ToolPhase.SPIN_DOWN if is_up or self.is_safe else None
        self._check_temperature(dt_s)
        if phase is not WeldPhase.TRAVERSE:
            self.x.stop()
            self.y.stop()
        if phase is WeldPhase.TOUCH:
            return self._touch(weld)
        if phase is WeldPhase.PLUNGE:
            return self._plunge(weld)
        return self._weld(weld, phase)

    def prepare(self) -> bool:
        self.spindle.turn(self.process_rpm())
        at_x = self.x.move(self.config.seam_start_x_m, self.rapid_m_s)
        at_y = self.y.move(self.config.seam_y_m, self.rapid_m_s)
        self.feed.move(self.safe_m, self.rapid_m_s)
        return at_x and at_y and self.is_safe and self.spindle.is_turning(SPINDLE_UP)

    def _touch(self, weld: WeldParameters) -> StrEnum | None:
        self.feed.velocity(-weld.touch_speed_m_s)
        dt_s = self.feed_sample()
        if dt_s is None or self.phase_s < TARE_FROM_S:
            return None
        motor_n = self.feed.state.measured_force_n
        if not self.force.is_tared:
            if self.force.tare(motor_n, weld.touch_force_n):
                raise PhaseFaultError(self._too_high(weld))
            return None
        self.force.sample(motor_n, dt_s)
        height_m = self.feed.position_m
        if self.force.raw_n >= weld.touch_force_n:
            if height_m > weld.thickness_m + TOUCH_TOLERANCE_M:
                raise PhaseFaultError(self._too_high(weld))
            return WeldPhase.PLUNGE
        if height_m < weld.thickness_m - TOUCH_TOLERANCE_M:
            raise PhaseFaultError(f"no contact down to {height_m * 1000:.2f} mm")
        return None

    def _too_high(self, weld: WeldParameters) -> str:
        at_mm, thickness_mm = self.feed.position_m * 1000.0, weld.thickness_m * 1000.0
        return f"contact at {at_mm:.2f} mm, the part is {thickness_mm:.2f} mm thick"

    def _plunge(self, weld: WeldParameters) -> StrEnum | None:
        dt_s = self.feed_sample()
        if dt_s is None:
            return None
        self.force.sample(self.feed.state.measured_force_n, dt_s)
        remaining_m = self.tip_m - self._tip_target_m(weld)
        is_at_shoulder = self.tip_m <= weld.thickness_m - weld.pin_length_m
        is_pressed = is_at_shoulder and self.force.raw_n >= weld.axial_force_n
        self._seating_s = self._seating_s + dt_s if is_pressed else 0.0
        is_seated = remaining_m <= SEATED_M or self.feed.position_m <= self._floor_m + SEATED_M
        if is_at_shoulder and (is_seated or self._seating_s > SEATING_S):
            return WeldPhase.DWELL_START
        # full speed up to the target, none at the limit: there the plunge waits for the metal to soften
        limit_n = max(self._plunge_limit_n(weld), 1.05 * weld.axial_force_n)
        softness = (limit_n - self.force.raw_n) / (limit_n - weld.axial_force_n)
        speed = min(weld.plunge_speed_m_s, PLUNGE_GAIN_HZ * max(remaining_m, 0.0))
        to_floor_m = max(self.feed.position_m - self._floor_m, 0.0)
        self.feed.velocity(-min(speed, to_floor_m / STALE_SAMPLE_S) * min(max(softness, 0.0), 1.0))
        return None

    def _plunge_limit_n(self, weld: WeldParameters) -> float:
        trip_n = self.cell.safety.max_axial_force_n.get(self.feed.drive, self.feed.model.max_force_n)
        return min(PLUNGE_FORCE * weld.axial_force_n, PLUNGE_OF_TRIP * trip_n)

    def _weld(self, weld: WeldParameters, phase: StrEnum) -> StrEnum | None:
        loop = self.loop
        if loop is None:
            raise PhaseFaultError("no force loop")
        dt_s = self.feed_sample()
        if dt_s is not None:
            self.force.sample(self.feed.state.measured_force_n, dt_s)
            speed = loop.step(self.force.filtered_n, self.feed.position_m, self.temperature_c, dt_s)
            self.feed.velocity(speed)
        if phase is WeldPhase.TRAVERSE:
            return self._traverse(weld, dt_s)
        if phase is WeldPhase.DWELL_END:
            return self._end_dwell(weld)
        error_n = abs(self.force.filtered_n - weld.axial_force_n)
        is_near = error_n <= NEAR_TARGET * weld.axial_force_n
        is_warm = self.temperature_c >= weld.temperature_min_c
        is_over = self.phase_s >= weld.dwell_start_s and is_near and is_warm
        return WeldPhase.TRAVERSE if is_over or self.phase_s >= weld.dwell_start_s + DWELL_EXTRA_S else None

    def _traverse(self, weld: WeldParameters, dt_s: float | None) -> StrEnum | None:
        arrived = self.x.move(self.config.seam_start_x_m + weld.seam_m, weld.traverse_speed_m_s)
        if dt_s is not None:
            rpm = self.spindle.speed_rpm
            self.record.add(
                self.force.filtered_n, self.temperature_c, self.tip_m, rpm, self.x.position_m, dt_s
            )
        return WeldPhase.DWELL_END if arrived else None

    def _end_dwell(self, weld: WeldParameters) -> StrEnum | None:
        if self.phase_s < weld.dwell_end_s:
            return None
        self.record.is_complete = True
        return WeldPhase.RETRACT

    def _check_temperature(self, dt_s: float) -> None:
        self._hot_s = self._hot_s + dt_s if self.temperature_c > TOOL_LIMIT_C else 0.0
        if self._hot_s > TEMPERATURE_HOT_S:
            raise PhaseFaultError(f"tool at {self.temperature_c:.0f} C, limit {TOOL_LIMIT_C:g} C")

    def expected_s(self, phase: StrEnum) -> float:
        weld = self.weld
        if weld is None or isinstance(phase, ToolPhase):
            return super().expected_s(phase)
        deep_m = weld.pin_length_m + weld.heel_plunge_m + TOUCH_TOLERANCE_M
        travel_m = self.x.model.max_m - self.x.model.min_m
        return {
            WeldPhase.APPROACH: travel_m / self.rapid_m_s,
            WeldPhase.LOWER: self.safe_m / self.rapid_m_s,
            WeldPhase.TOUCH: (CLEARANCE_M + TOUCH_TOLERANCE_M) / weld.touch_speed_m_s,
            WeldPhase.PLUNGE: deep_m / weld.plunge_speed_m_s,
            WeldPhase.DWELL_START: weld.dwell_start_s,
            WeldPhase.TRAVERSE: weld.seam_m / weld.traverse_speed_m_s,
            WeldPhase.DWELL_END: weld.dwell_end_s,
            WeldPhase.RETRACT: self.safe_m / weld.retract_speed_m_s,
        }.get(WeldPhase(phase), 0.0)

    # Results

    def judge(self) -> Verdict:
        if self.weld is None or self.task is None or self.task.order.kind is not TaskKind.WELD:
            return Verdict.NONE
        verdict, detail = self.record.judge(self.weld)
        self.task.note(detail)
        return verdict

    def result_values(self) -> tuple[Parameter, ...]:
        if self.weld is None or self.task is None or self.task.order.kind is not TaskKind.WELD:
            return ()
        return self.record.values(self.weld)

    def live_values(self) -> tuple[Parameter, ...]:
        is_measured = self.force.is_tared and self.is_low
        return (
            Parameter("z_m", self.feed.position_m),
            Parameter("x_m", self.x.position_m),
            Parameter("axial_force_n", self.force.raw_n if is_measured else nan),
            Parameter("target_axial_force_n", self.weld.axial_force_n if self.weld and self.loop else nan),
            Parameter("target_z_speed_m_s", self.feed.setpoint.target_speed_m_s),
            Parameter("spindle_rpm", self.spindle.speed_rpm),
            Parameter("temperature_c", self.temperature_c),
        )
