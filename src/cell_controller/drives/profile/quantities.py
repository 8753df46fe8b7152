"""Closed sets of a drive profile. Values are the words used in config/drives/*.yaml."""

from enum import IntEnum, StrEnum


class Protocol(StrEnum):
    """Framing on the wire; each has its own codec and says how a field is addressed."""

    MODBUS_RTU = "modbus_rtu"  # addresses count words of 16 bits
    DYNAMIXEL = "dynamixel"  # Robotis Protocol 2.0; addresses count bytes
    EZI_SERVO = "ezi_servo"  # FASTECH Plus-R; a byte in the data of a frame type


class Quantity(StrEnum):
    """What a register means to the drive."""

    # state, read by the controller
    STATUS_WORD = "status_word"  # state bits; `states` of the profile maps them to a DriveCondition
    FAULT_CODE = "fault_code"  # 0: no fault; latched until fault_reset
    POSITION = "position"  # measured, motor shaft, signed
    SPEED = "speed"  # measured, motor shaft; output frequency of an inverter
    TORQUE = "torque"  # measured, percent of rated torque, positive in the direction of positive speed
    CURRENT = "current"  # measured, motor phase
    TEMPERATURE = "temperature"  # measured, power stage
    POWER = "power"  # measured, output
    SHAFT_SPEED = "shaft_speed"  # inverter: its own estimate of the shaft's speed
    COMMANDED_SPEED = "commanded_speed"  # the set frequency or speed that the drive believes in
    # setpoints and commands, written by the controller
    CONTROL = "control"  # run and state commands, see the profile's sequences
    CONTROL_AUX = "control_aux"  # inverter: external fault, fault reset, base block
    FAULT_RESET = "fault_reset"  # where a fault is cleared apart from CONTROL; see the profile's fault_reset
    MODE = "mode"  # which of the target registers the drive follows
    TARGET_POSITION = "target_position"  # end of a profile move, absolute, motor shaft
    TARGET_SPEED = "target_speed"  # velocity setpoint; a new value is followed at PROFILE_ACCELERATION
    PROFILE_SPEED = "profile_speed"  # magnitude of the cruising speed of a profile move
    PROFILE_ACCELERATION = "profile_acceleration"  # of moves, velocity changes and stops
    PROFILE_DECELERATION = "profile_deceleration"  # where a drive keeps it apart
    TORQUE_LIMIT = (
        "torque_limit"  # magnitude, percent of rated torque; the drive saturates, it does not fault
    )
    MOVE_DEFINITION = "move_definition"  # how a numbered move runs (absolute, interrupting, ramp indices)
    MOVE_TRIGGER = "move_trigger"  # a number starts that move, one special number stops with the ramp
    RAMP_UP_TIME = "ramp_up_time"  # of a drive that keeps no acceleration: to the speed of the move
    RAMP_DOWN_TIME = "ramp_down_time"
    HALT = "halt"  # command without content: down by the ramp, and stand
    START_HOMING = "start_homing"  # command without content
    HOMING_METHOD = "homing_method"  # how the drive looks for its zero
    HOMING_DIRECTION = "homing_direction"  # where a drive keeps it apart from the method
    HOMING_SPEED = "homing_speed"  # magnitude, until the reference mark is seen
    # settings, written and read back at arming
    WATCHDOG_TIMEOUT = "watchdog_timeout"  # longest silence from the controller; 0 is off
    WATCHDOG_ACTION = "watchdog_action"  # what the drive does when it expires
    WRITE_MODE = "write_mode"  # where parameter writes go (RAM only or EEPROM)
    SOFTWARE_INPUT_MASK = "software_input_mask"  # drive inputs that the line controls instead of a terminal
    SOFTWARE_INPUTS = "software_inputs"  # their levels; servo on is one of them
    MONITOR_SELECT_1 = "monitor_select_1"  # which quantity the first monitor register shows, and so on
    MONITOR_SELECT_2 = "monitor_select_2"
    MONITOR_SELECT_3 = "monitor_select_3"
    MONITOR_SELECT_4 = "monitor_select_4"
    MONITOR_SELECT_5 = "monitor_select_5"
    OUTPUT_FALLBACK = (
        "output_fallback"  # bit n set: output n holds when the watchdog expires; clear: it opens
    )
    # identity and commissioning settings, read and compared, never written
    IDENTITY = "identity"
    CONTROL_MODE = "control_mode"
    COMMAND_SOURCE = "command_source"
    SETPOINT_SOURCE = "setpoint_source"
    STOP_METHOD = "stop_method"
    MAX_SPEED = "max_speed"
    PROFILE_TYPE = "profile_type"  # how the drive interpolates its moves
    REPLY_LEVEL = "reply_level"  # which requests it answers
    ENCODER_TYPE = "encoder_type"  # inverter: what feedback of the shaft it has
    GEAR_NUMERATOR = "gear_numerator"
    GEAR_DENOMINATOR = "gear_denominator"
    # I/O modules
    DIGITAL_INPUTS = "digital_inputs"  # bit n is channel n, debounced
    DIGITAL_OUTPUTS = "digital_outputs"  # bit n is channel n; reads back what the outputs do
    ANALOG_INPUT_0 = "analog_input_0"
    ANALOG_INPUT_1 = "analog_input_1"
    ANALOG_INPUT_2 = "analog_input_2"
    ANALOG_INPUT_3 = "analog_input_3"


