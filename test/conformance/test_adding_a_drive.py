"""docs/adding-a-drive.md as it stands: its profile loads, fits its cell file, and runs a drive."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from cell_controller.config.problems import Severity
from cell_controller.drives.errors import ProfileError
from cell_controller.drives.profile import DriveProfile, Quantity, load_profile
from cell_controller.messages import Allowed, DriveCondition, LinePhase
from cell_controller.plan.load import examine_plan
from cell_sim.drives import build
from support.profile_bench import COAST_S, PROFILES, ProfileBench
from support.table_inverter import WATCHDOG_FAULT, TableInverter

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "adding-a-drive.md").read_text()
PROFILE, CELL_KEYS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
NAME = re.findall(r"^name: (\w+)", PROFILE, re.MULTILINE)[0]


@pytest.fixture
def profile(tmp_path: Path) -> DriveProfile:
    path = tmp_path / f"{NAME}.yaml"
    path.write_text(PROFILE)
    return load_profile(path)


@pytest.fixture
def bench(profile: DriveProfile, monkeypatch: pytest.MonkeyPatch) -> ProfileBench:
    monkeypatch.setitem(build._SPINDLES, NAME, TableInverter)
    return ProfileBench(profile)


def test_the_example_is_a_drive_that_is_not_in_the_list() -> None:
    assert NAME not in PROFILES
    assert f"`config/drives`, in a file that has the name of the profile, `{NAME}`" in PAGE


def test_the_lines_of_the_cell_file_fit_the_profile(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "config" / "drives" / f"{NAME}.yaml").write_text(PROFILE)
    cell = tmp_path / "config" / "cells" / "demo.yaml"
    text = cell.read_text()
    begin, end = text.index("  grind_wheel:\n"), text.index("  belt:")
    text = text[:begin] + CELL_KEYS + text[end:]
    text = text.replace('grind_line", baud: 115200, format: 8N2', 'grind_line", baud: 38400, format: 8N2')
    cell.write_text(text)
    _, _, problems = examine_plan(cell)
    errors = [p for p in problems if p.severity is Severity.ERROR]
    assert [p.key for p in errors] == ["drives.grind_infeed.control_bandwidth_hz"]  # as the page says
    at = text.index("control_bandwidth_hz: 1.0", text.index("  grind_infeed:"))
    cell.write_text(text[:at] + text[at:].replace("1.0", "0.9", 1))
    _, plan, _ = examine_plan(cell)
    assert plan is not None
    assert plan.profiles[NAME].name == NAME
    assert len(plan.profiles[NAME].unverified()) == len(plan.profiles[NAME].fields)


def test_it_is_armed_turns_both_ways_and_stops(bench: ProfileBench) -> None:
    bench.moving()
    bench.run(0.5)
    assert bench.seen.measured_speed_rpm == pytest.approx(900.0, rel=0.01)
    assert bench.device.watchdog_s == pytest.approx(bench.plan.drives[bench.name].watchdog_s)
    bench.moving(back=True)
    bench.run(0.5)
    assert bench.seen.measured_speed_rpm == pytest.approx(-900.0, rel=0.01)
    bench.permit(Allowed.STOP_PROGRAM)
    bench.reach(LinePhase.STOPPED, COAST_S + 4.0)
    assert bench.stands
    assert bench.run(COAST_S + 2.0, lambda: bench.seen.condition is DriveCondition.READY_TO_SWITCH_ON)


def test_its_watchdog_stops_it_and_the_fault_is_told_in_words(bench: ProfileBench) -> None:
    bench.moving()
    bench.unplug()
    assert bench.run(bench.plan.drives[bench.name].coast_s + 0.05, lambda: bench.stands)
    bench.plug()
    assert bench.run(10.0, lambda: bench.seen.fault_code == WATCHDOG_FAULT)
    assert bench.seen.fault_text.startswith("SLF")


def test_a_second_start_writes_nothing_into_its_memory(bench: ProfileBench) -> None:
    bench.arm()
    writes = bench.device.eeprom_writes
    assert 0 < writes <= 4
    bench.start(session=78)
    bench.states.clear()
    bench.arm()
    assert bench.device.eeprom_writes == writes
    assert bench.device.raw(Quantity.WATCHDOG_ACTION) == 6


NO_TORQUE_OFF = """  0:                           # torque off at once
    ramp: [{write: [{field: control, value: 0x0000}]}]
"""
MISTAKES = {
    "an unknown key": ("hold_category: 2", "hold_categry: 2", "hold_categry"),
    "a stop that is missing": (NO_TORQUE_OFF, "", "category 0 is missing"),
    "a wrong unit": (
        "scale: 0.1, unit: hz, access: rw",
        "scale: 6.0, unit: rpm, access: rw",
        "must be in hz",
    ),
    "a cyclic write into EEPROM": (
        "8501, access: rw",
        "8501, access: rw, memory: eeprom",
        "wears the EEPROM",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_profile_is_refused_by_name(tmp_path: Path, mistake: str) -> None:
    old, new, said = MISTAKES[mistake]
    assert PROFILE.count(old) == 1
    path = tmp_path / f"{NAME}.yaml"
    path.write_text(PROFILE.replace(old, new))
    with pytest.raises(ProfileError, match=said):
        load_profile(path)
