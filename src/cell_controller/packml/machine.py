"""The PackML machine: the table, the modes and the bookkeeping around one present state."""

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from transitions import EventData, Machine

from cell_controller.packml.commands import CAPTURING, RESUMING, STOP_TYPE, Command, priority
from cell_controller.packml.cycle import (
    OVERDUE_CAUSE_SOURCE,
    Answer,
    Cause,
    Change,
    Cycle,
    Request,
    StopReason,
)
from cell_controller.packml.errors import (
    IllegalCommandError,
    IllegalModeChangeError,
    MachineSetupError,
    ModelMismatchError,
    SupersededCommandError,
)
from cell_controller.packml.limits import OVERDUE_REACTIONS, Overdue, checked_maximum_times
from cell_controller.packml.modes import MODE_CHANGE_STATES, MODES, Mode, is_enabled
from cell_controller.packml.states import ACTING_STATES, STATES, State
from cell_controller.packml.table import RULES, destination, event_name, legal_commands, state_requested
from cell_controller.packml.timers import StateTimes

if TYPE_CHECKING:  # exists only in the library's stubs
    from transitions.core import TransitionConfigDict

HISTORY_LENGTH: Final = 256
"""Changes kept: about 25 parts' worth at ten changes a part, and small enough to publish."""

STARTED: Final = Cause(source="packml", text="started")
"""Stop reason of a machine that nobody has reset yet."""

# transitions warns once for every helper method that our model does not declare; that is the intention here.
logging.getLogger("transitions.core").setLevel(logging.ERROR)


class _Model:
    """Holder of the present state; declares the two names that transitions may bind, and no other."""

    state: State

    def trigger(self, name: str, *, mode: Mode) -> bool:
        """Replaced by transitions when the machine is built."""
        raise MachineSetupError("trigger", name, f"the model is not bound to a machine (mode {mode.name})")


class _InModes:
    """Condition on a transition: the present mode is one of these."""

    def __init__(self, modes: tuple[Mode, ...]) -> None:
        self._modes = modes

    def __call__(self, event: EventData) -> bool:
        return event.kwargs["mode"] in self._modes


def _transition_configs() -> "list[TransitionConfigDict]":
    """The table for transitions: one entry per source, event and distinct destination over the modes."""
    configs: list[TransitionConfigDict] = []
    for rule in RULES:
        for source in rule.sources:
            by_target: dict[State, list[Mode]] = {}
            for mode in MODES:
                target = destination(source, rule.command, mode)
                if target is not None:
                    by_target.setdefault(target, []).append(mode)
            configs.extend(
                {
                    "trigger": event_name(rule.command),
                    "source": source,
                    "dest": target,
                    "conditions": _InModes(tuple(modes)),
                }
                for target, modes in by_target.items()
            )
    return configs


