"""For each limit of the demo cell: the drive, what it measures, and where the rule is OK, warns and trips.

The figures are worked out by hand from config/cells/demo.yaml and from the shares of the interlock table.
"""

from __future__ import annotations

# name: (drive, measured value, last that does not trip, first that does, first-out)
LIMITS: dict[str, tuple[str, str, float, float, str]] = {
    # 1.05 x 0.250 m/s and the 0.5 mm/s of standstill
    "axis speed": ("weld_x", "measured_speed_m_s", -0.26299, -0.26301, "overspeed weld_x"),
    "spindle speed": ("weld_spindle", "measured_speed_rpm", 1889.9, 1890.1, "overspeed weld_spindle"),
    # the wheel's spindle at 2900 rpm is slower than its mark, 3000, and its 40 m/s at 250 mm, 3056 rpm
    "wheel speed": ("grind_wheel", "measured_speed_rpm", -3044.9, -3045.1, "overspeed grind_wheel"),
    "axial force": ("weld_z", "measured_force_n", 12999.0, 13001.0, "force weld_z"),
    "pulling force": ("weld_z", "measured_force_n", -12999.0, -13001.0, "force weld_z"),
    "motor force": ("weld_x", "measured_force_n", 6599.0, 6601.0, "torque weld_x"),
    "torque": ("weld_spindle", "measured_torque_nm", -119.9, -120.1, "torque weld_spindle"),
    "power": ("grind_wheel", "measured_power_w", 3999.0, 4001.0, "power grind_wheel"),
    "current": ("grind_wheel", "measured_current_a", 29.9, 30.1, "current grind_wheel"),
    "axis heat": ("weld_z", "measured_temperature_c", 79.9, 80.1, "temperature weld_z"),
    "spindle heat": ("weld_spindle", "measured_temperature_c", 84.9, 85.1, "temperature weld_spindle"),
    # 10 um of tolerance
    "floor": ("weld_z", "measured_position_m", 0.000091, 0.000089, "depth_floor weld_z"),
    "lower end": ("weld_x", "measured_position_m", -0.020009, -0.020011, "limits weld_x"),
    "upper end": ("weld_x", "measured_position_m", 0.400009, 0.400011, "limits weld_x"),
}

# name: (drive, measured value, last without a warning, first with one, words)
WARNINGS: dict[str, tuple[str, str, float, float, str]] = {
    "axis speed": ("weld_x", "measured_speed_m_s", 0.25549, 0.25551, "nearly too fast"),
    "spindle speed": ("weld_spindle", "measured_speed_rpm", 1835.9, 1836.1, "nearly too fast"),
    "wheel speed": ("grind_wheel", "measured_speed_rpm", 2957.9, 2958.1, "nearly too fast"),
    "axial force": ("weld_z", "measured_force_n", 11439.0, 11441.0, "nearly too high"),
    "motor force": ("weld_x", "measured_force_n", 5999.0, 6001.0, "at its force limit"),
    "torque": ("weld_spindle", "measured_torque_nm", 105.5, 105.7, "torque is nearly too high"),
    "power": ("grind_wheel", "measured_power_w", 3519.0, 3521.0, "power is nearly too high"),
    "current": ("grind_wheel", "measured_current_a", 26.39, 26.41, "current is nearly too high"),
    "axis heat": ("weld_z", "measured_temperature_c", 69.9, 70.1, "nearly too hot"),
    "spindle heat": ("weld_spindle", "measured_temperature_c", 74.9, 75.1, "nearly too hot"),
    "floor": ("weld_z", "measured_position_m", 0.0001, 0.000099, "at its depth floor"),
    "lower end": ("weld_x", "measured_position_m", -0.02, -0.020001, "at its lower limit"),
    "upper end": ("weld_x", "measured_position_m", 0.3999, 0.400001, "at its upper limit"),
}
