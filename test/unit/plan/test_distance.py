"""The distance of openings by ISO 13855, and what `cell check` says of one that is too near."""

from __future__ import annotations

from pathlib import Path

import pytest

from cell_controller.config import Opening, OpeningKind, Severity
from cell_controller.plan import load_plan
from cell_controller.plan.distance import (
    every_mover_is_behind_an_opening,
    least_distance_m,
    openings_are_far_enough,
    stop_time_s,
)

DEMO = Path(__file__).parents[3] / "config" / "cells" / "demo.yaml"


@pytest.mark.parametrize(
    ("stop_s", "resolution_m", "least_m"),
    [
        (0.32, 0.014, 0.512),  # the example of the standard's formula: 640 > 500, so 1600 T
        (0.10, 0.014, 0.200),
        (0.02, 0.014, 0.100),  # never nearer than 100 mm
        (0.25, 0.014, 0.500),
        (0.26, 0.014, 0.500),  # 520 at hand speed, 416 walking: at least 500
        (0.10, 0.030, 0.328),  # 200 + 8 x 16
        (0.10, 0.010, 0.200),  # finer than 14 mm earns nothing
        (0.10, 0.040, 0.408),
        (0.10, 0.041, 1.010),  # 160 + 850
        (0.32, None, 1.362),
    ],
)
def test_the_distance_of_the_standard(stop_s: float, resolution_m: float | None, least_m: float) -> None:
    assert least_distance_m(stop_s, resolution_m) == pytest.approx(least_m)


@pytest.mark.parametrize("resolution_m", [0.014, 0.030, 0.070, None])
def test_a_tenth_of_a_second_costs_160_to_200_millimetres(resolution_m: float | None) -> None:
    costs = [
        least_distance_m(t / 10.0 + 0.1, resolution_m) - least_distance_m(t / 10.0, resolution_m)
        for t in range(5, 20)
    ]
    assert all(0.1599 <= cost <= 0.2001 for cost in costs)


def _opening(**changes: object) -> Opening:
    curtain = Opening(
        kind=OpeningKind.LIGHT_CURTAIN,
        input="guard_closed",
        reaches=("belt", "grind_wheel"),
        distance_m=1.0,
        resolution_m=0.014,
        response_s=0.03,
    )
    return curtain.model_copy(update=changes)


@pytest.mark.parametrize("is_production", [False, True])
def test_an_opening_that_is_too_near_refuses_production(is_production: bool) -> None:
    loaded, plan = load_plan(DEMO)

    def found(opening: Opening) -> list[Severity]:
        safety = loaded.cell.safety.model_copy(update={"openings": {"load_door": opening}})
        cell = loaded.cell.model_copy(update={"safety": safety, "production": is_production})
        return [f.severity for f in openings_are_far_enough(cell, plan)]

    stop_s = stop_time_s(loaded.cell, plan, _opening())
    assert stop_s > plan.lines["grind_line"].program_s > plan.lines["conveyor_line"].program_s
    assert stop_s > stop_time_s(loaded.cell, plan, _opening(reaches=("belt",)))
    assert stop_s == pytest.approx(stop_time_s(loaded.cell, plan, _opening(response_s=0.0)) + 0.03)
    least_m = least_distance_m(stop_s, 0.014)
    too_near = Severity.ERROR if is_production else Severity.WARNING
    assert found(_opening(distance_m=least_m - 0.001)) == [too_near]
    assert not found(_opening(distance_m=least_m + 0.001))
    assert not found(_opening(kind=OpeningKind.LOCKED, distance_m=None, resolution_m=None))


@pytest.mark.parametrize("is_production", [False, True])
def test_production_is_refused_while_something_moves_behind_no_opening(is_production: bool) -> None:
    loaded, plan = load_plan(DEMO)
    openings = {"load_door": _opening(kind=OpeningKind.LOCKED)}
    safety = loaded.cell.safety.model_copy(update={"openings": openings})
    cell = loaded.cell.model_copy(update={"safety": safety, "production": is_production})
    found = list(every_mover_is_behind_an_opening(cell, plan))
    unreached = {"weld_x", "weld_y", "weld_z", "weld_spindle", "grind_infeed", "grind_traverse"}
    assert {f.text.split()[4] for f in found} == (unreached if is_production else set())
    assert all(f.severity is Severity.ERROR for f in found)
    whole = loaded.cell.model_copy(update={"production": is_production})
    assert not list(every_mover_is_behind_an_opening(whole, plan)), "the demo cell names its guard door"
