"""A plant from a cell file: every axis, place, signal and rule of it."""

from __future__ import annotations

from cell_controller.config import (
    AnalogSignal,
    AxisDrive,
    CellFile,
    GrindingSpindle,
    InputRule,
    IoDrive,
    PlantModel,
    Recipe,
    SpindleDrive,
    WeldingRobot,
)
from cell_sim.plant.axis import Axis, AxisSpec
from cell_sim.plant.cell_plant import CellPlant
from cell_sim.plant.conveyor import Belt, Clamp
from cell_sim.plant.friction_stir import Alloy, StirTool, StirZone
from cell_sim.plant.gazebo_mechanics import GazeboMechanics, Joints
from cell_sim.plant.grinding import GrindZone
from cell_sim.plant.mechanics import Mechanics, RigidMechanics
from cell_sim.plant.parts import Blank, Loader
from cell_sim.plant.record import MotionRecord
from cell_sim.plant.relay import SafetyRelay
from cell_sim.plant.signals import AnalogChannel, Gauge, ModuleWiring, Source
from cell_sim.plant.spindle import Spindle, SpindleSpec
from cell_sim.plant.stations import GrindPlace, WeldPlace


def build_plant(
    cell: CellFile,
    recipe: Recipe,
    *,
    model: PlantModel = PlantModel.ANALYTIC,
    now_s: float = 0.0,
    record: MotionRecord | None = None,
    joints: Joints | None = None,
) -> CellPlant:
    """The machine of this cell, its tool mounted and its loader filled as the recipe says."""
    axes, spindles = _bodies(cell)
    mechanics: Mechanics = RigidMechanics(axes, spindles)
    if joints is not None:  # of a server that is running
        mechanics = GazeboMechanics(joints, axes, spindles, now_s)
    elif model is PlantModel.GAZEBO:
        raise ValueError("a plant in Gazebo needs the joints of a running server")
    elif model is PlantModel.MUJOCO:
        # heavy, and not needed by most tests
        from cell_sim.plant.mujoco_mechanics import MujocoMechanics

        mechanics = MujocoMechanics(cell, recipe, axes, spindles)
    relay = SafetyRelay(cell.safety.relay.delay_s, now_s)
    plant = CellPlant(mechanics, relay, now_s, record)
    builder = _Builder(cell, recipe, plant)
    builder.modules()
    builder.belts()
    builder.places()
    builder.safety()
    return plant


def _bodies(cell: CellFile) -> tuple[dict[str, Axis], dict[str, Spindle]]:
    """Axes and spindles, standing where the machine was left: tools up, the rest at its park position."""
    parked = _parked(cell)
    axes: dict[str, Axis] = {}
    spindles: dict[str, Spindle] = {}
    belts = {c.axis for c in cell.conveyors.values()}
    for name, drive in cell.drives.items():
        if isinstance(drive, AxisDrive):
            spec = AxisSpec(
                name,
                drive.min_m,
                drive.max_m,
                drive.max_speed_m_s,
                drive.max_acceleration_m_s2,
                drive.max_force_n,
                drive.moving_mass_kg,
                is_endless=name in belts,
            )
            axes[name] = Axis(spec, parked.get(name, 0.0))
        elif isinstance(drive, SpindleDrive):
            spindles[name] = Spindle(SpindleSpec.of(name, drive))
    return axes, spindles


def parked_axes(cell: CellFile) -> dict[str, float]:
    """Where the axes with end stops were left."""
    axes, _ = _bodies(cell)
    return {name: axis.position_m for name, axis in axes.items() if not axis.spec.is_endless}


def _parked(cell: CellFile) -> dict[str, float]:
    parked: dict[str, float] = {}
    for station in cell.stations.values():
        if isinstance(station, WeldingRobot):
            parked |= {station.x: station.park_x_m, station.y: station.park_y_m, station.z: station.safe_z_m}
        elif isinstance(station, GrindingSpindle):
            parked |= {station.infeed: station.safe_infeed_m, station.traverse: station.park_traverse_m}
    return parked


