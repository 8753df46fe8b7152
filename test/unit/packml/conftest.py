"""A machine in any state of any mode, driven there by commands alone."""

from collections.abc import Callable

import pytest

from cell_controller.packml import Command, Mode, PackMLMachine, State

S = State

ROUTES: dict[State, str] = {
    S.ABORTED: "",
    S.CLEARING: "CLEAR",
    S.STOPPED: "CLEAR SC",
    S.RESETTING: "CLEAR SC RESET",
    S.IDLE: "CLEAR SC RESET SC",
    S.STARTING: "CLEAR SC RESET SC START",
    S.EXECUTE: "CLEAR SC RESET SC START SC",
    S.STOPPING: "CLEAR SC RESET SC STOP",
    S.ABORTING: "CLEAR ABORT",
    S.HOLDING: "CLEAR SC RESET SC START SC HOLD",
    S.HELD: "CLEAR SC RESET SC START SC HOLD SC",
    S.UNHOLDING: "CLEAR SC RESET SC START SC HOLD SC UNHOLD",
    S.SUSPENDING: "CLEAR SC RESET SC START SC SUSPEND",
    S.SUSPENDED: "CLEAR SC RESET SC START SC SUSPEND SC",
    S.UNSUSPENDING: "CLEAR SC RESET SC START SC SUSPEND SC UNSUSPEND",
    S.COMPLETING: "CLEAR SC RESET SC START SC COMPLETE",
    S.COMPLETE: "CLEAR SC RESET SC START SC COMPLETE SC",
}
"""How a machine just started gets to each state. In Manual the SC after START does nothing."""


MachineIn = Callable[[State, Mode], PackMLMachine]


@pytest.fixture
def machine_in() -> MachineIn:
    """Factory: machine_in(state, mode), entered at 1 s per event."""

    def build(state: State, mode: Mode = Mode.PRODUCTION) -> PackMLMachine:
        machine = PackMLMachine(0.0, base=1000, mode=mode)
        for count, event in enumerate(ROUTES[state].split(), start=1):
            if event == "SC":
                machine.state_complete(float(count))
            else:
                machine.command(Command[event], float(count))
        assert machine.state is state
        return machine

    return build
