"""The screen of `cell status` and `cell watch`: what needs a person is seen first where nothing scrolls."""

import io
from types import SimpleNamespace
from typing import Any

from rich.console import Console

from cell_controller.cli.screen import TWO_COLUMNS_WIDTH, cell_screen, live_screen
from cell_controller.messages import (
    Alarm,
    Alarms,
    CellState,
    DriveStates,
    LinePhase,
    PartState,
    Severity,
    StationSummary,
    Verdict,
)
from cell_controller.packml import Mode, State

PART = PartState("P-1", "o", "bracket", "0123", "weld", "", Verdict.SUSPECT, True, (), "interrupted")
STATE = CellState(
    int(State.ABORTED), int(State.ABORTED), False, int(Mode.PRODUCTION), 17, 1,
    stations=(StationSummary("robot", "Welding robot", "idle", 0.0, True, False, ""),), parts=(PART,),
)  # fmt: skip


def client(state: CellState | None = STATE, age_s: float = 0.0) -> Any:
    return SimpleNamespace(
        namespace="/cell",
        state=state,
        safety=None,
        alarms=Alarms((Alarm(2005, "A tool is in the material", "robot", 2, Severity.ABORT),)),
        drive_states={"weld_line": DriveStates("weld_line", LinePhase.PERMITTED)},
        age_s=lambda port: age_s,
    )


def lines_with(view: Any, width: int, *words: str) -> list[int]:
    out = io.StringIO()
    Console(file=out, width=width, no_color=True).print(view)
    lines = out.getvalue().splitlines()
    return [next(i for i, line in enumerate(lines) if word in line) for word in words]


def test_what_needs_a_person_stands_above_the_machine_on_a_screen_that_does_not_scroll() -> None:
    words = ("Aborted", "A tool is in the material", "P-1", "interlock", "Welding robot", "weld_line")
    rows = lines_with(live_screen(client(), 80), 80, *words)
    assert rows == sorted(rows)
    rows = lines_with(
        cell_screen(client()), 80, "Welding robot", "weld_line", "P-1", "A tool is in the material"
    )
    assert rows == sorted(rows), "at a prompt the last line is the one that is seen"


def test_a_wide_screen_shows_the_machine_beside_the_rest() -> None:
    width = TWO_COLUMNS_WIDTH
    state, station = lines_with(live_screen(client(), width), width, "Aborted", "Stations")
    assert station - state <= 1


def test_a_cell_that_has_fallen_silent_is_said_to_have() -> None:
    (row,) = lines_with(live_screen(client(age_s=7.0), 80), 80, "nothing heard from /cell for 7 s")
    assert row == 0
    lines_with(cell_screen(client(state=None)), 80, "interlock is not heard")
