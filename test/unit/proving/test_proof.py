"""What counts as proved, what is kept of it, and what follows for budgets, distances and Production."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cell_controller.bringup.proof_file import keep_proofs, proof_path, read_proofs, unproved
from cell_controller.config import CellFile, LoadedCell, Opening, OpeningKind
from cell_controller.plan import CellPlan, load_plan
from cell_controller.plan.distance import stop_time_s
from cell_controller.proving.budget import budgets, distances, too_near
from cell_controller.proving.errors import ProvingError
from cell_controller.proving.proof import (
    Proof,
    StoppedBy,
    decode,
    encode,
    hindrance,
    lacks,
    machine_hash,
    movers,
)

TEST = Path(__file__).parents[3] / "config" / "cells" / "test.yaml"


@pytest.fixture(scope="module")
def loaded() -> tuple[LoadedCell, CellPlan]:
    return load_plan(TEST)


@pytest.fixture
def cell(loaded: tuple[LoadedCell, CellPlan], tmp_path: Path) -> CellFile:
    """With a journal of its own, as on a machine."""
    return loaded[0].cell.model_copy(update={"journal": str(tmp_path / "state" / "parts.sqlite")})


@pytest.fixture
def plan(loaded: tuple[LoadedCell, CellPlan]) -> CellPlan:
    return loaded[1]


def good(cell: CellFile, plan: CellPlan) -> dict[str, Proof]:
    return {
        name: Proof(
            drive=name,
            machine_hash=machine_hash(cell, plan),
            is_proved=True,
            stopped_by=StoppedBy.WATCHDOG if plan.profile_of(name).watchdog.exists else StoppedBy.ENABLE,
            stop_time_s=plan.drives[name].watchdog_s,
            resolution_s=0.01,
            limit_s=plan.drives[name].coast_s,
            speed=0.01,
            distance_m=0.001,
            line_s=0.004,
            drive_s=0.0,
            detail="it shows: communication watchdog",
            at="2026-01-02T03:04:05+00:00",
            tool="0.1.0",
        )
        for name in movers(cell)
    }


def test_nothing_is_lacking_when_every_axis_and_spindle_is_proved(cell: CellFile, plan: CellPlan) -> None:
    assert lacks(cell, plan, good(cell, plan)) == ()
    assert hindrance(()) == ""


def test_what_was_never_proved_is_named_with_its_remedy(cell: CellFile, plan: CellPlan) -> None:
    proofs = good(cell, plan)
    del proofs["weld_z"]
    (lack,) = lacks(cell, plan, proofs)
    assert str(lack) == "weld_z: its watchdog was never proved: cell prove-stop"
    assert hindrance((lack,)).startswith("stops are not proved: weld_z")
    del proofs["weld_x"]
    words = "weld_x, weld_z: its watchdog was never proved: cell prove-stop"
    assert hindrance(lacks(cell, plan, proofs)) == f"stops are not proved: {words}"


def test_a_proof_is_void_when_the_cell_file_changes(cell: CellFile, plan: CellPlan) -> None:
    proofs = good(cell, plan)
    belt = cell.drives["belt"].model_copy(update={"max_speed_m_s": 0.3})
    changed = cell.model_copy(update={"drives": {**cell.drives, "belt": belt}})
    found = lacks(changed, plan, proofs)
    assert {x.drive for x in found} == set(movers(cell))
    assert "changed since its proof of 2026-01-02" in found[0].reason


def test_a_trial_that_failed_counts_with_its_own_words(cell: CellFile, plan: CellPlan) -> None:
    proofs = good(cell, plan)
    proofs["belt"] = replace(proofs["belt"], is_proved=False, detail="it did not stop")
    (lack,) = lacks(cell, plan, proofs)
    assert lack.reason.startswith("it did not stop: mend it")


def test_a_drive_with_neither_watchdog_nor_enable_is_lacking_whatever_is_kept(
    cell: CellFile, plan: CellPlan
) -> None:
    bare = replace(plan, drives={**plan.drives, "weld_z": replace(plan.drives["weld_z"], watchdog_s=None)})
    (lack,) = lacks(cell, bare, good(cell, bare))
    assert "neither a watchdog nor a hardwired enable" in lack.reason


def test_the_text_of_a_file_comes_back_as_it_was(cell: CellFile, plan: CellPlan) -> None:
    proofs = good(cell, plan)
    proofs["belt"] = replace(proofs["belt"], stop_time_s=None, distance_m=None, line_s=None)
    assert decode(encode("test", proofs)) == proofs


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 2, "proofs": {}}', '{"version":1,"proofs":[]}']
)
def test_a_file_of_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ProvingError):
        decode(text)


def test_an_entry_with_a_missing_or_a_foreign_key_is_refused(cell: CellFile, plan: CellPlan) -> None:
    text = encode("test", {"belt": good(cell, plan)["belt"]})
    with pytest.raises(ProvingError):
        decode(text.replace('"is_proved": true,', ""))
    with pytest.raises(ProvingError):
        decode(text.replace('"is_proved": true', '"is_proved": "true"'))


# The file


def test_proofs_stand_beside_the_journal_and_are_kept_one_by_one(cell: CellFile, plan: CellPlan) -> None:
    assert proof_path(cell).parent == Path(cell.journal).parent
    assert read_proofs(cell) == {}
    proofs = good(cell, plan)
    keep_proofs(cell, {"belt": proofs["belt"]})
    path = keep_proofs(cell, {"weld_z": proofs["weld_z"]})
    assert set(read_proofs(cell)) == {"belt", "weld_z"}
    assert list(path.parent.iterdir()) == [path]  # nothing half written stays


def test_a_journal_of_one_run_leaves_the_proofs_to_the_state_directory(
    loaded: tuple[LoadedCell, CellPlan], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert proof_path(loaded[0].cell) == tmp_path / "cell-controller" / "test-cell.stops.json"


def test_a_spoilt_file_refuses_production_until_all_is_proved_again(cell: CellFile, plan: CellPlan) -> None:
    path = keep_proofs(cell, good(cell, plan))
    assert unproved(cell, plan) == ""
    path.write_text(path.read_text()[:100])
    assert "remove it and prove the stops again" in unproved(cell, plan)
    keep_proofs(cell, good(cell, plan))
    assert unproved(cell, plan) == ""


# Budgets and distances


def test_a_measured_time_makes_a_budget_longer_and_never_shorter(cell: CellFile, plan: CellPlan) -> None:
    proofs = good(cell, plan)
    before = {b.drive: b for b in budgets(cell, plan, {})}
    proofs["belt"] = replace(proofs["belt"], line_s=0.5, drive_s=0.2)
    after = {b.drive: b for b in budgets(cell, plan, proofs)}
    belt_s = before["belt"]
    more_s = 0.5 - belt_s.line.computed_s + 0.2 - belt_s.reaction.computed_s
    assert after["belt"].stop_s == pytest.approx(belt_s.stop_s + more_s)
    assert after["weld_x"].stop_s == before["weld_x"].stop_s
    assert after["weld_x"].line.measured_s == 0.004


def test_a_silent_line_is_counted_from_full_speed(cell: CellFile, plan: CellPlan) -> None:
    (traverse,) = [b for b in budgets(cell, plan, good(cell, plan)) if b.drive == "grind_traverse"]
    drive, watchdog_s = cell.axis("grind_traverse"), plan.drives["grind_traverse"].watchdog_s
    ramps_s = (drive.max_speed_m_s - 0.01) / drive.max_acceleration_m_s2
    assert watchdog_s is not None
    assert traverse.silence.measured_s == pytest.approx(watchdog_s + 0.01 + ramps_s)
    assert traverse.silence.computed_s == plan.drives["grind_traverse"].coast_s


def test_a_proof_of_another_machine_measures_nothing(cell: CellFile, plan: CellPlan) -> None:
    proofs = {n: replace(p, machine_hash="other") for n, p in good(cell, plan).items()}
    assert all(b.line.measured_s is None for b in budgets(cell, plan, proofs))


def with_door(cell: CellFile, distance_m: float) -> CellFile:
    door = Opening(
        kind=OpeningKind.UNLOCKED,
        input="guard_closed",
        reaches=("belt",),
        distance_m=distance_m,
        response_s=0.02,
    )
    return cell.model_copy(update={"safety": cell.safety.model_copy(update={"openings": {"door": door}})})


def test_a_slow_stop_that_was_measured_moves_an_opening_away(cell: CellFile, plan: CellPlan) -> None:
    near = with_door(cell, 2.7)
    (by_plan,) = distances(near, plan, {})
    assert by_plan.stop_s == pytest.approx(stop_time_s(near, plan, near.safety.openings["door"]))
    assert too_near(near, plan, {}) == ""
    proofs = good(near, plan)
    proofs["belt"] = replace(proofs["belt"], stop_time_s=3.0)
    assert "opening door" in too_near(near, plan, proofs)


def test_a_locked_opening_needs_no_distance(cell: CellFile, plan: CellPlan) -> None:
    door = Opening(kind=OpeningKind.LOCKED, input="guard_closed", reaches=("belt",))
    locked = cell.model_copy(update={"safety": cell.safety.model_copy(update={"openings": {"door": door}})})
    (found,) = distances(locked, plan, {})
    assert found.least_m is None
    assert found.is_enough
