"""The interlock's limits, taken once from the cell file and its plan."""

from __future__ import annotations

from types import MappingProxyType

from cell_controller.config import (
    INTERLOCK,
    AxisDrive,
    CellFile,
    Conveyor,
    Drive,
    OnStop,
    SpindleDrive,
)
from cell_controller.config.units import unit_of
from cell_controller.drives.profile import Quantity
from cell_controller.plan import CellPlan
from cell_controller.plan.checks_watching import measures
from cell_controller.safety.errors import SafetySetupError
from cell_controller.safety.limits import (
    Ages,
    AnalogLimits,
    AxisLimits,
    Channel,
    DriveLimits,
    LineLimits,
    Member,
    ModuleLimits,
    Program,
    SafetyInputLimits,
    SafetyLimits,
    SpindleLimits,
    StationLimits,
    Zone,
)


def ages_of(cell: CellFile, plan: CellPlan) -> Ages:
    """The plan's limits by source."""
    return Ages(
        line_s=MappingProxyType(dict.fromkeys(cell.lines, plan.ages.drive_states_s)),
        station_s=MappingProxyType(dict.fromkeys(cell.stations, plan.ages.setpoint_s)),
        manager_s=plan.ages.cell_permit_s,
        based_on_s=MappingProxyType(dict.fromkeys(cell.stations, plan.ages.based_on_s)),
        measured_s=MappingProxyType({d: plan.age_limit_of(d) for d in cell.drives}),
        reaction_s=MappingProxyType(
            {d: plan.drives[d].read_interval_s + plan.drives[d].write_interval_s for d in cell.drives}
        ),
    )


def limits_of(cell: CellFile, plan: CellPlan) -> SafetyLimits:
    """Raises SafetySetupError where the cell file contradicts itself."""
    ages = ages_of(cell, plan)
    return SafetyLimits(
        ages=ages,
        config_hash=plan.config_hash,
        lines=MappingProxyType({name: _line(cell, name) for name in cell.lines}),
        drives=MappingProxyType({name: _drive(cell, plan, ages, name) for name, d in cell.drives.items()}),
        stations=MappingProxyType({name: _station(cell, name) for name in cell.stations}),
        programs=MappingProxyType(
            {name: Program(p.line, p.drives, p.budget_s) for name, p in cell.stop_programs.items()}
        ),
        zones=tuple(_zone(cell, name) for name in cell.zones),
        inputs=MappingProxyType(
            {
                name: SafetyInputLimits(
                    channel=_input(cell, name),
                    rule=i.rule,
                    is_recoverable=i.is_recoverable,
                    second=_input(cell, i.second) if i.second else None,
                    for_s=i.for_s,
                    while_turning=i.while_turning or "",
                )
                for name, i in cell.safety.inputs.items()
            }
        ),
        analog=MappingProxyType({name: _analog(cell, name) for name in cell.safety.analog}),
        enabling=_input(cell, cell.safety.enabling_device) if cell.safety.enabling_device else None,
        trips=cell.safety.trips,
        guard_locked=_input(cell, cell.safety.guard_locked),
        guard_lock=_output(cell, cell.safety.guard_lock),
        drive_enable=_output(cell, cell.safety.drive_enable),
        enables=MappingProxyType(_own_enables(cell)),
        manual_speed_m_s=cell.safety.manual_speed_m_s,
        manual_force_n=cell.safety.manual_force_n,
        permit_valid_s=plan.permit_valid_s,
    )


def _own_enables(cell: CellFile) -> dict[Channel, tuple[str, ...]]:
    found: dict[Channel, tuple[str, ...]] = {}
    for name, drive in cell.drives.items():
        if isinstance(drive, AxisDrive | SpindleDrive) and drive.enable is not None:
            channel = _output(cell, drive.enable)
            found[channel] = (*found.get(channel, ()), name)
    return found


def _line(cell: CellFile, name: str) -> LineLimits:
    drives = cell.drives_of_line(name)
    return LineLimits(
        name, tuple(drives), any(isinstance(d, AxisDrive | SpindleDrive) for d in drives.values())
    )


