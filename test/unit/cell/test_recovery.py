"""Hold-to-run: only Aborted and Manual, only while fresh commands come, one station at a time."""

from dataclasses import replace

import pytest

from cell_controller.messages import Permit, RecoveryAction, ResultCode, TaskKind, Trip
from cell_controller.packml import Command, Mode, State


@pytest.fixture
def manual(bench):
    bench.set_mode(Mode.MANUAL)
    bench.step(0.2)
    return bench


def jog(bench, **fields):
    bench.recover(
        **({"station": "robot", "action": RecoveryAction.JOG, "drive": "weld_z", "speed_m_s": 0.005} | fields)
    )


def last_order(bench, station):
    return next(o for _, o in reversed(bench.orders) if o.station == station)


def test_a_jog_lasts_as_long_as_fresh_commands_come(manual):
    for _ in range(10):
        jog(manual)
        manual.step(0.1)
        permit = manual.permits[-1]
        assert (permit.permit, permit.recover_station, permit.recover_drive) == (
            Permit.RECOVERY,
            "robot",
            "weld_z",
        )
        order = last_order(manual, "robot")
        assert (order.kind, order.drive, order.speed_m_s) == (TaskKind.JOG, "weld_z", 0.005)
        assert last_order(manual, "spindle").task_id == 0
    manual.step(0.25)
    assert manual.permits[-1].permit is Permit.NONE
    assert last_order(manual, "robot").task_id == 0


def test_one_hold_is_one_task_and_the_next_hold_another(manual):
    jog(manual)
    manual.step(0.05)
    first = last_order(manual, "robot").task_id
    jog(manual, speed_m_s=-0.002)
    manual.step(0.05)
    assert last_order(manual, "robot").task_id == first
    assert last_order(manual, "robot").speed_m_s == -0.002
    manual.recover(station="robot", action=RecoveryAction.END)
    manual.step(0.1)
    assert manual.permits[-1].permit is Permit.NONE
    jog(manual)
    manual.step(0.05)
    assert last_order(manual, "robot").task_id not in (0, first)


def test_an_old_heartbeat_moves_nothing(manual):
    old = manual.state.heartbeat
    manual.step(0.3)
    jog(manual, heartbeat=old)
    manual.step(0.05)
    assert manual.results[-1].code is ResultCode.STALE
    assert manual.permits[-1].permit is Permit.NONE


def test_repeating_one_heartbeat_ends_by_itself(manual):
    beat = manual.state.heartbeat
    for _ in range(20):
        jog(manual, heartbeat=beat)
        manual.step(0.05)
    assert manual.permits[-1].permit is Permit.NONE


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"state_seq": 1}, ResultCode.STALE),
        ({"station": "nobody"}, ResultCode.INVALID),
        ({"drive": "grind_infeed"}, ResultCode.INVALID),
        ({"speed_m_s": float("nan")}, ResultCode.INVALID),
        ({"operator": ""}, ResultCode.INVALID),
    ],
)
def test_a_wrong_recovery_command_is_refused_with_a_reason(manual, fields, code):
    jog(manual, **fields)
    manual.step(0.05)
    assert manual.results[-1].code is code
    assert manual.results[-1].reason
    assert manual.permits[-1].permit is Permit.NONE


def test_recovery_is_illegal_outside_aborted_and_manual(bench):
    jog(bench)
    assert bench.results[-1].code is ResultCode.ILLEGAL
    bench.set_mode(Mode.MANUAL)
    bench.clear()
    jog(bench, id="h2")
    assert bench.results[-1].code is ResultCode.ILLEGAL


def test_a_present_trip_that_is_not_recoverable_refuses_recovery(manual):
    manual.safety = replace(manual.safety, trips=(Trip("estop", "estop_ok", "pressed", is_present=True),))
    manual.step(0.1)
    jog(manual)
    assert manual.results[-1].code is ResultCode.REFUSED
    assert "pressed" in manual.results[-1].reason


def test_only_one_station_and_one_drive_at_a_time(manual):
    jog(manual)
    jog(manual, station="spindle", drive="grind_infeed")
    assert manual.results[-1].code is ResultCode.REFUSED
    jog(manual, drive="weld_x")
    assert manual.results[-1].code is ResultCode.REFUSED
    manual.step(0.05)
    assert manual.permits[-1].recover_drive == "weld_z"


def test_recover_tool_names_no_drive(manual):
    manual.recover(station="robot", action=RecoveryAction.RECOVER_TOOL)
    manual.step(0.05)
    assert manual.permits[-1].recover_drive == ""
    assert last_order(manual, "robot").kind is TaskKind.RECOVER_TOOL


def test_a_held_button_is_answered_once(manual):
    known = len(manual.results)
    for _ in range(10):
        jog(manual)
        manual.step(0.1)
    assert len(manual.results) == known + 1


def test_a_mode_change_ends_a_recovery(manual):
    jog(manual)
    manual.set_mode(Mode.PRODUCTION)
    manual.step(0.05)
    assert manual.permits[-1].permit is Permit.NONE
    assert manual.packml is State.ABORTED
    assert manual.send(Command.START).code is ResultCode.ILLEGAL
