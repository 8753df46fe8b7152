"""Limits in figures that binary fractions hold exactly, so that a rule can be asked at its limit itself."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nextafter

from cell_controller.config import Trips
from cell_controller.messages import DriveCondition, DriveState
from cell_controller.safety import limits_of
from cell_controller.safety.limits import Ages, AxisLimits, SpindleLimits
from support.interlock_bench import demo_cell

TRIPS = Trips(
    overspeed_warning=1.015625,
    overspeed_trip=1.03125,
    force_warning=0.875,
    load_warning=0.75,
    axis_force_trip=1.0625,
    frozen_s=0.25,
    clamp_s=0.0625,
)
_DEMO = limits_of(*demo_cell())
AGES = Ages(
    line_s=dict.fromkeys(_DEMO.lines, 0.125),
    station_s=dict.fromkeys(_DEMO.stations, 0.25),
    manager_s=0.25,
    based_on_s=dict.fromkeys(_DEMO.stations, 0.5),
    measured_s=dict.fromkeys(_DEMO.drives, 0.5),
    reaction_s=dict.fromkeys(_DEMO.drives, 0.125),
)
CELL_LIMITS = replace(_DEMO, trips=TRIPS, ages=AGES)
AXIS = AxisLimits(
    name="axis",
    line="line",
    station="station",
    min_m=0.0,
    max_m=4.0,
    max_speed_m_s=2.0,
    max_acceleration_m_s2=4.0,
    max_force_n=128.0,
    max_axial_force_n=256.0,
    floor_m=0.5,
    max_current_a=16.0,
    max_temperature_c=80.0,
    measures_force=True,
    standstill_m_s=0.25,
    reaction_s=0.125,
    is_referenced=False,
)
SPINDLE = SpindleLimits(
    name="spindle",
    line="line",
    station="station",
    max_speed_rpm=1024.0,
    max_torque_nm=64.0,
    max_power_w=2048.0,
    max_current_a=16.0,
    max_temperature_c=80.0,
    standstill_rpm=16.0,
    reaction_s=0.125,
)
AXIS_AT_REST = DriveState(
    "axis",
    DriveCondition.OPERATION_ENABLED,
    is_armed=True,
    is_stopped=True,
    is_homed=True,
    measured_position_m=1.0,
    measured_speed_m_s=0.0,
    measured_force_n=0.0,
    measured_current_a=0.0,
    measured_temperature_c=25.0,
)
SPINDLE_AT_REST = DriveState(
    "spindle",
    DriveCondition.OPERATION_ENABLED,
    is_armed=True,
    is_stopped=True,
    measured_speed_rpm=0.0,
    measured_torque_nm=0.0,
    measured_power_w=0.0,
    measured_current_a=0.0,
    measured_temperature_c=25.0,
)


def above(value: float) -> float:
    """The next number."""
    return nextafter(value, inf)


def below(value: float) -> float:
    """The number before."""
    return nextafter(value, -inf)