class PackMLMachine:
    """State, mode, stop reason and timers of one unit; every time is the caller's monotonic `now_s`.

    Starts Aborted, so that a restart proves the cell clear before anything else. `state_seq` changes
    exactly when state, mode or stop reason changes, and starts from `base`: give each session a base
    of its own (session << 32, say) and no number is ever used twice. A refused request raises and
    changes nothing.
    """

    def __init__(
        self,
        now_s: float,
        *,
        base: int = 1,
        mode: Mode = Mode.PRODUCTION,
        maximum_times_s: Mapping[State, float] | None = None,
        initial_cause: Cause = STARTED,
    ) -> None:
        if mode not in MODES:
            raise MachineSetupError("mode", mode, "not a mode to start in")
        if base < 1:
            raise MachineSetupError("base", base, "0 means that no state_seq was given")
        self._model = _Model()
        self._machine = Machine(
            model=self._model,
            states=list(STATES),
            initial=State.ABORTED,
            transitions=_transition_configs(),
            auto_transitions=False,
            send_event=True,
            model_override=True,
        )
        self._mode = mode
        self._maximum_times_s = checked_maximum_times(maximum_times_s)
        self._state_seq = base
        self._stop_reason: StopReason | None = StopReason(initial_cause, None, now_s)
        self._history: deque[Change] = deque(maxlen=HISTORY_LENGTH)
        self._now_s = now_s
        self.times = StateTimes(mode, State.ABORTED, now_s)

    @property
    def state(self) -> State:
        """StateCurrent."""
        return self._model.state

    @property
    def state_requested(self) -> State:
        """StateRequested: where the present acting state ends, else the present state."""
        return state_requested(self.state)

    @property
    def is_changing(self) -> bool:
        """StateChangeInProcess."""
        return self.state_requested is not self.state

    @property
    def mode(self) -> Mode:
        """UnitModeCurrent."""
        return self._mode

    @property
    def state_seq(self) -> int:
        """Number of the present (state, mode, stop reason)."""
        return self._state_seq

    @property
    def stop_reason(self) -> StopReason | None:
        """The first event of the present stop, None while nothing has stopped the unit."""
        return self._stop_reason

    @property
    def history(self) -> tuple[Change, ...]:
        """The newest changes, oldest first."""
        return tuple(self._history)

    def legal_commands(self) -> tuple[Command, ...]:
        """The commands that are legal now."""
        return legal_commands(self.state, self._mode)

    def legal_modes(self) -> tuple[Mode, ...]:
        """The modes that set_mode would accept now."""
        if self.state not in MODE_CHANGE_STATES or not is_enabled(self.state, self._mode):
            return ()
        return tuple(mode for mode in MODES if mode is not self._mode and is_enabled(self.state, mode))

    def command(self, command: Command, now_s: float, cause: Cause | None = None) -> None:
        """Carry out a command, or raise IllegalCommandError and change nothing."""
        now_s = self._advance(now_s)
        target = destination(self.state, command, self._mode)
        if target is None:
            raise IllegalCommandError(command, self.state, self._mode, self.legal_commands())
        before = self.state
        self._trigger(command, target)
        if command in CAPTURING and self._stop_reason is None:
            self._stop_reason = StopReason(cause or Cause(text=f"{command.name} command"), command, now_s)
        elif command in RESUMING:
            self._stop_reason = None
        self._record(now_s, before, self._mode, command, cause)

    def state_complete(self, now_s: float) -> State | None:
        """End the present acting state and return it; in any other state nothing happens (None)."""
        now_s = self._advance(now_s)
        before = self.state
        target = destination(before, None, self._mode)
        if target is None:
            return None
        self._trigger(None, target)
        self._record(now_s, before, self._mode, None, None)
        return before

    def set_mode(self, mode: Mode, now_s: float, cause: Cause | None = None) -> None:
        """Change the mode, or raise IllegalModeChangeError (also for the present mode) and change nothing."""
        now_s = self._advance(now_s)
        legal = self.legal_modes()
        if mode not in legal:
            raise IllegalModeChangeError(mode, self._mode, self.state, legal)
        before, self._mode = self._mode, mode
        self._record(now_s, self.state, before, None, cause)

    def step(self, requests: Sequence[Request], is_complete: bool, now_s: float) -> Cycle:
        """One cycle: at most one command (Abort > Stop > Hold > Suspend > the rest by arrival), else SC.

        An accepted command overrides a simultaneous SC, which belonged to the state just left. A stop-type
        request, legal or not, keeps every weaker request of its cycle from being carried out. A state that
        is then still acting past its maximum time gets the command of its overdue reaction.
        """
        answers = self._answers(requests, now_s)
        is_taken = any(answer.is_accepted for answer in answers)
        completed = self.state_complete(now_s) if is_complete and not is_taken else None
        overdue = self.overdue(now_s)
        if overdue is not None and overdue.command is not None:
            text = f"{overdue.state.name} took longer than {overdue.maximum_s:g} s"
            self.command(overdue.command, now_s, Cause(int(overdue.state), OVERDUE_CAUSE_SOURCE, text))
        return Cycle(answers, completed, overdue)

    def overdue(self, now_s: float) -> Overdue | None:
        """The verdict on a present acting state that has reached its maximum time, else None."""
        if self.state not in ACTING_STATES:
            return None
        maximum_s = self._maximum_times_s[self.state]
        if now_s < self.times.entered_s + maximum_s:
            return None
        return Overdue(self.state, self.times.current_s(now_s), maximum_s, OVERDUE_REACTIONS[self.state])

    def deadline_s(self, now_s: float) -> float | None:
        """When the present acting state becomes overdue, None if it is already or cannot be."""
        if self.state not in ACTING_STATES:
            return None
        deadline_s = self.times.entered_s + self._maximum_times_s[self.state]
        return deadline_s if now_s < deadline_s else None

    def _answers(self, requests: Sequence[Request], now_s: float) -> tuple[Answer, ...]:
        answers: dict[int, Answer] = {}
        winner: Command | None = None
        for index in sorted(range(len(requests)), key=lambda item: priority(requests[item].command)):
            request = requests[index]
            if winner is not None:
                refusal = SupersededCommandError(
                    winner, request.command, self.state, self._mode, self.legal_commands()
                )
                answers[index] = Answer(request, refusal)
                continue
            try:
                self.command(request.command, now_s, request.cause)
            except IllegalCommandError as error:
                answers[index] = Answer(request, error)
                if request.command in STOP_TYPE:
                    winner = request.command
            else:
                answers[index] = Answer(request)
                winner = request.command
        return tuple(answers[index] for index in range(len(requests)))

    def _trigger(self, command: Command | None, expected: State) -> None:
        is_done = self._model.trigger(event_name(command), mode=self._mode)
        if not is_done or self.state is not expected:
            raise ModelMismatchError(self.state, event_name(command), expected)

    def _record(
        self,
        now_s: float,
        state_before: State,
        mode_before: Mode,
        command: Command | None,
        cause: Cause | None,
    ) -> None:
        self._state_seq += 1
        self.times.enter(self._mode, self.state, now_s)
        self._history.append(
            Change(now_s, self._state_seq, state_before, self.state, mode_before, self._mode, command, cause)
        )

    def _advance(self, now_s: float) -> float:
        """Never backwards: a command is carried out even if the caller's time is wrong."""
        self._now_s = max(self._now_s, now_s)
        return self._now_s
