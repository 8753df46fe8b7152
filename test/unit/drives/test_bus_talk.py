"""What a bus hears, says and reports, and what it wants of the line in each phase."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cell_controller.drives.bus import DriveBus
from cell_controller.drives.conversation import Outgoing
from cell_controller.messages import (
    Allowed,
    DriveState,
    DriveStates,
    LineCommand,
    LineEvent,
    LinePhase,
    LineRequest,
    LineRequestKind,
    Rx,
    StopRequested,
    Tx,
)
from cell_controller.runtime.ports import LINE_COMMAND, LINE_EVENT, RX, STOP_REQUESTED
from support.interlock_bench import demo_cell
from support.stand_in_drives import FAILED, OPENED, Line

pytestmark = pytest.mark.usefixtures("talk")


def test_everything_wakes_it_and_it_obeys_the_interlock_alone() -> None:
    bus = DriveBus(*demo_cell(), "weld_line")
    command, rx, event, stop = bus.inputs
    assert (command.port, command.type, command.wakes) == (LINE_COMMAND.name, LineCommand, True)
    assert command.sources == ("interlock",)
    assert command.is_for is not None
    assert command.is_for(LineCommand("weld_line"))
    assert not command.is_for(LineCommand("grind_line"))
    assert (rx.port, rx.type, rx.wakes, rx.depth) == (RX.name, Rx, True, 64)
    assert (event.port, event.type, event.wakes) == (LINE_EVENT.name, LineEvent, True)
    assert (stop.port, stop.type, stop.wakes) == (STOP_REQUESTED.name, StopRequested, True)


def test_it_knows_its_movers_its_modules_and_the_axes_in_a_control_loop() -> None:
    bus = DriveBus(*demo_cell(), "conveyor_line")
    assert [d.name for d in bus._movers] == ["belt"]
    assert [d.name for d in bus._modules] == ["station_io"]
    assert bus._in_loop == frozenset()
    assert DriveBus(*demo_cell(), "grind_line")._in_loop == {"grind_infeed"}


def reports(line: Line) -> int:
    return sum(isinstance(m, DriveStates) for m in line.sent)


def test_bytes_are_heard_with_their_time_and_said_at_once() -> None:
    line = Line()
    line.opened()
    line.talk.outgoing = Outgoing(b"abc", drains=False)
    line.step(**{RX.name: Rx(b"xyz", 7.5)})
    assert line.talk.fed == [(b"xyz", 7.5)]
    assert [m for m in line.sent if not isinstance(m, DriveStates)] == [Tx(b"abc")]
    line.talk.outgoing = Outgoing(b"def", drains=True)
    line.step()
    assert line.sent[:2] == [LineRequest(LineRequestKind.DRAIN), Tx(b"def")]


def test_a_line_that_is_closed_hears_nothing_and_reports_as_usual() -> None:
    line = Line()
    line.step()
    assert reports(line) == 1
    line.step(dt_s=1.0 / 256.0, **{RX.name: Rx(b"xyz", 7.5)})
    assert reports(line) == 0


def test_a_reply_that_a_control_loop_waits_for_is_reported_at_once() -> None:
    line = Line()
    line.opened()
    for name, expected in (("weld_z", 1), ("weld_x", 0)):
        line.step(dt_s=0.0625)
        line.talk.answering = line.drives[name]
        line.step(dt_s=1.0 / 256.0)
        assert reports(line) == expected
        line.talk.answering = None


def test_it_reports_every_twenty_milliseconds_and_at_every_change() -> None:
    line = Line()
    line.opened()
    line.step(dt_s=0.0625)
    reported_s = line.now_s
    line.step(dt_s=1.0 / 64.0)
    assert reports(line) == 0
    line.step(dt_s=reported_s + 0.02 - line.now_s)
    assert reports(line) == 1
    line.drives["weld_x"].is_armed = False
    line.step(dt_s=1.0 / 256.0)
    assert reports(line) == 1
    line.step(dt_s=1.0 / 256.0)
    assert reports(line) == 0


def test_a_report_says_all_there_is() -> None:
    line = Line("grind_line")
    line.epoch = 4
    line.opened()
    line.obey(Allowed.MOTION, program="grind_retract")
    bare = DriveStates(
        "grind_line",
        LinePhase.PERMITTED,
        epoch=4,
        is_stopped=True,
        is_armed=True,
        config_hash=demo_cell()[1].config_hash,
        drives=tuple(DriveState(n, d.condition) for n, d in line.drives.items()),
    )
    assert line.states == bare
    line.drives["grind_infeed"].is_standing = False
    line.drives["grind_wheel"].is_armed = False
    line.step(dt_s=0.125)
    assert line.states == replace(
        bare,
        phase=LinePhase.STOPPING,
        is_stopped=False,
        is_armed=False,
        program="grind_retract",
        program_step="wheel back",
        stop_cause=line.states.stop_cause,
    )
    assert line.states.stop_cause


def names(line: Line) -> list[str]:
    return [d.name for d in line.talk.wishes[-1].order]


def wishes(line: Line) -> tuple[bool, bool, bool]:
    newest = line.talk.wishes[-1]
    return newest.is_stopping, newest.is_arming, newest.may_reset


def test_it_wants_of_the_line_what_its_phase_needs() -> None:
    line = Line()
    every = list(line.drives)
    line.drives["weld_z"].is_armed = False
    line.opened()
    assert (names(line), wishes(line)) == (every, (False, True, False))
    line.drives["weld_z"].is_armed = True
    line.step()
    assert wishes(line) == (False, False, True)
    line.obey(Allowed.MOTION, program="weld_retract")
    assert wishes(line) == (False, False, False)
    for name in ("weld_z", "weld_spindle"):
        line.drives[name].is_standing = False
    line.step(dt_s=0.125)
    assert wishes(line) == (True, False, False)
    assert names(line) == ["weld_z", "weld_x", "weld_y", "weld_spindle"], "the present step first"


def test_modules_of_a_line_come_after_what_is_stopped() -> None:
    line = Line("conveyor_line").permitted(program="belt_stop")
    line.drives["belt"].is_standing = False
    line.step(dt_s=0.125)
    assert names(line) == ["belt", "station_io"]


def test_before_the_first_stop_no_tool_is_in_the_material() -> None:
    line = Line()
    line.step()
    assert not line.states.tool_in_material
    line.step(**{LINE_EVENT.name: FAILED})
    line.step(**{LINE_EVENT.name: OPENED})
    assert not line.states.tool_in_material
