"""The machines around a place: which axes reach which process, and the loads that come back."""

from __future__ import annotations

from cell_sim.plant.axis import Axis
from cell_sim.plant.conveyor import Belt, Clamp
from cell_sim.plant.friction_stir import StirZone
from cell_sim.plant.grinding import GrindZone
from cell_sim.plant.parts import Part
from cell_sim.plant.spindle import Spindle

GAUGE_EMPTY_M = -0.003  # reading of the gauge without a part: end of its range
FINISH_UNKNOWN_UM = 6.3  # a sawn or milled face
_TORN_M = 0.0001


class WeldPlace:
    """A welding robot over one place of a belt."""

    def __init__(
        self, x: Axis, y: Axis, z: Axis, spindle: Spindle, zone: StirZone, belt: Belt, clamp: Clamp
    ) -> None:
        self.x, self.y, self.z, self.spindle = x, y, z, spindle
        self.zone, self.belt, self.clamp = zone, belt, clamp

    @property
    def part(self) -> Part | None:
        return self.belt.part_at(self.clamp.place)

    @property
    def wants_fine_steps(self) -> bool:
        part = self.part
        return self.zone.wants_fine_steps(self.z.position_m, part.thickness_m if part else 0.0)

    @property
    def tool_in_material(self) -> bool:
        return self.zone.depth_m > 0.0

    def apply(self, dt_s: float) -> None:
        """Process forces of this step onto the axes."""
        part = self.part
        x, y, z = self.x, self.y, self.z
        travel = x.speed_m_s if abs(x.speed_m_s) > abs(y.speed_m_s) else y.speed_m_s
        loads = self.zone.step(
            dt_s, z.position_m, x.position_m, travel, self.spindle.speed_rpm, self.spindle.angle_rev, part
        )
        z.load_n, z.drag_n = loads.axial_n, loads.pull_n
        x.drag_n = y.drag_n = loads.side_n
        self.spindle.load_nm = loads.torque_nm
        if part is not None and self.zone.depth_m > _TORN_M:
            part.weld.was_loose |= not self.clamp.is_closed
            part.weld.is_torn |= abs(self.belt.moved_m) > _TORN_M * 0.1


class GrindPlace:
    """A grinding spindle over one place of a belt."""

    def __init__(
        self, infeed: Axis, traverse: Axis, wheel: Spindle, zone: GrindZone, belt: Belt, clamp: Clamp
    ) -> None:
        self.infeed, self.traverse, self.wheel = infeed, traverse, wheel
        self.zone, self.belt, self.clamp = zone, belt, clamp

    @property
    def part(self) -> Part | None:
        return self.belt.part_at(self.clamp.place)

    @property
    def wants_fine_steps(self) -> bool:
        part = self.part
        return part is not None and self.zone.wants_fine_steps(self.infeed.position_m, part.surface_m)

    @property
    def tool_in_material(self) -> bool:
        return self.zone.force_n > 0.0

    @property
    def gauge_m(self) -> float:
        """Height of the ground face over its nominal plane."""
        part = self.part
        return GAUGE_EMPTY_M if part is None else part.surface_m

    @property
    def finish_um(self) -> float:
        """Roughness Ra of the ground face, from a scattered-light sensor."""
        part = self.part
        if part is None or part.grind.finish_um is None:
            return FINISH_UNKNOWN_UM
        return part.grind.finish_um

    def apply(self, dt_s: float) -> None:
        """Process forces of this step onto the axes."""
        part = self.part
        infeed, traverse = self.infeed, self.traverse
        loads = self.zone.step(
            dt_s, infeed.position_m, traverse.position_m, traverse.speed_m_s, self.wheel.speed_rpm, part
        )
        infeed.load_n = loads.normal_n
        traverse.drag_n = loads.tangential_n
        self.wheel.load_nm = loads.torque_nm
        if part is not None and loads.normal_n > 0.0:
            part.grind.was_loose |= not self.clamp.is_closed
