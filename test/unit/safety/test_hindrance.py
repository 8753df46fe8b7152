"""Why a reset is not possible, one reason after the other, in the words that an operator reads."""

from __future__ import annotations

import pytest

from cell_controller.messages import DriveCondition, LinePhase, SafetyPhase
from cell_controller.safety.epochs import Epochs
from cell_controller.safety.findings import Finding, RuleName
from cell_controller.safety.hindrance import lines_hindrance, reset_hindrance
from cell_controller.safety.snapshot import Snapshot
from support.heard_cell import EPOCH, NOW_S, heard, says, says_line
from support.rule_limits import CELL_LIMITS

ESTOP = Finding(RuleName.ESTOP, "estop_ok", "is off")
FORCE = Finding(RuleName.FORCE, "weld_z", "force is too high", 14.0, 13.0, "N")
EVENT = Finding(RuleName.SESSION, "robot", "restarted", is_event=True)


def ready() -> tuple[Snapshot, Epochs]:
    """Every bus stands still in the present epoch."""
    epochs = Epochs(CELL_LIMITS.lines)
    for line in CELL_LIMITS.lines:
        epochs.hear(line, EPOCH - 1)
    snapshot = heard(phase=SafetyPhase.TRIPPED)
    for line in CELL_LIMITS.lines:
        says_line(snapshot, line, phase=LinePhase.STOPPED)
    return snapshot, epochs


def test_nothing_hinders_a_reset_when_all_stand_still_in_the_present_epoch() -> None:
    snapshot, epochs = ready()
    assert lines_hindrance(snapshot, epochs) == ""
    assert reset_hindrance(snapshot, epochs, ()) == ""
    assert reset_hindrance(snapshot, epochs, (EVENT,)) == "", "it is over"


def test_the_first_finding_is_told_with_its_remedy_and_the_others_are_counted() -> None:
    snapshot, epochs = ready()
    first = "estop_ok: is off: release the E-stop"
    assert reset_hindrance(snapshot, epochs, (ESTOP,)) == first
    assert reset_hindrance(snapshot, epochs, (EVENT, ESTOP)) == first
    assert reset_hindrance(snapshot, epochs, (ESTOP, FORCE)) == f"{first} (and 1 more)"
    assert reset_hindrance(snapshot, epochs, (ESTOP, EVENT, FORCE, FORCE)) == f"{first} (and 2 more)"


def test_a_line_hinders_when_no_finding_does() -> None:
    snapshot, epochs = ready()
    says_line(snapshot, "grind_line", epoch=EPOCH - 1)
    words = f"grind_line: waiting for its bus to take epoch {EPOCH}"
    assert reset_hindrance(snapshot, epochs, ()) == lines_hindrance(snapshot, epochs) == words


def test_another_interlock_ends_this_one() -> None:
    snapshot, epochs = ready()
    epochs.hear("weld_line", EPOCH + 1)
    assert lines_hindrance(snapshot, epochs) == "another interlock has taken over: end this one"


def test_buses_that_have_not_reported_are_named() -> None:
    snapshot, _ = ready()
    epochs = Epochs(CELL_LIMITS.lines)
    for line in ("weld_line", "safety_line"):
        epochs.hear(line, 0)
    words = "waiting for the drive buses of grind_line, conveyor_line to report"
    assert lines_hindrance(snapshot, epochs) == words


def test_a_line_that_is_down_or_old_is_waited_for() -> None:
    words = "grind_line: waiting for its drive states"
    snapshot, epochs = ready()
    says_line(snapshot, "grind_line", phase=LinePhase.ARMING)
    assert lines_hindrance(snapshot, epochs) == words
    snapshot, epochs = ready()
    snapshot.lines["grind_line"].states = None
    assert lines_hindrance(snapshot, epochs) == words
    snapshot, epochs = ready()
    snapshot.begin(NOW_S + 0.125)
    snapshot.lines["weld_line"].received_at_s = NOW_S + 0.125
    assert lines_hindrance(snapshot, epochs) == words


def test_a_stop_program_that_is_played_is_waited_for() -> None:
    snapshot, epochs = ready()
    playing = {"phase": LinePhase.STOPPING, "program": "grind_retract", "program_step": "wheel back"}
    says_line(snapshot, "grind_line", **playing)
    words = "grind_line: wait for the end of its stop program"
    assert lines_hindrance(snapshot, epochs) == f"{words} grind_retract wheel back"
    says_line(snapshot, "grind_line", program="", program_step="")
    assert lines_hindrance(snapshot, epochs) == words
    snapshot, epochs = ready()
    says_line(snapshot, "safety_line", phase=LinePhase.STOPPING, is_stopped=False)
    assert lines_hindrance(snapshot, epochs) == "", "nothing moves on it"


@pytest.mark.parametrize(
    ("drive", "speed", "words"),
    [
        ("grind_traverse", {"measured_speed_m_s": -0.0123}, "grind_traverse stands still (-0.0123 m/s)"),
        ("grind_wheel", {"measured_speed_rpm": 900.4}, "grind_wheel stands still (900 rpm)"),
    ],
)
def test_what_moves_is_named_with_its_speed(drive: str, speed: dict[str, float], words: str) -> None:
    snapshot, epochs = ready()
    says(snapshot, drive, is_stopped=False, **speed)
    says_line(snapshot, "grind_line", is_stopped=False)
    assert lines_hindrance(snapshot, epochs) == f"grind_line: wait until {words}"


def test_a_spindle_that_may_coast_is_waited_for_by_that_name() -> None:
    snapshot, epochs = ready()
    says(snapshot, "grind_wheel", is_stopped=False, condition=DriveCondition.SWITCHED_ON)
    says_line(snapshot, "grind_line", phase=LinePhase.STOPPING, is_stopped=False)
    words = "grind_line: wait until grind_wheel cannot be coasting any more"
    assert lines_hindrance(snapshot, epochs) == words


def test_a_bus_that_does_not_report_standstill_is_waited_for() -> None:
    snapshot, epochs = ready()
    says_line(snapshot, "grind_line", is_stopped=False)
    assert lines_hindrance(snapshot, epochs) == "grind_line: wait until its bus reports standstill"


def test_a_drive_that_contradicts_its_bus_is_waited_for() -> None:
    snapshot, epochs = ready()
    says(snapshot, "belt", measured_speed_m_s=1.0)
    says(snapshot, "weld_x", condition=DriveCondition.OFFLINE)
    assert lines_hindrance(snapshot, epochs) == "wait until weld_x, belt stands still"


def test_a_reset_waits_for_the_lines_in_their_order() -> None:
    snapshot, epochs = ready()
    for line in CELL_LIMITS.lines:
        says_line(snapshot, line, epoch=EPOCH - 1)
    assert lines_hindrance(snapshot, epochs).startswith("weld_line:")
    says_line(snapshot, "weld_line", epoch=EPOCH)
    assert lines_hindrance(snapshot, epochs).startswith("grind_line:")
