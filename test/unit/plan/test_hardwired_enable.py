"""A drive without a watchdog: what its enable must be, and that the interlock switches it."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from cell_controller.config import CellFile, LoadedCell, OnStop, OutputSignal, Severity
from cell_controller.config.checks import check
from cell_controller.drives.profile import DriveProfile, load_profile
from cell_controller.plan import CellPlan, load_plan, make_plan
from cell_controller.plan.checks import run_outs_are_known, silence_stops_every_drive
from cell_controller.plan.periods import HANDOVER_S
from cell_controller.safety import limits_of
from support.interlock_bench import Bench

ROOT = Path(__file__).parents[3]
BARE = load_profile(ROOT / "test" / "profiles" / "bare_servo.yaml")


@pytest.fixture(scope="module")
def demo() -> tuple[LoadedCell, CellPlan]:
    return load_plan(ROOT / "config" / "cells" / "demo.yaml")


def wired(
    cell: CellFile,
    *,
    enable: str | None = "infeed_enable",
    on_stop: OnStop = OnStop.OPEN,
    owner: str = "interlock",
) -> CellFile:
    signal = OutputSignal(module="safety_io", channel=3, owner=owner, on_stop=on_stop)
    outputs = {**cell.signals.outputs, "infeed_enable": signal} if enable else cell.signals.outputs
    infeed = cell.drives["grind_infeed"].model_copy(update={"profile": "bare_servo", "enable": enable})
    return cell.model_copy(
        update={
            "signals": cell.signals.model_copy(update={"outputs": outputs}),
            "drives": {**cell.drives, "grind_infeed": infeed},
        }
    )


def profiles_of(demo: tuple[LoadedCell, CellPlan]) -> dict[str, DriveProfile]:
    return {**demo[1].profiles, "bare_servo": BARE}


def texts(cell: CellFile, demo: tuple[LoadedCell, CellPlan]) -> list[str]:
    return [f.text for f in check(cell, demo[0].recipes)]


def test_a_wired_enable_that_opens_is_good(demo: tuple[LoadedCell, CellPlan]) -> None:
    cell = wired(demo[0].cell)
    assert texts(cell, demo) == []
    assert list(silence_stops_every_drive(cell, profiles_of(demo))) == []


def test_the_enable_of_the_whole_cell_may_be_the_one_of_a_drive(demo: tuple[LoadedCell, CellPlan]) -> None:
    assert texts(wired(demo[0].cell, enable=None), demo) == []
    cell = wired(demo[0].cell, enable=None)
    infeed = cell.drives["grind_infeed"].model_copy(update={"enable": "drive_enable"})
    assert texts(cell.model_copy(update={"drives": {**cell.drives, "grind_infeed": infeed}}), demo) == []


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"on_stop": OnStop.HOLD}, "an enable opens on a stop"),
        ({"owner": "spindle"}, "is not its user: drives.grind_infeed.enable is"),
    ],
)
def test_an_enable_that_holds_or_is_anothers_is_refused(
    demo: tuple[LoadedCell, CellPlan], changes: dict[str, object], text: str
) -> None:
    assert texts(wired(demo[0].cell, **changes), demo) == [text]  # type: ignore[arg-type]


def test_the_enable_of_the_whole_cell_stops_a_drive_only_after_the_relay_s_delay(
    demo: tuple[LoadedCell, CellPlan],
) -> None:
    def coast_s(enable: str) -> float:
        cell = wired(demo[0].cell)
        infeed = cell.drives["grind_infeed"].model_copy(update={"enable": enable})
        cell = cell.model_copy(update={"drives": {**cell.drives, "grind_infeed": infeed}})
        return make_plan(replace(demo[0], cell=cell), profiles_of(demo)).drives["grind_infeed"].coast_s

    waits_s = demo[0].cell.safety.relay.delay_s
    assert coast_s("drive_enable") == pytest.approx(coast_s("infeed_enable") + waits_s)


def test_an_enable_that_is_no_output_is_refused(demo: tuple[LoadedCell, CellPlan]) -> None:
    infeed = demo[0].cell.drives["grind_infeed"].model_copy(update={"enable": "air_ok"})
    cell = demo[0].cell.model_copy(update={"drives": {**demo[0].cell.drives, "grind_infeed": infeed}})
    assert texts(cell, demo) == ["is an input, an output is needed here"]


def test_an_output_for_two_purposes_is_refused(demo: tuple[LoadedCell, CellPlan]) -> None:
    infeed = demo[0].cell.drives["grind_infeed"].model_copy(update={"enable": "weld_clamp"})
    cell = demo[0].cell.model_copy(update={"drives": {**demo[0].cell.drives, "grind_infeed": infeed}})
    assert "is used by drives.grind_infeed.enable already" in texts(cell, demo)


@pytest.mark.parametrize(("production", "severity"), [(False, Severity.WARNING), (True, Severity.ERROR)])
def test_a_drive_with_neither_is_refused_in_production(
    demo: tuple[LoadedCell, CellPlan], production: bool, severity: Severity
) -> None:
    cell = wired(demo[0].cell, enable=None).model_copy(update={"production": production})
    (finding,) = silence_stops_every_drive(cell, profiles_of(demo))
    assert finding.severity is severity
    assert finding.text == "has no communication watchdog"


def test_an_enable_that_profile_or_module_know_nothing_of_is_refused(
    demo: tuple[LoadedCell, CellPlan],
) -> None:
    profiles = profiles_of(demo)
    silent = BARE.model_copy(update={"watchdog": BARE.watchdog.model_copy(update={"enable": ""})})
    (finding,) = silence_stops_every_drive(wired(demo[0].cell), {**profiles, "bare_servo": silent})
    assert finding.text == "bare_servo says nothing of a hardwired enable"
    io = profiles["remote_io"]
    deaf = io.model_copy(update={"watchdog": io.watchdog.model_copy(update={"exists": False})})
    found = list(silence_stops_every_drive(wired(demo[0].cell), {**profiles, "remote_io": deaf}))
    assert "safety_io (remote_io) does not open it on lost communication" in [f.text for f in found]


def test_the_plan_counts_on_the_interlock_that_misses_the_drive_when_that_takes_longer(
    demo: tuple[LoadedCell, CellPlan],
) -> None:
    profiles = profiles_of(demo)
    plan = make_plan(replace(demo[0], cell=wired(demo[0].cell)), profiles)
    module = plan.drives["safety_io"]
    infeed = plan.drives["grind_infeed"]
    latency_s = plan.lines["safety_line"].schedule.drive("safety_io").stop_latency_s
    told_s = infeed.age_limit_s + HANDOVER_S + latency_s
    assert module.watchdog_s is not None
    assert told_s > module.watchdog_s, "its line alone is dead: the module is spoken to"
    assert infeed.watchdog_s is None
    assert infeed.coast_s == pytest.approx(told_s + 0.080 / 1.0)
    bare = make_plan(replace(demo[0], cell=wired(demo[0].cell, enable=None)), profiles)
    assert bare.drives["grind_infeed"].coast_s == inf


def test_what_an_enable_stops_runs_out_and_has_no_ramp(demo: tuple[LoadedCell, CellPlan]) -> None:
    """Without torque it comes to rest by friction: nobody knows how soon but who has measured it."""

    def with_run_out(run_out_s: float | None) -> CellFile:
        cell = wired(demo[0].cell)
        infeed = cell.drives["grind_infeed"].model_copy(update={"run_out_s": run_out_s})
        return cell.model_copy(update={"drives": {**cell.drives, "grind_infeed": infeed}})

    def coast_s(run_out_s: float | None) -> float:
        loaded = replace(demo[0], cell=with_run_out(run_out_s))
        return make_plan(loaded, profiles_of(demo)).drives["grind_infeed"].coast_s

    assert coast_s(1.58) == pytest.approx(coast_s(None) + 1.5), "its ramp takes 0.08 s"
    assert coast_s(0.01) == coast_s(None), "never reckoned shorter than its ramp"
    (found,) = run_outs_are_known(with_run_out(None), profiles_of(demo))
    assert found.path == ("drives", "grind_infeed", "run_out_s")
    assert found.text == "missing, and bare_servo has no ramp once infeed_enable has opened"
    assert not list(run_outs_are_known(with_run_out(1.0), profiles_of(demo)))


def test_the_interlock_switches_it_with_the_enable_of_the_cell(demo: tuple[LoadedCell, CellPlan]) -> None:
    cell = wired(demo[0].cell)
    plan = make_plan(replace(demo[0], cell=cell), profiles_of(demo))
    assert {c.mask for c in limits_of(cell, plan).enables} == {0b1000, 0b100}
    bench = Bench(cell=(cell, plan))
    bench.to_hold()
    outputs, mask = bench.outputs("safety_io")
    assert mask & 0b101 == 0b101
    assert outputs & 0b101 == 0b101
