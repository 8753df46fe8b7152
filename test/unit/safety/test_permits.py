"""What the manager's permits amount to, one by one: motion, an Abort, a recovery."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cell_controller.messages import CellPermit, Echo, Guard, Permit, SafetyPhase
from cell_controller.packml import Mode
from cell_controller.safety import limits_of
from cell_controller.safety.findings import Finding, RuleName
from cell_controller.safety.permits import PermitWatch
from cell_controller.safety.recovery import RecoveryPermit
from cell_controller.safety.rules import RuleBook
from cell_controller.safety.snapshot import Snapshot
from support.interlock_bench import demo_cell

LIMITS = limits_of(*demo_cell())
RULES = RuleBook(LIMITS)
FORCE = Finding(RuleName.FORCE, "weld_z", "is too high")
ESTOP = Finding(RuleName.ESTOP, "estop_ok", "is pressed")
GIVEN = CellPermit(
    mode=Mode.PRODUCTION,
    permit=Permit.MOTION,
    clear_id=3,
    echo=Echo("interlock", 99, 9.0),
    guard=Guard("cell_manager", 70, 1, 0.0),
)
NOT_GIVEN = replace(GIVEN, permit=Permit.NONE)
HOLD = replace(GIVEN, permit=Permit.HOLD)
RECOVER = replace(GIVEN, permit=Permit.RECOVERY, mode=Mode.MANUAL, recover_station="robot")


def hear(watch: PermitWatch, *permits: CellPermit, phase: SafetyPhase = SafetyPhase.HOLD) -> list[bool]:
    return [watch.hear(p, phase, own_session=99, tripped_at_s=2.0) for p in permits]


def snapshot_with(permit: CellPermit | None, age_s: float = 0.0) -> Snapshot:
    snapshot = Snapshot(LIMITS)
    snapshot.permit, snapshot.permit_at_s, snapshot.now_s = permit, 5.0 - age_s, 5.0
    return snapshot


def withdrawn(watch: PermitWatch, permit: CellPermit | None, *, is_tripped: bool = False) -> bool:
    found = watch.withdrawal(permit, is_tripped=is_tripped)
    for finding in found:
        assert (finding.rule, finding.subject, finding.is_event) == (RuleName.ABORT, "cell_manager", True)
        assert finding.text == "has aborted and withdrawn its permit"
    return bool(found)


def test_a_clear_counts_once_and_its_number_is_told() -> None:
    watch = PermitWatch()
    assert watch.newest_clear_id == 0
    assert hear(watch, GIVEN, replace(GIVEN, clear_id=4), replace(GIVEN, clear_id=4)) == [False, True, False]
    assert watch.newest_clear_id == 4


def test_motion_has_to_be_asked_for_after_the_reset_not_before() -> None:
    watch, snapshot = PermitWatch(), snapshot_with(GIVEN)
    hear(watch, GIVEN)
    assert not watch.wants_motion(snapshot)
    hear(watch, HOLD, phase=SafetyPhase.TRIPPED)
    assert not watch.wants_motion(snapshot), "let go before the reset"
    hear(watch, HOLD)
    assert watch.wants_motion(snapshot)
    watch.reset()
    assert not watch.wants_motion(snapshot)


@pytest.mark.parametrize(
    ("permit", "age_s", "wanted"),
    [
        (GIVEN, 0.0, True),
        (replace(GIVEN, mode=Mode.MANUAL), 0.0, True),
        (replace(GIVEN, mode=Mode.MAINTENANCE), 0.0, True),
        (replace(GIVEN, mode=Mode.INVALID), 0.0, False),
        (HOLD, 0.0, False),
        (RECOVER, 0.0, False),
        (GIVEN, LIMITS.ages.manager_s, False),
        (None, 0.0, False),
    ],
)
def test_motion_needs_a_fresh_permit_of_motion_in_a_mode_that_has_it(
    permit: CellPermit | None, age_s: float, wanted: bool
) -> None:
    watch = PermitWatch()
    hear(watch, HOLD)
    assert watch.wants_motion(snapshot_with(permit, age_s)) is wanted


def test_an_abort_is_a_permit_taken_away_whatever_follows_it() -> None:
    watch = PermitWatch()
    hear(watch, GIVEN, NOT_GIVEN, GIVEN)
    assert withdrawn(watch, GIVEN)
    assert not withdrawn(watch, GIVEN), "told once"
    hear(watch, NOT_GIVEN)
    assert withdrawn(watch, NOT_GIVEN)
    hear(watch, NOT_GIVEN)
    assert not withdrawn(watch, NOT_GIVEN), "nothing was left to take away"


def test_a_permit_that_was_never_given_cannot_be_withdrawn() -> None:
    watch = PermitWatch()
    hear(watch, NOT_GIVEN)
    assert not withdrawn(watch, None)
    hear(watch, NOT_GIVEN, NOT_GIVEN, GIVEN)
    assert not withdrawn(watch, GIVEN)


def test_a_permit_that_goes_to_hold_is_not_withdrawn() -> None:
    watch = PermitWatch()
    hear(watch, GIVEN, HOLD)
    assert not withdrawn(watch, HOLD)


def test_what_is_withdrawn_while_tripped_does_not_trip_later() -> None:
    watch = PermitWatch()
    hear(watch, GIVEN, NOT_GIVEN)
    assert not withdrawn(watch, NOT_GIVEN, is_tripped=True)
    assert not withdrawn(watch, NOT_GIVEN)
    hear(watch, GIVEN)
    assert not withdrawn(watch, GIVEN, is_tripped=True)
    hear(watch, NOT_GIVEN)
    assert not withdrawn(watch, NOT_GIVEN), "given while tripped, it did not count"


def test_a_recovery_begins_on_an_edge_for_a_station_and_a_drive_that_exist() -> None:
    recovery = RecoveryPermit(LIMITS, RULES)
    assert (recovery.station, recovery.drive) == ("", "")
    recovery.hear(RECOVER)
    assert not recovery.may_begin(RECOVER, (), ""), "held down since before"
    recovery.hear(HOLD)
    assert recovery.may_begin(RECOVER, (FORCE,), "")
    assert recovery.may_begin(replace(RECOVER, recover_drive="weld_z"), (), "")
    for other in (
        HOLD,
        replace(RECOVER, mode=Mode.PRODUCTION),
        replace(RECOVER, recover_station=""),
        replace(RECOVER, recover_drive="belt"),
    ):
        assert not recovery.may_begin(other, (), "")
    assert not recovery.may_begin(RECOVER, (), "weld_line: wait")
    assert not recovery.may_begin(RECOVER, (FORCE, ESTOP), "")
    assert not recovery.may_begin(RECOVER, (replace(FORCE, is_event=True),), "")


def test_a_recovery_is_used_up_when_it_begins_and_when_it_lapses() -> None:
    recovery, wish = RecoveryPermit(LIMITS, RULES), replace(RECOVER, recover_drive="weld_z")
    recovery.hear(HOLD)
    recovery.begin(wish)
    assert (recovery.station, recovery.drive) == ("robot", "weld_z")
    assert not recovery.may_begin(wish, (), "")
    recovery.hear(HOLD)
    recovery.lapse()
    assert (recovery.station, recovery.drive) == ("", "")
    assert not recovery.may_begin(wish, (), "")


def test_a_recovery_ends_when_anything_of_it_changes() -> None:
    recovery, wish = RecoveryPermit(LIMITS, RULES), replace(RECOVER, recover_drive="weld_z")
    recovery.hear(HOLD)
    recovery.begin(wish)
    assert not recovery.must_end(wish, (FORCE,))
    assert recovery.must_end(None, ())
    assert recovery.must_end(HOLD, ())
    assert recovery.must_end(RECOVER, ())
    assert recovery.must_end(replace(wish, recover_station="spindle"), ())
    assert recovery.must_end(replace(wish, mode=Mode.MAINTENANCE), ())
    assert recovery.must_end(wish, (ESTOP,))
