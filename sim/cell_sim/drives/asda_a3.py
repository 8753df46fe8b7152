"""Delta ASDA-A3 in PR mode: monitors by choice, path 1 with a trigger, servo on by software input, AL020.

Source: ASDA-A3 user manual (parameters P0 to P6). Parameters written while P2-30 is not 5 go to EEPROM; P2-30
itself is volatile, and so is everything written under it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from cell_controller.drives.profile import DriveProfile, Quantity
from cell_sim.drives.modbus import ExceptionCode, Refusal
from cell_sim.drives.motor import ServoDrive, ShaftSpec
from cell_sim.plant import CellPlant
from cell_sim.plant.axis import MotorMode

RAM_ONLY = 5  # P2-30
ENCODER_COUNTS = 16_777_216  # P1-44, 24 bit
PUU_PER_REV = 100_000  # P1-45
PR_MODE = 1  # P1-01
HOME, STOP = 0, 1000  # P5-07
_HOMING_DIGIT_X = {2: 1, 3: -1}  # P5-04: forward and reverse to the rising edge of the switch
_HOME_HERE = 8  # P5-04: the present position
_DEFAULT_HOMING_SPEED = 1000  # P5-05, 0.1 rpm
_COMMAND_DONE, _IN_POSITION = 10_000, 20_000  # added to the path number when P5-07 is read
_DEFAULT_RAMP_MS = 200  # P5-20
_DEFAULT_SPEED = 200  # P5-60, 0.1 rpm
_FOLLOWING_REV = 3.0  # P2-35, 480 % of a turn and more on delivery; 3 turns as commissioned
_IN_POSITION_REV = 0.002  # P1-54
_ZERO_SPEED_RPM = 1.0  # P1-38
_END_OF_PARAMETERS = 0x0800
_POSITION_FEEDBACK = 0x0520  # P5-16
_OUTPUT_STATUS = 0x005C  # P0-46
_MONITORS = (
    (Quantity.POSITION, Quantity.MONITOR_SELECT_1),
    (Quantity.SPEED, Quantity.MONITOR_SELECT_2),
    (Quantity.TORQUE, Quantity.MONITOR_SELECT_3),
    (Quantity.STATUS_WORD, Quantity.MONITOR_SELECT_4),
    (Quantity.FAULT_CODE, Quantity.MONITOR_SELECT_5),
)


class Alarm(IntEnum):
    """Alarm codes as P0-01 shows them."""

    OVERLOAD = 0x006
    DEVIATION = 0x009
    WATCHDOG = 0x020


class Monitor(IntEnum):
    """What a monitor register can show (the ones that matter here)."""

    FEEDBACK_PUU = 0
    COMMAND_PUU = 1
    DEVIATION_PUU = 2
    SPEED = 7
    TORQUE = 11
    DC_BUS = 14
    STATUS = 41
    ALARM = 111


class VirtualAsdaA3(ServoDrive):
    """Target, ramp and speed have no effect before the trigger; a trigger without servo on has none."""

    _path = 0  # running or finished path, 0 after power-on and after a stop
    is_servo_on = False

    def __init__(
        self, name: str, unit: int, profile: DriveProfile, plant: CellPlant, shaft: ShaftSpec
    ) -> None:
        super().__init__(name, unit, profile, plant, shaft)
        self.eeprom = {  # as commissioned; everything else as from the factory
            Quantity.CONTROL_MODE: PR_MODE,
            Quantity.GEAR_NUMERATOR: ENCODER_COUNTS,
            Quantity.GEAR_DENOMINATOR: PUU_PER_REV,
            Quantity.PROFILE_ACCELERATION: _DEFAULT_RAMP_MS,
            Quantity.PROFILE_SPEED: _DEFAULT_SPEED,
            Quantity.HOMING_SPEED: _DEFAULT_HOMING_SPEED,
            Quantity.MONITOR_SELECT_2: Monitor.COMMAND_PUU,
            Quantity.MONITOR_SELECT_3: Monitor.DEVIATION_PUU,
        }

    def power_up(self) -> None:
        super().power_up()
        self._path = 0
        self.is_servo_on = False

    def has_word(self, address: int) -> bool:
        """All of P0 to P7; a parameter that the profile does not name is kept and has no effect."""
        return address < _END_OF_PARAMETERS

    def is_eeprom(self, quantity: Quantity) -> bool:
        if quantity in (
            Quantity.WRITE_MODE,
            Quantity.MOVE_TRIGGER,
            Quantity.SOFTWARE_INPUTS,
            Quantity.FAULT_RESET,
        ):
            return False
        return self.raw(Quantity.WRITE_MODE) != RAM_ONLY

    @property
    def watchdog_s(self) -> float:
        return self.value(Quantity.WATCHDOG_TIMEOUT)

    # -- writes ---------------------------------------------------------------------------------------------

    def check_write(self, quantity: Quantity, raw: int) -> None:
        ranges = {
            Quantity.FAULT_RESET: (0, 0),
            Quantity.MOVE_TRIGGER: (0, STOP),
            Quantity.WATCHDOG_ACTION: (0, 1),
            Quantity.PROFILE_ACCELERATION: (1, 65500),
        }
        low, high = ranges.get(quantity, (raw, raw))
        if not low <= raw <= high:
            raise Refusal(ExceptionCode.ILLEGAL_VALUE)

    def written(self, touched: Sequence[Quantity]) -> None:
        if Quantity.FAULT_RESET in touched:
            self._clear()
        if Quantity.SOFTWARE_INPUTS in touched or Quantity.SOFTWARE_INPUT_MASK in touched:
            self._software_inputs()
        if Quantity.MOVE_TRIGGER in touched:
            self._trigger(self.raw(Quantity.MOVE_TRIGGER))

    def _clear(self) -> None:
        self.fault_code = 0
        self.is_expired = False

    def _software_inputs(self) -> None:
        wanted = bool(self.raw(Quantity.SOFTWARE_INPUT_MASK) & 1 and self.raw(Quantity.SOFTWARE_INPUTS) & 1)
        if not wanted:
            if self.is_servo_on:
                self.note("disable")
            self._servo_off()
        elif not self.is_servo_on and not self.fault_code and not self.plant.is_off(self.name):
            self.is_servo_on = True
            self._path = 0
            self.axis.hold(self._acceleration())
            self.note("enable")

    def _servo_off(self) -> None:
        self.is_servo_on = False
        self._path = 0
        self.end_homing()
        self.axis.off(brake=True)

    def _trigger(self, number: int) -> None:
        if number == STOP:
            self.note("stop")
            self._path = 0
            self.end_homing()
            if self.is_servo_on:
                self.axis.hold(self._acceleration())
        elif number == 1 and self.is_servo_on and not self.fault_code:
            self._run_path()
        elif number == HOME and self.is_servo_on and not self.fault_code:
            self._home()

    def _home(self) -> None:
        """P5-04: digit X says how; the others only whether an index pulse is looked for."""
        self._path = 0
        method = self.raw(Quantity.HOMING_METHOD) & 0x0F
        if method == _HOME_HERE:
            self.home_here()
        elif method in _HOMING_DIGIT_X:
            speed_m_s = self.to_m_s(self.value(Quantity.HOMING_SPEED))
            self.home_to_mark(_HOMING_DIGIT_X[method], speed_m_s, self._acceleration())

    def _run_path(self) -> None:
        definition = self.raw(Quantity.MOVE_DEFINITION)
        speed = self.to_m_s(self.value(Quantity.PROFILE_SPEED))
        if definition & 0x0F != 2 or speed <= 0.0:  # type 2: point to point, then stop
            return
        if not definition & 0x10 and not self.axis.ramp.is_done:  # INS: may interrupt a running path
            return
        target_m = self.to_m(self.raw(Quantity.TARGET_POSITION) / PUU_PER_REV)
        acceleration = self._acceleration()
        self._path = 1
        self.end_homing()
        self.note("move", target_m)
        self.axis.move_to(target_m, speed, acceleration, acceleration)

    def _acceleration(self) -> float:
        return self.to_m_s(self.value(Quantity.PROFILE_ACCELERATION))

    # -- what happens by itself -----------------------------------------------------------------------------

    def expired(self) -> None:
        """P3-03: 0 warns and goes on, 1 warns and decelerates to a stop; the servo stays on."""
        if self.raw(Quantity.WATCHDOG_ACTION) != 1:
            return
        self.fault(Alarm.WATCHDOG)
        self._path = 0
        self.end_homing()
        if self.is_servo_on:
            self.axis.hold(self._acceleration())

    def tick(self) -> None:
        self.watch_homing()
        if self.has_lost_torque:
            self.is_servo_on = False
            self._path = 0
            self.end_homing()
        if self.is_servo_on:
            if self.axis.mode is MotorMode.POSITION and abs(self.following_error_rev) > _FOLLOWING_REV:
                self.trip(Alarm.DEVIATION)
            elif self.is_blocked:
                self.trip(Alarm.OVERLOAD)

    def trip(self, code: int) -> None:
        super().trip(code)
        self._servo_off()

    # -- measured registers ---------------------------------------------------------------------------------

    def refresh(self) -> None:
        for register, select in _MONITORS:
            self.store(register, self._monitor(self.raw(select)))
        self.store(Quantity.FAULT_RESET, self.fault_code)  # P0-01 reads the alarm
        self.store(Quantity.MOVE_TRIGGER, self._trigger_read())
        self._store_long(_POSITION_FEEDBACK, round(self.position_rev * PUU_PER_REV))
        self._store_long(_OUTPUT_STATUS, self._status())

    def _store_long(self, address: int, value: int) -> None:
        self.words[address], self.words[address + 1] = value & 0xFFFF, value >> 16 & 0xFFFF

    def _monitor(self, number: int) -> int:
        if number == Monitor.FEEDBACK_PUU:
            return round(self.position_rev * PUU_PER_REV)
        if number == Monitor.COMMAND_PUU:
            return round((self.position_rev + self.following_error_rev) * PUU_PER_REV)
        if number == Monitor.DEVIATION_PUU:
            return round(self.following_error_rev * PUU_PER_REV)
        if number == Monitor.SPEED:
            return round(self.speed_rpm * 10.0)
        if number == Monitor.TORQUE:
            return round(self.torque_percent)
        if number == Monitor.DC_BUS:
            return 325
        if number == Monitor.STATUS:
            return self._status()
        return self.fault_code if number == Monitor.ALARM else 0

    @property
    def _is_in_position(self) -> bool:
        is_there = self.axis.ramp.is_done and abs(self.following_error_rev) < _IN_POSITION_REV
        return self.is_servo_on and is_there and self._path != 0

    def _status(self) -> int:
        axis = self.axis
        flags = (
            not self.fault_code and not self.plant.is_off(self.name),  # ready
            self.is_servo_on,
            abs(self.speed_rpm) < _ZERO_SPEED_RPM,
            self.is_servo_on and axis.ramp.acceleration_m_s2 == 0.0,
            self._is_in_position,
            self.is_servo_on and abs(axis.force_n) >= 0.999 * axis.force_limit_n,
            bool(self.fault_code),
            not self.is_servo_on,  # brake closed
            self.is_homed,
            abs(self.torque_percent) > 200.0,
        )
        return sum(1 << bit for bit, is_on in enumerate(flags) if is_on)

    def _trigger_read(self) -> int:
        if not self._path:
            return 0
        if not self.axis.ramp.is_done:
            return self._path
        return self._path + (_IN_POSITION if self._is_in_position else _COMMAND_DONE)
