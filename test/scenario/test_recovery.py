"""What people do to a cell that welds, and how they get it going again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cell_controller.messages import (
    Disposition,
    RecoveryAction,
    ResultCode,
    SafetyPhase,
    TaskResult,
    Verdict,
)
from cell_controller.packml import Command, Mode, State
from cell_sim.host.simcell import HOLD_TO_RUN_PERIOD_S, SimCell
from cell_sim.host.transport import LinkFault
from support.cell_facts import (
    assert_nothing_moved_since,
    assert_stood_still_in_time,
    assert_tool_left_turning,
    assert_tripped_with_a_suspect_part,
    is_in,
    last_motion_s,
    longest_budget_s,
    verdicts_to_decide,
)
from support.moments import Moment

MakeCell = Callable[..., SimCell]
WELD_LINE = "weld_line"
LET_GO_S = 0.2  # without a message for this long a hold-to-run ends
WIRE_S = 0.3  # manager, interlock and bus, one round of the line, and the ramp from manual speed
TOLERANCE = 0.1  # of a speed: ripple and sampling
RELAXED_M = 0.001  # the gantry springs back, by 10 kN over 5e7 N/m, and the axis has to be caught


def weld_until_budget(cell: SimCell) -> None:
    cell.run_for(longest_budget_s(cell))


def stop_budget_s(cell: SimCell) -> float:
    return cell.plan.lines[WELD_LINE].stop_time_s


def hold(cell: SimCell, seconds: float, station: str, action: RecoveryAction, **wish: object) -> float:
    """Hold the button down; returns when the last message left."""
    end_s = cell.now_s + seconds
    last_s = cell.now_s
    while cell.now_s < end_s:
        last_s = cell.now_s
        cell.hold_to_run(station, action, **wish)  # type: ignore[arg-type]
        cell.run_for(HOLD_TO_RUN_PERIOD_S)
    return last_s


def assert_no_faster_than_manual(cell: SimCell, axis: str, since_s: float) -> None:
    """Over any tenth of a second; what was bent in the metal may spring back by RELAXED_M."""
    samples = cell.record.samples(axis, since_s)
    for first in samples:
        way_m = max(abs(s.position - first.position) for s in samples if 0.0 <= s.at_s - first.at_s <= 0.1)
        assert way_m <= 0.1 * cell.cell.safety.manual_speed_m_s * (1.0 + TOLERANCE) + RELAXED_M, first


def answers_of(cell: SimCell, since: int) -> list[tuple[ResultCode, str]]:
    return [(r.code, r.reason) for r in list(cell.results.values())[since:]]


# a tool that was left in the material


def test_clear_is_refused_with_its_reasons_while_a_tool_is_in_the_material(stranded: Moment) -> None:
    def case(cell: SimCell) -> None:
        answer = cell.ask(Command.CLEAR)
        assert answer.code is ResultCode.REFUSED
        assert "tool in the material: robot" in answer.reason
        assert "parts need a disposition" in answer.reason
        assert cell.state is not None
        assert [part.detail.partition(":")[0] for part in cell.state.parts] == ["TOOL_IN_MATERIAL"]
        assert int(Command.CLEAR) in answer.legal_commands
        assert is_in(cell, State.ABORTED)

    stranded.play(case)


def test_recover_tool_brings_it_out_and_disposing_of_the_part_opens_the_way(stranded: Moment) -> None:
    def case(cell: SimCell) -> None:
        assert cell.plant.tool_in_material
        assert cell.set_mode(Mode.MANUAL).code is ResultCode.ACCEPTED
        began_s = cell.now_s
        while cell.plant.tool_in_material and cell.now_s < began_s + 15.0:
            hold(cell, 0.2, "robot", RecoveryAction.RECOVER_TOOL)
        assert not cell.plant.tool_in_material
        assert_no_faster_than_manual(cell, "weld_z", began_s)
        cell.rescue_tools()
        assert cell.state is not None
        assert cell.state.mode == Mode.PRODUCTION
        answer = cell.ask(Command.CLEAR)
        assert answer.code is ResultCode.REFUSED
        assert "tool" not in answer.reason
        assert "disposition" in answer.reason
        cell.dispose_all(Disposition.SCRAP)
        assert [p.verdict for p in cell.state.parts] == [Verdict.SCRAPPED]
        assert cell.ask(Command.CLEAR).code is ResultCode.ACCEPTED
        cell.reach(State.STOPPED, 5.0)

    stranded.play(case)


def test_a_jog_moves_at_manual_speed_and_only_while_it_is_held(stranded: Moment) -> None:
    def case(cell: SimCell) -> None:
        before_s = cell.now_s
        since = len(cell.results)
        hold(cell, 0.3, "spindle", RecoveryAction.JOG, drive="grind_traverse", speed_m_s=0.05)
        assert answers_of(cell, since)[0][0] is ResultCode.ILLEGAL, "in Production"
        assert_nothing_moved_since(cell, before_s)
        assert cell.set_mode(Mode.MANUAL).code is ResultCode.ACCEPTED
        cell.run_for(0.2)
        began_s = cell.now_s
        let_go_s = hold(cell, 1.0, "spindle", RecoveryAction.JOG, drive="grind_traverse", speed_m_s=0.05)
        assert cell.safety is not None
        assert cell.safety.phase is SafetyPhase.RECOVERY
        cell.run_for(1.0)
        moved = cell.record.samples("grind_traverse", began_s)
        manual_m_s = cell.cell.safety.manual_speed_m_s
        assert max(s.speed for s in moved) == pytest.approx(manual_m_s, rel=TOLERANCE)
        assert let_go_s < last_motion_s(cell, "grind_traverse") <= let_go_s + LET_GO_S + WIRE_S
        for other in ("weld_x", "weld_y", "weld_z", "weld_spindle", "grind_infeed", "grind_wheel", "belt"):
            assert last_motion_s(cell, other) < began_s
        assert cell.safety.phase is SafetyPhase.TRIPPED

    stranded.play(case)


def test_nothing_is_recovered_while_the_emergency_stop_is_pressed(stranded: Moment) -> None:
    def case(cell: SimCell) -> None:
        assert cell.set_mode(Mode.MANUAL).code is ResultCode.ACCEPTED
        cell.plant.press_estop()
        cell.run_for(0.3)
        pressed_s, since = cell.now_s, len(cell.results)
        hold(cell, 0.5, "robot", RecoveryAction.RECOVER_TOOL)
        code, reason = answers_of(cell, since)[0]
        assert code is ResultCode.REFUSED
        assert "estop" in reason
        assert_nothing_moved_since(cell, pressed_s)
        cell.plant.release_estop()
        cell.run_for(1.0)
        assert_nothing_moved_since(cell, pressed_s)
        assert cell.safety is not None
        assert cell.safety.phase is SafetyPhase.TRIPPED
        cell.rescue_tools()
        assert not cell.plant.tool_in_material

    stranded.play(case)


# what happens to a weld


@pytest.mark.parametrize(
    ("disturb", "mend", "rule"),
    [
        (lambda plant: plant.press_estop(), lambda plant: plant.release_estop(), "estop"),
        (lambda plant: plant.open_guard(force=True), lambda plant: plant.close_guard(), "guard"),
        (lambda plant: plant.set_air(False), lambda plant: plant.set_air(True), "air"),
    ],
    ids=["estop", "guard", "air"],
)
def test_a_safety_input_ends_the_weld_and_its_return_resets_nothing(
    welding: Moment, disturb: Callable[..., object], mend: Callable[..., object], rule: str
) -> None:
    def case(cell: SimCell) -> None:
        gone_s = cell.now_s
        disturb(cell.plant)
        weld_until_budget(cell)
        assert_stood_still_in_time(cell, gone_s)
        assert_tool_left_turning(cell, gone_s, stop_budget_s(cell))
        assert cell.state is not None
        assert rule in f"{cell.state.stop_reason.source} {cell.state.stop_reason.text}"
        answer = cell.ask(Command.CLEAR)
        assert answer.code is ResultCode.REFUSED
        assert rule in answer.reason
        back_s = cell.now_s
        mend(cell.plant)
        cell.run_for(1.5)
        assert_nothing_moved_since(cell, back_s)
        assert_tripped_with_a_suspect_part(cell)
        assert rule not in cell.state.clear_hindrance

    welding.play(case)


def test_the_guard_is_locked_as_long_as_a_weld_runs(welding: Moment) -> None:
    def case(cell: SimCell) -> None:
        assert not cell.plant.open_guard()
        cell.run_for(0.5)
        assert cell.safety is not None
        assert cell.safety.phase is SafetyPhase.MOTION

    welding.play(case)


def test_stop_takes_the_tool_out_and_makes_the_part_suspect(welding: Moment) -> None:
    def case(cell: SimCell) -> None:
        asked_s = cell.now_s
        assert cell.ask(Command.STOP).code is ResultCode.ACCEPTED
        cell.reach(State.STOPPED, 10.0)
        assert_tool_left_turning(cell, asked_s, stop_budget_s(cell))
        assert cell.stations["robot"].result is TaskResult.STOPPED
        assert verdicts_to_decide(cell) == [Verdict.SUSPECT]
        answer = cell.ask(Command.RESET)
        assert answer.code is ResultCode.REFUSED
        assert "disposition" in answer.reason

    welding.play(case)


def test_abort_plays_the_stop_program(welding: Moment) -> None:
    def case(cell: SimCell) -> None:
        asked_s = cell.now_s
        assert cell.ask(Command.ABORT).code is ResultCode.ACCEPTED
        weld_until_budget(cell)
        assert_stood_still_in_time(cell, asked_s)
        assert_tool_left_turning(cell, asked_s, stop_budget_s(cell))
        assert_tripped_with_a_suspect_part(cell)

    welding.play(case)


def test_hold_lets_the_weld_finish_and_unhold_makes_the_part_good(welding: Moment) -> None:
    def case(cell: SimCell) -> None:
        assert cell.ask(Command.HOLD).code is ResultCode.ACCEPTED
        cell.reach(State.HELD, 10.0)
        assert cell.state is not None
        assert cell.state.parts[0].verdict is not Verdict.SUSPECT
        assert not cell.plant.tool_in_material
        held_s = cell.now_s
        cell.run_for(1.0)
        assert_nothing_moved_since(cell, held_s)
        assert cell.ask(Command.UNHOLD).code is ResultCode.ACCEPTED
        cell.reach(State.COMPLETE, 20.0)
        assert [p.verdict for p in cell.state.parts] == [Verdict.GOOD]

    welding.play(case)


def test_hold_now_takes_the_tool_out_and_the_weld_is_never_resumed(welding: Moment) -> None:
    def case(cell: SimCell) -> None:
        asked_s = cell.now_s
        assert cell.ask(Command.HOLD, hold_now=True).code is ResultCode.ACCEPTED
        cell.until(lambda: not cell.plant.tool_in_material, 3.0, "the tool out")
        assert_tool_left_turning(cell, asked_s, stop_budget_s(cell))
        cell.until(lambda: verdicts_to_decide(cell) == [Verdict.SUSPECT], 5.0, "a suspect part")
        out_s = cell.now_s
        cell.command(Command.UNHOLD)
        cell.run_for(3.0)
        low = [
            s for s in cell.record.samples("weld_z", out_s) if s.position < cell.plant.parts[0].thickness_m
        ]
        assert not low

    welding.play(case)


def test_a_cell_without_parts_is_suspended_and_goes_on_when_they_come(make_cell: MakeCell) -> None:
    cell = make_cell()
    for belt in cell.plant.belts.values():
        belt.loader.is_empty = True
    cell.produce(1)
    cell.reach(State.SUSPENDED, 15.0)
    assert cell.state is not None
    assert cell.state.is_starved
    for belt in cell.plant.belts.values():
        belt.loader.is_empty = False
    cell.reach(State.EXECUTE, 5.0)
    cell.until(lambda: bool(cell.state and cell.state.parts), 5.0, "a part")
    assert not cell.state.is_starved


# messages


GUARDED = ("line_command", "drive_states", "setpoint", "order", "station_state", "safety", "cell_permit")


def test_repeated_and_overtaking_messages_change_nothing_about_a_weld(welding: Moment) -> None:
    def case(cell: SimCell) -> None:
        until_s = cell.now_s + 2.0
        for port in GUARDED:
            cell.host.transport.faults.append(LinkFault(port, "", until_s, repeat=0.3))
        cell.until(lambda: cell.stations["robot"].result is TaskResult.DONE, 5.0, "the end of the weld")
        assert cell.safety is not None
        assert cell.safety.phase is SafetyPhase.MOTION
        assert not cell.plant.parts[0].weld.flaws(cell.plant.parts[0].seam_m)

    welding.play(case)


@pytest.mark.parametrize("port", GUARDED)
@pytest.mark.parametrize("kind", ["lost", "late"])
def test_messages_that_stay_away_or_come_late_end_the_weld_with_the_tool_out(
    welding: Moment, port: str, kind: str
) -> None:
    def case(cell: SimCell) -> None:
        began_s = cell.now_s
        fault = LinkFault(port, "", began_s + 1.0)
        if kind == "lost":
            fault.loss = 1.0
        else:
            fault.extra_delay_s = 0.6
        cell.host.transport.faults.append(fault)
        weld_until_budget(cell)
        assert_stood_still_in_time(cell, began_s)
        assert_tool_left_turning(cell, began_s, stop_budget_s(cell))
        cell.run_for(1.0)
        assert_nothing_moved_since(cell, began_s + longest_budget_s(cell))
        assert_tripped_with_a_suspect_part(cell)

    welding.play(case)


def test_a_noisy_network_neither_stops_nor_harms_a_weld(welding: Moment) -> None:
    def case(cell: SimCell) -> None:
        until_s = cell.now_s + 2.0
        for port in GUARDED:
            cell.host.transport.faults.append(
                LinkFault(port, "", until_s, loss=0.05, repeat=0.05, reorder=0.02)
            )
        cell.until(lambda: not cell.plant.tool_in_material, 5.0, "the tool out")
        part = cell.plant.parts[0]
        if cell.safety is not None and cell.safety.phase is SafetyPhase.MOTION:
            assert not part.weld.flaws(part.seam_m)
        else:
            assert_tool_left_turning(cell, until_s - 2.0, 5.0)

    welding.play(case)
