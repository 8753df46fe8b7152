"""What a station sees of the field: newest drive states, which of them are new samples, and named signals."""

from __future__ import annotations

from math import nan

from cell_controller.config.models import CellFile
from cell_controller.messages import DriveCondition, DriveState, DriveStates, Echo, LinePhase
from cell_controller.runtime.ports import DRIVE_STATES
from cell_controller.runtime.unit import Inputs


class Field:
    """Drive states of a station's lines. A sample is new when its bus measured it later than the last one."""

    def __init__(self, cell: CellFile, lines: tuple[str, ...]) -> None:
        self.lines = lines
        self._signals = cell.signals
        self._echoes: dict[str, Echo] = {}
        self._states: dict[str, DriveState] = {}
        self._stops: dict[str, tuple[LinePhase, bool]] = {}  # phase of a line, and whether its stop failed
        self._sessions: dict[str, int] = {}  # bus session of the newest sample
        self._dt_s: dict[str, float] = {}  # of the samples that are new in this step
        self._heard_s: dict[str, float] = {}  # when a new sample came, or should have, by the station's clock

    def update(self, inputs: Inputs, now_s: float) -> None:
        """Take what has arrived since the last step."""
        self._dt_s.clear()
        for states in inputs.new(DRIVE_STATES.name, DriveStates):
            if states.line not in self.lines:
                continue
            session = states.guard.session
            heard_s = now_s - inputs.age_s(DRIVE_STATES.name, states.guard.source)
            self._echoes[states.line] = Echo(states.guard.source, session, states.guard.stamp_s)
            self._stops[states.line] = (states.phase, states.tool_in_material)
            for state in states.drives:
                before = self._states.get(state.drive)
                self._states[state.drive] = state
                if before is None or self._sessions.get(state.drive) != session:
                    self._dt_s[state.drive] = 0.0
                elif state.measured_at_s > before.measured_at_s:
                    passed_s = state.measured_at_s - before.measured_at_s
                    self._dt_s[state.drive] = self._dt_s.get(state.drive, 0.0) + passed_s
                else:
                    continue
                self._sessions[state.drive] = session
                self._heard_s[state.drive] = heard_s

    @property
    def based_on(self) -> tuple[Echo, ...]:
        """Echo of the newest drive states of each line that has been heard."""
        return tuple(self._echoes[line] for line in self.lines if line in self._echoes)

    def state(self, drive: str) -> DriveState:
        """Newest state; that of a drive never heard is OFFLINE with NaN everywhere."""
        return self._states.get(drive) or DriveState(drive)

    def is_at_rest(self, line: str) -> bool:
        """No permit is obeyed and no stop is played on the line, by its newest message."""
        phase, _ = self._stops.get(line, (LinePhase.PERMITTED, False))
        return phase not in (LinePhase.PERMITTED, LinePhase.STOPPING)

    def is_marked(self, line: str) -> bool:
        """The last stop of the line could not bring the tool out; a permit for motion takes the mark away."""
        return self._stops.get(line, (LinePhase.PERMITTED, False))[1]

    def sample_dt_s(self, drive: str) -> float | None:
        """Time between the newest and the last sample; None when there is no new sample in this step."""
        return self._dt_s.get(drive)

    def sample_age_s(self, drive: str, now_s: float) -> float:
        """Time since the newest sample arrived; large before the first."""
        heard_s = self._heard_s.get(drive)
        return 1e9 if heard_s is None else now_s - heard_s

    def _module(self, name: str) -> DriveState | None:
        state = self._states.get(name)
        return None if state is None or state.condition is DriveCondition.OFFLINE else state

    def input(self, name: str) -> bool | None:
        """A named digital input; None while its module is not heard."""
        signal = self._signals.inputs[name]
        module = self._module(signal.module)
        return None if module is None else bool(module.inputs >> signal.channel & 1)

    def output(self, name: str) -> bool | None:
        """A named output as read back; None while its module is not heard."""
        signal = self._signals.outputs[name]
        module = self._module(signal.module)
        return None if module is None else bool(module.outputs >> signal.channel & 1)

    def analog(self, name: str) -> float:
        """A named analog input in its unit; NaN while it is not measured."""
        signal = self._signals.analog[name]
        module = self._module(signal.module)
        if module is None or signal.channel >= len(module.analog_inputs):
            return nan
        return signal.offset + signal.scale * module.analog_inputs[signal.channel]