class _Builder:
    """Wires one plant; the order of its methods is that of build_plant."""

    def __init__(self, cell: CellFile, recipe: Recipe, plant: CellPlant) -> None:
        self.cell = cell
        self.recipe = recipe
        self.plant = plant

    def modules(self) -> None:
        modules = [name for name, drive in self.cell.drives.items() if drive.kind.value == "io"]
        self.plant.modules.update({name: ModuleWiring() for name in modules})

    def belts(self) -> None:
        part = self.recipe.part
        blank = Blank(part.thickness_m, part.seam_m, part.grind_length_m, part.grind_width_m)
        seed = self.cell.simulation.seed if self.cell.simulation else 0
        for name, conveyor in self.cell.conveyors.items():
            axis = self.plant.axes[conveyor.axis]
            belt = Belt(axis, conveyor.places, conveyor.pitch_m, conveyor.in_place_m, Loader(blank, seed))
            self.plant.belts[name] = belt
            self.plant.load_requests.append((belt, *self._output(conveyor.load_request)))
            for place, sensor in enumerate(conveyor.part_present):
                self._input(sensor, _sensor(belt, place))

    def places(self) -> None:
        for name, station in self.cell.stations.items():
            if isinstance(station, WeldingRobot):
                self._weld(name, station)
            elif isinstance(station, GrindingSpindle):
                self._grind(name, station)

    def _weld(self, name: str, station: WeldingRobot) -> None:
        plant, tool = self.plant, self.recipe.tool
        belt, clamp = self._clamp(station.place, station.clamp, station.clamp_closed)
        stir_tool = StirTool(tool.shoulder_radius_m, tool.pin_radius_m, tool.pin_length_m)
        zone = StirZone(stir_tool, station.stiffness_n_m, station.seam_start_x_m, Alloy())
        x, y, z = (plant.axes[drive] for drive in (station.x, station.y, station.z))
        plant.welds[name] = WeldPlace(x, y, z, plant.spindles[station.spindle], zone, belt, clamp)
        self._analog(station.temperature, lambda: zone.sensor_c)

    def _grind(self, name: str, station: GrindingSpindle) -> None:
        plant, part = self.plant, self.recipe.part
        belt, clamp = self._clamp(station.place, station.clamp, station.clamp_closed)
        drive = self.cell.drives[station.wheel]
        if not isinstance(drive, SpindleDrive) or drive.wheel is None:
            raise TypeError(f"{station.wheel} carries no grinding wheel")
        zone = GrindZone(
            station.stiffness_n_m,
            drive.wheel.diameter_m,
            station.traverse_start_m,
            part.grind_length_m,
            part.grind_width_m,
        )
        infeed, traverse = plant.axes[station.infeed], plant.axes[station.traverse]
        place = GrindPlace(infeed, traverse, plant.spindles[station.wheel], zone, belt, clamp)
        plant.grinds[name] = place
        self._analog(station.gauge, lambda: place.gauge_m)
        self._analog(station.finish, lambda: place.finish_um)

    def _clamp(self, place: str, valve: str, switch: str) -> tuple[Belt, Clamp]:
        belt = next(b for b in self.plant.belts.values() if place in b.places)
        clamp = Clamp(belt.places.index(place), valve)
        belt.clamps.append(clamp)
        self.plant.clamps.append((clamp, *self._output(valve)))
        self._input(switch, lambda: clamp.is_closed)
        return belt, clamp

    def safety(self) -> None:
        plant, safety = self.plant, self.cell.safety
        plant.enable_output = self._output(safety.drive_enable)
        plant.lock_output = self._output(safety.guard_lock)
        for name, drive in self.cell.drives.items():
            own = None if isinstance(drive, IoDrive) else drive.enable
            if own not in (None, safety.drive_enable):
                plant.own_enables[name] = self._output(own)
        relay, guard = plant.relay, plant.guard
        sources: dict[InputRule, Source] = {
            InputRule.ESTOP: lambda: relay.estop_ok,
            InputRule.GUARD: lambda: relay.guard_closed,
            InputRule.RELAY: lambda: relay.is_closed,
            InputRule.AIR: lambda: plant.has_air,
            InputRule.COOLANT: _always,
        }
        for name, watched in safety.inputs.items():
            self._input(name, sources[watched.rule])
            if watched.second is not None:
                self._input(watched.second, sources[watched.rule])
        if safety.enabling_device is not None:
            self._input(safety.enabling_device, _always)  # a hand that never lets go; a test forces the input
        self._input(safety.guard_locked, lambda: guard.is_locked)

    def _output(self, name: str) -> tuple[str, int]:
        signal = self.cell.signals.outputs[name]
        return signal.module, signal.channel

    def _input(self, name: str, source: Source) -> None:
        signal = self.cell.signals.inputs[name]
        self.plant.modules[signal.module].inputs[signal.channel] = source

    def _analog(self, name: str, read: Gauge) -> None:
        signal: AnalogSignal = self.cell.signals.analog[name]
        self.plant.modules[signal.module].analog[signal.channel] = AnalogChannel(
            signal.scale, signal.offset, read
        )


def _sensor(belt: Belt, place: int) -> Source:
    return lambda: belt.part_at(place) is not None


def _always() -> bool:
    return True