ANALOG_INPUTS = (
    Quantity.ANALOG_INPUT_0,
    Quantity.ANALOG_INPUT_1,
    Quantity.ANALOG_INPUT_2,
    Quantity.ANALOG_INPUT_3,
)


class DriveUnit(StrEnum):
    """Engineering unit of a field, at the motor shaft; metres begin in the cell file."""

    RAW = "raw"  # a code or bits: an integer, no scale
    REV = "rev"
    RPM = "rpm"
    RPM_PER_S = "rpm_per_s"
    HZ = "hz"
    HZ_PER_S = "hz_per_s"
    A = "a"
    V = "v"
    W = "w"
    C = "c"
    S = "s"
    PERCENT = "percent"  # of the rated value on the nameplate


class Access(StrEnum):
    """Direction as the controller sees it."""

    READ = "r"
    WRITE = "w"
    READ_WRITE = "rw"


class Memory(StrEnum):
    """Where a write lands. An eeprom field is written only when it differs, never cyclically."""

    VOLATILE = "volatile"
    EEPROM = "eeprom"


class Verified(StrEnum):
    """How the address, scale and meaning of a field are known."""

    MANUAL = "manual"
    CODE = "code"
    MEMORY = "memory"  # refuses Production unless the cell file accepts it by name
    HARDWARE = "hardware"


class Verb(StrEnum):
    """Kinds of setpoint that a drive can take."""

    PROFILE_MOVE = "profile_move"  # target, speed, acceleration; the drive interpolates
    VELOCITY = "velocity"
    TORQUE_LIMIT = "torque_limit"
    OUTPUTS = "outputs"


class StopCategory(IntEnum):
    """IEC 60204-1: 0 power removed at once, 1 controlled then removed, 2 controlled, power kept."""

    REMOVE_POWER = 0
    CONTROLLED_THEN_OFF = 1
    CONTROLLED = 2


class Source(StrEnum):
    """Where a written value comes from when it is not a constant; in the unit of the field."""

    TARGET_POSITION = "target_position"
    TARGET_SPEED = "target_speed"  # signed
    SPEED_MAGNITUDE = "speed_magnitude"
    ACCELERATION = "acceleration"
    RAMP_TIME = "ramp_time"  # of a move, from standstill to its speed
    STOP_RAMP_TIME = "stop_ramp_time"  # from its speed to standstill by the axis' greatest acceleration
    STOP_POSITION = "stop_position"  # of a stop: where the ramp ends, by the newest reading
    TORQUE_LIMIT = "torque_limit"
    WATCHDOG_TIMEOUT = "watchdog_timeout"  # computed from the line's schedule
    OUTPUTS = "outputs"
    OUTPUT_HOLD_MASK = "output_hold_mask"  # outputs declared `on_stop: hold` in the cell file
