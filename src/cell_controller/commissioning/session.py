"""One drive armed and moved as its bus would do it: same exchanges, same order, same time limits."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from cell_controller.commissioning.errors import NoAnswerError, NotReadyError, RefusedError
from cell_controller.commissioning.wire import Wire
from cell_controller.config import AxisDrive, SpindleDrive
from cell_controller.drives.contact import OFFLINE_AFTER
from cell_controller.drives.conversation import Conversation, Wishes
from cell_controller.drives.device import Device
from cell_controller.drives.goal import HOLD, OFF, GoalKind, goal_of
from cell_controller.drives.line_time import LineSpeed
from cell_controller.drives.protocols import CODECS
from cell_controller.messages import Allowed, DriveCondition, DriveSetpoint, LineDrive, SetpointKind

ARMED_S = 10.0  # a slow drive with many settings takes one to two seconds
ON_S = 5.0  # from the enable to the power stage
FAULT_S = 5.0  # a fault is reset once a second, at standstill
STOPPED_S = 10.0  # longer than any ramp from manual speed
LOOK_S = 0.05  # a button that was let go is noticed at least as often
_ON = (DriveCondition.OPERATION_ENABLED, DriveCondition.QUICK_STOP_ACTIVE)


class Session:
    """Owns the drive from `arm` to `stop`; whoever moves it stops it, or its watchdog does."""

    def __init__(self, wire: Wire, speed: LineSpeed, device: Device) -> None:
        self._wire, self._speed, self.device = wire, speed, device
        self._codec = CODECS[device.profile.protocol]
        self.told_at_s = -inf  # end of the newest frame to the drive
        device.port_opened()
        self._talk = Conversation(speed, self._codec, (device,), wire.now_s)

    # Steps

    def arm(self) -> None:
        """Identity compared, watchdog and settings written and read back. Moves nothing."""
        device = self.device
        device.pursue(OFF)
        wishes = Wishes((device,), is_arming=True)
        self._until(self._is_decided, ARMED_S, wishes)
        if device.arming.problem:
            raise NotReadyError(f"{device.name} is not armed: {device.arming.problem}")
        if not self._is_ready:
            drive = device.drive
            reason = "no reply" if device.is_offline else "arming takes too long"
            raise NoAnswerError(drive.unit, self._speed.baud, self._speed.format, reason)

    def _is_decided(self) -> bool:
        """Armed, refused, or silent from the beginning."""
        is_silent = self.device.is_offline and self.device.statistics.timeouts >= OFFLINE_AFTER
        return bool(self.device.arming.problem) or is_silent or self._is_ready

    @property
    def _is_ready(self) -> bool:
        return self.device.is_armed and not self.device.needs_reading

    def clear_fault(self) -> None:
        """A fault of before is reset; NotReadyError with its remedy when it stays."""
        device = self.device
        wishes = Wishes((device,), may_reset=True)
        within_s = FAULT_S + self._coast_s
        if not self._until(lambda: device.condition is not DriveCondition.FAULT, within_s, wishes):
            raise NotReadyError(f"{device.name} stays in fault: {self._fault_words()}")

    def switch_on(self) -> None:
        """Power stage on, standing."""
        device = self.device
        device.pursue(HOLD)
        if not self._until(lambda: device.can_move, ON_S, Wishes((device,)), is_watched=True):
            state = device.condition.name.lower().replace("_", " ")
            raise NotReadyError(
                f"{device.name} does not switch on, it is {state}: is its enable (STO) closed, its power on?"
            )

    def go(self, speed: float, limit: float, force_n: float) -> None:
        """Towards a signed speed, m/s of an axis or rpm of a spindle; clipped to the limit as by a bus."""
        device = self.device
        is_axis = isinstance(device.drive, AxisDrive)
        setpoint = DriveSetpoint(
            device.name,
            SetpointKind.VELOCITY,
            target_speed_m_s=speed if is_axis else 0.0,
            target_speed_rpm=0.0 if is_axis else speed,
        )
        command = LineDrive(
            device.name,
            Allowed.RECOVERY,
            max_speed_m_s=limit if is_axis else 0.0,
            max_speed_rpm=0.0 if is_axis else limit,
            max_force_n=force_n,
            setpoint=setpoint,
        )
        goal = goal_of(device.profile, device.drive, command)
        if goal.kind is GoalKind.HOLD:
            raise RefusedError(f"{device.name}: {speed:g} is no speed that it can be moved with")
        device.pursue(goal)

    def run(self, until: Callable[[], bool], within_s: float) -> bool:
        """Go on until so; NotReadyError when the drive falls silent, faults or drops out."""
        return self._until(until, within_s, Wishes((self.device,)), is_watched=True)

    def stop(self) -> bool:
        """Ramp down, then off; True when it was measured to stand."""
        device = self.device
        device.pursue(OFF)
        wishes = Wishes((device,), is_stopping=True)
        within_s = STOPPED_S + self._coast_s
        return self._until(lambda: device.is_standing and device.condition not in _ON, within_s, wishes)

    @property
    def _coast_s(self) -> float:
        """How long a spindle may turn that its drive shows as standing."""
        drive = self.device.drive
        return (drive.coast_s or 0.0) if isinstance(drive, SpindleDrive) else 0.0

    # The line

    def _until(
        self, is_so: Callable[[], bool], within_s: float, wishes: Wishes, *, is_watched: bool = False
    ) -> bool:
        wire, talk = self._wire, self._talk
        end_s = wire.now_s + within_s
        while True:
            talk.collect(wire.now_s)
            if is_so():
                return True
            if is_watched:
                self._watch()
            now_s = wire.now_s
            if now_s >= end_s:
                return False
            self._talk_on(wishes, now_s)
            due_s = min(talk.due_s(wishes, now_s), end_s, now_s + LOOK_S)
            data = wire.wait(due_s)
            if data:
                talk.feed(data, wire.now_s)

    def _talk_on(self, wishes: Wishes, now_s: float) -> None:
        outgoing = self._talk.talk(wishes, now_s)
        if outgoing is None:
            return
        if outgoing.drains:
            self._wire.drain()
        self._wire.write(outgoing.data)
        self.told_at_s = now_s + self._speed.sent_s(len(outgoing.data))

    def _watch(self) -> None:
        device = self.device
        if device.is_offline:
            raise NotReadyError(f"{device.name} does not answer any more")
        if device.condition is DriveCondition.FAULT:
            raise NotReadyError(f"{device.name} is in fault: {self._fault_words()}")
        if device.has_dropped_out:
            raise NotReadyError(f"{device.name} went off by itself")

    def _fault_words(self) -> str:
        fault = self.device.profile.fault(self.device.image.fault_code)
        return f"{fault.text}; {fault.remedy}"

    # What is seen

    @property
    def speed(self) -> float:
        """Measured, m/s of an axis, rpm of a spindle."""
        image = self.device.image
        return image.speed_m_s if isinstance(self.device.drive, AxisDrive) else image.speed_rpm

    @property
    def position_m(self) -> float:
        """Measured; NaN of a spindle."""
        return self.device.image.position_m


def refuse_unless_safe_to_move(device: Device) -> None:
    """RefusedError for what a person may not move from here: modules, and drives that nothing would stop."""
    profile = device.profile
    if not isinstance(device.drive, AxisDrive | SpindleDrive):
        raise RefusedError(f"{device.name} is an I/O module: it moves nothing")
    if not profile.watchdog.exists:
        raise RefusedError(
            f"{profile.name} has no watchdog: if this command or its cable failed, the drive would run on. "
            f"Wire its enable to an output of a module, name it as `enable` in a cell file, and use cell jog "
            f"and cell prove-stop"
        )
