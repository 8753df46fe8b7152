"""The interlock table: every rule, causes before effects. docs/safety.md shows it."""

from __future__ import annotations

from cell_controller.config import Trips
from cell_controller.safety import axis_rules, drive_rules, input_rules, line_rules, spindle_rules
from cell_controller.safety.findings import RuleName
from cell_controller.safety.rule import During, Reads, Rule

_N = RuleName
_T = Trips()  # what practice allows at most; a cell file may ask for less
_OVERSPEED = f"{_T.overspeed_trip:.0%} of"
_OVERSPEED_WARNS = f"{_T.overspeed_warning:.0%} of it"
_LOAD_WARNS = f"{_T.load_warning:.0%} of it"
_FROZEN = f"for `frozen_s` ({_T.frozen_s:g} s)"
_INSPECT = "wait for standstill and inspect it"

RULES: tuple[Rule, ...] = (
    Rule(_N.STARTUP, Reads.EVENT, None, "interlock", "it has started", "clear", True),
    Rule(
        _N.ESTOP, Reads.INPUT, input_rules.safety_input,
        "safety inputs with `rule: estop`, and their `second` channels", "one is off", "release the E-stop",
    ),
    Rule(
        _N.GUARD, Reads.INPUT, input_rules.safety_input,
        "safety inputs with `rule: guard`, and their `second` channels", "one is off", "close the guard",
    ),
    Rule(
        _N.RELAY, Reads.INPUT, input_rules.safety_input,
        "safety inputs with `rule: relay`: the mirror of the safety relay", "it is open",
        "reset the safety relay",
    ),
    Rule(
        _N.GUARD, Reads.CELL, input_rules.guard_locked,
        "`guard_locked`, speeds of all axes and spindles",
        "it is off while motion is permitted, or while anything moves at twice its standstill speed",
        "lock the guard",
    ),
    Rule(
        _N.ENABLING, Reads.CELL, input_rules.enabling, "`enabling_device`, if there is one",
        "it is off", "let go of everything, hold the enabling device, and begin again", during=During.MANUAL,
    ),
    Rule(
        _N.IMPLAUSIBLE, Reads.INPUTS, input_rules.contradiction,
        "safety inputs, `guard_locked`",
        "two channels of a switch disagree, the relay stays closed on an E-stop or open guard, or an open "
        f"guard says locked: for `discrepancy_s` ({_T.discrepancy_s:g} s)",
        "mend the switch, the relay or its wiring",
    ),
    Rule(
        _N.AIR, Reads.INPUT, input_rules.safety_input, "safety inputs with `rule: air`",
        "one is off for its `for_s`", "restore the air pressure", True,
    ),
    Rule(
        _N.AIR, Reads.ANALOG, input_rules.process_value, "process values with `rule: air`",
        "`trip_below`, `trip_above`", "restore the air pressure", True, "`warn_below`, `warn_above`",
    ),
    Rule(
        _N.CLAMP, Reads.CLAMP, input_rules.clamp, "`clamp_closed` of a station with a tool",
        f"it is off for `clamp_s` ({_T.clamp_s:g} s) while the program in force is `programs.material`",
        "recover the tool, clamp anew; the part is suspect", True, during=During.MOTION,
    ),
    Rule(
        _N.COOLANT, Reads.INPUT, input_rules.safety_input, "safety inputs with `rule: coolant`",
        "one is off for its `for_s` while its `while_turning` spindle turns", "prove the flow", True,
    ),
    Rule(
        _N.COOLANT, Reads.ANALOG, input_rules.process_value, "process values with `rule: coolant`",
        "`trip_below`, `trip_above` for its `for_s`", "prove the flow", True, "`warn_below`, `warn_above`",
    ),
    Rule(
        _N.SESSION, Reads.EVENT, None, "sessions of all guarded messages", "one is new, or there are two",
        "find out why it restarted, then clear", True,
    ),
    Rule(
        _N.LATE, Reads.EVENT, None, "the interlock's own steps and queues",
        "a step is later than half of `permit_valid_s`, or a queue is full",
        "find out what loads the computer, then clear", True,
    ),
    Rule(
        _N.ABORT, Reads.EVENT, None, "CellPermit", "the manager withdraws it",
        "find out why it was aborted, then clear", True,
    ),
    Rule(
        _N.MANAGER_LOST, Reads.CELL, line_rules.manager_lost, "CellPermit and its echo",
        "its age limit, twice that for the echo", "start the cell manager",
    ),
    Rule(
        _N.LINE_LOST, Reads.LINE_AGE, line_rules.line_lost, "DriveStates of each line", "its age limit",
        "start its drive bus",
    ),
    Rule(
        _N.LINE_DOWN, Reads.LINE, line_rules.line_down, "phase and arming of each line",
        "port closed, arming, or a drive not armed",
        "wait until its drives are armed; if the port does not open, plug in the line",
    ),
    Rule(
        _N.BUS_STOPPED, Reads.LINE_AGE, line_rules.bus_stopped, "phase, epoch and stop cause of each line",
        f"it stopped by itself, or does not obey the epoch for {line_rules.OBEY_WITHIN_S:g} s",
        "mend the cause it names", during=During.PERMITTED,
    ),
    Rule(
        _N.CONFIG, Reads.LINE, line_rules.other_config, "configuration hash and drives of each line",
        "they differ from what this process read", "restart the cell, so that all read the same files",
    ),
    Rule(
        _N.STATION_LOST, Reads.STATION_AGE, line_rules.station_lost, "usable Setpoints of each station",
        "its age limit", "start the station",
    ),
    Rule(
        _N.SETPOINT, Reads.EVENT, None, "Setpoints", "one is such as no working station sends",
        "restart the station",
    ),
    Rule(
        _N.DRIVE_FAULT, Reads.DRIVE, drive_rules.fault, "condition of each drive",
        "a fault; of a spindle it is category 0 by the drive itself, and the guard stays locked while it "
        "coasts",
        "mend and acknowledge the drive", True,
    ),
    Rule(
        _N.DRIVE_OFFLINE, Reads.DRIVE, drive_rules.offline, "condition of each drive", "it does not answer",
        "switch on or connect it",
    ),
    Rule(
        _N.NOT_ARMED, Reads.DRIVE, drive_rules.not_armed, "arming of each drive",
        "watchdog and settings are not proved", "wait for its arming",
    ),
    Rule(
        _N.STALE_DATA, Reads.LINE_AGE, line_rules.stale_data, "age of what each drive measured",
        "its age limit; a stamp from the future", "check line and drive",
    ),
    Rule(
        _N.NOT_A_NUMBER, Reads.AXIS, axis_rules.numbers, "position, speed and force of each axis",
        "NaN, infinite", "check drive and profile",
    ),
    Rule(
        _N.NOT_A_NUMBER, Reads.SPINDLE, spindle_rules.numbers, "speed, torque and power of each spindle",
        "NaN, infinite, where it has a limit", "check drive and profile",
    ),
    Rule(
        _N.NOT_A_NUMBER, Reads.MOVER, drive_rules.current_number, "current of each drive",
        "NaN, infinite, where it has a limit", "check drive and profile",
    ),
    Rule(
        _N.IMPLAUSIBLE, Reads.AXIS, axis_rules.jump, "position of each axis",
        "between two readings it changes by more than its speeds, `max_acceleration_m_s2` and "
        "`max_speed_m_s` allow", "check encoder and cable",
    ),
    Rule(
        _N.FROZEN, Reads.AXIS, axis_rules.frozen, "position and command of each axis",
        f"it stays the same to the last count {_FROZEN}, counted from the move that the drive has accepted, "
        "or from when a velocity must have arrived",
        "free the axis, or check drive and encoder",
        during=During.MOTION,
    ),
    Rule(
        _N.FROZEN, Reads.SPINDLE, spindle_rules.frozen, "speed and command of each spindle",
        f"it stays the same, a tenth of the limit away from a command that must have arrived, {_FROZEN}",
        "free the spindle, or check its drive", during=During.MOTION,
    ),
    Rule(
        _N.DEPTH_FLOOR, Reads.AXIS, axis_rules.depth_floor, "position of axes with a `depth_floor_m`",
        f"{axis_rules.POSITION_TOLERANCE_M * 1e6:g} µm below it", "recover the tool and inspect the anvil",
        True, "below it",
    ),
    Rule(
        _N.LIMITS, Reads.AXIS, axis_rules.position, "position of each homed axis",
        f"{axis_rules.POSITION_TOLERANCE_M * 1e6:g} µm outside `min_m` to `max_m`",
        "jog it back in manual mode", True, "outside",
    ),
    Rule(
        _N.OVERSPEED, Reads.AXIS, axis_rules.overspeed, "speed of each axis",
        f"{_OVERSPEED} `max_speed_m_s`", _INSPECT, warns=_OVERSPEED_WARNS,
    ),
    Rule(
        _N.OVERSPEED, Reads.SPINDLE, spindle_rules.overspeed, "speed of each spindle",
        f"{_OVERSPEED} the smallest of `max_speed_rpm`, the wheel's `marked_rpm`, and `permitted_m_s` at its "
        "`diameter_m`",
        "wait for standstill and inspect wheel or tool", warns=_OVERSPEED_WARNS,
    ),
    Rule(
        _N.REDUCED_SPEED, Reads.STATION, axis_rules.reduced_speed,
        "speeds of a station's axes, as a vector sum", "0.25 m/s (ISO 10218-1)", "find out what moved it",
        warns=f"{axis_rules.REDUCED_WARNING:.0%} of it", during=During.NOT_PRODUCTION,
    ),
    Rule(
        _N.ACCELERATION, Reads.AXIS, axis_rules.acceleration,
        "change of speed of each axis over 40 ms or more",
        f"{_T.acceleration_trip:.0%} of `max_acceleration_m_s2`", "find out what it has hit",
        warns=f"{_T.acceleration_warning:.0%} of it", during=During.MOTION,
    ),
    Rule(
        _N.FORCE, Reads.AXIS, axis_rules.axial_force, "force of axes with a `max_axial_force_n`",
        "`max_axial_force_n`", "recover the tool and inspect it", True,
        f"{_T.force_warning:.0%} of it",
    ),
    Rule(
        _N.TORQUE, Reads.AXIS, axis_rules.motor_force, "motor force of each axis",
        f"{_T.axis_force_trip:.0%} of `max_force_n`", "check the drive's torque limit", warns="`max_force_n`",
    ),
    Rule(
        _N.TORQUE, Reads.SPINDLE, spindle_rules.torque, "torque of each spindle", "`max_torque_nm`",
        "inspect tool and part", warns=_LOAD_WARNS,
    ),
    Rule(
        _N.POWER, Reads.SPINDLE, spindle_rules.power, "power of spindles with a `max_power_w`",
        "`max_power_w`", "inspect wheel or tool", warns=_LOAD_WARNS,
    ),
    Rule(
        _N.CURRENT, Reads.MOVER, drive_rules.current, "current of drives with a `max_current_a`",
        "`max_current_a`", "find out what it works against", warns=_LOAD_WARNS,
    ),
    Rule(
        _N.TEMPERATURE, Reads.MOVER, drive_rules.temperature,
        "temperature of drives with a `max_temperature_c`",
        "`max_temperature_c`; it is not known", "let it cool down and look for the cause", True,
        f"{drive_rules.TEMPERATURE_WARNING_C:g} °C below it",
    ),
    Rule(
        _N.TEMPERATURE, Reads.ANALOG, input_rules.process_value, "process values with `rule: temperature`",
        "`trip_above`, `trip_below` for its `for_s`", "let it cool down and look for the cause", True,
        "`warn_above`, `warn_below`",
    ),
    Rule(
        _N.VIBRATION, Reads.ANALOG, input_rules.process_value, "process values with `rule: vibration`",
        "`trip_above`, `trip_below` for its `for_s`, while its `while_turning` spindle turns",
        "inspect and balance the wheel", True, "`warn_above`, `warn_below`",
    ),
    Rule(
        _N.ZONE, Reads.EVENT, None, "measured positions of the members of each zone",
        "two stations are in it", "jog one of them out in manual mode", True,
    ),
    Rule(
        _N.STANDSTILL, Reads.CELL, line_rules.standstill, "speed of each axis and spindle",
        "one still moves when the longest stop program is over; the enable opens as well (category 0)",
        "wait for standstill; if it does not come, switch off the power", during=During.NOT_MOVING,
    ),
)  # fmt: skip
