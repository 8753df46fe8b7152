"""A drive on a bench: its motor turns freely, its enable is closed, nothing else is there."""

from __future__ import annotations

from typing import Any

from cell_controller.config import AxisDrive, Drive, IoDrive, SerialFormat, SpindleDrive
from cell_controller.config.values import DriveKind
from cell_controller.drives.profile import DriveProfile
from cell_sim.drives import VirtualLine, build_drive
from cell_sim.plant import CellPlant, MotionRecord
from cell_sim.plant.axis import Axis, AxisSpec
from cell_sim.plant.mechanics import RigidMechanics
from cell_sim.plant.relay import SafetyRelay
from cell_sim.plant.signals import ModuleWiring
from cell_sim.plant.spindle import Spindle, SpindleSpec

NAME = "drive"
_ENABLE = "enable"  # a module that nobody speaks to: its output is closed
_ROOM_REV = 20000.0  # a free motor has no end stops
_RPM_PER_HZ = 30.0  # four poles
_FULL_HZ = 60.0
_RAMP_REV_S2 = 100.0  # what a bare motor can do
_BARE_KG = 0.05  # per rev of 1 m: the rotor alone


def bench_drive(profile: DriveProfile, unit: int) -> Drive:
    """One revolution is one metre, so that positions are revolutions."""
    plate = profile.nameplate
    common: dict[str, Any] = {
        "line": "bench",
        "unit": unit,
        "profile": profile.name,
        "label": profile.family,
    }
    if profile.kind is DriveKind.AXIS:
        rpm = plate.max_speed_rpm or 3000.0
        return AxisDrive(
            **common,
            kind=DriveKind.AXIS,
            m_per_rev=1.0,
            absolute=True,
            min_m=-_ROOM_REV,
            max_m=_ROOM_REV,
            max_speed_m_s=rpm / 60.0,
            max_acceleration_m_s2=_RAMP_REV_S2,
            max_force_n=6.0 * (plate.rated_torque_nm or 1.0),
            moving_mass_kg=_BARE_KG,
            standstill_m_s=0.02,
        )
    if profile.kind is DriveKind.SPINDLE:
        rpm = _RPM_PER_HZ * (plate.max_frequency_hz or _FULL_HZ)
        return SpindleDrive(
            **common,
            kind=DriveKind.SPINDLE,
            rpm_per_hz=_RPM_PER_HZ,
            max_speed_rpm=rpm,
            ramp_s=2.0,
            inertia_kg_m2=0.001,
            max_torque_nm=1.5 * (plate.rated_torque_nm or 1.0),
            standstill_rpm=10.0,
        )
    return IoDrive(**common, kind=DriveKind.IO)


def bench_line(
    profile: DriveProfile, unit: int, baud: int, form: SerialFormat, now_s: float = 0.0
) -> tuple[VirtualLine, CellPlant]:
    """The line with the drive on it, powered on at this time."""
    drive = bench_drive(profile, unit)
    plant = CellPlant(_mechanics(drive), SafetyRelay(0.5, now_s), now_s, MotionRecord(keep=1000))
    plant.modules[_ENABLE] = ModuleWiring()
    plant.modules[NAME] = ModuleWiring()
    plant.enable_output, plant.lock_output = (_ENABLE, 0), (_ENABLE, 1)
    plant.set_outputs(_ENABLE, 1)
    device = build_drive(NAME, drive, profile, plant)
    device.power_on(now_s)
    line = VirtualLine(
        "bench", baud, form.bits_per_char, [device], parity=form.parity, stop_bits=form.stop_bits
    )
    return line, plant


def _mechanics(drive: Drive) -> RigidMechanics:
    if isinstance(drive, AxisDrive):
        spec = AxisSpec(
            NAME,
            drive.min_m,
            drive.max_m,
            drive.max_speed_m_s,
            drive.max_acceleration_m_s2,
            drive.max_force_n,
            drive.moving_mass_kg,
        )
        return RigidMechanics({NAME: Axis(spec, 0.0)}, {})
    if isinstance(drive, SpindleDrive):
        spindle = SpindleSpec.of(NAME, drive)
        return RigidMechanics({}, {NAME: Spindle(spindle)})
    return RigidMechanics({}, {})
