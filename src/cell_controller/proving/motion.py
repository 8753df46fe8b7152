"""Waiting, watching and moving: what every step of a proof is made of."""

from __future__ import annotations

from collections.abc import Callable, Generator

from cell_controller.config import AxisDrive, CellFile, SpindleDrive
from cell_controller.messages import Allowed, DriveSetpoint, LinePhase, SetpointKind
from cell_controller.plan import CellPlan
from cell_controller.proving.errors import ProvingError
from cell_controller.proving.guard import Guard
from cell_controller.proving.line_master import LineMaster
from cell_controller.proving.measure import Sample, is_steady
from cell_controller.proving.trial import READINGS, Trial

Script = Generator[float, None, None]  # yields how long it wants to wait, at most

LOOK_S = 0.01  # between two looks at what is waited for
ARMED_S = 10.0  # a line of four slow drives takes one to two seconds
READY_S = 5.0  # relay, guard lock, switching on
STEADY_S = 5.0
OBEYS_S = 0.1  # a bus that has stopped says so until it obeys a newer epoch: one command and one state
STOPPED_S = 10.0  # longer than any stop of manual speed


class InterruptedTrialError(ProvingError):
    """A bus stopped by itself before the silence: the trial says nothing."""


class Motion:
    """The lines of a cell, and scripts that wait for what they do. Its host sets the time."""

    def __init__(self, cell: CellFile, plan: CellPlan, session: int, now_s: float) -> None:
        self._cell, self._plan = cell, plan
        self._masters = {
            name: LineMaster(cell, plan, name, session + 1000 * number, now_s)
            for number, name in enumerate(cell.lines)
        }
        self._guard = Guard(cell, self._masters)
        self._now_s = now_s
        self._is_watching = False
        self._given_up = ""

    def _master(self, drive: str) -> LineMaster:
        return self._masters[self._cell.drives[drive].line]

    def _wait(self, until: Callable[[], bool], within_s: float, why: Callable[[], str]) -> Script:
        deadline_s = self._now_s + within_s
        while not until():
            self._watch()
            if self._now_s >= deadline_s:
                raise ProvingError(f"{why()} (waited {within_s:g} s)")
            yield LOOK_S

    def _obeyed(self, master: LineMaster, until: Callable[[], bool], within_s: float, why: str) -> Script:
        """Waits as long as the bus obeys."""
        begun_s = self._now_s

        def is_so() -> bool:
            states = master.states
            if states is not None and states.stop_cause and self._now_s > begun_s + OBEYS_S:
                raise InterruptedTrialError(f"{master.name} stopped by itself: {states.stop_cause}")
            return until()

        yield from self._wait(is_so, within_s, lambda: why)

    def _watch(self) -> None:
        if self._given_up:
            raise ProvingError(self._given_up)
        unsafe = self._guard.unsafe() if self._is_watching else ""
        if unsafe:
            late = self._guard.lapse()  # our own doing: the computer was late, and an enable opened
            raise InterruptedTrialError(late) if late else ProvingError(f"stopped: {unsafe}")

    def _served(self, *, is_enabled: bool = True) -> Script:
        """Every drive armed, and the safety inputs on where the enables are."""
        yield from self._wait(lambda: not self._guard.unarmed(), ARMED_S, self._guard.unarmed)
        if is_enabled:
            yield from self._wait(lambda: not self._guard.unsafe(), READY_S, self._guard.unsafe)

    def _move(self, trial: Trial) -> Generator[float, None, tuple[Sample, ...]]:
        """Up to steady speed; the newest readings of it."""
        master, name = self._master(trial.drive), trial.drive
        enabled = self._plan.profile_of(name).enabled_in
        master.rest()  # a new epoch, which a bus obeys that has stopped in the one before
        master.permit(name, Allowed.RECOVERY)  # faults are cleared, and it is switched on where it stands
        yield from self._obeyed(
            master, lambda: master.drive(name).condition in enabled, READY_S, f"{name} is not switched on"
        )
        master.permit(name, Allowed.RECOVERY, self._setpoint(trial))
        samples: list[Sample] = []

        def is_steady_now() -> bool:
            state = master.drive(name)
            if samples and state.measured_at_s <= samples[-1].at_s:
                return False
            is_axis = isinstance(self._cell.drives[name], AxisDrive)
            speed = state.measured_speed_m_s if is_axis else state.measured_speed_rpm
            sample = Sample(state.measured_at_s, state.measured_position_m, speed)
            if not is_steady(sample, trial):
                samples.clear()
                return False
            samples.append(sample)
            return len(samples) >= READINGS

        yield from self._obeyed(master, is_steady_now, STEADY_S, f"{name} does not come up to speed")
        return tuple(samples)

    def _coast_s(self, master: LineMaster) -> float:
        drives = self._cell.drives_of_line(master.name).values()
        return max((d.coast_s or 0.0 for d in drives if isinstance(d, SpindleDrive)), default=0.0)

    def _setpoint(self, trial: Trial) -> DriveSetpoint:
        drive = self._cell.drives[trial.drive]
        if not isinstance(drive, AxisDrive):
            return DriveSetpoint(trial.drive, SetpointKind.VELOCITY, target_speed_rpm=trial.speed)
        return DriveSetpoint(
            trial.drive,
            SetpointKind.MOVE,
            move_id=max(self._master(trial.drive).drive(trial.drive).move_id, 0) + 1,
            target_position_m=trial.target_m,
            target_speed_m_s=abs(trial.speed),
            target_acceleration_m_s2=drive.max_acceleration_m_s2,
        )

    def _at_rest(self, master: LineMaster) -> Script:
        """Until everything on the line stands; what may coast counts as turning as long as it may."""
        yield LOOK_S  # the command is on its way
        yield from self._wait(
            lambda: (
                master.states is not None
                and master.states.is_stopped
                and master.states.phase is not LinePhase.STOPPING
            ),
            STOPPED_S + self._coast_s(master),
            lambda: f"{master.name} does not come to rest",
        )
