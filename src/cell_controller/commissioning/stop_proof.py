"""Proof on a bench that one drive stops when its line falls silent.

A cell's drives are proved by `proving`, with its guards watched and the result kept for Production. This one
says that the drive itself does what its profile promises, before there is a cell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cell_controller.commissioning.errors import NotReadyError, RefusedError
from cell_controller.commissioning.jog import Limits
from cell_controller.commissioning.session import Session, refuse_unless_safe_to_move
from cell_controller.commissioning.wire import Wire
from cell_controller.config import AxisDrive, SpindleDrive
from cell_controller.drives.device import Device
from cell_controller.drives.line_time import LineSpeed
from cell_controller.messages import DriveCondition
from cell_controller.proving.look import Look, Reading
from cell_controller.proving.measure import Measured, Sample, Silence, has_come_to_rest, is_steady, measure
from cell_controller.proving.proof import StoppedBy
from cell_controller.proving.prover import WATCH_S
from cell_controller.proving.trial import READINGS, Trial

SHARE = 0.5  # of the bench speed: the drive's ramp from there is half of what the silence allows for
STEADY_S = 5.0
LOOKS = 3  # without a reply, then it is believed to be silent
TICK_S = 0.05  # an interrupt is noticed at least as often


@dataclass(frozen=True, slots=True)
class BenchProof:
    """What was found. `watchdog_s` is what the drive reads back."""

    measured: Measured
    watchdog_s: float
    limit_s: float
    speed: float


def prove_stop(
    wire: Wire,
    speed: LineSpeed,
    make_device: Callable[[], Device],
    limits: Limits,
    watchdog_s: float,
    say: Callable[[str], None],
    is_given_up: Callable[[], bool],
) -> BenchProof:
    """Set the watchdog, turn, say nothing more, look whether it stands. The drive is off when it returns."""
    device = make_device()
    refuse_unless_safe_to_move(device)
    session = Session(wire, speed, device)
    session.arm()
    session.clear_fault()
    say(f"watchdog set to {watchdog_s:g} s and read back: {device.profile.watchdog.reaction}")
    trial = _trial(device, limits, watchdog_s)
    try:
        session.switch_on()
        session.go(trial.speed, limits.speed, limits.force_n)
        samples = _steady(session, trial, is_given_up)
        say(f"turns steadily; the line is silent for {trial.silence_s:.2f} s")
        told_at_s = session.told_at_s  # the newest frame before the silence
        readings = _silence(wire, speed, session, trial, is_given_up)
    finally:
        _make_safe(wire, speed, session, make_device(), say)
    silence = Silence(samples, told_at_s, readings)
    measured = measure(silence, trial, device.drive, device.profile, axis_unit="rev/s")
    return BenchProof(measured, watchdog_s, trial.silence_s, trial.speed)


def _trial(device: Device, limits: Limits, watchdog_s: float) -> Trial:
    drive = device.drive
    speed = SHARE * limits.speed
    if isinstance(drive, AxisDrive):
        full_s = limits.speed / drive.max_acceleration_m_s2
    elif isinstance(drive, SpindleDrive):
        full_s = drive.ramp_s
    else:
        raise RefusedError(f"{device.name} moves nothing")
    return Trial(
        drive=device.name,
        line=drive.line,
        by=StoppedBy.WATCHDOG,
        silent=(drive.line,),
        fed=device.name,
        speed=speed,
        target_m=drive.max_m if isinstance(drive, AxisDrive) else 0.0,
        ramp_s=SHARE * full_s,
        watchdog_s=watchdog_s,
        silence_s=watchdog_s + full_s,
    )


def _steady(session: Session, trial: Trial, is_given_up: Callable[[], bool]) -> tuple[Sample, ...]:
    """The newest readings at steady speed."""
    samples: list[Sample] = []

    def is_steady_now() -> bool:
        at_s = session.device.image.measured_at_s
        if samples and at_s <= samples[-1].at_s:
            return is_given_up()
        sample = Sample(at_s, session.position_m, session.speed)
        if not is_steady(sample, trial):
            samples.clear()
        else:
            samples.append(sample)
        return len(samples) >= READINGS or is_given_up()

    if not session.run(is_steady_now, STEADY_S):
        raise NotReadyError(f"{trial.drive} does not come to a steady speed, it shows {session.speed:g}")
    _refuse_if_given_up(is_given_up)
    return tuple(samples)


def _refuse_if_given_up(is_given_up: Callable[[], bool]) -> None:
    if is_given_up():
        raise NotReadyError("interrupted")


def _silence(
    wire: Wire, speed: LineSpeed, session: Session, trial: Trial, is_given_up: Callable[[], bool]
) -> tuple[Reading, ...]:
    """Not a byte until the drive must stand, then its state again and again."""
    until_s = session.told_at_s + trial.silence_s
    while wire.now_s < until_s:
        _refuse_if_given_up(is_given_up)
        wire.wait(min(until_s, wire.now_s + TICK_S))
    look = Look(speed, session.device.drive, session.device.profile, wire.now_s)
    look.is_begun = True
    until_s = wire.now_s + WATCH_S
    while wire.now_s < until_s and look.failures < LOOKS and not has_come_to_rest(look.readings):
        data = look.step(wire.now_s)
        if data:
            wire.write(data)
        heard = wire.wait(min(look.due_s, until_s))
        if heard:
            look.feed(heard, wire.now_s)
    return tuple(look.readings)


def _make_safe(
    wire: Wire, speed: LineSpeed, moved: Session, device: Device, say: Callable[[str], None]
) -> None:
    """Whatever happened: stopped and off, then armed anew by a master that knows nothing of before.

    The first stop comes from the one that has moved it: also to a drive that hears and is not heard.
    """
    is_seen = moved.stop()
    if not is_seen:
        say(f"{device.name} was told to stop and was not seen to: switch it off by hand")
    session = Session(wire, speed, device)
    session.arm()
    if not session.stop() and is_seen:
        say(f"{device.name} was not seen to stand at the end: switch it off by hand")
    if device.condition is DriveCondition.FAULT:
        session.clear_fault()