def _drive(cell: CellFile, plan: CellPlan, ages: Ages, name: str) -> DriveLimits:
    drive: Drive = cell.drives[name]
    profile = plan.profile_of(name)
    if isinstance(drive, AxisDrive):
        return AxisLimits(
            name=name,
            line=drive.line,
            station=cell.station_of_drive(name),
            min_m=drive.min_m,
            max_m=drive.max_m,
            max_speed_m_s=drive.max_speed_m_s,
            max_acceleration_m_s2=drive.max_acceleration_m_s2,
            max_force_n=drive.max_force_n,
            max_axial_force_n=cell.safety.max_axial_force_n.get(name),
            floor_m=cell.safety.depth_floor_m.get(name),
            max_current_a=drive.max_current_a,
            max_temperature_c=drive.max_temperature_c,
            measures_force=measures(profile, Quantity.TORQUE),
            standstill_m_s=drive.standstill_m_s,
            reaction_s=ages.reaction_s[name],
            is_referenced=drive.reference is not None,
        )
    if isinstance(drive, SpindleDrive):
        return SpindleLimits(
            name=name,
            line=drive.line,
            station=cell.station_of_drive(name),
            max_speed_rpm=drive.permitted_rpm,
            max_torque_nm=drive.max_torque_nm if measures(profile, Quantity.TORQUE) else None,
            max_power_w=drive.max_power_w,
            max_current_a=drive.max_current_a,
            max_temperature_c=drive.max_temperature_c,
            standstill_rpm=drive.standstill_rpm,
            reaction_s=ages.reaction_s[name],
        )
    owners: dict[str, int] = {}
    open_mask = 0
    for output in cell.outputs_of_module(name).values():
        if output.owner != INTERLOCK:
            owners[output.owner] = owners.get(output.owner, 0) | output.mask
            open_mask |= output.mask if output.on_stop is OnStop.OPEN else 0
    return ModuleLimits(name, drive.line, MappingProxyType(owners), open_mask)


def _station(cell: CellFile, name: str) -> StationLimits:
    station = cell.stations[name]
    outputs = (cell.signals.outputs[o] for o in station.outputs)
    return StationLimits(
        name=name,
        drives=station.drives,
        modules=tuple(dict.fromkeys(o.module for o in outputs)),
        axes=tuple(d for d in station.drives if isinstance(cell.drives[d], AxisDrive)),
        lines=tuple(dict.fromkeys(cell.drives[d].line for d in station.drives)),
        programs=tuple(dict.fromkeys((station.programs.clear, station.programs.material))),
        material=station.programs.material,
        clamp_closed=None if isinstance(station, Conveyor) else _input(cell, station.clamp_closed),
    )


def _zone(cell: CellFile, name: str) -> Zone:
    members = []
    for station, member in cell.zones[name].items():
        kind = cell.stations.get(station)
        pitch_m = kind.pitch_m if isinstance(kind, Conveyor) else 0.0
        if member.below_m is None and (member.off_pitch_m is None or pitch_m <= 0.0):
            raise SafetySetupError(f"zone {name} cannot be measured for", station)
        members.append(Member(station, member.drive, member.below_m, member.off_pitch_m or 0.0, pitch_m))
    return Zone(name, tuple(members))


def _analog(cell: CellFile, name: str) -> AnalogLimits:
    signal = cell.signals.analog[name]
    return AnalogLimits(
        name=name,
        module=signal.module,
        channel=signal.channel,
        scale=signal.scale,
        offset=signal.offset,
        unit=unit_of(name),
        watch=cell.safety.analog[name],
    )


def _input(cell: CellFile, name: str) -> Channel:
    signal = cell.signals.inputs.get(name)
    if signal is None:
        raise SafetySetupError("unknown safety input", name)
    return Channel(name, signal.module, 1 << signal.channel)


def _output(cell: CellFile, name: str) -> Channel:
    signal = cell.signals.outputs.get(name)
    if signal is None or signal.owner != INTERLOCK:
        raise SafetySetupError("not an output of the interlock", name)
    return Channel(name, signal.module, signal.mask)
