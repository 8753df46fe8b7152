"""CiA 402 servos over Modbus RTU: the state machine of CiA 402-2, modes position, velocity and homing."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from math import inf

from cell_controller.drives.profile import Quantity
from cell_sim.drives.modbus import ExceptionCode, Refusal
from cell_sim.drives.motor import ServoDrive
from cell_sim.plant.axis import MotorMode

IDENTITY = 0x4D53
FAULT_UNDERVOLTAGE = 0x3220
FAULT_BLOCKED = 0x7121
FAULT_WATCHDOG = 0x8130
FAULT_FOLLOWING = 0x8611
_QUICK_STOP_RPM_S = 6000.0
_FOLLOWING_REV = 6.0  # following error window
_IN_POSITION_REV = 0.002
_AT_SPEED_RPM = 2.0
_STANDS_RPM = 0.5
_DEFAULT_ACCELERATION = 1000  # rpm/s
_POLL_S = 0.01  # of the drive's own state machine in a ramp


class State(IntEnum):
    """States of CiA 402 with the bits of the status word that name them."""

    SWITCH_ON_DISABLED = 0x0040
    READY_TO_SWITCH_ON = 0x0021
    SWITCHED_ON = 0x0023
    OPERATION_ENABLED = 0x0027
    QUICK_STOP = 0x0007
    FAULT_REACTION = 0x000F
    FAULT = 0x0008


class Mode(IntEnum):
    """Modes of operation, CiA 402 object 6060h."""

    PROFILE_POSITION = 1
    PROFILE_VELOCITY = 3
    HOMING = 6


class HomingMethod(IntEnum):
    """CiA 402 object 6098h, those that this drive knows."""

    SWITCH_AHEAD = 24
    SWITCH_BACK = 28
    HERE = 37


class WatchdogAction(IntEnum):
    """What register watchdog_action may hold."""

    NONE = 0
    QUICK_STOP = 1
    COAST = 2


class VirtualFastServo(ServoDrive):
    """Everything written in one request takes effect together; a move starts with the edge of bit 4."""

    state = State.SWITCH_ON_DISABLED
    _control = 0
    _is_moving_to = False  # mode 1: a set-point has been taken and not overtaken
    _waiting: tuple[float, float, float] | None = (
        None  # a set-point without bit 5, taken after the present one
    )

    def power_up(self) -> None:
        super().power_up()
        self.state = State.SWITCH_ON_DISABLED
        self._control = 0
        self._waiting = None
        self.store(Quantity.IDENTITY, IDENTITY)
        self.store(Quantity.MODE, Mode.PROFILE_VELOCITY)
        self.store(Quantity.HOMING_METHOD, HomingMethod.HERE)
        self.store(Quantity.PROFILE_ACCELERATION, _DEFAULT_ACCELERATION)
        self.store(Quantity.PROFILE_SPEED, round(60.0 / self.field(Quantity.PROFILE_SPEED).scale))
        most = self.profile.nameplate.max_torque_percent or 300.0
        self.store(Quantity.TORQUE_LIMIT, round(most / self.field(Quantity.TORQUE_LIMIT).scale))

    @property
    def watchdog_s(self) -> float:
        if not self.profile.watchdog.exists or self.raw(Quantity.WATCHDOG_ACTION) == WatchdogAction.NONE:
            return 0.0
        return self.value(Quantity.WATCHDOG_TIMEOUT)

    @property
    def due_s(self) -> float:
        busy = self.state in (State.QUICK_STOP, State.FAULT_REACTION) or self._waiting is not None
        return self.now_s + _POLL_S if busy else inf

    # -- state machine --------------------------------------------------------------------------------------

    def check_write(self, quantity: Quantity, raw: int) -> None:
        if quantity is Quantity.HOMING_METHOD and raw not in list(HomingMethod):
            raise Refusal(ExceptionCode.ILLEGAL_VALUE)

    def written(self, touched: Sequence[Quantity]) -> None:
        before, self._control = self._control, self.raw(Quantity.CONTROL)
        if Quantity.TORQUE_LIMIT in touched:
            self.axis.force_limit_n = self.value(Quantity.TORQUE_LIMIT) / 100.0 * self.rated_force_n
        if Quantity.CONTROL in touched:
            self._control_word(before)
        if self.state is State.OPERATION_ENABLED:
            self._follow(before, touched)

    def _control_word(self, before: int) -> None:
        word, state = self._control, self.state
        if state is State.FAULT:
            if word & 0x80 and not before & 0x80:
                self.fault_code = 0
                self.is_expired = False
                self.state = State.SWITCH_ON_DISABLED
            return
        if state is State.FAULT_REACTION:
            return
        if not word & 0x02:  # disable voltage
            self._switch_off(State.SWITCH_ON_DISABLED)
        elif not word & 0x04:  # quick stop
            if state is State.OPERATION_ENABLED:
                self._quick_stop()
                self.note("stop")
            elif state is not State.QUICK_STOP:
                self._switch_off(State.SWITCH_ON_DISABLED)
        elif state is not State.QUICK_STOP:
            self._climb(word)

    def _climb(self, word: int) -> None:
        """Shutdown, switch on, enable: one state per request, as the standard draws it."""
        state, order = self.state, word & 0x0F
        if order & 0x07 == 0x06:
            if state is not State.SWITCH_ON_DISABLED or not self.plant.is_off(self.name):
                self._switch_off(State.READY_TO_SWITCH_ON)
        elif order == 0x07:
            if state is State.READY_TO_SWITCH_ON:
                self.state = State.SWITCHED_ON
            elif state is State.OPERATION_ENABLED:
                self._switch_off(State.SWITCHED_ON)
        elif order == 0x0F and state is State.SWITCHED_ON:
            self.state = State.OPERATION_ENABLED
            self._is_moving_to = False
            self.axis.hold(self._acceleration())
            self.note("enable")
        elif order == 0x0F and state is State.READY_TO_SWITCH_ON:
            self.state = State.SWITCHED_ON

    def _switch_off(self, state: State) -> None:
        if self.state in (State.OPERATION_ENABLED, State.QUICK_STOP):
            self.axis.off(brake=True)
            self.note("disable")
        self._forget_set_point()
        self.state = state

    def _quick_stop(self) -> None:
        self.state = State.QUICK_STOP
        self._forget_set_point()
        self.axis.hold(max(self._acceleration(), self.to_m_s(_QUICK_STOP_RPM_S)))

    # -- setpoints ------------------------------------------------------------------------------------------

    def _forget_set_point(self) -> None:
        self._is_moving_to = False
        self._waiting = None
        self.end_homing()

    def _acceleration(self) -> float:
        return self.to_m_s(max(self.value(Quantity.PROFILE_ACCELERATION), 1.0))

    def _follow(self, before: int, touched: Sequence[Quantity]) -> None:
        word = self._control
        if word & 0x100:  # halt
            self._forget_set_point()
            self.axis.hold(self._acceleration())
            self.note("stop")
        elif self.raw(Quantity.MODE) == Mode.PROFILE_VELOCITY:
            self._follow_speed(touched)
        elif self.raw(Quantity.MODE) == Mode.PROFILE_POSITION:
            self._follow_position(before, touched)
        elif self.raw(Quantity.MODE) == Mode.HOMING:
            self._follow_homing(before)

    def _follow_homing(self, before: int) -> None:
        """Bit 4 starts it with its edge and ends it when it goes."""
        if not self._control & 0x10:
            self._forget_set_point()
            self.axis.hold(self._acceleration())
        elif not before & 0x10:
            self._is_moving_to = False
            method = self.raw(Quantity.HOMING_METHOD)
            if method == HomingMethod.HERE:
                self.home_here()
            else:
                speed_m_s = self.to_m_s(self.value(Quantity.HOMING_SPEED))
                ahead = 1 if method == HomingMethod.SWITCH_AHEAD else -1
                self.home_to_mark(ahead, speed_m_s, self._acceleration())

    def _follow_speed(self, touched: Sequence[Quantity]) -> None:
        self._is_moving_to = False
        self.end_homing()
        if not {
            Quantity.CONTROL,
            Quantity.MODE,
            Quantity.TARGET_SPEED,
            Quantity.PROFILE_ACCELERATION,
        }.intersection(touched):
            return
        speed_m_s = self.to_m_s(self.value(Quantity.TARGET_SPEED))
        acceleration = self._acceleration()
        self.axis.set_speed(speed_m_s, acceleration, acceleration)
        self.note("velocity" if speed_m_s else "stop", speed_m_s)

    def _follow_position(self, before: int, touched: Sequence[Quantity]) -> None:
        word = self._control
        self.end_homing()
        if word & 0x10 and not before & 0x10:
            speed = self.to_m_s(self.value(Quantity.PROFILE_SPEED))
            target = (self.to_m(self.value(Quantity.TARGET_POSITION)), speed, self._acceleration())
            self.note("move", target[0])
            if word & 0x20 or not self._is_moving_to:
                self._start(target)
            else:
                self._waiting = target
        elif not self._is_moving_to and Quantity.MODE in touched:
            self.axis.hold(self._acceleration())

    def _start(self, target: tuple[float, float, float]) -> None:
        position_m, speed_m_s, acceleration = target
        self._waiting = None
        if speed_m_s <= 0.0:
            return
        self._is_moving_to = True
        self.axis.move_to(position_m, speed_m_s, acceleration, acceleration)

    # -- what happens by itself -----------------------------------------------------------------------------

    def expired(self) -> None:
        coast = self.raw(Quantity.WATCHDOG_ACTION) == WatchdogAction.COAST
        self.fault(FAULT_WATCHDOG)
        if self.state is State.OPERATION_ENABLED and not coast:
            self._quick_stop()
            self.state = State.FAULT_REACTION
        else:
            self.axis.off(brake=not coast)
            self.state = State.FAULT

    def tick(self) -> None:
        self.watch_homing()
        if self.has_lost_torque and self.state not in (State.FAULT, State.FAULT_REACTION):
            self._switch_off(State.SWITCH_ON_DISABLED)
        stands = abs(self.speed_rpm) < _STANDS_RPM
        if self.state is State.QUICK_STOP and stands:
            self._switch_off(State.SWITCH_ON_DISABLED)
        elif self.state is State.FAULT_REACTION and (stands or self.plant.is_off(self.name)):
            self.axis.off(brake=True)
            self.state = State.FAULT
        elif self.state is State.OPERATION_ENABLED:
            self._watch_motion()

    def _watch_motion(self) -> None:
        is_positioning = self.axis.mode is MotorMode.POSITION
        if is_positioning and abs(self.following_error_rev) > _FOLLOWING_REV:
            self.trip(FAULT_FOLLOWING)
        elif self.is_blocked:
            self.trip(FAULT_BLOCKED)
        elif self._waiting is not None and self.axis.ramp.is_done:
            self._start(self._waiting)

    def trip(self, code: int) -> None:
        super().trip(code)
        self._forget_set_point()
        self.state = State.FAULT

    # -- measured registers ---------------------------------------------------------------------------------

    def refresh(self) -> None:
        self.store(Quantity.STATUS_WORD, self._status())
        self.store(Quantity.FAULT_CODE, self.fault_code)
        self.show(Quantity.POSITION, self.position_rev)
        self.show(Quantity.SPEED, self.speed_rpm)
        self.show(Quantity.TORQUE, self.torque_percent)
        self.show(Quantity.CURRENT, self.current_a)
        self.show(Quantity.TEMPERATURE, self.temperature_c)

    def _status(self) -> int:
        axis = self.axis
        bits = int(self.state) | 0x0200
        if not self.plant.is_off(self.name):
            bits |= 0x0010
        if self.state in (State.SWITCH_ON_DISABLED, State.FAULT):
            bits |= 0x0020 if self.state is State.SWITCH_ON_DISABLED else 0
        if self.state is State.OPERATION_ENABLED and self._target_reached():
            bits |= 0x0400
        if axis.is_servo_on and abs(axis.force_n) >= 0.999 * axis.force_limit_n:
            bits |= 0x0800
        if self._is_moving_to and self._control & 0x10:
            bits |= 0x1000
        if abs(self.following_error_rev) > _FOLLOWING_REV:
            bits |= 0x2000
        if self.is_homed:
            bits |= 0x4000
        if self.watchdog_s > 0.0:
            bits |= 0x8000
        return bits

    def _target_reached(self) -> bool:
        if self._control & 0x100:
            return abs(self.speed_rpm) < _STANDS_RPM
        if self.raw(Quantity.MODE) == Mode.PROFILE_VELOCITY:
            return abs(self.speed_rpm - self.value(Quantity.TARGET_SPEED)) < _AT_SPEED_RPM
        if self.raw(Quantity.MODE) == Mode.HOMING:
            return self.is_homed and abs(self.speed_rpm) < _STANDS_RPM
        is_there = abs(self.following_error_rev) < _IN_POSITION_REV
        return self._is_moving_to and self.axis.ramp.is_done and is_there and self._waiting is None
